//! Changes, the simulated present and drift over the control API.

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::change::Change;
use crate::simulator::drift::Listing;
use crate::simulator::reply::Reply;
use crate::simulator::server::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    now: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    seed: u64,
    changes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DriftOn {
    seed: u64,
    #[serde(default = "users_only")]
    listings: Vec<Listing>,
}

fn users_only() -> Vec<Listing> {
    vec![Listing::Users]
}

/// `POST /simulator/changes`: one change or a list of them, all or none.
pub fn apply(shared: &Shared, body: &[u8]) -> Reply {
    answer(read(body).and_then(|value: Value| {
        let asked = match &value {
            Value::Array(list) => list.iter().map(Change::read).collect(),
            one => Change::read(one).map(|change| vec![change]),
        };
        Ok(applied(&shared.present.apply(&asked?)?))
    }))
}

/// `GET /simulator/changes`
pub fn list(shared: &Shared) -> Reply {
    let changes = shared.present.log();
    Reply::json(200, &json!({"version": 1, "changes": changes}))
}

/// `POST /simulator/step`
pub fn step(shared: &Shared, body: &[u8]) -> Reply {
    answer(read(body).and_then(|step: Step| {
        let changes = shared.present.step(step.seed, step.changes)?;
        Ok(applied(&changes))
    }))
}

/// `GET /simulator/clock`
pub fn now(shared: &Shared) -> Reply {
    Reply::json(200, &clock(shared))
}

/// `POST /simulator/clock`
pub fn set_now(shared: &Shared, body: &[u8]) -> Reply {
    answer(read(body).and_then(|asked: Clock| {
        let now = DateTime::parse_from_rfc3339(&asked.now).map_err(|error| {
            format!(
                "`{}` is not an instant such as 2026-07-02T10:00:00Z: {error}",
                asked.now
            )
        })?;
        shared.present.set_now(now.timestamp())?;
        Ok(clock(shared))
    }))
}

/// `POST /simulator/drift`
pub fn switch_drift_on(shared: &Shared, body: &[u8]) -> Reply {
    answer(read(body).map(|asked: DriftOn| {
        shared.drift.switch_on(asked.seed, asked.listings);
        shared.drift.report()
    }))
}

fn clock(shared: &Shared) -> Value {
    json!({"now": shared.present.world().now_text()})
}

fn applied(changes: &[Change]) -> Value {
    let changes: Vec<Value> = changes.iter().map(Change::to_json).collect();
    json!({"changes": changes})
}

fn read<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn answer(outcome: Result<Value, String>) -> Reply {
    match outcome {
        Ok(value) => Reply::json(200, &value),
        Err(reason) => Reply::json(400, &json!({"error": reason})),
    }
}
