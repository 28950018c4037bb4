//! The private PostgreSQL, with real servers: made, attached to, killed, stopped, refused.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod folder;
mod server;
mod support;
mod user;
