//! The running server: what all requests share, how it starts and how it ends.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use axum::serve::ListenerExt;
use chrono::NaiveTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::simulator::api::{self, Endpoint};
use crate::simulator::contract::Contract;
use crate::simulator::control;
use crate::simulator::created::CreatedBook;
use crate::simulator::date::{DateStyle, Zone};
use crate::simulator::drift::Drift;
use crate::simulator::fault::FaultBook;
use crate::simulator::options::SimulatorOptions;
use crate::simulator::present::Present;
use crate::simulator::reply::Reply;
use crate::simulator::world::World;

/// Larger than any request of the vendor's API.
const MAX_REQUEST_BYTES: usize = 1024 * 1024;

/// How long a shutdown waits for answers that are on their way.
const GRACE: Duration = Duration::from_millis(500);

const TEN_YEARS_SECONDS: i64 = 10 * 366 * 24 * 3_600;

/// What all requests share.
#[derive(Debug)]
pub struct Shared {
    /// What the simulator was started with.
    pub options: SimulatorOptions,
    /// The data at this moment.
    pub present: Present,
    /// How dates are written.
    pub dates: DateStyle,
    /// What clients created.
    pub created: CreatedBook,
    /// The faults in force.
    pub faults: FaultBook,
    /// What changes while listings are paged.
    pub drift: Drift,
    /// The misuses so far.
    pub contract: Contract,
    /// Requests by endpoint.
    pub requests: [AtomicU64; Endpoint::ALL.len()],
    /// Requests that wait for their answer now.
    pub in_flight: AtomicU64,
    /// The most requests that ever waited at once.
    pub peak_in_flight: AtomicU64,
    /// Requests to what does not exist.
    pub unknown_requests: AtomicU64,
}

impl Shared {
    fn new(options: SimulatorOptions) -> Self {
        let account = &options.account;
        let end = options
            .world
            .as_of
            .and_time(NaiveTime::MIN)
            .and_utc()
            .timestamp();
        let zone = Zone::new(
            account.time_zone,
            end - TEN_YEARS_SECONDS,
            end + TEN_YEARS_SECONDS,
        );
        let dates = DateStyle {
            zone,
            order: account.date_format,
            hours: account.time_format,
        };
        let world = World::new(options.world.clone(), account.time_zone);
        let faults = FaultBook::default();
        for fault in &options.faults {
            faults.add(fault.clone());
        }
        let drift = Drift::default();
        if let Some(seed) = options.drift {
            drift.switch_on(seed, options.drift_listing.clone());
        }
        Self {
            present: Present::new(world),
            dates,
            created: CreatedBook::default(),
            faults,
            drift,
            contract: Contract::default(),
            requests: Default::default(),
            in_flight: AtomicU64::new(0),
            peak_in_flight: AtomicU64::new(0),
            unknown_requests: AtomicU64::new(0),
            options,
        }
    }
}

/// A simulated vendor that is being served. It ends when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl Simulator {
    /// Starts to serve. The error is that of binding the address.
    pub async fn start(options: SimulatorOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(options));
        let router = Router::new()
            .fallback(dispatch)
            .with_state(Arc::clone(&shared));
        let (stop, mut stopped) = watch::channel(false);
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(error = %error, "could not disable delayed sending");
            }
        });
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(async move {
                    // An error means that the simulator was dropped, which ends it as well.
                    let _ = stopped.wait_for(|&is_stopped| is_stopped).await;
                })
                .await
        });
        Ok(Self {
            address,
            shared,
            stop,
            server,
        })
    }

    /// Where it is served, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The data it serves at this moment.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.shared.present.world()
    }

    /// Ends it; answers on their way get half a second.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

async fn dispatch(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST_BYTES).await else {
        return Reply::empty(413).into_response(&[]);
    };
    match parts.uri.path().strip_prefix("/simulator") {
        Some(path) => {
            let query = parts.uri.query().unwrap_or_default();
            control::serve(&shared, &parts.method, (path, query), &body)
        }
        None => api::serve(&shared, &parts, body).await,
    }
}
