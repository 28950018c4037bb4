//! The question views: on an empty warehouse, and against figures that are computed from the simulator's truth here, not
//! by the same SQL.

mod completion;
mod cookbook;
mod every_view;
mod licenses;
mod people;
mod suppression;
mod surveys;
mod times;
mod widgets;
mod world;
