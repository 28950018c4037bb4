//! The commands: arguments, call and output of each.

pub mod config;
