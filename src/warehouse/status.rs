//! What `status` shows: read from schema `sync` alone, so that it needs neither the vendor nor a running daemon.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgPool};

use super::discrepancies::{self, Discrepancy};
use super::offboarding::{self, Offboarded};
use super::quarantine::{self, QuarantinedItem};
use super::schedules::{self, ScheduleState};

/// Rows shown of each list.
const SHOWN: i64 = 20;

/// The state of the warehouse.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Whose data it is; none before the first run.
    pub account: Option<AccountStatus>,
    /// One word: `ok`, `attention`, `running` or `empty`.
    pub verdict: &'static str,
    /// Every company.
    pub companies: Vec<CompanyStatus>,
    /// Customers that left and are not read any more.
    pub offboarded: Vec<Offboarded>,
    /// The daemon that keeps the schedule, if one does.
    pub active: Option<ActiveStatus>,
    /// How far each schedule is.
    pub schedules: Vec<ScheduleState>,
    /// The last runs, newest first.
    pub runs: Vec<RunStatus>,
    /// What the last run could not do.
    pub failures: Vec<FailureStatus>,
    /// Deletions that wait for the operator.
    pub held: Vec<Discrepancy>,
    /// Items that could not be understood, newest first.
    pub quarantine: QuarantineStatus,
    /// Members that no column takes.
    pub unknown_fields: Vec<UnknownFieldStatus>,
    /// Counts that do not agree.
    pub discrepancies: Vec<Discrepancy>,
    /// What is remembered of the scopes, per resource.
    pub cursors: Vec<CursorStatus>,
}

/// The scopes of one resource.
#[derive(Debug, Serialize, FromRow)]
pub struct CursorStatus {
    /// The resource.
    pub resource: String,
    /// Scopes that are remembered.
    pub scopes: i64,
    /// Those that were never complete.
    pub never_complete: i64,
    /// Those that are due.
    pub due: i64,
    /// Those whose pull was interrupted.
    pub unfinished: i64,
    /// When the one that was complete longest ago was.
    pub oldest: Option<DateTime<Utc>>,
    /// Users who are to be asked.
    pub pending_users: i64,
}

/// The daemon that keeps the schedule.
#[derive(Debug, Serialize, FromRow)]
pub struct ActiveStatus {
    /// Host and process.
    pub instance: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The account.
#[derive(Debug, Serialize, FromRow)]
pub struct AccountStatus {
    /// Company id of the reseller.
    pub account_id: String,
    /// How its dates are read.
    pub date_format: Option<String>,
    /// How that was decided.
    pub date_format_evidence: Option<String>,
    /// Zone of its dates.
    pub time_zone: String,
    /// When it was used last.
    pub last_used_at: DateTime<Utc>,
    /// The UTC day that requests were counted for last, which is done where `api.daily_requests` is set.
    pub requests_on: Option<NaiveDate>,
    /// Requests of that day.
    pub requests: i64,
}

/// A company.
#[derive(Debug, Serialize, FromRow)]
pub struct CompanyStatus {
    /// Its id.
    pub company_id: String,
    /// Its name.
    pub name: Option<String>,
    /// How the last try went; none: never tried.
    pub verdict: Option<String>,
    /// The last instant at which all of it was complete.
    pub safe_as_of: Option<DateTime<Utc>>,
    /// The last try.
    pub last_try_at: Option<DateTime<Utc>>,
    /// Why it is not complete.
    pub reason: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Until when the customer grants access.
    pub access_until: Option<DateTime<Utc>>,
}

/// A run.
#[derive(Debug, Serialize, FromRow)]
pub struct RunStatus {
    /// Its key.
    pub id: i64,
    /// Sync, backfill or scheduled.
    pub kind: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How it ended; `running` while its process lives, `killed` when that is gone.
    pub outcome: String,
    /// Requests sent.
    pub requests: i64,
    /// Requests that were expected; none before the first run.
    pub predicted_requests: Option<i64>,
    /// Companies that it works on, once they are listed.
    pub companies_total: Option<i64>,
    /// Companies that it has done.
    pub companies_done: Option<i64>,
    /// When it was last seen to get on.
    pub progressed_at: Option<DateTime<Utc>>,
    /// Rows that were not there.
    pub rows_inserted: i64,
    /// Rows that differed.
    pub rows_updated: i64,
    /// Rows that were as received already.
    pub rows_unchanged: i64,
    /// Rows marked deleted.
    pub rows_deleted: i64,
    /// Why it failed.
    pub error: Option<String>,
}

/// Something that a run could not do.
#[derive(Debug, Serialize, FromRow)]
pub struct FailureStatus {
    /// The company.
    pub company_id: String,
    /// Its name.
    pub name: Option<String>,
    /// The resource.
    pub resource: String,
    /// The verdict on it.
    pub verdict: String,
    /// What could not be done, and why.
    pub error: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// The quarantine.
#[derive(Debug, Serialize)]
pub struct QuarantineStatus {
    /// Unresolved items.
    pub open: i64,
    /// The newest of them, without their payload.
    pub items: Vec<QuarantinedItem>,
}

/// A member that no column takes.
#[derive(Debug, Serialize, FromRow)]
pub struct UnknownFieldStatus {
    /// Where it was received.
    pub resource: String,
    /// Its place.
    pub json_path: String,
    /// Its type.
    pub json_type: String,
    /// First seen.
    pub first_seen_at: DateTime<Utc>,
    /// Last seen.
    pub last_seen_at: DateTime<Utc>,
}

impl Status {
    /// Without the discrepancies that are accepted at `now`.
    #[must_use]
    pub fn without_accepted(mut self, now: DateTime<Utc>) -> Self {
        self.discrepancies.retain(|one| !one.is_accepted(now));
        self
    }
}

/// Reads the state.
pub async fn read(pool: &PgPool) -> Result<Status, sqlx::Error> {
    let account = sqlx::query_as(
        "select account_id, date_format, date_format_evidence, time_zone, last_used_at, requests_on, requests
         from sync.accounts order by first_used_at limit 1",
    )
    .fetch_optional(pool)
    .await?;
    let active = sqlx::query_as(
        "select holder as instance, acquired_at as since from sync.leases
         where kind = 'schedule' and holder is not null and expires_at > clock_timestamp()",
    )
    .fetch_optional(pool)
    .await?;
    let schedules = schedules::read(pool).await?;
    let offboarded = offboarding::list(pool).await?;
    let companies: Vec<CompanyStatus> = sqlx::query_as(
        "select c.company_id, c.name, s.verdict, s.safe_as_of, s.last_try_at, s.reason, s.remedy,
                c.access_ends_at as access_until
         from keepnet.companies c left join sync.company_state s using (company_id)
         where c.deleted_at is null and (s.company_id is not null or c.company_id not in (select account_id from sync.accounts))
         order by s.verdict = 'complete', c.name, c.company_id",
    )
    .fetch_all(pool)
    .await?;
    // A living run holds a lock; whoever gets it looks at a dead run. What it did is known by its last heartbeat, and by the
    // scopes that it has finished since.
    let runs: Vec<RunStatus> = sqlx::query_as(
        "select id, kind, started_at, finished_at,
                case when outcome = 'running'
                     and not exists (select from pg_locks l
                                     where l.locktype = 'advisory' and l.classid = $1
                                       and l.objid = (r.id % 2147483647)
                                       and l.database = (select oid from pg_database where datname = current_database()))
                     then 'killed' else outcome end as outcome,
                greatest(r.requests, done.requests) as requests, predicted_requests, companies_total, companies_done,
                progressed_at, greatest(r.rows_inserted, done.rows_inserted) as rows_inserted,
                greatest(r.rows_updated, done.rows_updated) as rows_updated,
                greatest(r.rows_unchanged, done.rows_unchanged) as rows_unchanged,
                greatest(r.rows_deleted, done.rows_deleted) as rows_deleted, error
         from sync.runs r
         left join lateral (
             select sum(s.requests)::bigint as requests, sum(s.rows_inserted)::bigint as rows_inserted,
                    sum(s.rows_updated)::bigint as rows_updated, sum(s.rows_unchanged)::bigint as rows_unchanged,
                    sum(s.rows_deleted)::bigint as rows_deleted
             from sync.run_scopes s where s.run_id = r.id) done on r.outcome = 'running'
         order by id desc limit 5",
    )
    .bind(i64::from(super::runs::RUN_LOCK))
    .fetch_all(pool)
    .await?;
    let failures: Vec<FailureStatus> = sqlx::query_as(
        "select f.company_id, c.name, f.resource, f.verdict, f.error, f.remedy
         from sync.run_scopes f left join keepnet.companies c using (company_id)
         where f.run_id = (select max(id) from sync.runs) and f.verdict <> 'complete'
         order by f.company_id, f.resource",
    )
    .fetch_all(pool)
    .await?;
    let discrepancies = discrepancies::list(pool, SHOWN).await?;
    let open: i64 =
        sqlx::query_scalar("select count(*) from sync.quarantine where resolved_at is null")
            .fetch_one(pool)
            .await?;
    let items = quarantine::list(pool, SHOWN).await?;
    let unknown_fields = sqlx::query_as(
        "select resource, json_path, json_type, first_seen_at, last_seen_at
         from sync.unknown_fields order by resource, json_path, json_type",
    )
    .fetch_all(pool)
    .await?;
    let held = discrepancies::held(pool).await?;
    let cursors = sqlx::query_as(
        "select c.resource, count(*) as scopes,
                count(*) filter (where c.last_complete_at is null) as never_complete,
                count(*) filter (where c.due_at <= now() or c.full_due_at <= now() or c.wanted_at is not null) as due,
                count(*) filter (where c.state ? 'unfinished') as unfinished,
                min(c.last_complete_at) as oldest,
                (select count(*) from sync.pending_users p where p.resource = c.resource) as pending_users
         from sync.cursors c where c.company_id <> '' group by c.resource order by c.resource",
    )
    .fetch_all(pool)
    .await?;
    Ok(Status {
        account,
        verdict: verdict(&runs, &companies, &schedules),
        companies,
        offboarded,
        active,
        schedules,
        runs,
        failures,
        held,
        quarantine: QuarantineStatus { open, items },
        unknown_fields,
        discrepancies,
        cursors,
    })
}

fn verdict(
    runs: &[RunStatus],
    companies: &[CompanyStatus],
    schedules: &[ScheduleState],
) -> &'static str {
    // A run that meets a company forbidden for the first time is not `ok`; later ones are, and so is the whole.
    let is_well = companies.iter().all(|company| {
        matches!(
            company.verdict.as_deref(),
            Some("complete" | "forbidden" | "unsupported")
        )
    });
    // What fails before it has a number is no run.
    let is_failing = schedules.iter().any(|schedule| schedule.error.is_some());
    match runs.first().map(|run| run.outcome.as_str()) {
        Some("running") => "running",
        _ if is_failing => "attention",
        None => "empty",
        Some("ok") if is_well => "ok",
        Some(_) => "attention",
    }
}
