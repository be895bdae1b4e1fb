//! Tables as files, in one piece and in parts, the data for research, lists for the schools, and what is published.

mod merged;
mod parts;
mod published;
mod research;
mod workbook;
