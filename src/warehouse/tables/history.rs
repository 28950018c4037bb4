//! Which tables keep their earlier versions, and of which columns.
//!
//! A history table holds closed versions only. The present version is the base row itself, which says since when it
//! holds, so that a first load writes each fact once.

use super::Table;

/// The history of one table.
#[derive(Debug, PartialEq, Eq)]
pub struct History {
    /// The table whose versions are kept.
    pub base: &'static str,
    /// The table of closed versions. It has the key of the base, `since`, `valid_to`, `is_present` and `columns`.
    pub name: &'static str,
    /// The column, of both tables, that says since when a version holds.
    pub since: &'static str,
    /// The columns whose change makes a new version, as presence does.
    pub columns: &'static [&'static str],
}

/// All histories.
pub static HISTORIES: [History; 4] = [
    History {
        base: "companies",
        name: "company_history",
        since: "valid_from",
        columns: &[
            "parent_company_id",
            "name",
            "number_of_users",
            "target_user_count",
            "deleted_target_user_count",
            "inactive_target_user_count",
            "monthly_active_user_count",
            "is_licence_expired",
            "license_ends_at",
        ],
    },
    History {
        base: "target_users",
        name: "target_user_history",
        since: "valid_from",
        columns: &["email", "first_name", "last_name", "department"],
    },
    History {
        base: "enrollment_users",
        name: "enrollment_user_history",
        since: "valid_from",
        columns: &["status", "exam_status", "exam_score", "current_step"],
    },
    History {
        base: "enrollment_summaries",
        name: "enrollment_summary_history",
        since: "observed_at",
        columns: &[
            "total_target_user_count",
            "total_user_opened_count",
            "only_opened_count",
            "total_non_target_user_count",
            "email_delivered_user_count",
            "email_error_user_count",
            "no_response_count",
            "did_not_complete_training_count",
            "did_not_complete_exam_count",
            "failed_exam_count",
            "completed_count",
            "in_progress_count",
            "group_count",
            "sms_sent_count",
        ],
    },
];

impl History {
    /// The history of the base table of this name, if it has one.
    #[must_use]
    pub fn of(base: &str) -> Option<&'static Self> {
        HISTORIES.iter().find(|history| history.base == base)
    }
}

impl Table {
    /// The history of this table, if it has one.
    #[must_use]
    pub fn history(&self) -> Option<&'static History> {
        History::of(self.name)
    }
}
