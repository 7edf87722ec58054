//! The `loom` program.

fn main() {}
