//! What changes at the vendor between runs and while it is read, and what the warehouse makes of it.

mod deletions;
mod drift;
mod guard;
mod history;
mod mutations;
mod rhythm;

use chrono::TimeDelta;
use keepnet_etl::sync::{RunReport, SyncRequest};
use keepnet_etl::verdict::Verdict;
use sqlx::AssertSqlSafe;

use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::assert_readable_equal_truth;

/// A simulator and the program before it, with one clock.
struct World {
    simulator: Simulator,
    app: TestApp,
}

impl World {
    async fn start(flags: &[&str], settings: &[(&str, &str)]) -> Self {
        let simulator = Simulator::start(flags);
        let common = [
            ("api.time_zone", "Europe/Istanbul"),
            ("api.page_size", "10"),
        ];
        let settings = [&common, settings].concat();
        let app = TestApp::new(simulator.url(), &settings).await;
        Self { simulator, app }
    }

    /// Lets time pass, here and there.
    async fn pass(&self, time: TimeDelta) {
        self.app.clock.advance(time);
        let now = keepnet_etl::clock::Clock::now(&*self.app.clock);
        self.simulator.set_now(now).await;
    }

    /// An incremental sync.
    async fn sync(&self) -> RunReport {
        self.app.sync().await.expect("a run")
    }

    /// Two syncs that read everything, an hour apart: what is missing twice is deleted.
    async fn sync_all(&self) {
        for _ in 0..2 {
            self.pass(TimeDelta::hours(1)).await;
            self.app.full_sync().await.expect("a run");
        }
    }

    /// The same, with deletions that the brake would hold.
    async fn sync_accepting(&self) -> RunReport {
        self.pass(TimeDelta::hours(1)).await;
        let request = SyncRequest {
            extent: keepnet_etl::sync::Extent::Everything,
            accepts_deletions: true,
            ..SyncRequest::default()
        };
        self.app.sync_only(&request).await.expect("a run")
    }

    /// Every table equals the truth, of all companies that can be read.
    async fn assert_equals_truth(&self) {
        assert_readable_equal_truth(&self.app.pool, &self.simulator).await;
    }

    /// An enrollment that is read again and again, a survey if that is asked for, of some users: its company and its id.
    async fn open_enrollment(&self, is_survey: bool) -> (String, String) {
        sqlx::query_as(
            "select e.company_id, e.enrollment_id from keepnet.enrollments e
             join sync.cursors c on c.company_id = e.company_id and c.scope = e.enrollment_id and c.resource = 'users'
             where c.due_at is not null and e.is_survey = $1 and not e.is_step and e.type <> 'LearningPath'
               and e.deleted_at is null order by 1, 2 limit 1",
        )
        .bind(is_survey)
        .fetch_one(&self.app.pool)
        .await
        .expect("an open enrollment")
    }

    /// A number that a query gives.
    async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&self.app.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// No version of anything overlaps another, or lasts no time.
    async fn assert_histories_do_not_overlap(&self) {
        for (base, history, since, key) in [
            ("companies", "company_history", "valid_from", "company_id"),
            (
                "target_users",
                "target_user_history",
                "valid_from",
                "company_id, target_user_id",
            ),
            (
                "enrollment_users",
                "enrollment_user_history",
                "valid_from",
                "company_id, enrollment_id, reported_enrollment_id, target_user_id",
            ),
            (
                "enrollment_summaries",
                "enrollment_summary_history",
                "observed_at",
                "company_id, enrollment_id",
            ),
        ] {
            let overlaps = format!(
                "select count(*) from (
                     select {since} as since, lag(until) over (partition by {key} order by {since}) as before
                     from (select {key}, {since}, valid_to as until from keepnet.{history}
                           union all select {key}, {since}, 'infinity' from keepnet.{base}) v) o
                 where before > since"
            );
            assert_eq!(self.count(&overlaps).await, 0, "{history} overlaps");
            // One version ends where the next begins.
            let gaps = overlaps.replace("before > since", "before < since");
            assert_eq!(self.count(&gaps).await, 0, "{history} has gaps");
        }
    }
}

/// The verdict on one resource of the first company of a report.
fn verdict_on(report: &RunReport, company: &str, resource: &str) -> Verdict {
    let scopes = report
        .companies
        .iter()
        .find(|one| one.company_id == company);
    let scopes = &scopes.expect("the company").scopes;
    let scope = scopes
        .iter()
        .find(|scope| scope.resource.name() == resource);
    scope.expect("the resource").verdict
}
