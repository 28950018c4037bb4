//! What a warehouse must hold after a complete sync, table by table, computed from the world and
//! not from what was served.

mod anonymous;
mod catalogues;
mod companies;
mod enrollments;
mod executive_reports;
mod interactions;
mod surveys;
mod users;
mod widget_values;

use std::convert::Infallible;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;

pub use widget_values::Months;
use widget_values::month_of;

use crate::simulator::date::{Instant, push_utc};
use crate::simulator::json::JsonObject;
use crate::simulator::options::{AnonymousData, VariantOptions};
use crate::simulator::world::{EnrollmentPlace, UserReport, World};

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
    /// `interactions`
    Interactions,
    /// `survey_sessions`
    SurveySessions,
    /// `survey_questions`
    SurveyQuestions,
    /// `survey_question_options`
    SurveyQuestionOptions,
    /// `survey_answers`
    SurveyAnswers,
    /// `anonymous_results`
    AnonymousResults,
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
    pub const ALL: [Self; 24] = [
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
        Self::Interactions,
        Self::SurveySessions,
        Self::SurveyQuestions,
        Self::SurveyQuestionOptions,
        Self::SurveyAnswers,
        Self::AnonymousResults,
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
            Self::Interactions => "interactions",
            Self::SurveySessions => "survey_sessions",
            Self::SurveyQuestions => "survey_questions",
            Self::SurveyQuestionOptions => "survey_question_options",
            Self::SurveyAnswers => "survey_answers",
            Self::AnonymousResults => "anonymous_results",
            Self::Trainings => "trainings",
            Self::TargetGroups => "target_groups",
            Self::Widgets => "widgets",
            Self::WidgetValues => "widget_values",
            Self::ExecutiveReports => "executive_reports",
            Self::ExecutiveReportWidgets => "executive_report_widgets",
        }
    }

    /// The parts of a company in which this table's rows are computed.
    fn pieces(self, world: &World, company: u32) -> Vec<Piece> {
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
            | Self::ExecutiveReportWidgets => vec![Piece::Catalogue],
            Self::TargetUsers | Self::UserCustomFields => (0..world.people_count(company))
                .step_by(ROWS_PER_PIECE as usize)
                .map(Piece::PeopleFrom)
                .collect(),
            Self::EnrollmentUsers
            | Self::Interactions
            | Self::SurveySessions
            | Self::SurveyAnswers => world
                .places(company)
                .flat_map(|place| {
                    (0..world.user_count(place))
                        .step_by(ROWS_PER_PIECE as usize)
                        .map(move |first| Piece::ReportsFrom(place, first))
                })
                .collect(),
            _ => world.places(company).map(Piece::Enrollment).collect(),
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

/// What is wanted to know, and the behaviours on which the answer depends.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The table.
    pub table: Table,
    /// Whether the listing of enrollments shows steps of learning paths.
    pub are_steps_listed: bool,
    /// Whether an anonymous enrollment shows one result only.
    pub has_one_result: bool,
    /// Whether the warehouse keeps from where events came.
    pub with_tracking: bool,
    /// Whether the events of all enrollments are kept, not only those of surveys.
    pub has_all_interactions: bool,
    /// The months of `widget_values`.
    pub months: Months,
}

impl Asked {
    /// The truth of a table as this simulator behaves, for a warehouse with the settings that the
    /// query names.
    pub fn new(
        table: Table,
        variant: &VariantOptions,
        query: &str,
        world: &World,
    ) -> Result<Self, String> {
        let mut asked = Self {
            table,
            are_steps_listed: variant.listed_steps,
            has_one_result: variant.anonymous_data == AnonymousData::Object,
            with_tracking: false,
            has_all_interactions: false,
            months: Months::of_world(world),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("tracking_info", "true") => asked.with_tracking = true,
                ("interactions", "all") => asked.has_all_interactions = true,
                ("from", month) => asked.months.first = month_of(month)?,
                ("to", month) => asked.months.last = month_of(month)?,
                _ => {
                    return Err(format!(
                        "`{pair}` is not known; known are tracking_info=true, interactions=all, \
                         from=YYYY-MM, to=YYYY-MM"
                    ));
                }
            }
        }
        Ok(asked)
    }

    /// Whether a listing shows this enrollment.
    const fn is_listed(self, place: EnrollmentPlace) -> bool {
        self.are_steps_listed || !place.is_step()
    }
}

#[derive(Debug, Clone, Copy)]
enum Piece {
    Company,
    Catalogue,
    Enrollment(EnrollmentPlace),
    PeopleFrom(u32),
    ReportsFrom(EnrollmentPlace, u32),
}

/// The rows of a table as lines of JSON, computed while they are sent.
pub fn stream(world: Arc<World>, asked: Asked) -> Body {
    let companies: Vec<u32> = world.companies().chain([world.root()]).collect();
    let pieces = companies.into_iter().flat_map({
        let world = Arc::clone(&world);
        move |company| {
            asked
                .table
                .pieces(&world, company)
                .into_iter()
                .map(move |piece| (company, piece))
        }
    });
    let parts = pieces.map(move |(company, piece)| {
        let mut out = Vec::new();
        write_piece(&mut out, &world, asked, company, piece);
        Ok::<_, Infallible>(Bytes::from(out))
    });
    Body::from_stream(stream::iter(parts))
}

fn write_piece(out: &mut Vec<u8>, world: &World, asked: Asked, company: u32, piece: Piece) {
    let table = asked.table;
    match piece {
        Piece::Company if table == Table::CompanyTags => companies::tags(out, world, company),
        Piece::Company => companies::company(out, world, company),
        Piece::Catalogue => write_catalogue(out, world, asked, company),
        Piece::PeopleFrom(first) => {
            let people = first..(first + ROWS_PER_PIECE).min(world.people_count(company));
            users::people(out, world, table, company, people);
        }
        Piece::ReportsFrom(place, first) => {
            let ranks = first..(first + ROWS_PER_PIECE).min(world.user_count(place));
            write_reports(out, world, asked, place, ranks);
        }
        Piece::Enrollment(place) => {
            let write = match table {
                Table::EnrollmentTags => enrollments::tags,
                Table::EnrollmentLanguages => enrollments::languages,
                Table::EnrollmentTargetGroups => enrollments::target_groups,
                Table::EnrollmentTrainingRoles => enrollments::roles,
                Table::EnrollmentSummaries => enrollments::summary,
                Table::EnrollmentSteps => enrollments::steps,
                Table::SurveyQuestions => surveys::questions,
                Table::SurveyQuestionOptions => surveys::options,
                Table::AnonymousResults => anonymous::results,
                _ => enrollments::enrollment,
            };
            write(out, world, asked, place);
        }
    }
}

fn write_reports(
    out: &mut Vec<u8>,
    world: &World,
    asked: Asked,
    place: EnrollmentPlace,
    ranks: Range<u32>,
) {
    match asked.table {
        Table::Interactions => {
            if asked.has_all_interactions || world.kind(place).is_survey() {
                interactions::interactions(out, world, asked, place, ranks);
            }
        }
        Table::SurveySessions | Table::SurveyAnswers => {
            let Some(survey) = world.survey(place) else {
                return;
            };
            if asked.table == Table::SurveySessions {
                surveys::sessions(out, world, place, ranks, &survey);
            } else {
                surveys::answers(out, world, place, ranks, &survey);
            }
        }
        _ => users::reports(out, world, place, ranks),
    }
}

/// Whether a user has one of these statuses, written without white space and in lower case.
fn has_status(report: &UserReport, statuses: &[&str]) -> bool {
    let mut status = report.status.text.replace(' ', "");
    status.make_ascii_lowercase();
    statuses.contains(&status.as_str())
}

fn write_catalogue(out: &mut Vec<u8>, world: &World, asked: Asked, company: u32) {
    match asked.table {
        Table::Trainings => catalogues::trainings(out, world, company),
        Table::TargetGroups => catalogues::target_groups(out, world, company),
        Table::Widgets => catalogues::widgets(out, world, company),
        Table::WidgetValues => {
            widget_values::widget_values(out, world, company, asked.months);
        }
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
