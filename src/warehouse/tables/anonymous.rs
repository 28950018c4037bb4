//! `anonymous_results`, which two listings fill, each its own columns.

use chrono::{DateTime, Utc};

use super::{Rule, Table, bigint, boolean, double, instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static LEARNERS: Table = Table {
    name: "anonymous_results",
    resource: Resource::Anonymous,
    order: 40,
    key_len: 3,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("result_id"),
        text("target_user_id"),
        text("status"),
        instant("last_interaction_at", &["lastInteractionDate"]),
        json("extra"),
    ],
};

/// The columns of `anonymous_results` that tell how far a learner is.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct AnonymousLearnerRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub result_id: &'a str,
    pub target_user_id: Option<&'a str>,
    pub status: Option<&'a str>,
    pub last_interaction_at: Option<DateTime<Utc>>,
    pub extra: Option<&'a str>,
}

impl Row for AnonymousLearnerRow<'_> {
    const TABLE: &'static Table = &LEARNERS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(Some(self.result_id))
            .text(self.target_user_id)
            .text(self.status)
            .instant(self.last_interaction_at)
            .json(self.extra);
    }
}

static RESULTS: Table = Table {
    name: "anonymous_results",
    resource: Resource::Anonymous,
    order: 41,
    key_len: 3,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("result_id"),
        boolean("is_passed"),
        double("score"),
        instant("enrolled_at", &["ernollmentDate", "enrollmentDate"]),
        instant("session_started_at", &["sessionStartDate"]),
        instant("session_ended_at", &["sessionEndDate"]),
        bigint("session_count"),
        json("result_extra"),
    ],
};

/// The columns of `anonymous_results` that tell what a learner achieved.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct AnonymousResultRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub result_id: &'a str,
    pub is_passed: Option<bool>,
    pub score: Option<f64>,
    pub enrolled_at: Option<DateTime<Utc>>,
    pub session_started_at: Option<DateTime<Utc>>,
    pub session_ended_at: Option<DateTime<Utc>>,
    pub session_count: Option<i64>,
    pub result_extra: Option<&'a str>,
}

impl Row for AnonymousResultRow<'_> {
    const TABLE: &'static Table = &RESULTS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(Some(self.result_id))
            .boolean(self.is_passed)
            .double(self.score)
            .instant(self.enrolled_at)
            .instant(self.session_started_at)
            .instant(self.session_ended_at)
            .bigint(self.session_count)
            .json(self.result_extra);
    }
}
