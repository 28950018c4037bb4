//! Everything that needs a database: one binary, one private PostgreSQL, a database per test.

mod faults;
mod support;
mod sync;
