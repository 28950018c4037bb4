//! `/metrics`: what Prometheus reads.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::daemon::liveness::Role;
use crate::metrics;

/// Serves what this process has counted, and what the database says now.
pub(super) async fn serve(State(shared): State<Shared>) -> Response {
    let state = &shared.state;
    let is_active = state.liveness.role() == Role::Active;
    state.metrics.note_role(is_active);
    let text = state
        .metrics
        .render(&state.pool, &state.settings, state.clock.now())
        .await;
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}
