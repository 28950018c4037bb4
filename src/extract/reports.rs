//! The saved executive reports of a company, with the data inlined in them.

use std::collections::HashSet;

use super::widget_rows::{ValueRow, stored_rows_of};
use super::{Delivery, PullError, Pulled, Scope};
use crate::api::endpoints::reports::{ListedReport, Report};
use crate::api::{ApiErrorKind, CompanyClient};
use crate::verdict::Verdict;
use crate::warehouse::load::sweep::Seen;
use crate::warehouse::tables::reports::{ExecutiveReportRow, ReportWidgetRow};

/// Pulls the list, and each report on it.
pub async fn pull(scope: &Scope<'_>, company: &CompanyClient) -> Result<Pulled, PullError> {
    let mut delivery = Delivery::default();
    let mut listed = Vec::new();
    for item in company.executive_reports().await? {
        match item {
            Ok(report) => listed.push(report),
            Err(item) => scope.quarantine(&mut delivery, vec![item])?,
        }
    }
    let mut pulled = Pulled::one();
    pulled.listing.has_unreadable = !delivery.bad_items.is_empty();
    let mut failure = None;
    for listed in &listed {
        let report = match company.executive_report(&listed.id).await {
            Ok(Ok(report)) => report,
            Ok(Err(item)) => {
                scope.quarantine(&mut delivery, vec![item])?;
                pulled.listing.has_unreadable = true;
                continue;
            }
            // It was deleted since it was listed.
            Err(error) if error.kind == ApiErrorKind::NotFound => continue,
            Err(error) if error.kind.is_not_given() => {
                pulled.verdict = Verdict::Unsupported;
                continue;
            }
            Err(error) => {
                let error = PullError::from(error);
                if error.ends_company() {
                    return Err(error);
                }
                failure = failure.or(Some(error));
                continue;
            }
        };
        let seen = &mut pulled.listing.seen;
        push(
            scope,
            &mut delivery,
            seen,
            company.company_id(),
            listed,
            &report,
        )?;
        scope.deliver(std::mem::take(&mut delivery)).await?;
        pulled.pages += 1;
    }
    scope.deliver(delivery).await?;
    failure.map_or(Ok(pulled), Err)
}

fn push(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    seen: &mut Seen,
    company_id: &str,
    listed: &ListedReport,
    report: &Report,
) -> Result<(), PullError> {
    let report_id = listed.id.as_str();
    let extra = report.extra.joined(&listed.extra);
    let extra = scope.extra(delivery, &extra);
    let row = ExecutiveReportRow {
        company_id,
        report_id,
        name: report.name.as_deref(),
        description: report.description.as_deref(),
        company_name: report.company_name.as_deref(),
        vendor_company_id: report.vendor_company_id,
        created_at: report.created_at,
        date_period: report.date_period.as_deref(),
        date_range: report.date_range.as_deref(),
        starts_at: report.starts_at,
        ends_at: report.ends_at,
        is_editable: listed.is_editable,
        is_deletable: listed.is_deletable,
        is_support_manager: report.is_support_manager,
        widget_layout: report.widget_layout.as_deref(),
        extra: extra.as_deref(),
    };
    delivery.rows.push_seen(&row, seen);
    // With a widget that could not be read the others are not all.
    if report.unreadable.is_empty() {
        let owner = [company_id, report_id];
        delivery.rows.push_owner::<ReportWidgetRow<'_>>(&owner);
    }
    scope.quarantine(delivery, report.unreadable.clone())?;
    let mut ids = HashSet::new();
    for (place, widget) in report.widgets.iter().enumerate() {
        let widget_type = widget.widget_type.as_deref();
        // A widget without an id is known by its type, or by its place; one that is there twice by its place, too.
        let known = widget.widget_id.as_deref().or(widget_type);
        let mut widget_id = known.map_or_else(|| place.to_string(), str::to_owned);
        if ids.contains(&widget_id) {
            widget_id = format!("{widget_id}/{place}");
        }
        let mut rows = stored_rows_of(widget_type.unwrap_or_default(), widget, scope.privacy());
        if rows.is_empty() {
            rows.push(ValueRow::default());
        }
        for row in rows {
            let extra = scope.extra(delivery, &row.extra);
            delivery.rows.push(&ReportWidgetRow {
                company_id,
                report_id,
                widget_id: &widget_id,
                row_number: row.row_number,
                value_number: row.value_number,
                widget_name: widget.name.as_deref(),
                widget_type,
                chart_type: widget.chart_type.as_deref(),
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
        ids.insert(widget_id);
    }
    Ok(())
}
