//! Saved executive reports, with the data that is kept in them.

use chrono::{DateTime, NaiveDate};
use serde_json::json;

use crate::simulator::date::Instant;
use crate::simulator::id;
use crate::simulator::world::{DAY, DatePeriod, HOUR, Period, Salt, Widget, WidgetRow, World};

/// One report of a company.
#[derive(Debug)]
pub struct ExecutiveReport {
    /// The id.
    pub id: String,
    /// The name.
    pub name: &'static str,
    /// What it is for; may be empty.
    pub description: Option<&'static str>,
    /// The number of the company, which is no id elsewhere.
    pub company_number: i64,
    /// Name of the company.
    pub company_name: String,
    /// When it was saved.
    pub created_at: Instant,
    /// The name of its period.
    pub date_period: DatePeriod,
    /// Its period as displayed.
    pub date_range: String,
    /// From when, in custom periods.
    pub starts_at: Option<Instant>,
    /// Until when, in custom periods.
    pub ends_at: Option<Instant>,
    /// Whether it says nothing of both where they are none, instead of empty texts.
    pub lacks_dates: bool,
    /// Whether the company can change it.
    pub is_editable: bool,
    /// Whether the company can delete it.
    pub is_deletable: bool,
    /// A mark of the vendor's.
    pub is_support_manager: bool,
    /// Where its widgets are: JSON in a text, unless it is damaged.
    pub layout: String,
    /// Its widgets.
    pub widgets: Vec<ReportWidget>,
}

/// A widget in a report.
#[derive(Debug)]
pub struct ReportWidget {
    /// The widget.
    pub widget: Widget,
    /// The name it has in this report.
    pub name: String,
    /// How it is drawn, spelled as reports do.
    pub chart_type: String,
    /// The data kept in the report; none where the member is null.
    pub rows: Option<Vec<WidgetRow>>,
}

impl World {
    /// The reports of a company, by number: at first none to three.
    #[must_use]
    pub fn executive_reports(&self, company: u32) -> Vec<u32> {
        let removed = self
            .changed_company(company)
            .map(|changes| &changes.removed_reports);
        (0..self.first_report_count(company))
            .filter(|report| removed.is_none_or(|removed| !removed.contains(report)))
            .collect()
    }

    fn first_report_count(&self, company: u32) -> u32 {
        let first = self.dice.on(Salt::ExecutiveReport).below(4) as u32;
        (first + company) % 4
    }

    /// The report of a company with this id, if it has or had one.
    #[must_use]
    pub fn executive_report_index(&self, company: u32, id: &str) -> Option<u32> {
        let family = self.company_dice(company).on(Salt::ExecutiveReport);
        id::short_id_index(family, id).filter(|&report| report < self.first_report_count(company))
    }

    /// Everything about one report. The first is the vendor's own, the second has dates of its
    /// own, the third is damaged.
    #[must_use]
    pub fn executive_report(&self, company: u32, report: u32) -> ExecutiveReport {
        let family = self.company_dice(company).on(Salt::ExecutiveReport);
        let dice = family.with(u64::from(report));
        let age = (40 + 60 * i64::from(report)) * DAY + dice.on(Salt::Date).below(20) as i64 * HOUR;
        let created_at = self.minute(self.end - age);
        let custom_from = self.minute(created_at - 90 * DAY);
        let (name, date_period, is_own) = match report {
            0 => ("Executive Summary", DatePeriod::Last3Months, false),
            1 => ("Üç Aylık, \"special\"", DatePeriod::Custom, true),
            _ => ("Everything", DatePeriod::LastYear, true),
        };
        let custom = Period {
            start: self.local_day(custom_from),
            end: self.local_day(created_at),
        };
        let period = date_period.on(custom.end, custom);
        let is_custom = date_period == DatePeriod::Custom;
        let widgets = self.report_widgets(company, report, period);
        let layout = match report {
            0 => layout_of(&widgets),
            1 => json!({"version": 2, "compact": null}).to_string(),
            _ => "[{\"key\":".to_owned(),
        };
        ExecutiveReport {
            id: id::short_id(family, report),
            name,
            description: match report {
                0 => Some(""),
                1 => Some("For the board"),
                _ => None,
            },
            company_number: if company == self.root() {
                77
            } else {
                1_000 + i64::from(company)
            },
            company_name: self.first_company_name(company),
            created_at,
            date_period,
            date_range: format!(
                "{} - {}",
                period.start.format("%d/%m/%Y"),
                period.end.format("%d/%m/%Y")
            ),
            starts_at: is_custom.then_some(custom_from),
            ends_at: is_custom.then_some(created_at),
            lacks_dates: report == 2,
            is_editable: is_own,
            is_deletable: is_own,
            is_support_manager: dice.on(Salt::Quirk).one_in(4),
            layout,
            widgets,
        }
    }

    /// Every fourth widget of the catalogue, beginning elsewhere in each report.
    fn report_widgets(&self, company: u32, report: u32, period: Period) -> Vec<ReportWidget> {
        let catalogue = self.widgets(company).into_iter();
        catalogue
            .skip(report as usize)
            .step_by(4)
            .zip(0_u64..)
            .map(|(widget, nth)| {
                let dice = self
                    .company_dice(company)
                    .on(Salt::ExecutiveReport)
                    .with(u64::from(report))
                    .with(nth);
                let rows = match dice.below(8) {
                    0 => None,
                    1 => Some(Vec::new()),
                    _ => self.widget_rows_after(company, widget.kind, period, 0),
                };
                ReportWidget {
                    name: if dice.with(1).one_in(3) {
                        format!("{} (ours)", widget.name)
                    } else {
                        widget.name.to_owned()
                    },
                    chart_type: capitalized(widget.chart_type),
                    rows,
                    widget,
                }
            })
            .collect()
    }

    /// The day of the account's calendar at an instant.
    fn local_day(&self, at: Instant) -> NaiveDate {
        DateTime::from_timestamp(self.zone.local(at), 0)
            .map_or(self.last_day(), |local| local.date_naive())
    }
}

fn layout_of(widgets: &[ReportWidget]) -> String {
    let places: Vec<_> = widgets
        .iter()
        .zip(0_i64..)
        .map(|(widget, row)| json!({"key": widget.widget.kind.widget_type, "x": 0, "y": row}))
        .collect();
    json!(places).to_string()
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
