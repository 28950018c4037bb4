//! A write with its record: the intent before it is sent, the outcome after it, in `sync.operator_actions`.

use std::sync::Arc;

use serde_json::{Value, json};
use sqlx::PgPool;

use super::customer::Customer;
use crate::api::{ApiError, ApiErrorKind};
use crate::app::App;
use crate::cli::Failure;
use crate::cli::actor::actor;
use crate::cli::failure::REFUSED;
use crate::clock::SharedClock;
use crate::sync::account_checks;
use crate::warehouse::accounts;
use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};
use crate::warehouse::operator_actions::{self, Action, Outcome};
use crate::warehouse::request_pace::RequestPace;

/// The place where writes are recorded.
#[derive(Debug)]
pub struct Records {
    pool: PgPool,
    clock: SharedClock,
    actor: String,
}

/// A write that was recorded and is about to be sent.
#[derive(Debug)]
pub struct Intent<'a> {
    records: &'a Records,
    id: i64,
}

impl Records {
    /// Opens the database, which must be this account's or nobody's. A dry run has nothing to record.
    pub async fn open_unless(
        is_dry_run: bool,
        app: &App,
        customer: &Customer,
    ) -> Result<Option<Self>, Failure> {
        if is_dry_run {
            return Ok(None);
        }
        let warehouse = app.open().await?;
        warehouse.migrate().await?;
        let pace = RequestPace::new(warehouse.pool.clone());
        customer.account.share(Arc::new(pace));
        let account = account_checks::account_id(&customer.account, &customer.claims).await?;
        let recorded = accounts::read(&warehouse.pool).await.map_err(|error| {
            WarehouseError::from_sqlx("read the account of the database", error)
        })?;
        if let Some(owner) = recorded.map(|recorded| recorded.account_id)
            && owner != account
        {
            let kind = WarehouseErrorKind::OtherAccount { owner, account };
            return Err(WarehouseError::new("use the database", kind).into());
        }
        Ok(Some(Self {
            pool: warehouse.pool,
            clock: app.clock.clone(),
            actor: actor(),
        }))
    }

    /// Records what is about to be sent. Without a record nothing is.
    pub async fn begin(
        &self,
        command: &str,
        customer: &Customer,
        target: Option<&str>,
        detail: Value,
    ) -> Result<Intent<'_>, Failure> {
        let action = Action {
            actor: &self.actor,
            command,
            company_id: Some(customer.id()),
            target,
            detail,
        };
        let id = operator_actions::begin(&self.pool, &action, self.clock.now())
            .await
            .map_err(|error| WarehouseError::from_sqlx("record what is about to be done", error))?;
        Ok(Intent { records: self, id })
    }
}

impl Intent<'_> {
    /// Records that it was done.
    pub async fn done(self, result: Value) {
        self.finish(Outcome::Done, result).await;
    }

    /// Records that it was not done; gives the failure of the command.
    pub async fn refused(self, error: &ApiError) -> Failure {
        self.finish(Outcome::Failed, json!({ "error": error.to_string() }))
            .await;
        let mut failure = Failure::from(error.clone());
        if matches!(
            error.kind,
            ApiErrorKind::Rejected { .. } | ApiErrorKind::NotFound
        ) {
            failure.code = REFUSED;
            "nothing was changed; correct what the service names (--dry-run shows the request)"
                .clone_into(&mut failure.remedy);
        }
        failure
    }

    /// Records that nobody knows; gives the failure of the command.
    pub async fn unknown(self, message: String, remedy: String) -> Failure {
        self.finish(Outcome::Unknown, json!({ "error": message }))
            .await;
        Failure {
            message,
            remedy,
            code: 1,
        }
    }

    /// The write is over, so a record that cannot be completed is no failure of the command.
    async fn finish(self, outcome: Outcome, result: Value) {
        let records = self.records;
        let now = records.clock.now();
        if let Err(error) =
            operator_actions::finish(&records.pool, self.id, outcome, &result, now).await
        {
            let error = WarehouseError::from_sqlx("record the outcome", error);
            eprintln!(
                "warning: {error}: entry {} of sync.operator_actions should say {}",
                self.id,
                outcome.name()
            );
        }
    }
}
