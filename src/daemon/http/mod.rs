//! The daemon's HTTP side: probes, the status as JSON, and the status page. It reads the warehouse, and never asks the
//! vendor.
//!
//! To add a route:
//!
//! 1. write its handler in a file of its own, as `async fn serve(State(server): State<Shared>) -> Response`;
//! 2. add it to `guarded` below, so that it needs the token; only probes do without;
//! 3. add its path to `ROUTES` of `tests/it/http`, which proves token, headers and methods of all of them.

mod access;
mod asset;
mod error;
mod forecaster;
mod headers;
mod json;
mod metrics;
mod page;
mod probe;
mod server;
mod snapshot;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::clock::SharedClock;
use crate::daemon::liveness::Liveness;
use crate::metrics::Metrics;
use crate::settings::{HttpSettings, Settings};
use access::Access;
pub use error::HttpError;
use forecaster::Forecaster;
use probe::Readiness;
use snapshot::{Fresh, Snapshot};

/// What the HTTP side looks at.
#[derive(Debug, Clone)]
pub struct HttpState {
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// The warehouse.
    pub pool: PgPool,
    /// The time.
    pub clock: SharedClock,
    /// What the daemon's loop says of itself.
    pub liveness: Liveness,
    /// What this process has counted.
    pub metrics: Metrics,
}

/// What all requests share.
type Shared = Arc<Server>;

#[derive(Debug)]
struct Server {
    state: HttpState,
    access: Access,
    snapshot: Fresh<Snapshot>,
    readiness: Fresh<Readiness>,
    forecaster: Forecaster,
}

/// Listens at `http.listen`; none when that is not set. An address that other machines can reach needs a token.
pub async fn listen(settings: &HttpSettings) -> Result<Option<TcpListener>, HttpError> {
    let Some(address) = settings.listen else {
        return Ok(None);
    };
    Access::of(settings, address)?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| HttpError::Listen { address, source })?;
    Ok(Some(listener))
}

/// Serves until `shutdown`, then ends answers that are on their way. Refuses to begin where the page would be open to
/// others.
pub async fn serve(
    listener: TcpListener,
    state: HttpState,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), HttpError> {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    let address = listener.local_addr().unwrap_or(unknown);
    let access = Access::of(&state.settings.http, address)?;
    let shared = Arc::new(Server {
        forecaster: Forecaster::new(&state),
        access,
        snapshot: Fresh::default(),
        readiness: Fresh::default(),
        state,
    });
    server::serve(listener, router(Arc::clone(&shared)), shutdown).await;
    shared.forecaster.stop().await;
    Ok(())
}

fn router(shared: Shared) -> Router {
    let open = Router::new()
        .route("/livez", get(probe::live))
        .route("/readyz", get(probe::ready));
    let guarded = Router::new()
        .route("/", get(page::serve))
        .route("/status.json", get(json::serve))
        .route("/metrics", get(metrics::serve))
        .route("/assets/{name}", get(asset::serve))
        .fallback(unknown)
        .layer(from_fn_with_state(Arc::clone(&shared), access::guard));
    guarded
        .merge(open)
        .layer(from_fn(server::limit))
        .layer(from_fn(headers::secure))
        .with_state(shared)
}

async fn unknown() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "there is nothing here\n")
}
