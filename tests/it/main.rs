//! Everything that needs a database: one binary, one private PostgreSQL, a database per test.

mod cli;
mod disk;
mod faults;
mod migrations;
mod support;
mod sync;
mod unchanged;
