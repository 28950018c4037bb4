//! The commands: arguments, call, output.

pub mod simulate;
