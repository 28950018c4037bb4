//! Rewrites what is stored after the privacy settings have changed.
//!
//! What is stricter than before is done to what is stored, here and now: dropped, hashed, or, where it cannot be told what
//! is in it, removed. What is looser can only be had from the vendor again: then everything is due. Until both are
//! done, no sync begins. One transaction rewrites one company, and a rewriting that was interrupted is begun anew, which
//! changes nothing that was rewritten already.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use tracing::info;

use super::plan::{Plan, plan};
use crate::clock::SharedClock;
use crate::privacy::{Erased, Field, Guard, Policy};
use crate::settings::{PersonalData, SurveyAnswers};
use crate::warehouse::error::WarehouseError;
use crate::warehouse::people::{self, PERSONAL_COLUMNS, Rewriting, Values};
use crate::warehouse::privacy_record::{self, PrivacyRecord};
use crate::warehouse::transaction::Transaction;
use crate::warehouse::{erasures, runs};

/// Types of answers whose text is that of an option.
const OPTION_KINDS: [&str; 8] = [
    "choice-single",
    "true-false",
    "choice-multi",
    "sequence",
    "matching",
    "dropdown",
    "hotspot",
    "likert",
];

/// Why what is stored could not be rewritten.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The database failed or refused.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A run is under way.
    #[error("could not apply the privacy settings: run {0} is under way")]
    Running(i64),
    /// Erased people are known by another key.
    #[error(
        "could not apply the privacy settings: {0} hashes of erased people were made with another key than that of privacy.key_file"
    )]
    OtherKey(i64),
}

impl ChangeError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Warehouse(error) => error.remedy(),
            Self::Running(_) => "wait for its end, then run it again",
            Self::OtherKey(_) => {
                "configure the key that they were erased with: without it they would come back"
            }
        }
    }
}

/// Rewrites what is stored by `policy`, or with `is_dry` says what that would change.
pub async fn apply(
    pool: &PgPool,
    policy: &Arc<Policy>,
    clock: &SharedClock,
    is_dry: bool,
) -> Result<Plan, ChangeError> {
    let check = policy.key().map(crate::privacy::Key::check);
    let others = erasures::count_of_other_keys(pool, check.as_deref()).await?;
    if others > 0 {
        return Err(ChangeError::OtherKey(others));
    }
    let now = policy.record();
    let Some(before) = super::recorded(pool).await? else {
        // Nothing is stored: the next sync records them.
        return Ok(Plan::default());
    };
    let mut plan = plan(&before, policy);
    if plan.changes.is_empty() {
        return Ok(plan);
    }
    if !is_dry {
        begin(pool, &before, &now, clock).await?;
    }
    let companies: Vec<String> =
        sqlx::query_scalar("select company_id from keepnet.companies order by company_id")
            .fetch_all(pool)
            .await
            .map_err(database)?;
    let has_other_key = plan.changes.iter().any(|change| change == "the key");
    for company_id in &companies {
        let mut tx = Transaction::begin(pool).await.map_err(database)?;
        let guard = Guard::new(Arc::clone(policy), company_id, Erased::default());
        let mut rewriting = Company {
            guard: &guard,
            company_id,
            at: clock.now(),
            rows: &mut plan.rows,
        };
        if has_other_key {
            rewriting.forget_hashes(&mut tx).await.map_err(database)?;
        }
        if plan.is_stricter {
            rewriting.rewrite(&mut tx).await.map_err(database)?;
        }
        rewriting.settle_answers(&mut tx).await.map_err(database)?;
        plan.due += want_everything(&mut tx, company_id, plan.is_looser, clock.now())
            .await
            .map_err(database)?;
        if is_dry {
            tx.rollback().await.map_err(database)?;
        } else {
            tx.commit().await.map_err(database)?;
        }
        info!(company.id = company_id, "privacy settings applied");
    }
    plan.rows.retain(|(_, rows)| *rows > 0);
    if !is_dry {
        sqlx::query("delete from sync.unknown_fields where $1")
            .bind(plan.is_stricter)
            .execute(pool)
            .await
            .map_err(database)?;
        let key_check = policy.key_check();
        privacy_record::write(pool, &now, key_check.as_deref(), false, clock.now())
            .await
            .map_err(database)?;
        plan.is_done = true;
    }
    Ok(plan)
}

fn database(error: sqlx::Error) -> WarehouseError {
    WarehouseError::from_sqlx("apply the privacy settings", error)
}

/// Writes down that it has begun; from then on no sync begins. One that is under way already prevents it.
async fn begin(
    pool: &PgPool,
    before: &PrivacyRecord,
    now: &Value,
    clock: &SharedClock,
) -> Result<(), ChangeError> {
    let (policy, key) = (&before.policy, before.key_check.as_deref());
    privacy_record::write(pool, policy, key, true, clock.now())
        .await
        .map_err(database)?;
    privacy_record::write_applying(pool, Some(now))
        .await
        .map_err(database)?;
    let Some(run) = runs::find_living(pool).await.map_err(database)? else {
        return Ok(());
    };
    privacy_record::write_applying(pool, before.applying.as_ref())
        .await
        .map_err(database)?;
    Err(ChangeError::Running(run))
}

/// One company being rewritten.
struct Company<'c> {
    guard: &'c Guard,
    company_id: &'c str,
    at: DateTime<Utc>,
    rows: &'c mut Vec<(String, u64)>,
}

impl Company<'_> {
    fn note(&mut self, what: &str, rows: u64) {
        match self.rows.iter_mut().find(|(known, _)| known == what) {
            Some((_, known)) => *known += rows,
            None => self.rows.push((what.to_owned(), rows)),
        }
    }

    async fn columns(
        &mut self,
        db: &mut PgConnection,
        rewriting: Rewriting<'_>,
        rewrite: impl FnMut(&Values) -> Values,
    ) -> Result<(), sqlx::Error> {
        let rows = rewriting.run(db, self.company_id, self.at, rewrite).await?;
        let what = format!("{}.{}", rewriting.table, rewriting.columns[0]);
        self.note(&what, rows);
        Ok(())
    }

    async fn execute(
        &mut self,
        db: &mut PgConnection,
        what: &str,
        sql: impl Into<String>,
    ) -> Result<(), sqlx::Error> {
        let rows = people::execute(db, self.company_id, sql).await?;
        self.note(what, rows);
        Ok(())
    }

    /// Hashes and pseudonyms of another key.
    async fn forget_hashes(&mut self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        for personal in &PERSONAL_COLUMNS {
            let (table, column) = (personal.table, personal.column);
            let sql = format!(
                "update keepnet.{table} set {column} = null where company_id = $1 and {column} like 'hash:%'"
            );
            self.execute(db, &format!("{table}.{column}"), sql).await?;
        }
        for (what, sql) in [
            (
                "user_custom_fields.value",
                "update keepnet.user_custom_fields set value = null where company_id = $1 and value like 'hash:%'",
            ),
            (
                "anonymous_results.target_user_id",
                "update keepnet.anonymous_results set target_user_id = null where company_id = $1 and target_user_id like 'hash:%'",
            ),
            (
                "survey_answers.option_text",
                "update keepnet.survey_answers set option_text = null where company_id = $1 and option_text like 'hash:%'",
            ),
            (
                "survey_answers.response",
                "update keepnet.survey_answers set response = null where company_id = $1 and response like 'hash:%'",
            ),
            (
                "widget_values",
                "delete from keepnet.widget_values where company_id = $1 and (dimension::text like '%\"hash:%' or value_text like 'hash:%')",
            ),
            (
                "executive_report_widgets",
                "delete from keepnet.executive_report_widgets where company_id = $1 and (dimension::text like '%\"hash:%' or value_text like 'hash:%')",
            ),
            (
                "survey_sessions",
                "delete from keepnet.survey_sessions where company_id = $1 and target_user_id like 'pseudonym:%'",
            ),
            (
                "survey_answers",
                "delete from keepnet.survey_answers where company_id = $1 and target_user_id like 'pseudonym:%'",
            ),
        ] {
            self.execute(db, what, sql).await?;
        }
        Ok(())
    }

    /// Everything that must not be stored as it is.
    async fn rewrite(&mut self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let guard = self.guard;
        for personal in &PERSONAL_COLUMNS {
            if guard.policy().choice(personal.field) == PersonalData::Keep {
                continue;
            }
            let columns = [personal.column];
            let rewriting = text(personal.table, &columns, 1);
            let keep =
                |values: &Values| vec![owned(guard.keep(personal.field, values[0].as_deref()))];
            self.columns(db, rewriting, keep).await?;
        }
        let masked = "update keepnet.target_users
            set is_email_masked = coalesce(email <> '' and position('@' in email) = 0 and email not like 'hash:%', false)
            where company_id = $1";
        people::execute(db, self.company_id, masked).await?;
        let anonymous = text("anonymous_results", &["target_user_id"], 1);
        self.columns(db, anonymous, |values| {
            vec![owned(guard.keep_unless_address(values[0].as_deref()))]
        })
        .await?;
        self.custom_fields(db).await?;
        for table in ["widget_values", "executive_report_widgets"] {
            self.widgets(db, table).await?;
        }
        if guard.policy().choice(Field::FreeText) != PersonalData::Keep {
            self.written_answers(db).await?;
        }
        if !guard.policy().tracking_info() {
            let sql = "update keepnet.interactions
                set browser_name = null, user_agent = null, geolocation = null, ip_addresses = null
                where company_id = $1 and num_nonnulls(browser_name, user_agent, geolocation, ip_addresses) > 0";
            self.execute(db, "interactions", sql).await?;
        }
        if guard.policy().is_strict() {
            // What is in them is not known, so it goes; what is known of it comes again with the next reading.
            for (table, column) in people::extra_columns(db).await? {
                let sql = format!(
                    "update keepnet.{table} set {column} = null where company_id = $1 and {column} is not null"
                );
                self.execute(db, &format!("{table}.{column}"), sql).await?;
            }
        }
        let sql = "delete from sync.quarantine where company_id = $1";
        self.execute(db, "sync.quarantine", sql).await
    }

    async fn custom_fields(&mut self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let policy = self.guard.policy();
        let names: Vec<Option<String>> = sqlx::query_scalar(
            "select distinct name from keepnet.user_custom_fields where company_id = $1",
        )
        .bind(self.company_id)
        .fetch_all(&mut *db)
        .await?;
        let gone: Vec<Option<String>> = names
            .into_iter()
            .filter(|name| !policy.has_custom_field(name.as_deref()))
            .collect();
        let removed = sqlx::query(
            "delete from keepnet.user_custom_fields
             where company_id = $1 and (name = any($2) or (name is null and $3))",
        )
        .bind(self.company_id)
        .bind(gone.iter().flatten().collect::<Vec<_>>())
        .bind(gone.contains(&None))
        .execute(&mut *db)
        .await?;
        self.note("user_custom_fields", removed.rows_affected());
        let company_id = self.company_id;
        let rewriting = text("user_custom_fields", &["value", "name", "data_type"], 1);
        self.columns(db, rewriting, |values| {
            let of = (values[1].as_deref(), values[2].as_deref());
            vec![owned(policy.keep_custom_value(
                company_id,
                of,
                values[0].as_deref(),
            ))]
        })
        .await
    }

    async fn widgets(&mut self, db: &mut PgConnection, table: &str) -> Result<(), sqlx::Error> {
        let guard = self.guard;
        let texts = text(table, &["value_text", "label", "name"], 3);
        self.columns(db, texts, |values| {
            vec![
                owned(guard.widget_text(values[2].as_deref(), values[0].as_deref())),
                owned(guard.widget_name(values[1].as_deref())),
                owned(guard.widget_name(values[2].as_deref())),
            ]
        })
        .await?;
        for column in ["dimension", "annotations"] {
            let columns = [column];
            let rewriting = Rewriting {
                is_json: true,
                ..text(table, &columns, 1)
            };
            self.columns(db, rewriting, |values| {
                vec![spelled(
                    owned(guard.dimension(values[0].as_deref())),
                    &values[0],
                )]
            })
            .await?;
        }
        Ok(())
    }

    /// What somebody wrote, as far as a stored row tells; where it may be either, it goes, and comes again if it was not.
    async fn written_answers(&mut self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let guard = self.guard;
        let columns = ["option_text", "response", "question_type", "position"];
        self.columns(db, text("survey_answers", &columns, 2), |values| {
            let (option, response) = (values[0].as_deref(), values[1].as_deref());
            let kind = values[2].as_deref().unwrap_or_default();
            let is_option =
                OPTION_KINDS.contains(&kind) && (option != response || option.is_none());
            let label = format!(
                "{}_{}",
                values[3].as_deref().unwrap_or_default(),
                option.unwrap_or_default().replace(' ', "_")
            );
            let is_label =
                is_option && response.is_some_and(|text| text.replace(' ', "_") == label);
            let keep = |text, as_it_is| match as_it_is {
                true => owned(text),
                false => owned(guard.keep(Field::FreeText, text.as_deref())),
            };
            vec![
                keep(option.map(Cow::from), is_option),
                keep(response.map(Cow::from), is_label),
            ]
        })
        .await
    }

    /// Under which ids answers are stored, or whether at all.
    async fn settle_answers(&mut self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let guard = self.guard;
        match guard.policy().answers() {
            SurveyAnswers::Keep => {
                for table in ["survey_sessions", "survey_answers"] {
                    let sql = format!(
                        "delete from keepnet.{table} where company_id = $1 and target_user_id like 'pseudonym:%'"
                    );
                    self.execute(db, table, sql).await?;
                }
            }
            SurveyAnswers::Pseudonymise => {
                for table in ["survey_sessions", "survey_answers"] {
                    let rewriting = text(table, &["target_user_id"], 1);
                    self.columns(db, rewriting, |values| {
                        let id = values[0].as_deref();
                        vec![id.map(|id| guard.answering(id).into_owned())]
                    })
                    .await?;
                }
            }
            SurveyAnswers::Drop => {
                for sql in [
                    "delete from keepnet.survey_sessions where company_id = $1",
                    "delete from keepnet.survey_answers where company_id = $1",
                    "delete from sync.pending_users where company_id = $1 and resource = 'answers'",
                    "delete from sync.cursors where company_id = $1 and resource = 'answers'",
                ] {
                    let table = sql.split(' ').nth(2).unwrap_or_default();
                    let what = table.strip_prefix("keepnet.").unwrap_or(table);
                    self.execute(db, what, sql).await?;
                }
            }
        }
        Ok(())
    }
}

/// Lets the next syncs read everything of a company again. Rewritten rows need that only where something was removed that
/// was nobody's, and the rolling full sees to it.
async fn want_everything(
    db: &mut PgConnection,
    company_id: &str,
    is_looser: bool,
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    if !is_looser {
        return Ok(0);
    }
    // Months of widgets are asked for when nothing is remembered of them.
    let months = people::execute(
        db,
        company_id,
        "delete from sync.cursors where company_id = $1 and resource = 'widgets'",
    )
    .await?;
    let others = sqlx::query("update sync.cursors set wanted_at = $2 where company_id = $1")
        .bind(company_id)
        .bind(at)
        .execute(db)
        .await?;
    Ok(months + others.rows_affected())
}

const fn text<'r>(table: &'r str, columns: &'r [&'r str], written: usize) -> Rewriting<'r> {
    Rewriting {
        table,
        columns,
        written,
        is_json: false,
    }
}

fn owned(value: Option<Cow<'_, str>>) -> Option<String> {
    value.map(Cow::into_owned)
}

/// The stored spelling, when the values are equal: PostgreSQL has a spelling of its own.
fn spelled(json: Option<String>, stored: &Option<String>) -> Option<String> {
    let parse =
        |json: &Option<String>| -> Option<Value> { serde_json::from_str(json.as_deref()?).ok() };
    if parse(&json) == parse(stored) {
        stored.clone()
    } else {
        json
    }
}
