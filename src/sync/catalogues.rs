//! What a company has as a whole beside its enrollments: target groups, trainings, executive reports and widgets.

use std::time::Instant;

use super::company::CompanyPass;
use super::due::Due;
use super::enrollment::unless_it_ends_the_company;
use super::memory::Extent;
use crate::extract::widgets::{Month, scope_of};
use crate::extract::{
    Delivery, PullError, Pulled, Scope, reports, target_groups, trainings, widgets,
};
use crate::resource::Resource;
use crate::verdict::Verdict;
use crate::warehouse::cursors::{CursorState, Step};
use crate::warehouse::load::tuple::Row;
use crate::warehouse::tables::Table;
use crate::warehouse::tables::reports::ExecutiveReportRow;
use crate::warehouse::tables::target_groups::TargetGroupRow;
use crate::warehouse::tables::trainings::TrainingRow;
use crate::warehouse::tables::widgets::WidgetRow;

/// What is asked of a company as a whole, with the table whose rows tell what is missing.
fn catalogues() -> [(Resource, &'static Table); 4] {
    [
        (Resource::TargetGroups, TargetGroupRow::TABLE),
        (Resource::Trainings, TrainingRow::TABLE),
        (Resource::Reports, ExecutiveReportRow::TABLE),
        (Resource::Widgets, WidgetRow::TABLE),
    ]
}

/// Fetches what is due. Gives an error only when it ends the company.
pub async fn fetch(pass: &CompanyPass<'_>) -> Result<(), PullError> {
    let run = pass.run;
    let completed = pass.memory.completed();
    let due = &Due {
        completed: completed.map(|(key, at)| (key.clone(), at)).collect(),
        now: pass.now(),
        zone: run.client.dates().zone,
        settled_after: run.settings.sync.settled_after,
    };
    for (resource, table) in catalogues() {
        if !run.selection.includes(resource) || !is_due(pass, due, resource) {
            continue;
        }
        let client = pass.client();
        let begun = Instant::now();
        let scope = Scope::begin(pass.shared, resource, "");
        let pages = pass.memory.pages(resource, "");
        let doubtful = pass.memory.doubtful(resource, "");
        let result = match resource {
            Resource::TargetGroups => target_groups::pull(&scope, &client, pages, doubtful).await,
            Resource::Trainings => trainings::pull(&scope, &client, pages, doubtful).await,
            Resource::Reports => reports::pull(&scope, &client).await,
            _ => {
                let months = months(pass, due);
                let is_due = |widget_type: &str, month| {
                    is_month_due(pass, due, &scope_of(widget_type, month), month)
                };
                let dialects = &run.period_dialects;
                widgets::pull(pass.shared, &client, &months, is_due, dialects, run.concurrency)
                    .await
            }
        };
        scope.deliver(end(pass, &scope, table, &result)).await?;
        pass.tallies.note(resource, &result, &client, begun);
        unless_it_ends_the_company(result)?;
    }
    Ok(())
}

/// What says how a pull ended.
fn end(
    pass: &CompanyPass<'_>,
    scope: &Scope<'_>,
    table: &'static Table,
    result: &Result<Pulled, PullError>,
) -> Delivery {
    let mut end = Delivery::default();
    let complete = |verdict| Step::Complete {
        fingerprint: None,
        due_at: None,
        full_due_at: None,
        changed_at: None,
        verdict,
    };
    let (state, step) = match result {
        Ok(pulled) => {
            if pulled.may_delete() {
                end.sweep = Some(pass.sweep(scope, table, &pulled.listing.seen));
            }
            let state = CursorState {
                pages: Some(pulled.listing.pages).filter(|pages| *pages > 0),
                ..CursorState::default()
            };
            let is_given = pulled.is_complete() || pulled.verdict == Verdict::Unsupported;
            let step = if is_given {
                complete(pulled.verdict)
            } else {
                Step::Ended(pulled.verdict)
            };
            (state, step)
        }
        // What the service does not give is not asked for again before tomorrow.
        Err(PullError::Api(error)) if error.kind.is_not_given() => {
            (CursorState::default(), complete(Verdict::Unsupported))
        }
        Err(error) => (CursorState::default(), Step::Ended(error.verdict())),
    };
    end.cursors.push(scope.step(state, step));
    end
}

fn is_due(pass: &CompanyPass<'_>, due: &Due, resource: Resource) -> bool {
    let cursor = pass.memory.cursor(resource, "");
    if cursor.is_some_and(|cursor| cursor.wanted_at.is_some()) {
        return true;
    }
    match pass.run.extent {
        // The months of a backfill are looked at one by one.
        Extent::Backfill { .. } if resource == Resource::Widgets => true,
        extent => match extent.decides(cursor) {
            Some(why) => why.is_some(),
            None => due.daily(resource, ""),
        },
    }
}

/// The months whose values are wanted: the last ones, or those of the backfill.
fn months(pass: &CompanyPass<'_>, due: &Due) -> Vec<Month> {
    let this_month = Month::of(due.today());
    let zone = pass.run.client.dates().zone;
    let of = |at: chrono::DateTime<chrono::Utc>| Month::of(at.with_timezone(&zone).date_naive());
    let (first, last) = match pass.run.extent {
        Extent::Backfill { from, to, .. } => (
            from.map(of),
            to.map_or(this_month, |to| of(to - chrono::TimeDelta::seconds(1)).min(this_month)),
        ),
        Extent::Due | Extent::Everything => (None, this_month),
    };
    let first = first.unwrap_or_else(|| this_month.earlier(pass.run.settings.widgets.months));
    std::iter::successors(Some(last), |month| Some(month.earlier(1)))
        .take_while(|month| *month >= first)
        .collect()
}

fn is_month_due(pass: &CompanyPass<'_>, due: &Due, scope: &str, month: Month) -> bool {
    let cursor = pass.memory.cursor(Resource::Widgets, scope);
    match pass.run.extent.decides(cursor) {
        Some(why) => why.is_some(),
        None => due.month(Resource::Widgets, scope, month),
    }
}
