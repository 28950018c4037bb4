//! The faults in force and how often each was met. Counting and firing are one step under one
//! lock, so that `from` and `times` are exact under concurrency.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::simulator::api::Endpoint;
use crate::simulator::fault::Fault;

/// The faults in force.
#[derive(Debug, Default)]
pub struct FaultBook {
    /// Spares the lock while there are none.
    is_used: AtomicBool,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    last_id: u64,
    list: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    fault: Fault,
    matched: u64,
    fired: u64,
}

/// A fault that hits the present request.
#[derive(Debug)]
pub struct Firing {
    /// The fault.
    pub fault: Fault,
    /// How often it has fired, this time included.
    pub count: u64,
}

impl FaultBook {
    /// Adds a fault and gives its number.
    pub fn add(&self, fault: Fault) -> u64 {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.last_id += 1;
        let id = entries.last_id;
        entries.list.push(Entry {
            id,
            fault,
            matched: 0,
            fired: 0,
        });
        self.is_used.store(true, Ordering::Release);
        id
    }

    /// Ends one fault; says whether it was there.
    pub fn remove(&self, id: u64) -> bool {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let before = entries.list.len();
        entries.list.retain(|entry| entry.id != id);
        self.is_used
            .store(!entries.list.is_empty(), Ordering::Release);
        entries.list.len() < before
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .list
            .clear();
        self.is_used.store(false, Ordering::Release);
    }

    /// Counts a request and gives the faults that hit it.
    pub fn meet(&self, endpoint: Endpoint, company: Option<&str>) -> Vec<Firing> {
        if !self.is_used.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .list
            .iter_mut()
            .filter_map(|entry| entry.meet(endpoint, company))
            .collect()
    }

    /// Each fault with how many requests it matched and hit.
    pub fn report(&self) -> Value {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let list: Vec<Value> = entries
            .list
            .iter()
            .map(|entry| {
                json!({
                    "id": entry.id,
                    "endpoint": entry.fault.endpoint.map_or("*", Endpoint::name),
                    "company": entry.fault.company.as_deref().unwrap_or("*"),
                    "kind": format!("{:?}", entry.fault.kind),
                    "matched": entry.matched,
                    "fired": entry.fired,
                })
            })
            .collect();
        json!({"version": 1, "faults": list})
    }
}

impl Entry {
    fn meet(&mut self, endpoint: Endpoint, company: Option<&str>) -> Option<Firing> {
        let is_match = self.fault.endpoint.is_none_or(|wanted| wanted == endpoint)
            && self
                .fault
                .company
                .as_deref()
                .is_none_or(|wanted| company == Some(wanted));
        if !is_match {
            return None;
        }
        self.matched += 1;
        let is_over = self.fault.times.is_some_and(|times| self.fired >= times);
        if self.matched < self.fault.from || is_over {
            return None;
        }
        self.fired += 1;
        Some(Firing {
            fault: self.fault.clone(),
            count: self.fired,
        })
    }
}
