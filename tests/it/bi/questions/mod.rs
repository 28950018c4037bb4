//! The question views: on an empty warehouse, and against figures that are computed from the simulator's truth here, not
//! by the same SQL.

mod licenses;
mod widgets;
mod world;
