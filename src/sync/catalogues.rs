//! What a company has as a whole beside its enrollments: target groups, trainings, executive reports and widgets.

use std::time::Instant;

use super::due::Due;
use super::run::RunContext;
use super::tally::Tallies;
use crate::extract::companies::CompanyRef;
use crate::extract::widgets::{Month, scope_of};
use crate::extract::{
    Delivery, PullError, Scope, Shared, reports, target_groups, trainings, widgets,
};
use crate::resource::Resource;
use crate::warehouse::cursors;
use crate::warehouse::error::WarehouseError;

const CATALOGUES: [Resource; 4] = [
    Resource::TargetGroups,
    Resource::Trainings,
    Resource::Reports,
    Resource::Widgets,
];

/// Fetches what is due. Gives an error only when it ends the company.
pub async fn fetch(
    run: &RunContext<'_>,
    shared: &Shared<'_>,
    company: &CompanyRef,
    tallies: &Tallies,
) -> Result<(), PullError> {
    let completed = cursors::completed(run.pool, &company.id, &CATALOGUES)
        .await
        .map_err(|error| WarehouseError::from_sqlx("read the cursors of a company", error))?;
    let due = &Due {
        completed,
        now: run.clock.now(),
        zone: run.client.dates().zone,
        settled_after: run.settings.sync.settled_after,
    };
    for resource in CATALOGUES {
        if !run.selection.includes(resource) || !due.daily(resource, "") {
            continue;
        }
        let client = run.client.company(&company.id);
        let begun = Instant::now();
        let scope = Scope::begin(shared, resource, "");
        let result = match resource {
            Resource::TargetGroups => target_groups::pull(&scope, &client).await,
            Resource::Trainings => trainings::pull(&scope, &client).await,
            Resource::Reports => reports::pull(&scope, &client).await,
            _ => {
                let this_month = Month::of(due.today());
                let months: Vec<Month> = (0..=run.settings.widgets.months)
                    .map(|count| this_month.earlier(count))
                    .collect();
                let is_due = |widget_type: &str, month| {
                    due.month(resource, &scope_of(widget_type, month), month)
                };
                let dialects = &run.period_dialects;
                widgets::pull(shared, &client, &months, is_due, dialects, run.concurrency).await
            }
        };
        // What the service does not give is not asked for again before tomorrow.
        if let Err(PullError::Api(error)) = &result
            && error.kind.is_not_given()
        {
            let asked = Delivery {
                cursor: Some(scope.completed(None)),
                ..Delivery::default()
            };
            scope.deliver(asked).await?;
        }
        tallies.note(resource, result, &client, begun)?;
    }
    Ok(())
}
