//! `sync.view_settings`: what the views of schema `bi` follow, because a view cannot read the settings.

use std::time::Duration;

use sqlx::PgPool;

/// The settings that views follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewSettings {
    /// The smallest group of people whose survey results are shown.
    pub min_group: u32,
    /// How old what a company holds may be before it counts as stale.
    pub max_staleness: Duration,
}

/// Writes them down. The row is not touched while it says so already, so that commands which start at once do not wait
/// for each other.
pub async fn write(pool: &PgPool, settings: ViewSettings) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sync.view_settings set min_group = $1, max_staleness = make_interval(secs => $2)
         where (min_group, max_staleness) is distinct from ($1, make_interval(secs => $2))",
    )
    .bind(i64::from(settings.min_group))
    .bind(settings.max_staleness.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}
