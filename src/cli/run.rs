//! `keepnet-etl run`: the daemon.

use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::oneshot;
use tracing::info;

use super::Failure;
use super::failure::REFUSED;
use crate::app::App;
use crate::daemon::Daemon;
use crate::daemon::http::{self, HttpState};
use crate::daemon::liveness::Liveness;
use crate::daemon::signal::Stop;
use crate::daemon::work::Tools;
use crate::settings::Embedded;
use crate::warehouse::leases::this_process;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl migrate && keepnet-etl run
  KEEPNET_ETL__SCHEDULE__SYNC='0 0 6-20 * * Mon-Fri' keepnet-etl run

Synchronizes at the instants of schedule.sync and schedule.full until a signal (SIGTERM, SIGINT)
ends it. Several may run on one database: one works, the others stand by and take over within
run.takeover when it is gone. It waits for keepnet-etl migrate, and for a database that is away.")]
pub struct RunArgs {}

/// Keeps the schedule until a signal.
pub async fn run(app: &App, _: &RunArgs) -> Result<ExitCode, Failure> {
    let warehouse = &app.settings.warehouse;
    if warehouse.url.is_none() && warehouse.embedded == Embedded::Auto {
        return Err(Failure {
            message: "could not open a database: warehouse.url is not set, and with warehouse.embedded = auto a daemon starts no private one"
                .to_owned(),
            remedy: "set DATABASE_URL (or KEEPNET_ETL__WAREHOUSE__URL) to postgres://user:password@host:5432/database; or set warehouse.embedded = true, if people's data may lie on this machine's disk"
                .to_owned(),
            code: REFUSED,
        });
    }
    let listener = http::listen(&app.settings.http).await?;
    if let Some(address) = listener.as_ref().and_then(|it| it.local_addr().ok()) {
        info!("status page at http://{address}");
    }
    let stop = Stop::on_signal();
    let client = app.client()?;
    let warehouse = app.open().await?;
    info!(
        instance = this_process(),
        database = %warehouse.place,
        schedule.sync = app.settings.schedule.sync.as_deref().unwrap_or("off"),
        schedule.full = app.settings.schedule.full.as_deref().unwrap_or("off"),
        "the daemon begins"
    );
    let tools = Tools {
        settings: Arc::new(app.settings.clone()),
        pool: warehouse.pool.clone(),
        client,
        clock: app.clock.clone(),
        stop,
    };
    let liveness = Liveness::default();
    let state = HttpState {
        settings: Arc::clone(&tools.settings),
        pool: tools.pool.clone(),
        clock: app.clock.clone(),
        liveness: liveness.clone(),
        metrics: app.metrics.clone(),
    };
    // The page is there until the daemon is gone, so that one can see how it ends.
    let (gone, is_gone) = oneshot::channel::<()>();
    let page = listener
        .map(|listener| tokio::spawn(http::serve(listener, state, async { drop(is_gone.await) })));
    let daemon = Daemon::new(tools, liveness);
    Box::pin(daemon.run()).await.map_err(anyhow::Error::from)?;
    drop(gone);
    if let Some(page) = page {
        page.await.map_err(anyhow::Error::from)??;
    }
    info!("the daemon ends");
    Ok(ExitCode::SUCCESS)
}
