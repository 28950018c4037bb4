//! The `keepnet-etl` program.

fn main() {}
