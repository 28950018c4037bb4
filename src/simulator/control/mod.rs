//! The test's side of the server, below `/simulator`: faults, counts, misuses, changes, the truth.
//! Nothing here exists at the vendor.

mod change;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, Response};
use serde_json::{Map, Value, json};

use crate::simulator::api::Endpoint;
use crate::simulator::fault::Fault;
use crate::simulator::reply::Reply;
use crate::simulator::server::Shared;
use crate::simulator::truth::{self, Asked, Table};

/// Answers a request below `/simulator`.
pub fn serve(
    shared: &Arc<Shared>,
    method: &Method,
    (path, query): (&str, &str),
    body: &[u8],
) -> Response<Body> {
    let reply = match (method.as_str(), path.trim_matches('/')) {
        ("GET", "") => Reply::json(200, &index()),
        ("GET", "contract") => Reply::json(200, &shared.contract.report()),
        ("DELETE", "contract") => {
            shared.contract.reset();
            Reply::empty(204)
        }
        ("GET", "requests") => Reply::json(200, &requests(shared)),
        ("DELETE", "requests") => {
            let others = [&shared.unknown_requests, &shared.peak_in_flight];
            for counter in shared.requests.iter().chain(others) {
                counter.store(0, Ordering::Relaxed);
            }
            Reply::empty(204)
        }
        ("GET", "faults") => Reply::json(200, &shared.faults.report()),
        ("POST", "faults") => add_faults(shared, body),
        ("DELETE", "faults") => {
            shared.faults.clear();
            Reply::empty(204)
        }
        ("DELETE", path) if path.starts_with("faults/") => remove_fault(shared, path),
        ("GET", "changes") => change::list(shared),
        ("POST", "changes") => change::apply(shared, body),
        ("POST", "step") => change::step(shared, body),
        ("GET", "clock") => change::now(shared),
        ("POST", "clock") => change::set_now(shared, body),
        ("GET", "drift") => Reply::json(200, &shared.drift.report()),
        ("POST", "drift") => change::switch_drift_on(shared, body),
        ("DELETE", "drift") => {
            shared.drift.switch_off();
            Reply::empty(204)
        }
        ("GET", path) if path.starts_with("truth/") => {
            match path["truth/".len()..].parse::<Table>() {
                Ok(table) => return truth_of(shared, table, query),
                Err(reason) => Reply::json(404, &json!({"error": reason})),
            }
        }
        _ => Reply::json(404, &index()),
    };
    reply.into_response(&[])
}

fn index() -> Value {
    let tables: Vec<String> = Table::ALL
        .iter()
        .map(|table| match table {
            Table::WidgetValues => {
                "GET /simulator/truth/widget_values?from=YYYY-MM&to=YYYY-MM".to_owned()
            }
            _ => format!("GET /simulator/truth/{}", table.name()),
        })
        .collect();
    json!({
        "contract": ["GET /simulator/contract", "DELETE /simulator/contract"],
        "requests": ["GET /simulator/requests", "DELETE /simulator/requests"],
        "faults": [
            "GET /simulator/faults",
            "POST /simulator/faults",
            "DELETE /simulator/faults",
            "DELETE /simulator/faults/{id}",
        ],
        "changes": ["GET /simulator/changes", "POST /simulator/changes", "POST /simulator/step"],
        "clock": ["GET /simulator/clock", "POST /simulator/clock"],
        "drift": ["GET /simulator/drift", "POST /simulator/drift", "DELETE /simulator/drift"],
        "truth": tables,
        "truth of interactions": ["?interactions=all", "?tracking_info=true"],
    })
}

fn requests(shared: &Shared) -> Value {
    let count = |endpoint: Endpoint| shared.requests[endpoint as usize].load(Ordering::Relaxed);
    let by_endpoint: Map<String, Value> = Endpoint::ALL
        .into_iter()
        .map(|endpoint| (endpoint.name().to_owned(), json!(count(endpoint))))
        .collect();
    let unknown = shared.unknown_requests.load(Ordering::Relaxed);
    let total = Endpoint::ALL.into_iter().map(count).sum::<u64>() + unknown;
    json!({
        "version": 1,
        "total": total,
        "endpoints": by_endpoint,
        "unknown": unknown,
        "peak_in_flight": shared.peak_in_flight.load(Ordering::Relaxed),
    })
}

fn add_faults(shared: &Shared, body: &[u8]) -> Reply {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return Reply::json(400, &json!({"error": error.to_string()})),
    };
    let list = match &value {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    // All or none: a typing error must not leave half a plan in force.
    match list
        .into_iter()
        .map(Fault::try_from)
        .collect::<Result<Vec<_>, _>>()
    {
        Ok(faults) => {
            let ids: Vec<u64> = faults
                .into_iter()
                .map(|fault| shared.faults.add(fault))
                .collect();
            Reply::json(201, &json!({"ids": ids}))
        }
        Err(reason) => Reply::json(400, &json!({"error": reason})),
    }
}

fn remove_fault(shared: &Shared, path: &str) -> Reply {
    let id = path["faults/".len()..].parse();
    let is_removed = id.is_ok_and(|id| shared.faults.remove(id));
    Reply::empty(if is_removed { 204 } else { 404 })
}

fn truth_of(shared: &Arc<Shared>, table: Table, query: &str) -> Response<Body> {
    let world = shared.present.world();
    let asked = match Asked::new(table, &shared.options.variant, query, &world) {
        Ok(asked) => asked,
        Err(reason) => return Reply::json(400, &json!({"error": reason})).into_response(&[]),
    };
    let mut response = Response::new(truth::stream(world, asked));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson; charset=utf-8"),
    );
    response
}
