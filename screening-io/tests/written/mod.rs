//! Tables as files, in one piece and in parts, and the data for research.

mod parts;
mod research;
mod workbook;
