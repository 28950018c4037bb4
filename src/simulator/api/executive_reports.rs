//! Saved executive reports: the list of them and one with its data.

use serde_json::Value;

use crate::simulator::api::{Call, enrollments, widgets};
use crate::simulator::contract::Violation;
use crate::simulator::date::Precision::Minute;
use crate::simulator::json::push_object;
use crate::simulator::listing::{RowQuirk, member, unpaged};
use crate::simulator::reply::Reply;
use crate::simulator::world::{ExecutiveReport, ReportWidget};

/// `POST /api/executive-report/search`, which has no pages.
pub fn search(call: &Call<'_>) -> Reply {
    let body = match call.json() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let wanted = member(&body, "name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_lowercase();
    let world = &call.world;
    let reports: Vec<ExecutiveReport> = world
        .executive_reports(call.company)
        .into_iter()
        .map(|report| world.executive_report(call.company, report))
        .filter(|report| report.name.to_lowercase().contains(&wanted))
        .collect();
    let rows = unpaged(call.firings, reports.len() as u64);
    call.envelope(1_024, |out| {
        let Some(rows) = rows else {
            return out.extend_from_slice(b"null");
        };
        out.push(b'[');
        for (nth, (row, quirk)) in rows.into_iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            push_listed(out, &reports[row as usize], quirk);
        }
        out.push(b']');
    })
}

fn push_listed(out: &mut Vec<u8>, facts: &ExecutiveReport, quirk: RowQuirk) {
    push_object(out, |row| {
        if !quirk.lacks_id {
            row.text("resourceId", &facts.id);
        }
        row.number("companyId", facts.company_number);
        quirk.write_name(row, "name", facts.name);
        row.flag("isEditable", facts.is_editable);
        row.flag("isDeletable", facts.is_deletable);
        row.text_or_null("description", facts.description);
        row.flag("isSupportManager", facts.is_support_manager);
    });
}

/// `GET /api/executive-report/{id}`
pub fn report(call: &Call<'_>) -> Reply {
    let world = &call.world;
    let Some(report) = world.executive_report_index(call.company, call.id) else {
        call.note(Violation::ForeignReport);
        return enrollments::foreign(call);
    };
    if !world.executive_reports(call.company).contains(&report) {
        return enrollments::foreign(call);
    }
    let facts = world.executive_report(call.company, report);
    let quirk = unpaged(call.firings, 1).and_then(|rows| rows.first().map(|&(_, quirk)| quirk));
    call.envelope(8_192, |out| match quirk {
        Some(quirk) => push_report(out, call, &facts, quirk),
        None => out.extend_from_slice(b"null"),
    })
}

fn push_report(out: &mut Vec<u8>, call: &Call<'_>, facts: &ExecutiveReport, quirk: RowQuirk) {
    let dates = &call.shared.dates;
    push_object(out, |data| {
        if !quirk.lacks_id {
            data.text("resourceId", &facts.id);
        }
        data.number("companyId", facts.company_number);
        quirk.write_name(data, "name", facts.name);
        data.text("companyName", &facts.company_name);
        data.text_or_null("description", facts.description);
        if quirk.has_other_dates {
            dates.write_misplaced(data, "dateCreated", facts.created_at, Minute);
        } else {
            dates.write(data, "dateCreated", facts.created_at, Minute);
        }
        data.text("widgetLayout", &facts.layout);
        data.array("widgets", &facts.widgets, |out, widget| {
            push_widget(out, call, widget);
        });
        data.text("datePeriod", facts.date_period.name());
        data.text("dateRange", &facts.date_range);
        for (name, at) in [("startDate", facts.starts_at), ("endDate", facts.ends_at)] {
            match at {
                Some(at) => dates.write(data, name, at, Minute),
                None if facts.lacks_dates => {}
                None => data.text(name, ""),
            }
        }
        data.flag("isSupportManager", facts.is_support_manager);
        // A member the vendor's document does not have.
        data.text("theme", "light");
    });
}

fn push_widget(out: &mut Vec<u8>, call: &Call<'_>, facts: &ReportWidget) {
    push_object(out, |object| {
        object.text("resourceId", &facts.widget.id);
        object.text("name", &facts.name);
        object.text_or_null("description", facts.widget.description);
        object.text("chartType", &facts.chart_type);
        match &facts.rows {
            Some(rows) => widgets::write_rows(object, call, rows),
            None => object.null("widgetDatas"),
        }
        object.text("widgetType", facts.widget.kind.widget_type);
    });
}
