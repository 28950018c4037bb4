//! The way to the simulated API: counts requests, and holds one fast while something is done to who sent it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Larger than any body in these tests.
const MAX_BODY: usize = 64 << 20;

/// A proxy before the simulated API; it ends with this value.
pub struct Gate {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    upstream: String,
    http: reqwest::Client,
    book: Mutex<Book>,
    /// Ends the wait of the request that is held.
    let_go: Notify,
}

/// Requests so far, and the one that is to be held.
#[derive(Default)]
struct Book {
    requests: Vec<String>,
    hold: Option<Hold>,
}

struct Hold {
    is_meant: Box<dyn Fn(&str) -> bool + Send>,
    /// Requests that are let through before.
    others: u64,
    held: oneshot::Sender<()>,
}

impl Gate {
    /// Opens a gate before the API at `upstream`.
    pub async fn before(upstream: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            http: reqwest::Client::default(),
            book: Mutex::default(),
            let_go: Notify::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            shared,
            server,
        }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Requests since the last call: what was asked for, in order.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.book().requests)
    }

    /// Holds the `n`-th request from now on, and tells when it is there.
    pub fn hold(&self, n: u64) -> oneshot::Receiver<()> {
        self.hold_nth(n, |_| true)
    }

    /// Holds the `n`-th of the requests that are meant, written as `METHOD path body`.
    pub fn hold_nth(
        &self,
        n: u64,
        is_meant: impl Fn(&str) -> bool + Send + 'static,
    ) -> oneshot::Receiver<()> {
        let (held, is_held) = oneshot::channel();
        self.shared.book().hold = Some(Hold {
            is_meant: Box::new(is_meant),
            others: n - 1,
            held,
        });
        is_held
    }

    /// Lets the request pass that is held, or the next one that is.
    pub fn let_go(&self) {
        self.shared.let_go.notify_one();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request; true when it is held.
    fn holds(&self, request: String) -> bool {
        let book = &mut *self.book();
        let is_meant = (book.hold.as_ref()).is_some_and(|hold| (hold.is_meant)(&request));
        book.requests.push(request);
        if !is_meant {
            return false;
        }
        if let Some(hold) = &mut book.hold
            && hold.others > 0
        {
            hold.others -= 1;
            return false;
        }
        // Nobody waits for it any more when the test has failed.
        book.hold.take().map(|hold| hold.held.send(())).is_some()
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap();
    let line = format!(
        "{} {} {}",
        parts.method,
        parts.uri,
        String::from_utf8_lossy(&body)
    );
    if shared.holds(line) {
        shared.let_go.notified().await;
    }
    forward(&shared, parts.method, &parts.uri, parts.headers, body).await
}

#[expect(clippy::disallowed_methods, reason = "a test talks to its simulator")]
async fn forward(
    shared: &Shared,
    method: Method,
    uri: &Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let answer = shared
        .http
        .request(method, format!("{}{uri}", shared.upstream))
        .headers(headers)
        .body(body)
        .send()
        .await
        .unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        // How long the body is, and in which pieces it comes, is said anew.
        if name != "transfer-encoding" && name != "content-length" {
            response = response.header(name, value);
        }
    }
    let body = answer.bytes().await.unwrap();
    response.body(Body::from(body)).unwrap()
}
