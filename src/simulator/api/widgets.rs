//! The catalogue of widgets and their values.

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

use crate::simulator::api::Call;
use crate::simulator::contract::Violation;
use crate::simulator::date::DateStyle;
use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::listing::{RowQuirk, member, unpaged};
use crate::simulator::options::WidgetDialect;
use crate::simulator::reply::Reply;
use crate::simulator::world::{DatePeriod, Period, WIDGET_GROUPS, Widget, WidgetRow, WidgetValue};

/// `GET /api/executive-report/metrics`, which answers 201.
pub fn catalogue(call: &Call<'_>) -> Reply {
    let widgets = call.world.widgets(call.company);
    let rows = unpaged(call.firings, widgets.len() as u64);
    let reply = call.envelope(8_192, |out| {
        push_object(out, |data| {
            let Some(rows) = &rows else {
                return data.null("metrics");
            };
            data.array("metrics", WIDGET_GROUPS, |out, &group| {
                push_object(out, |metric| {
                    metric.text("name", group);
                    let mut of_group = rows
                        .iter()
                        .map(|&(row, quirk)| (&widgets[row as usize], quirk))
                        .filter(|(widget, _)| widget.group == group)
                        .peekable();
                    if of_group.peek().is_none() {
                        metric.null("widgets");
                    } else {
                        metric.array("widgets", of_group, push_widget);
                    }
                });
            });
        });
    });
    reply.with_status(201)
}

fn push_widget(out: &mut Vec<u8>, (widget, quirk): (&Widget, RowQuirk)) {
    push_object(out, |object| {
        if !quirk.lacks_id {
            object.text("resourceId", &widget.id);
        }
        quirk.write_name(object, "name", widget.name);
        object.text_or_null("description", widget.description);
        object.text("widgetType", widget.kind.widget_type);
        object.text("chartType", widget.chart_type);
        object.text_or_null("imageUrl", widget.image_url.as_deref());
        object.flag("isSupportManager", widget.is_support_manager);
        // A member the vendor's document does not have.
        object.number("sortOrder", 0);
    });
}

/// `POST /api/executive-report/get-widget-datas`
pub fn values(call: &Call<'_>) -> Reply {
    let body = match call.json() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let refuse = |violation, reason| {
        call.note(violation);
        Reply::invalid(reason)
    };
    let ids = member(&body, "widgetIds").and_then(Value::as_array);
    let Some([id]) = ids.map(Vec::as_slice) else {
        // What several ids in one request lead to is not known.
        return refuse(Violation::WidgetCount, "WidgetIds is not valid");
    };
    let world = &call.world;
    let widgets = world.widgets(call.company);
    let Some(widget) = widgets
        .iter()
        .find(|widget| Some(widget.id.as_str()) == id.as_str())
    else {
        return refuse(Violation::ForeignWidget, "WidgetIds is not valid");
    };
    let today = world.last_day();
    let Some((asked, period)) = read_period(&body, &call.shared.dates, today) else {
        return refuse(Violation::WidgetPeriod, "DatePeriod is not valid");
    };
    let accepted = call.shared.options.variant.widget_dialect;
    if accepted != WidgetDialect::Both && accepted != asked {
        return Reply::invalid("DatePeriod is not valid");
    }
    let rows = world.widget_rows(call.company, widget.kind, period);
    let served = unpaged(
        call.firings,
        rows.as_ref().map_or(0, |rows| rows.len() as u64),
    );
    call.envelope(2_048, |out| {
        out.push(b'[');
        if let Some(rows) = &rows {
            push_object(out, |object| {
                // Not every answer says what it answers.
                if !widget.is_support_manager {
                    object.text("resourceId", &widget.id);
                    object.text("widgetType", widget.kind.widget_type);
                }
                object.text("name", widget.name);
                object.text("chartType", widget.chart_type);
                match &served {
                    Some(served) => {
                        let rows = served.iter().map(|&(row, _)| &rows[row as usize]);
                        write_rows(object, call, rows);
                    }
                    None => object.null("widgetDatas"),
                }
            });
        }
        out.push(b']');
    })
}

/// The period that is asked for and the dialect it is written in, if it is either.
fn read_period(
    body: &Value,
    dates: &DateStyle,
    today: NaiveDate,
) -> Option<(WidgetDialect, Period)> {
    let text = |name| member(body, name).and_then(Value::as_str);
    let (start, end) = (text("startDate")?, text("endDate")?);
    let (dialect, name, start, end) = match member(body, "datePeriod")? {
        Value::String(name) => (
            WidgetDialect::Document,
            DatePeriod::ALL
                .into_iter()
                .find(|period| period.name().eq_ignore_ascii_case(name))?,
            read_iso(start)?,
            read_iso(end)?,
        ),
        number => (
            WidgetDialect::Ui,
            *DatePeriod::ALL.get(usize::try_from(number.as_u64()?).ok()?)?,
            dates.read_day(start)?,
            dates.read_day(end)?,
        ),
    };
    let period = name.on(today, Period { start, end });
    (start <= end).then_some((dialect, period))
}

/// The day of a date in ISO 8601 with its zone, as written.
fn read_iso(text: &str) -> Option<NaiveDate> {
    let read = DateTime::parse_from_rfc3339(text).ok()?;
    Some(read.naive_local().date())
}

/// Writes `widgetDatas`.
pub fn write_rows<'a>(
    object: &mut JsonObject<'_>,
    call: &Call<'_>,
    rows: impl IntoIterator<Item = &'a WidgetRow>,
) {
    object.array("widgetDatas", rows, |out, row| {
        push_object(out, |object| {
            if let Some(day) = row.date {
                call.shared.dates.write_day(object, "date", day);
            }
            push_json(object, "dataObject", row.dimension.as_ref());
            if let Some(values) = &row.values {
                object.array("values", values, push_value);
            }
            if let Some(table) = &row.table {
                object.array("tableDefinitions", &table.columns, |out, (name, label)| {
                    push_object(out, |column| {
                        column.text("name", name);
                        column.text("label", label);
                    });
                });
                object.array("tableValues", &table.rows, |out, cells| {
                    out.extend_from_slice(cells.to_string().as_bytes());
                });
            }
            for (name, value) in &row.others {
                push_json(object, name, Some(value));
            }
        });
    });
}

fn push_value(out: &mut Vec<u8>, value: &WidgetValue) {
    push_object(out, |object| {
        push_json(object, "value", Some(&value.value));
        object.text_if("label", value.label.as_deref());
        object.text_if("name", value.name);
        push_json(object, "annotations", value.annotations.as_ref());
    });
}

fn push_json(object: &mut JsonObject<'_>, name: &str, value: Option<&Value>) {
    match value {
        Some(value) => object
            .member(name)
            .extend_from_slice(value.to_string().as_bytes()),
        None => object.null(name),
    }
}
