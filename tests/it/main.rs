//! Everything that needs a database: one binary, one private PostgreSQL, a database per test.

mod support;
mod sync;
mod vectors;
mod wire;
