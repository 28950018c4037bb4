//! The program as a process: what it prints, how it ends, what it never says.

mod bookkeeping;
mod output;
mod refused;
mod secrets;
mod signals;
