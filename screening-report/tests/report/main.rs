//! Reports of a small synthetic district, through the public doors.

mod figures;
mod files;
mod hostile;
mod pictures;
mod printed;
mod texts;
mod together;
mod world;
