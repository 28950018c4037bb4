//! Killed, cut off, paused and repeated: nothing is lost, nothing is there twice, and little is asked again.

mod backfills;
mod commits;
mod kills;
mod restarts;
mod together;
mod tokens;

use sqlx::PgPool;

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
