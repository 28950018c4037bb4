//! Schema `bi`: how its views come into a database, and what they say.

mod apply;
