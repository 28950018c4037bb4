//! Mends the stored dates after a wrong `api.date_format` or `api.time_zone`, without asking the vendor.
//!
//! `sync.accounts` says by which choice dates were read and from when on each choice applied; a row's time of change says
//! which of them read it. From both follows the local time that was received, and that is read again as the settings now
//! say: see [`crate::api::rereading`] for what that can and cannot know, and `row` for what happens to one row.
//!
//! One transaction mends one company, so that a kill costs at most that. Before the first one, the new choice is written
//! down with an instant at which no stored row has changed yet; every row that is mended changes after it. So a repeated
//! repair sees which rows are left, and while some are, no sync begins.

mod report;
mod row;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};
use tracing::info;

use super::account::by_setting;
use crate::api::DATE_CONTRADICTION;
use crate::api::dates::{DateFormat, DateReader};
use crate::api::rereading::Rereading;
use crate::clock::SharedClock;
use crate::settings::ApiSettings;
use crate::warehouse::accounts::{self, DateChoice, DateRepair};
use crate::warehouse::dated::{self, DatedRow, DatedTable};
use crate::warehouse::derived;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::runs;
pub use report::{Choice, ColumnPlan, Report};

/// Recorded as the evidence of the choice.
const EVIDENCE: &str = "keepnet-etl repair-dates";

/// Why dates could not be mended.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The database failed or refused.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The settings name no format.
    #[error(
        "could not repair dates: api.date_format is auto, which does not say what they should be read as"
    )]
    NoFormat,
    /// There is no account.
    #[error("could not repair dates: nothing was loaded into this database yet")]
    Empty,
    /// A choice is recorded that this version does not know.
    #[error(
        "could not repair dates: sync.accounts names a date format or zone that is not known: {0}"
    )]
    UnknownChoice(String),
    /// A run is under way.
    #[error("could not repair dates: run {0} is under way")]
    Running(i64),
    /// Another process repairs them.
    #[error("could not repair dates: another process is at it")]
    Busy,
}

impl RepairError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Warehouse(error) => error.remedy(),
            Self::NoFormat => {
                "set api.date_format (KEEPNET_ETL__API__DATE_FORMAT) to dmy, mdy, ymd or iso, and api.time_zone"
            }
            Self::Empty => "run: keepnet-etl sync",
            Self::UnknownChoice(_) => "use the version of keepnet-etl that loaded this database",
            Self::Running(_) | Self::Busy => "wait for its end, then run it again",
        }
    }
}

/// A choice with the time from which it read rows.
#[derive(Debug, Clone, Copy)]
struct Epoch {
    since: DateTime<Utc>,
    rereading: Rereading,
}

/// What a repair works with.
struct Repair {
    epochs: Vec<Epoch>,
    /// Rows that changed before are to be mended.
    since: DateTime<Utc>,
    /// Columns with the year first, as `table.column`.
    year_first: BTreeSet<String>,
    tables: Vec<DatedTable>,
    report: Report,
}

/// Mends the dates of the database, or with `is_dry` says what that would change.
pub async fn run(
    settings: &ApiSettings,
    pool: &PgPool,
    clock: &SharedClock,
    is_dry: bool,
) -> Result<Report, RepairError> {
    let format = by_setting(settings.date_format).ok_or(RepairError::NoFormat)?;
    let to = DateReader {
        format: Some(format),
        zone: settings.time_zone,
    };
    let mut alone = if is_dry {
        None
    } else {
        Some(lock(pool).await?)
    };
    let account = accounts::read(pool)
        .await
        .map_err(database)?
        .ok_or(RepairError::Empty)?;
    let recorded = accounts::read_date_choices(pool).await.map_err(database)?;
    let begun = recorded.last().filter(|last| {
        last.is_unfinished_repair()
            && last.date_format.as_deref() == Some(format.name())
            && last.time_zone == to.zone.name()
    });
    let earlier = &recorded[..recorded.len() - usize::from(begun.is_some())];
    let mut repair = Repair::new(earlier, to)?;
    if begun.is_none() && (repair.epochs.iter()).all(|epoch| epoch.rereading.is_nothing()) {
        repair.report.columns.clear();
        return Ok(repair.report);
    }
    let with = |choice: DateChoice| [earlier, &[choice]].concat();
    if alone.is_some() && begun.is_none() {
        let choices = with(repair.choice(clock.now(), DateRepair::default()));
        begin(pool, &account.account_id, &recorded, &choices).await?;
    }
    let companies: Vec<String> =
        sqlx::query_scalar("select company_id from keepnet.companies order by company_id")
            .fetch_all(pool)
            .await
            .map_err(database)?;
    repair.report.companies = companies.len() as u64;
    let mut db = pool.acquire().await.map_err(database)?;
    // No row is mended before it is written down which columns have the year first: mended ones could not tell.
    let known = begun.and_then(|begun| Some((begun.since, begun.repair.clone()?.year_first?)));
    match known {
        Some((since, year_first)) => {
            repair.since = since;
            repair.year_first.extend(year_first);
        }
        None => {
            repair.since = later_than_all(&repair.tables, earlier, clock.now(), &mut db).await?;
            repair.find_year_first(&companies, &mut db).await?;
        }
    }
    let progress = |is_done| DateRepair {
        is_done,
        year_first: Some(repair.year_first.iter().cloned().collect()),
    };
    let (under_way, done) = (progress(false), progress(true));
    if alone.is_some() {
        let choices = with(repair.choice(repair.since, under_way));
        accounts::write_date_choices(pool, &account.account_id, &choices)
            .await
            .map_err(database)?;
    }
    for company_id in &companies {
        let mut tx = sqlx::Connection::begin(&mut *db).await.map_err(database)?;
        // A time of change before the beginning of the repair would look like a row that is left.
        let at = clock.now().max(repair.since);
        let rows = repair.mend_company(company_id, &mut tx, at, is_dry).await?;
        if !is_dry && rows > 0 {
            let followed = derived::follow(&mut tx, company_id, at)
                .await
                .map_err(database)?;
            repair.report.add(followed);
        }
        tx.commit().await.map_err(database)?;
        repair.report.rows += rows;
        info!(company.id = company_id, rows, "dates read again");
    }
    drop(db);
    repair.report.columns.retain(|column| column.values > 0);
    if let Some(alone) = alone.take() {
        let order_was_wrong = repair.epochs.iter().any(|epoch| epoch.rereading.turns());
        let choices = with(repair.choice(repair.since, done));
        let id = &account.account_id;
        repair.report.due =
            accounts::finish_date_repair(pool, id, &choices, DATE_CONTRADICTION, order_was_wrong)
                .await
                .map_err(database)?;
        repair.report.is_done = true;
        drop(alone);
    }
    Ok(repair.report)
}

fn database(error: sqlx::Error) -> WarehouseError {
    WarehouseError::from_sqlx("repair dates", error)
}

/// A connection whose end lets the next repair begin.
async fn lock(pool: &PgPool) -> Result<PgConnection, RepairError> {
    let mut alone = pool.acquire().await.map_err(database)?.detach();
    if runs::lock_for_repair(&mut alone).await.map_err(database)? {
        Ok(alone)
    } else {
        Err(RepairError::Busy)
    }
}

/// Writes down that the repair has begun; from then on no sync begins. One that is under way already prevents it.
async fn begin(
    pool: &PgPool,
    account_id: &str,
    before: &[DateChoice],
    begun: &[DateChoice],
) -> Result<(), RepairError> {
    if !accounts::replace_date_choices(pool, account_id, before, begun)
        .await
        .map_err(database)?
    {
        return Err(RepairError::Busy);
    }
    let Some(run) = runs::find_living(pool).await.map_err(database)? else {
        return Ok(());
    };
    accounts::write_date_choices(pool, account_id, before)
        .await
        .map_err(database)?;
    Err(RepairError::Running(run))
}

/// An instant behind every change of a row and every choice so far: clocks may differ.
async fn later_than_all(
    tables: &[DatedTable],
    choices: &[DateChoice],
    now: DateTime<Utc>,
    db: &mut PgConnection,
) -> Result<DateTime<Utc>, RepairError> {
    let mut last = choices.iter().map(|choice| choice.since).max();
    for table in tables {
        last = last.max(table.last_change(db).await.map_err(database)?);
    }
    Ok(last.map_or(now, |last| now.max(last + TimeDelta::microseconds(1))))
}

impl Repair {
    fn new(earlier: &[DateChoice], to: DateReader) -> Result<Self, RepairError> {
        // What a finished repair left was all read by its choice.
        let first = earlier
            .iter()
            .rposition(|choice| choice.repair.as_ref().is_some_and(|repair| repair.is_done));
        let earlier = &earlier[first.unwrap_or(0)..];
        let mut epochs = Vec::new();
        for choice in earlier {
            let from = DateReader {
                format: choice
                    .date_format
                    .as_deref()
                    .map(known_format)
                    .transpose()?,
                zone: known_zone(&choice.time_zone)?,
            };
            let since = if epochs.is_empty() {
                DateTime::<Utc>::MIN_UTC
            } else {
                choice.since
            };
            epochs.push(Epoch {
                since,
                rereading: Rereading { from, to },
            });
        }
        if epochs.is_empty() {
            // No run came as far as to choose, so there is nothing to read again.
            return Err(RepairError::Empty);
        }
        let unfinished = (earlier.iter()).filter(|choice| choice.is_unfinished_repair());
        let year_first = (unfinished.filter_map(|choice| choice.repair.as_ref()))
            .flat_map(|repair| repair.year_first.iter().flatten().cloned())
            .collect();
        let named = |epoch: &Epoch| Choice {
            date_format: epoch
                .rereading
                .from
                .format
                .map(|format| format.name().to_owned()),
            time_zone: epoch.rereading.from.zone.name().to_owned(),
            since: (epoch.since != DateTime::<Utc>::MIN_UTC).then_some(epoch.since),
        };
        let tables = dated::tables();
        let report = Report {
            from: epochs.iter().map(named).collect(),
            to: Some(Choice {
                date_format: to.format.map(|format| format.name().to_owned()),
                time_zone: to.zone.name().to_owned(),
                since: None,
            }),
            columns: (tables.iter())
                .flat_map(|table| {
                    table.columns.iter().map(|column| ColumnPlan {
                        table: table.name,
                        column: column.name,
                        ..ColumnPlan::default()
                    })
                })
                .collect(),
            ..Report::default()
        };
        Ok(Self {
            epochs,
            since: DateTime::<Utc>::MAX_UTC,
            year_first,
            tables,
            report,
        })
    }

    /// The choice that this repair makes.
    fn choice(&self, since: DateTime<Utc>, repair: DateRepair) -> DateChoice {
        let to = self.epochs[0].rereading.to;
        DateChoice {
            date_format: to.format.map(|format| format.name().to_owned()),
            time_zone: to.zone.name().to_owned(),
            evidence: Some(EVIDENCE.to_owned()),
            since,
            repair: Some(repair),
        }
    }

    /// Looks for columns that prove to be received with the year first. Needed only where day and month change places.
    async fn find_year_first(
        &mut self,
        companies: &[String],
        db: &mut PgConnection,
    ) -> Result<(), RepairError> {
        if !self.epochs.iter().any(|epoch| epoch.rereading.turns()) {
            return Ok(());
        }
        for table in &self.tables {
            for company_id in companies {
                let mut last = None;
                loop {
                    let rows = (table
                        .page(db, company_id, self.since, last.as_deref())
                        .await)
                        .map_err(database)?;
                    for row in &rows {
                        let rereading = &until(&self.epochs, row).1.rereading;
                        let proven = row::columns_with_year_first(row, table, rereading);
                        self.year_first.extend(proven);
                    }
                    match rows.into_iter().next_back() {
                        Some(row) => last = Some(row.key),
                        None => break,
                    }
                }
            }
        }
        Ok(())
    }

    /// Mends the rows of a company, and gives how many changed.
    async fn mend_company(
        &mut self,
        company_id: &str,
        db: &mut PgConnection,
        at: DateTime<Utc>,
        is_dry: bool,
    ) -> Result<u64, RepairError> {
        let mut changed = 0;
        let mut first = 0;
        for table in &self.tables {
            let plans = first..first + table.columns.len();
            first = plans.end;
            let is_year_first: Vec<bool> = (table.columns.iter())
                .map(|column| {
                    column.received.is_iso || self.year_first.contains(&row::name_of(table, column))
                })
                .collect();
            let plans = &mut self.report.columns[plans];
            let mut last = None;
            loop {
                let rows: Vec<DatedRow> = (table
                    .page(db, company_id, self.since, last.as_deref())
                    .await)
                    .map_err(database)?;
                match rows.last() {
                    Some(row) => last = Some(row.key.clone()),
                    None => break,
                }
                let mut mended = Vec::new();
                for mut row in rows {
                    let (earlier, epoch) = until(&self.epochs, &row);
                    let is_unsure = row::is_unsure(&row, table, earlier, epoch);
                    let rereading = &epoch.rereading;
                    if row::mend(&mut row, table, rereading, &is_year_first, is_unsure, plans) {
                        mended.push(row);
                    }
                }
                changed += mended.len() as u64;
                if !is_dry && !mended.is_empty() {
                    table
                        .write(db, company_id, &mended, at)
                        .await
                        .map_err(database)?;
                }
            }
        }
        Ok(changed)
    }
}

/// The choice that read a row, and those before it. The first one reads whatever is older.
fn until<'e>(epochs: &'e [Epoch], row: &DatedRow) -> (&'e [Epoch], &'e Epoch) {
    let later = epochs.partition_point(|epoch| epoch.since <= row.received_at);
    let place = later.max(1) - 1;
    (&epochs[..place], &epochs[place])
}

fn known_format(name: &str) -> Result<DateFormat, RepairError> {
    DateFormat::from_name(name).ok_or_else(|| RepairError::UnknownChoice(name.to_owned()))
}

fn known_zone(name: &str) -> Result<chrono_tz::Tz, RepairError> {
    name.parse()
        .map_err(|_| RepairError::UnknownChoice(name.to_owned()))
}
