//! The widgets of a company: the catalogue, and for each type of widget its values per month.
//!
//! How to name a period is uncertain: the vendor's own pages send a number and local dates, its document asks for a name
//! and ISO dates. The first is tried first, a refused one is followed by the next, and what worked is remembered.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use chrono::{Datelike, Months, NaiveDate};
use futures::StreamExt;

use super::widget_rows::stored_rows_of;
use super::{Delivery, Listed, PullError, Pulled, Scope, Shared};
use crate::api::endpoints::widgets::{PeriodDialect, WidgetCatalogue, WidgetData};
use crate::api::{ApiError, ApiErrorKind, CompanyClient, UnreadableItem};
use crate::resource::Resource;
use crate::verdict::Verdict;
use crate::warehouse::tables::widgets::{WidgetRow, WidgetValueRow};

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first_day: NaiveDate,
}

impl Month {
    /// The month of a day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self {
            first_day: day.with_day(1).unwrap_or(day),
        }
    }

    /// The month `count` months earlier.
    #[must_use]
    pub fn earlier(self, count: u32) -> Self {
        let first_day = self.first_day.checked_sub_months(Months::new(count));
        Self {
            first_day: first_day.unwrap_or(self.first_day),
        }
    }

    /// First and last day.
    #[must_use]
    pub fn days(self) -> (NaiveDate, NaiveDate) {
        let next = self.first_day.checked_add_months(Months::new(1));
        let last = next.and_then(|next| next.pred_opt());
        (self.first_day, last.unwrap_or(self.first_day))
    }
}

/// The scope of one widget type and month.
#[must_use]
pub fn scope_of(widget_type: &str, month: Month) -> String {
    format!("{widget_type}/{}", month.first_day.format("%Y-%m"))
}

/// The way of naming a period that the service understands.
#[derive(Debug, Default)]
pub struct PeriodDialects(Mutex<Known>);

#[derive(Debug, Default, Clone, Copy)]
struct Known {
    dialect: Option<PeriodDialect>,
    /// It worked in this run.
    is_proven: bool,
}

impl PeriodDialects {
    /// Begins with what an earlier run learned.
    #[must_use]
    pub fn new(learned: Option<PeriodDialect>) -> Self {
        Self(Mutex::new(Known {
            dialect: learned,
            is_proven: false,
        }))
    }

    /// What is known.
    #[must_use]
    pub fn learned(&self) -> Option<PeriodDialect> {
        self.known().dialect
    }

    fn known(&self) -> Known {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to try: one that worked in this run alone, for then a refusal is not about it; else the one that worked
    /// before, and then the others.
    fn candidates(&self, all: impl Iterator<Item = PeriodDialect>) -> Vec<PeriodDialect> {
        let known = self.known();
        let mut candidates: Vec<_> = known.dialect.into_iter().collect();
        if !known.is_proven {
            candidates.extend(all.filter(|other| Some(*other) != known.dialect));
        }
        candidates
    }

    fn prove(&self, dialect: PeriodDialect) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Known {
            dialect: Some(dialect),
            is_proven: true,
        };
    }
}

/// Pulls the catalogue, and the values of each type for those of `months` that `is_due`.
pub async fn pull(
    shared: &Shared<'_>,
    company: &CompanyClient,
    months: &[Month],
    is_due: impl Fn(&str, Month) -> bool,
    dialects: &PeriodDialects,
    concurrency: usize,
) -> Result<Pulled, PullError> {
    let scope = &Scope::begin(shared, Resource::Widgets, "");
    let catalogue = match company.widget_catalogue().await? {
        Ok(catalogue) => catalogue,
        Err(item) => return Err(scope.unreadable_object(item).await),
    };
    let mut delivery = Delivery::default();
    let listing = push_catalogue(scope, &mut delivery, company.company_id(), &catalogue)?;
    scope.deliver(delivery).await?;

    // Several widgets draw the same data differently.
    let mut types = HashSet::new();
    let widgets = catalogue.groups.iter().flat_map(|group| &group.widgets);
    let first_of_type: Vec<(&str, &str)> = widgets
        .filter_map(|widget| Some((widget.widget_type.as_deref()?, widget.id.as_str())))
        .filter(|(widget_type, _)| types.insert(*widget_type))
        .collect();
    let is_due = &is_due;
    let mut pulls = futures::stream::iter(first_of_type)
        .map(|(widget_type, widget_id)| async move {
            let due = months.iter().filter(|month| is_due(widget_type, **month));
            pull_type(shared, company, (widget_type, widget_id), due, dialects).await
        })
        .buffer_unordered(concurrency);
    let mut pulled = Pulled {
        listing,
        ..Pulled::one()
    };
    let mut whole = PulledType::default();
    while let Some(one) = pulls.next().await {
        let one = one?;
        whole.months += one.months;
        whole.refusal = whole.refusal.or(one.refusal);
        whole.failure = whole.failure.or(one.failure);
    }
    pulled.pages += whole.months;
    if let Some(failure) = whole.failure {
        return Err(failure);
    }
    match whole.refusal {
        None => {}
        // The service understands such requests, but does not give all of it.
        Some(refusal) if whole.months > 0 || refusal.kind.is_not_given() => {
            pulled.verdict = Verdict::Unsupported;
        }
        Some(refusal) => return Err(refusal.into()),
    }
    Ok(pulled)
}

fn push_catalogue(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    company_id: &str,
    catalogue: &WidgetCatalogue,
) -> Result<Listed, PullError> {
    let mut listing = Listed::default();
    scope.extra(delivery, &catalogue.extra);
    for group in &catalogue.groups {
        listing.has_unreadable |= !group.unreadable.is_empty();
        scope.extra(delivery, &group.extra);
        scope.quarantine(delivery, group.unreadable.clone())?;
        for widget in &group.widgets {
            let extra = scope.extra(delivery, &widget.extra);
            let row = WidgetRow {
                company_id,
                widget_id: &widget.id,
                group_name: group.name.as_deref(),
                name: widget.name.as_deref(),
                description: widget.description.as_deref(),
                widget_type: widget.widget_type.as_deref(),
                chart_type: widget.chart_type.as_deref(),
                image_url: widget.image_url.as_deref(),
                is_support_manager: widget.is_support_manager,
                extra: extra.as_deref(),
            };
            delivery.rows.push_seen(&row, &mut listing.seen);
        }
    }
    Ok(listing)
}

/// What came of one type, or of all.
#[derive(Debug, Default)]
struct PulledType {
    /// Months that were answered.
    months: u32,
    /// Why the service does not give it.
    refusal: Option<ApiError>,
    /// Why it is not whole.
    failure: Option<PullError>,
}

/// Pulls the values of one type, month by month. Gives an error only when it ends the company.
async fn pull_type(
    shared: &Shared<'_>,
    company: &CompanyClient,
    (widget_type, widget_id): (&str, &str),
    months: impl Iterator<Item = &Month>,
    dialects: &PeriodDialects,
) -> Result<PulledType, PullError> {
    let mut pulled = PulledType::default();
    for month in months {
        match pull_month(shared, company, (widget_type, widget_id), *month, dialects).await {
            Ok(()) => pulled.months += 1,
            Err(error) if error.ends_company() => return Err(error),
            // A first rejection may be about the month; after a second the others are not asked.
            Err(PullError::Api(error)) if is_rejected(&error) || error.kind.is_not_given() => {
                let is_last = pulled.refusal.is_some() || error.kind.is_not_given();
                pulled.refusal = pulled.refusal.or(Some(error));
                if is_last {
                    break;
                }
            }
            // A service in trouble is not asked again for each month.
            Err(error @ PullError::Api(_)) => {
                pulled.failure = pulled.failure.or(Some(error));
                break;
            }
            Err(error) => pulled.failure = pulled.failure.or(Some(error)),
        }
    }
    // What the service gives of one month, it has: then the request for the other was at fault.
    if pulled.months > 0
        && let Some(refusal) = pulled.refusal.take()
    {
        pulled.failure = pulled.failure.or(Some(refusal.into()));
    }
    Ok(pulled)
}

async fn pull_month(
    shared: &Shared<'_>,
    company: &CompanyClient,
    (widget_type, widget_id): (&str, &str),
    month: Month,
    dialects: &PeriodDialects,
) -> Result<(), PullError> {
    let scope_id = scope_of(widget_type, month);
    let scope = &Scope::begin(shared, Resource::Widgets, &scope_id);
    let answer = ask(company, widget_id, month, dialects).await?;
    let mut data = Vec::with_capacity(answer.len());
    for item in answer {
        match item {
            Ok(item) => data.push(item),
            Err(item) => return Err(scope.unreadable_object(item).await),
        }
    }
    let data = choose(&data, widget_type, widget_id)?;
    let mut delivery = Delivery::default();
    let owner = (company.company_id(), widget_type, month);
    push_values(scope, &mut delivery, owner, widget_id, data);
    delivery.cursors.push(scope.completed());
    scope.deliver(delivery).await
}

/// Asks in the ways that may work. Of several refusals the first says most.
async fn ask(
    company: &CompanyClient,
    widget_id: &str,
    month: Month,
    dialects: &PeriodDialects,
) -> Result<Vec<Result<WidgetData, UnreadableItem>>, ApiError> {
    let mut refusal = None;
    for dialect in dialects.candidates(company.period_dialects()) {
        match company.widget_data(widget_id, month.days(), dialect).await {
            Ok(answer) => {
                dialects.prove(dialect);
                return Ok(answer);
            }
            Err(error) if is_rejected(&error) => refusal = refusal.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    // There is a candidate, so there is a refusal.
    refusal.map_or_else(|| Ok(Vec::new()), Err)
}

fn is_rejected(error: &ApiError) -> bool {
    matches!(error.kind, ApiErrorKind::Rejected { status: 400, .. })
}

/// The data of the widget that was asked for: the one that says so, else the first.
fn choose<'d>(
    data: &'d [WidgetData],
    widget_type: &str,
    widget_id: &str,
) -> Result<Option<&'d WidgetData>, PullError> {
    let is_asked = |data: &&WidgetData| {
        data.widget_id.as_deref() == Some(widget_id)
            || data.widget_type.as_deref() == Some(widget_type)
    };
    match data.iter().find(is_asked) {
        Some(asked) => Ok(Some(asked)),
        None => match data.first() {
            Some(first) if first.widget_id.is_some() || first.widget_type.is_some() => {
                Err(PullError::OtherWidget(widget_id.to_owned()))
            }
            first => Ok(first),
        },
    }
}

fn push_values(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    (company_id, widget_type, month): (&str, &str, Month),
    widget_id: &str,
    data: Option<&WidgetData>,
) {
    // No data at all proves nothing: what is stored stays.
    let Some(data) = data else {
        return;
    };
    let (period_start, period_end) = month.days();
    delivery.rows.push_owner_key::<WidgetValueRow<'_>>(|key| {
        key.text(Some(company_id))
            .text(Some(widget_type))
            .date(Some(period_start))
            .date(Some(period_end));
    });
    for row in stored_rows_of(widget_type, data, scope.privacy()) {
        let extra = scope.extra(delivery, &row.extra);
        delivery.rows.push(&WidgetValueRow {
            company_id,
            widget_type,
            period_start,
            period_end,
            row_number: row.row_number,
            value_number: row.value_number,
            widget_id: Some(widget_id),
            date: row.date,
            dimension: row.dimension.as_deref(),
            name: row.name.as_deref(),
            label: row.label.as_deref(),
            value: row.value,
            value_text: row.value_text.as_deref(),
            scale: row.scale,
            annotations: row.annotations.as_deref(),
            extra: extra.as_deref(),
        });
    }
}
