//! The world as it is now. Every request and every truth is answered from one snapshot; a change
//! makes the next one.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::simulator::change::{self, Change};
use crate::simulator::date::Instant;
use crate::simulator::world::World;

/// The world and everything that ever changed in it.
#[derive(Debug)]
pub struct Present {
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    world: Arc<World>,
    log: Vec<Value>,
}

impl Present {
    /// A world in which nothing has changed yet.
    pub fn new(world: World) -> Self {
        Self {
            state: RwLock::new(State {
                world: Arc::new(world),
                log: Vec::new(),
            }),
        }
    }

    /// The present snapshot.
    pub fn world(&self) -> Arc<World> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.world)
    }

    /// Applies all of these changes or none, and gives them with what was left open filled in.
    pub fn apply(&self, changes: &[Change]) -> Result<Vec<Change>, String> {
        self.change(|world| {
            let applied = changes.iter().map(|asked| change::apply(world, asked));
            applied.collect()
        })
    }

    /// Applies this many changes of any kind.
    pub fn step(&self, seed: u64, count: u32) -> Result<Vec<Change>, String> {
        self.change(|world| change::step(world, seed, count))
    }

    fn change(
        &self,
        change: impl FnOnce(&mut World) -> Result<Vec<Change>, String>,
    ) -> Result<Vec<Change>, String> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut world = World::clone(&state.world);
        let applied = change(&mut world)?;
        let at = world.now_text();
        state.log.extend(applied.iter().map(|change| {
            let mut entry = change.to_json();
            entry["at"] = at.clone().into();
            entry
        }));
        state.world = Arc::new(world);
        Ok(applied)
    }

    /// Notes a change that could not be applied when its time came.
    pub fn refuse(&self, change: &Change, reason: &str) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut entry = change.to_json();
        entry["refused"] = reason.into();
        state.log.push(entry);
    }

    /// Moves the simulated present; it never goes back.
    pub fn set_now(&self, now: Instant) -> Result<(), String> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut world = World::clone(&state.world);
        world.set_now(now)?;
        state.world = Arc::new(world);
        Ok(())
    }

    /// All changes so far, in the order in which they were applied.
    pub fn log(&self) -> Vec<Value> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.log.clone()
    }
}
