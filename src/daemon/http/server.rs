//! Serving connections under limits: how many, how long, how large, and an end that cuts no answer off.
//!
//! `axum::serve` would wait for ever for the headers of a request, and take any number of connections.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Connections at once; more wait to be taken.
const MAX_CONNECTIONS: usize = 64;
/// A browser's headers take some hundred bytes; a token may be long.
const MAX_HEADERS: usize = 16 * 1024;
/// Time for the headers of a request, and for a connection to be idle.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Time for an answer to be made.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Time for a connection as a whole; who wants more connects again.
const CONNECTION_WITHIN: Duration = Duration::from_secs(300);
/// Time for answers that are on their way when it ends.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after a connection could not be taken: too many files are open.
const PAUSE: Duration = Duration::from_millis(500);

type Served = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

/// Serves `router` until `shutdown`.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
            match listener.accept().await {
                Ok((stream, _)) => Some((stream, permit)),
                Err(error) => {
                    warn!(%error, "could not take an HTTP connection");
                    sleep(PAUSE).await;
                    None
                }
            }
        };
        tokio::select! {
            () = &mut shutdown => break,
            next = next => if let Some((stream, permit)) = next {
                connections.spawn(connection(stream, router.clone(), stopped.clone(), permit));
            },
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    stop.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, ended).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = std::pin::pin!(served);
    // An error means that the server is gone, which ends it as well.
    let is_over = async { drop(stopped.wait_for(|is_stopped| *is_stopped).await) };
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = is_over => finish(served).await,
        () = sleep(CONNECTION_WITHIN) => finish(served).await,
    };
    if let Err(error) = ended {
        debug!(%error, "an HTTP connection broke");
    }
}

/// Ends a connection behind the answer that is on its way.
async fn finish(mut served: Pin<&mut Served>) -> Result<(), hyper::Error> {
    served.as_mut().graceful_shutdown();
    timeout(GRACE, served).await.unwrap_or(Ok(()))
}

/// Refuses what no route needs, and gives up what takes too long.
pub(super) async fn limit(request: Request, next: Next) -> Response {
    if !request.body().is_end_stream() {
        let refusal = "requests have no body here\n";
        return (StatusCode::PAYLOAD_TOO_LARGE, refusal).into_response();
    }
    match timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let refusal = "the answer could not be made in time\n";
            (StatusCode::SERVICE_UNAVAILABLE, refusal).into_response()
        }
    }
}
