//! Probes, for whoever restarts this process or sends it requests. They never ask the vendor: its troubles are no
//! reason to restart anything. They need no token, so they say no more than they must.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use tokio::time::timeout;
use tracing::warn;

use super::{Server, Shared};
use crate::daemon::liveness::Role;
use crate::warehouse::migrate;

/// Time for the database to answer.
const DATABASE_WITHIN: Duration = Duration::from_secs(3);

/// How long an answer of the database holds for all probes.
const LASTS: TimeDelta = TimeDelta::seconds(1);

/// How the database stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It has the schema.
    Ready,
    /// It lacks migrations.
    SchemaMissing,
    /// It does not answer.
    Unreachable,
}

/// `/livez`: whether the main loop goes round.
pub(super) async fn live(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if shared.state.liveness.is_alive() {
        (StatusCode::OK, "alive\n")
    } else {
        let answer = "not alive: the main loop stands still\n";
        (StatusCode::SERVICE_UNAVAILABLE, answer)
    }
}

/// `/readyz`: whether the database answers and has the schema, and this instance plays its part. A standby is ready: it
/// is what it should be.
pub(super) async fn ready(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    let answer = match (database(&shared).await, shared.state.liveness.role()) {
        (Readiness::Unreachable, _) => "not ready: the database does not answer\n",
        (Readiness::SchemaMissing, _) | (_, Role::WaitingForSchema) => {
            "not ready: the schema is not applied yet\n"
        }
        (_, Role::Starting) => "not ready: starting\n",
        (_, Role::Standby) => return (StatusCode::OK, "ready: standby\n"),
        (_, Role::Active) => return (StatusCode::OK, "ready: active\n"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, answer)
}

/// Asked at most once a second, however many probes there are.
async fn database(server: &Server) -> Readiness {
    let ask = async {
        let state = timeout(DATABASE_WITHIN, migrate::state(&server.state.pool)).await;
        Ok::<_, std::convert::Infallible>(match state {
            // A newer schema serves an older program as well: migrations only add.
            Ok(Ok(state)) if state.applied == state.known => Readiness::Ready,
            Ok(Ok(_)) => Readiness::SchemaMissing,
            Ok(Err(error)) => {
                warn!(%error, "the database does not answer the probe");
                Readiness::Unreachable
            }
            Err(_) => {
                warn!("the database does not answer the probe in time");
                Readiness::Unreachable
            }
        })
    };
    match server.readiness.get(&server.state.clock, LASTS, ask).await {
        Ok(readiness) => *readiness,
        Err(never) => match never {},
    }
}
