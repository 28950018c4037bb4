//! Serves the status page of a scene, to be looked at and for `scripts/test-page.sh`:
//!
//! ```text
//! cargo run --example page -- well 2000 [TOKEN_FILE [LISTEN]]     # empty, first-load, well or trouble
//! ```
//!
//! The first line of output says where. It ends with its standard input, and stops its PostgreSQL.

#[path = "../it/support/scene.rs"]
mod scene;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

use keepnet_etl::clock::SystemClock;
use keepnet_etl::daemon::http::{self, HttpState};
use keepnet_etl::daemon::liveness::{Liveness, Role};
use keepnet_etl::metrics::Metrics;
use keepnet_etl::settings::{Settings, Sources, variable};
use keepnet_etl::warehouse::connect::{Target, connect};
use keepnet_etl::warehouse::embedded::Embedded;
use keepnet_etl::warehouse::migrate::migrate;
use scene::Scene;
use sqlx::{Connection, PgConnection};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |n: usize| arguments.get(n).map(String::as_str);
    let scene = match argument(0) {
        Some("empty") => Scene::Empty,
        Some("first-load") => Scene::FirstLoad,
        Some("trouble") => Scene::Trouble,
        _ => Scene::Well,
    };
    let companies = argument(1).and_then(|count| count.parse().ok());
    let variables = BTreeMap::from([
        (variable("http.token_file"), argument(2).unwrap_or_default()),
        (
            variable("http.listen"),
            argument(3).unwrap_or("127.0.0.1:0"),
        ),
        (variable("api.daily_requests"), "50000"),
        (variable("schedule.full"), "0 0 3 * * Sun"),
    ]);
    let variables = variables.into_iter();
    let settings = Settings::load(Sources {
        config_file: None,
        environment: variables
            .map(|(name, value)| (name, value.to_owned()))
            .collect(),
    })
    .expect("settings");

    let folder = tempfile::tempdir().expect("a folder");
    let server = Embedded::new(folder.path().join("postgres")).with_setting("fsync", "off");
    let database = server.start_or_attach().await.expect("PostgreSQL");
    let target = Target {
        url: database.url(),
        max_connections: 8,
        allow_plaintext: false,
        takeover: settings.run.takeover,
    };
    let pool = connect(&target).await.expect("a pool");
    migrate(&pool).await.expect("migrations");
    let clock = SystemClock::shared();
    let run = scene::fill(&pool, scene, companies.unwrap_or(2_000), clock.now()).await;
    let mut db = PgConnection::connect_with(&database.connect_options())
        .await
        .expect("a connection");
    sqlx::query("analyze")
        .execute(&mut db)
        .await
        .expect("statistics");

    let liveness = Liveness::default();
    liveness.set_role(Role::Active);
    let listener = http::listen(&settings.http).await.expect("an address");
    let listener = listener.expect("http.listen is set");
    println!("http://{}", listener.local_addr().expect("an address"));
    std::io::stdout().flush().expect("standard output");
    let state = HttpState {
        settings: Arc::new(settings),
        pool: pool.clone(),
        clock,
        liveness,
        metrics: Metrics::default(),
    };
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    let end = async { drop(end.await) };
    http::serve(listener, state, end)
        .await
        .expect("it is served");
    drop(run);
    pool.close().await;
    db.close().await.expect("the connection ends");
    server.stop().await.expect("PostgreSQL stops");
}
