//! The daemon's HTTP side, asked over real connections.

mod access;
mod json;
mod page;
mod probes;
mod server;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keepnet_etl::clock::{ManualClock, SystemClock};
use keepnet_etl::daemon::http::{self, HttpError, HttpState};
use keepnet_etl::daemon::liveness::{Liveness, Role};
use keepnet_etl::metrics::Metrics;
use keepnet_etl::settings::{Settings, Sources, variable};
use keepnet_etl::warehouse::runs::Run;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::running::in_time;
use crate::support::scene::{self, Scene};
use crate::support::{NOW, database};

/// Everything that needs the token.
const GUARDED: [&str; 4] = ["/", "/status.json", "/metrics", "/nothing"];
/// Every route, what is not there included.
const ROUTES: [&str; 6] = [
    "/livez",
    "/readyz",
    "/",
    "/status.json",
    "/metrics",
    "/nothing",
];

/// A server under test; it ends with this value.
struct Served {
    address: SocketAddr,
    clock: Arc<ManualClock>,
    liveness: Liveness,
    pool: PgPool,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<Result<(), HttpError>>,
    /// The run under way of a scene.
    _run: Option<Run>,
}

/// An answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

fn settings(settings: &[(&str, &str)]) -> Settings {
    let environment = settings.iter();
    Settings::load(Sources {
        config_file: None,
        environment: environment
            .map(|(key, value)| (variable(key), (*value).to_owned()))
            .collect(),
    })
    .unwrap()
}

impl Served {
    /// An active instance on a database.
    async fn on(pool: PgPool, changed: &[(&str, &str)]) -> Self {
        let liveness = Liveness::default();
        liveness.set_role(Role::Active);
        Self::with(pool, changed, liveness).await
    }

    async fn with(pool: PgPool, changed: &[(&str, &str)], liveness: Liveness) -> Self {
        Self::with_clock(pool, changed, liveness, Some(now())).await
    }

    /// An instance whose clock stands still at `now`; without, it has the machine's.
    async fn with_clock(
        pool: PgPool,
        changed: &[(&str, &str)],
        liveness: Liveness,
        now: Option<DateTime<Utc>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = ManualClock::at(now.unwrap_or_default());
        let state = HttpState {
            settings: Arc::new(settings(changed)),
            pool: pool.clone(),
            clock: match now {
                Some(_) => clock.clone(),
                None => SystemClock::shared(),
            },
            liveness: liveness.clone(),
            metrics: Metrics::default(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async { drop(stopped.await) };
        let server = tokio::spawn(http::serve(listener, state, until));
        Self {
            address,
            clock,
            liveness,
            pool,
            stop: Some(stop),
            server,
            _run: None,
        }
    }

    /// An active instance on a scene.
    async fn scene(scene: Scene, companies: usize) -> Self {
        Self::scene_with(scene, companies, &[]).await
    }

    async fn scene_with(scene: Scene, companies: usize, changed: &[(&str, &str)]) -> Self {
        let pool = database::migrated().await;
        let run = scene::fill(&pool, scene, companies, now()).await;
        let mut served = Self::on(pool, changed).await;
        served._run = run;
        served
    }

    /// Makes what was read so far old.
    fn later(&self) {
        self.clock.advance(TimeDelta::hours(1));
    }

    async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers).await
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.push_str("Host: localhost\r\n");
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        self.send(&format!("{request}\r\n")).await
    }

    /// Sends a request as it is, and reads until the connection ends.
    async fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        Answer::read(&mut stream).await
    }

    /// The page, which is there.
    async fn page(&self) -> String {
        let answer = self.get("/").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    async fn shut_down(mut self) {
        let _ = self.stop.take().unwrap().send(());
        in_time("the server ends", self.server)
            .await
            .unwrap()
            .unwrap();
    }
}

impl Answer {
    async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        in_time("the answer ends", read).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        Self {
            status: status.parse().unwrap(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What a probe needs to be told of a loop that stands still.
fn standing_still() -> Liveness {
    Liveness::new(Duration::ZERO)
}
