//! The daemon: its schedule by a clock that is moved by hand, and its end; as a process; and several of them.

mod instance;
mod month;
mod process;
mod schedule;
mod stall;
mod stop;
mod takeover;

use chrono::{DateTime, TimeDelta, Utc};
use keepnet_etl::clock::Clock as _;
use keepnet_etl::daemon::Daemon;
use secrecy::SecretString;
use sqlx::PgPool;

use crate::support::TestApp;
use crate::support::database;
use crate::support::gate::Gate;
use crate::support::simulator::Simulator;

/// One company, one request at a time.
const WORLD: &[&str] = &["--companies", "1", "--enrollments", "3", "--users", "5"];

const USUAL: [(&str, &str); 2] = [
    ("api.time_zone", "Europe/Istanbul"),
    ("api.max_concurrency", "1"),
];

/// An instance before a simulated API, whose requests can be held.
struct Stage {
    simulator: Simulator,
    gate: Gate,
    url: SecretString,
    app: TestApp,
}

impl Stage {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let simulator = Simulator::start(WORLD);
        let gate = Gate::before(simulator.url()).await;
        let url = database::migrated_url().await;
        let pool = database::pool(&url).await;
        let app = TestApp::with_pool(pool, gate.url(), &[&USUAL[..], settings].concat());
        Self {
            url,
            simulator,
            gate,
            app,
        }
    }

    /// A pool on its database, after an instance closed the one that it had.
    async fn reopened(&self) -> PgPool {
        database::pool(&self.url).await
    }

    /// The program once more, on this pool.
    fn again(&self, pool: &PgPool) -> TestApp {
        let mut app = TestApp::with_pool(pool.clone(), self.gate.url(), &USUAL);
        app.clock = self.app.clock.clone();
        app
    }

    fn advance(&self, step: TimeDelta) {
        self.app.clock.advance(step);
    }

    /// One step, now.
    async fn tick(&self, daemon: &mut Daemon) {
        daemon.tick(self.app.clock.now()).await.unwrap();
    }

    /// A step, the run that it begins, and a step that takes note of its end.
    async fn work(&self, daemon: &mut Daemon) {
        self.tick(daemon).await;
        daemon.until_idle().await;
        self.tick(daemon).await;
    }

    /// A step later.
    async fn work_after(&self, daemon: &mut Daemon, step: TimeDelta) {
        self.advance(step);
        self.work(daemon).await;
    }
}

/// Kind and outcome of every run, in order.
async fn runs(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select kind || ' ' || outcome from sync.runs order by id")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// When every run began.
async fn starts(pool: &PgPool) -> Vec<DateTime<Utc>> {
    sqlx::query_scalar("select started_at from sync.runs order by id")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// The lease is as good as silent for long.
async fn let_lease_expire(pool: &PgPool) {
    sqlx::query("update sync.leases set expires_at = clock_timestamp() where kind = 'schedule'")
        .execute(pool)
        .await
        .unwrap();
}

/// Claims that are held, of any kind.
async fn held(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select kind || ' ' || subject from sync.leases where holder is not null")
        .fetch_all(pool)
        .await
        .unwrap()
}
