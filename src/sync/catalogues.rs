//! What a company has as a whole beside its enrollments: target groups, trainings, executive reports and widgets.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use tracing::Instrument;

use super::company::CompanyPass;
use super::due::Due;
use super::enrollment::unless_it_ends_the_company;
use super::memory::{Extent, Memory};
use super::rhythm::{self, Why};
use crate::extract::widgets::{Month, scope_of};
use crate::extract::{
    Delivery, PullError, Pulled, Scope, reports, target_groups, trainings, widgets,
};
use crate::resource::Resource;
use crate::settings::Settings;
use crate::telemetry::span;
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
    let calendar = Calendar::new(
        pass.memory,
        &pass.company.id,
        run.extent,
        run.settings,
        pass.now(),
    );
    for (resource, table) in catalogues() {
        if !run.selection.includes(resource) || calendar.why(resource).is_none() {
            continue;
        }
        let client = pass.client();
        let begun = Instant::now();
        let scope = Scope::begin(pass.shared, resource, "");
        let pages = pass.memory.pages(resource, "");
        let doubtful = pass.memory.doubtful(resource, "");
        let pull = async {
            match resource {
                Resource::TargetGroups => {
                    target_groups::pull(&scope, &client, pages, doubtful).await
                }
                Resource::Trainings => trainings::pull(&scope, &client, pages, doubtful).await,
                Resource::Reports => reports::pull(&scope, &client).await,
                _ => {
                    let months = calendar.months();
                    let is_due = |widget_type: &str, month| {
                        calendar.is_month_due(&scope_of(widget_type, month), month)
                    };
                    let dialects = &run.period_dialects;
                    widgets::pull(
                        pass.shared,
                        &client,
                        &months,
                        is_due,
                        dialects,
                        run.concurrency,
                    )
                    .await
                }
            }
        };
        let result = pull.instrument(span::resource(resource)).await;
        // Noted first: if the rows cannot be loaded, that is said of what is noted.
        pass.tallies.note(resource, &result, &client, begun);
        scope.deliver(end(pass, &scope, table, &result)).await?;
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
    let (state, step) = match result {
        Ok(pulled) => {
            if pulled.may_delete() {
                end.sweep = Some(pass.sweep(scope, table, &pulled.listing.seen));
            }
            let state = CursorState {
                pages: Some(pulled.listing.pages).filter(|pages| *pages > 0),
                ..CursorState::default()
            };
            let step = match pulled.verdict {
                Verdict::Unsupported => Step::complete(Verdict::Unsupported),
                _ => pulled.step(),
            };
            (state, step)
        }
        // What the service does not give is not asked for again before tomorrow.
        Err(PullError::Api(error)) if error.kind.is_not_given() => {
            (CursorState::default(), Step::complete(Verdict::Unsupported))
        }
        Err(error) => (CursorState::default(), Step::Ended(error.verdict())),
    };
    end.cursors.push(scope.step(state, step));
    end
}

/// Which catalogues, and which months of the widgets, a run reads.
pub struct Calendar<'m> {
    memory: &'m Memory,
    extent: Extent,
    due: Due,
    /// Closed months that are read.
    closed_months: u32,
}

impl<'m> Calendar<'m> {
    /// For one company.
    #[must_use]
    pub fn new(
        memory: &'m Memory,
        company_id: &str,
        extent: Extent,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Self {
        let completed = memory.completed();
        Self {
            memory,
            extent,
            due: Due {
                completed: completed.map(|(key, at)| (key.clone(), at)).collect(),
                now,
                zone: settings.api.time_zone,
                settled_after: settings.sync.settled_after,
                day_begins_after: rhythm::place_in_day(company_id),
            },
            closed_months: settings.widgets.months,
        }
    }

    /// Why a catalogue is read.
    #[must_use]
    pub fn why(&self, resource: Resource) -> Option<Why> {
        let cursor = self.memory.cursor(resource, "");
        let Some(known) = cursor.filter(|cursor| cursor.last_complete_at.is_some()) else {
            return Some(Why::New);
        };
        if known.wanted_at.is_some() {
            return Some(Why::Wanted);
        }
        match self.extent {
            // The months of a backfill are looked at one by one.
            Extent::Backfill { .. } if resource == Resource::Widgets => Some(Why::Asked),
            extent => extent
                .decides(cursor)
                .unwrap_or_else(|| self.due.daily(resource, "").then_some(Why::Due)),
        }
    }

    /// The months whose values are wanted: the last ones, or those of the backfill.
    #[must_use]
    pub fn months(&self) -> Vec<Month> {
        let this_month = Month::of(self.due.today());
        let of = |at: DateTime<Utc>| Month::of(at.with_timezone(&self.due.zone).date_naive());
        let (first, last) = match self.extent {
            Extent::Backfill { from, to, .. } => {
                let last_instant = to.map(|to| to - TimeDelta::seconds(1));
                (
                    from.map(of),
                    last_instant.map_or(this_month, of).min(this_month),
                )
            }
            Extent::Due | Extent::Everything => (None, this_month),
        };
        let first = first.unwrap_or_else(|| this_month.earlier(self.closed_months));
        std::iter::successors(Some(last), |month| Some(month.earlier(1)))
            .take_while(|month| *month >= first)
            .collect()
    }

    /// Whether the values of a widget type in a month, a scope, are read.
    #[must_use]
    pub fn is_month_due(&self, scope: &str, month: Month) -> bool {
        let cursor = self.memory.cursor(Resource::Widgets, scope);
        if cursor.is_some_and(|cursor| cursor.wanted_at.is_some()) {
            return true;
        }
        match self.extent.decides(cursor) {
            Some(why) => why.is_some(),
            None => self.due.month(Resource::Widgets, scope, month),
        }
    }
}
