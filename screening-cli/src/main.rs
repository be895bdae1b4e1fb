//! The `screening` command.
fn main() {}
