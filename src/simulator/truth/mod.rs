//! What a warehouse must hold after a complete sync, table by table, computed from the world and
//! not from what was served.

mod catalogues;
mod companies;
mod enrollments;
mod executive_reports;
mod users;
mod widget_values;

use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;

pub use widget_values::Months;

use crate::simulator::date::{Instant, push_utc};
use crate::simulator::json::JsonObject;
use crate::simulator::world::World;

/// Rows per piece of the stream, so that a huge company does not need huge memory.
const ROWS_PER_PIECE: u32 = 1_000;

/// A table of the warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `companies`
    Companies,
    /// `company_tags`
    CompanyTags,
    /// `enrollments`
    Enrollments,
    /// `enrollment_tags`
    EnrollmentTags,
    /// `enrollment_languages`
    EnrollmentLanguages,
    /// `enrollment_target_groups`
    EnrollmentTargetGroups,
    /// `enrollment_training_roles`
    EnrollmentTrainingRoles,
    /// `enrollment_summaries`
    EnrollmentSummaries,
    /// `enrollment_steps`
    EnrollmentSteps,
    /// `enrollment_users`
    EnrollmentUsers,
    /// `target_users`
    TargetUsers,
    /// `user_custom_fields`
    UserCustomFields,
    /// `trainings`
    Trainings,
    /// `target_groups`
    TargetGroups,
    /// `widgets`
    Widgets,
    /// `widget_values`
    WidgetValues,
    /// `executive_reports`
    ExecutiveReports,
    /// `executive_report_widgets`
    ExecutiveReportWidgets,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 18] = [
        Self::Companies,
        Self::CompanyTags,
        Self::Enrollments,
        Self::EnrollmentTags,
        Self::EnrollmentLanguages,
        Self::EnrollmentTargetGroups,
        Self::EnrollmentTrainingRoles,
        Self::EnrollmentSummaries,
        Self::EnrollmentSteps,
        Self::EnrollmentUsers,
        Self::TargetUsers,
        Self::UserCustomFields,
        Self::Trainings,
        Self::TargetGroups,
        Self::Widgets,
        Self::WidgetValues,
        Self::ExecutiveReports,
        Self::ExecutiveReportWidgets,
    ];

    /// The name in the warehouse.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::CompanyTags => "company_tags",
            Self::Enrollments => "enrollments",
            Self::EnrollmentTags => "enrollment_tags",
            Self::EnrollmentLanguages => "enrollment_languages",
            Self::EnrollmentTargetGroups => "enrollment_target_groups",
            Self::EnrollmentTrainingRoles => "enrollment_training_roles",
            Self::EnrollmentSummaries => "enrollment_summaries",
            Self::EnrollmentSteps => "enrollment_steps",
            Self::EnrollmentUsers => "enrollment_users",
            Self::TargetUsers => "target_users",
            Self::UserCustomFields => "user_custom_fields",
            Self::Trainings => "trainings",
            Self::TargetGroups => "target_groups",
            Self::Widgets => "widgets",
            Self::WidgetValues => "widget_values",
            Self::ExecutiveReports => "executive_reports",
            Self::ExecutiveReportWidgets => "executive_report_widgets",
        }
    }

    /// The parts of a company in which this table's rows are computed.
    fn pieces(self, world: &World, company: u32, months: Months) -> Vec<Piece> {
        let is_readable = company != world.root() && !world.is_denied(company);
        match self {
            Self::Companies => vec![Piece::Company],
            Self::CompanyTags if company == world.root() => Vec::new(),
            Self::CompanyTags => vec![Piece::Company],
            _ if !is_readable => Vec::new(),
            Self::Trainings
            | Self::TargetGroups
            | Self::Widgets
            | Self::WidgetValues
            | Self::ExecutiveReports
            | Self::ExecutiveReportWidgets => vec![Piece::Catalogue(months)],
            Self::TargetUsers | Self::UserCustomFields => (0..world.person_count())
                .step_by(ROWS_PER_PIECE as usize)
                .map(Piece::PeopleFrom)
                .collect(),
            Self::EnrollmentUsers => (0..world.enrollment_count())
                .flat_map(|enrollment| {
                    (0..world.user_count(company, enrollment))
                        .step_by(ROWS_PER_PIECE as usize)
                        .map(move |first| Piece::ReportsFrom(enrollment, first))
                })
                .collect(),
            _ => (0..world.enrollment_count())
                .map(Piece::Enrollment)
                .collect(),
        }
    }
}

impl FromStr for Table {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|table| table.name() == name)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::name).join(", ");
                format!("`{name}` is no table; known are {known}")
            })
    }
}

#[derive(Debug, Clone, Copy)]
enum Piece {
    Company,
    Catalogue(Months),
    Enrollment(u32),
    PeopleFrom(u32),
    ReportsFrom(u32, u32),
}

/// The rows of a table as lines of JSON, computed while they are sent. The months are those of
/// `widget_values`.
pub fn stream(world: Arc<World>, table: Table, months: Months) -> Body {
    let companies = 0..=world.root();
    let pieces = companies.flat_map({
        let world = Arc::clone(&world);
        move |company| {
            table
                .pieces(&world, company, months)
                .into_iter()
                .map(move |piece| (company, piece))
        }
    });
    let parts = pieces.map(move |(company, piece)| {
        let mut out = Vec::new();
        write_piece(&mut out, &world, table, company, piece);
        Ok::<_, Infallible>(Bytes::from(out))
    });
    Body::from_stream(stream::iter(parts))
}

fn write_piece(out: &mut Vec<u8>, world: &World, table: Table, company: u32, piece: Piece) {
    match piece {
        Piece::Company if table == Table::CompanyTags => companies::tags(out, world, company),
        Piece::Company => companies::company(out, world, company),
        Piece::Catalogue(months) => write_catalogue(out, world, table, company, months),
        Piece::PeopleFrom(first) => {
            let people = first..(first + ROWS_PER_PIECE).min(world.person_count());
            users::people(out, world, table, company, people);
        }
        Piece::ReportsFrom(enrollment, first) => {
            let last = world.user_count(company, enrollment);
            let positions = first..(first + ROWS_PER_PIECE).min(last);
            users::reports(out, world, company, enrollment, positions);
        }
        Piece::Enrollment(enrollment) => {
            let write = match table {
                Table::EnrollmentTags => enrollments::tags,
                Table::EnrollmentLanguages => enrollments::languages,
                Table::EnrollmentTargetGroups => enrollments::target_groups,
                Table::EnrollmentTrainingRoles => enrollments::roles,
                Table::EnrollmentSummaries => enrollments::summary,
                Table::EnrollmentSteps => enrollments::steps,
                _ => enrollments::enrollment,
            };
            write(out, world, company, enrollment);
        }
    }
}

fn write_catalogue(out: &mut Vec<u8>, world: &World, table: Table, company: u32, months: Months) {
    match table {
        Table::Trainings => catalogues::trainings(out, world, company),
        Table::TargetGroups => catalogues::target_groups(out, world, company),
        Table::Widgets => catalogues::widgets(out, world, company),
        Table::WidgetValues => widget_values::widget_values(out, world, company, months),
        Table::ExecutiveReportWidgets => widget_values::report_widgets(out, world, company),
        _ => executive_reports::executive_reports(out, world, company),
    }
}

/// Writes one row and ends its line.
fn push_row(out: &mut Vec<u8>, fill: impl FnOnce(&mut JsonObject<'_>)) {
    let mut row = JsonObject::begin(out);
    fill(&mut row);
    row.end();
    out.push(b'\n');
}

/// An instant of the warehouse.
fn write_instant(row: &mut JsonObject<'_>, name: &str, at: Option<Instant>) {
    match at {
        Some(at) => push_utc(row.member(name), at),
        None => row.null(name),
    }
}
