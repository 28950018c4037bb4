//! What is stored about people: decided here and nowhere else.
//!
//! [`Policy`] is what the settings say, [`Guard`] is the policy in one company together with the people who were erased
//! there. `extract` asks the guard for each value before it becomes a part of a row, `warehouse` rewrites what is stored
//! with the same functions when the settings change. Knows neither HTTP nor SQL.

mod erased;
mod guard;
mod key;
pub mod log;
mod member;
mod payload;
mod policy;

pub use erased::{Erased, Identity};
pub use guard::Guard;
pub use key::{Key, KeyError, MIN_KEY_BYTES};
pub use policy::{Field, HASH_PREFIX, Policy};
