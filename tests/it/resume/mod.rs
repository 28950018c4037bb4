//! Killed, cut off, paused and repeated: nothing is lost, nothing is there twice, and little is asked again.

mod backfills;
mod commits;
mod kills;
mod restarts;
mod together;
mod tokens;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use url::Url;

use crate::support::database;
use crate::support::simulator::Simulator;
use crate::support::table::{assert_all_equal_truth, told};

/// Asserts that a database is as an undisturbed run leaves it: every table, no invented history, every run closed, nobody
/// claiming anything.
async fn assert_undisturbed(pool: &PgPool, simulator: &Simulator) {
    assert_all_equal_truth(pool, simulator).await;
    // In these worlds nothing changes, so there are no earlier versions; only a person may have been described by an older
    // enrollment first.
    let traces = told(
        pool,
        "select 'history of companies' from keepnet.company_history
         union all select 'overlap of ' || h.target_user_id from keepnet.target_user_history h
                   join keepnet.target_users u using (company_id, target_user_id)
                   where h.valid_to > u.valid_from
                      or exists (select from keepnet.target_user_history o
                                 where o.company_id = h.company_id and o.target_user_id = h.target_user_id
                                   and o.valid_from > h.valid_from and o.valid_from < h.valid_to)
         union all select 'history of reports' from keepnet.enrollment_user_history
         union all select 'history of summaries' from keepnet.enrollment_summary_history
         union all select 'run ' || id from sync.runs where outcome = 'running' or finished_at is null
         union all select 'claim on ' || subject from sync.leases where holder is not null
         union all select 'unfinished ' || resource || ' ' || scope from sync.cursors where state ? 'unfinished'
         union all select 'discrepancy ' || kind from sync.discrepancies
         union all select 'missing ' || resource from sync.missing_rows
         union all select 'quarantined ' || resource from sync.quarantine",
    )
    .await;
    assert_eq!(traces, Vec::<String>::new());
}

/// Waits until the server has noticed that a process is gone: its locks are free.
async fn is_gone(pool: &PgPool) {
    crate::support::running::until(
        pool,
        "select not exists (select from pg_locks l join pg_database d on d.oid = l.database
                            where l.locktype = 'advisory' and d.datname = current_database())",
    )
    .await;
}

/// A new database that holds what another one does, to which nobody is connected.
async fn copy_of(template: &SecretString) -> SecretString {
    let url = database::empty().await;
    let name = |url: &SecretString| {
        let url = Url::parse(url.expose_secret()).unwrap();
        url.path().trim_start_matches('/').to_owned()
    };
    let (copied, copy) = (name(template), name(&url));
    let elsewhere = database::empty().await;
    let mut db = PgConnection::connect(elsewhere.expose_secret())
        .await
        .unwrap();
    for statement in [
        format!("drop database {copy}"),
        format!("create database {copy} template {copied}"),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut db)
            .await
            .unwrap();
    }
    url
}
