//! What an operator does to the warehouse by hand, recorded in `sync.operator_actions`.

use std::future::Future;

use serde_json::{Value, json};
use sqlx::PgPool;

use super::Failure;
use super::actor::actor;
use crate::app::App;
use crate::resource::Resource;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::operator_actions::{self, Action, Outcome};

/// Does `work`, recorded before and after. `result` says what came of it.
pub async fn recorded<T>(
    app: &App,
    pool: &PgPool,
    command: &str,
    companies: &[String],
    detail: Value,
    work: impl Future<Output = Result<T, Failure>>,
    result: impl FnOnce(&T) -> Value,
) -> Result<T, Failure> {
    let action = Action {
        actor: &actor(),
        command,
        company_id: match companies {
            [company] => Some(company),
            _ => None,
        },
        target: None,
        detail,
    };
    let database = |error| WarehouseError::from_sqlx("record what is done", error);
    let id = operator_actions::begin(pool, &action, app.clock.now())
        .await
        .map_err(database)?;
    let done = work.await;
    let (outcome, result) = match &done {
        Ok(done) => (Outcome::Done, result(done)),
        Err(failure) => (Outcome::Failed, json!({ "error": failure.message })),
    };
    let finished = operator_actions::finish(pool, id, outcome, &result, app.clock.now()).await;
    let done = done?;
    finished.map_err(database)?;
    Ok(done)
}

/// The names of resources, for the record.
pub fn names(resources: &[Resource]) -> Vec<&'static str> {
    resources.iter().map(|resource| resource.name()).collect()
}
