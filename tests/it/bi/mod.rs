//! Schema `bi`: what analysts query.

mod questions;
