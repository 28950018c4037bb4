//! `/status.json`: the document of `keepnet-etl status --json`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tracing::error;

use super::Shared;
use super::forecaster::Patience;
use crate::daemon::document::Document;

/// Serves the document.
pub(super) async fn serve(State(shared): State<Shared>) -> Response {
    let state = &shared.state;
    let snapshot = match shared.snapshot().await {
        Ok(snapshot) => snapshot,
        Err(error) => return failed(&error.to_string()),
    };
    let prediction = shared.forecaster.get(Patience::Full).await;
    let Some(cycle) = prediction.cycle() else {
        return failed("could not predict the cycle; see the log");
    };
    let schedule = &state.settings.schedule;
    let document = Document::new(&snapshot.status, cycle, schedule, state.clock.now());
    match document.to_json() {
        Ok(document) => Json(document).into_response(),
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(error: &str) -> Response {
    error!(%error, "could not serve the status");
    let document = json!({ "version": 1, "error": error });
    (StatusCode::SERVICE_UNAVAILABLE, Json(document)).into_response()
}
