//! What metrics say of the database: one statement per scrape, over tables that are as small as the number of companies
//! and runs, and over what is unresolved.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};

use super::load::sweep::HELD;
use super::runs::RUN_LOCK;

/// What is asked.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The present.
    pub now: DateTime<Utc>,
    /// Only these companies are pulled; empty: all.
    pub include: &'a [String],
    /// But not these.
    pub exclude: &'a [String],
    /// From which age on a company is stale.
    pub max_staleness: Duration,
    /// How long before its end a customer's access counts as ending.
    pub ending_within_days: i32,
    /// The reason of an item whose date has the other order of day and month.
    pub date_contradiction: &'a str,
    /// What a company's reason holds when its dates do.
    pub dates_contradict: &'a str,
    /// How the place of an unknown member begins that is an unknown status word.
    pub unknown_word: &'a str,
    /// For how long something unknown that was seen once is counted.
    pub unknown_for_days: i32,
}

/// The numbers.
#[derive(Debug, FromRow)]
pub struct Snapshot {
    /// Requests of this UTC day.
    pub requests_today: i64,
    /// Age of the company that was complete longest ago.
    pub oldest_seconds: Option<f64>,
    /// Age of the one in the middle.
    pub typical_seconds: Option<f64>,
    /// Companies that are too old.
    pub companies_stale: i64,
    /// Ages of all companies that are not forbidden; none: it was never complete.
    pub ages: Vec<Option<f64>>,
    /// Companies by verdict.
    #[sqlx(json)]
    pub verdicts: BTreeMap<String, i64>,
    /// Companies whose access ends soon.
    pub access_ending: i64,
    /// Kind, outcome and end of the last runs.
    #[sqlx(json)]
    pub runs_finished: Vec<(String, String, DateTime<Utc>)>,
    /// When the oldest run began that is under way.
    pub run_started_at: Option<DateTime<Utc>>,
    /// Runs that are under way.
    pub runs_under_way: i64,
    /// Requests that were expected of the last sync that something was expected of.
    pub predicted_requests: Option<i64>,
    /// Requests per second of the last run that sent a fair number.
    pub measured_rate: Option<f64>,
    /// Listings whose deletions wait.
    pub held: i64,
    /// Since when the oldest does.
    pub held_since: Option<DateTime<Utc>>,
    /// Unresolved items.
    pub quarantine: i64,
    /// Of which, and companies, because of dates.
    pub date_contradictions: i64,
    /// Counts that do not agree.
    pub discrepancies: i64,
    /// Members without a column.
    pub unknown_fields: i64,
    /// Words without a meaning.
    pub unknown_status_words: i64,
}

/// Reads them.
pub async fn read(pool: &PgPool, asked: &Asked<'_>) -> Result<Snapshot, sqlx::Error> {
    sqlx::query_as(
        "with companies as materialized (
             select coalesce(s.verdict, 'not_tried') as verdict, s.safe_as_of, s.reason, c.access_ends_at,
                    extract(epoch from $1 - coalesce(s.safe_as_of, c.first_seen_at))::float8 as waited
             from keepnet.companies c left join sync.company_state s using (company_id)
             where c.deleted_at is null
               and (s.company_id is not null or c.company_id not in (select account_id from sync.accounts))
               and (cardinality($2::text[]) = 0 or c.company_id = any($2)) and c.company_id <> all($3::text[])
         ), pulled as (
             select * from companies where verdict <> 'forbidden'
         ), living as (
             select r.started_at from sync.runs r
             where r.outcome = 'running'
               and exists (select from pg_locks l
                           where l.locktype = 'advisory' and l.classid = $4 and l.objid = (r.id % 2147483647)
                             and l.database = (select oid from pg_database where datname = current_database()))
         )
         select
             (select coalesce(sum(requests), 0)::bigint from sync.accounts
              where requests_on = ($1 at time zone 'utc')::date) as requests_today,
             (select max(waited) from pulled) as oldest_seconds,
             (select percentile_disc(0.5) within group (order by waited) from pulled) as typical_seconds,
             (select count(*) from pulled where waited > $5) as companies_stale,
             (select coalesce(array_agg(case when safe_as_of is not null then waited end), '{}') from pulled) as ages,
             (select coalesce(jsonb_object_agg(verdict, n), '{}')
              from (select verdict, count(*) as n from companies group by verdict) v) as verdicts,
             (select count(*) from companies
              where access_ends_at >= $1 and access_ends_at < $1 + make_interval(days => $6)) as access_ending,
             (select coalesce(jsonb_agg(jsonb_build_array(kind, outcome, finished_at)), '[]')
              from (select kind, outcome, max(finished_at) as finished_at from sync.runs
                    where finished_at is not null group by kind, outcome) f) as runs_finished,
             (select min(started_at) from living) as run_started_at,
             (select count(*) from living) as runs_under_way,
             (select predicted_requests from sync.runs
              where predicted_requests is not null and kind <> 'backfill' order by id desc limit 1) as predicted_requests,
             (select (requests / extract(epoch from finished_at - started_at))::float8 from sync.runs
              where finished_at > started_at and requests >= 20 order by id desc limit 1) as measured_rate,
             (select count(*) from sync.discrepancies where resolved_at is null and kind = $7) as held,
             (select min(first_seen_at) from sync.discrepancies
              where resolved_at is null and kind = $7) as held_since,
             (select count(*) from sync.quarantine where resolved_at is null) as quarantine,
             (select count(*) from sync.quarantine where resolved_at is null and reason = $8)
               + (select count(*) from companies where reason like $9) as date_contradictions,
             (select count(*) from sync.discrepancies
              where resolved_at is null and kind <> $7
                and (accepted_until is null or accepted_until <= $1)) as discrepancies,
             (select count(*) from sync.unknown_fields
              where last_seen_at > $1 - make_interval(days => $10) and json_path not like $11) as unknown_fields,
             (select count(*) from sync.unknown_fields
              where last_seen_at > $1 - make_interval(days => $10) and json_path like $11) as unknown_status_words",
    )
    .bind(asked.now)
    .bind(asked.include)
    .bind(asked.exclude)
    .bind(i64::from(RUN_LOCK))
    .bind(asked.max_staleness.as_secs_f64())
    .bind(asked.ending_within_days)
    .bind(HELD)
    .bind(asked.date_contradiction)
    .bind(format!("%{}%", asked.dates_contradict))
    .bind(asked.unknown_for_days)
    .bind(format!("{}%", asked.unknown_word))
    .fetch_one(pool)
    .await
}
