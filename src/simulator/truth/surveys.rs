//! The rows of `survey_sessions`, `survey_answers`, `survey_questions` and
//! `survey_question_options`.

use std::ops::Range;

use crate::simulator::json::JsonObject;
use crate::simulator::truth::{Asked, has_status, push_row, write_instant};
use crate::simulator::world::{
    Answer, Bank, EnrollmentPlace, Given, Language, Question, QuestionKind, QuestionOption, Survey,
    SurveySession, World,
};

/// Statuses, without white space and in lower case, of who cannot have a session.
const WITHOUT_SESSIONS: &[&str] = &[
    "notresponded",
    "openedemail",
    "clickedlink",
    "inqueue",
    "notdelivered",
    "sendingerror",
    "error",
    "processing",
    "cancelled",
    "canceled",
    "excluded",
    "notstarted",
];

/// Sessions of the users at these ranks.
pub fn sessions(
    out: &mut Vec<u8>,
    world: &World,
    place: EnrollmentPlace,
    ranks: Range<u32>,
    survey: &Survey,
) {
    each_user(world, place, ranks, survey, |user, sessions| {
        let latest = latest(sessions);
        for (number, session) in sessions.iter().enumerate() {
            push_row(out, |row| {
                write_key(row, world, place, user);
                row.text("session_id", session_id(session));
                row.text("scorm_session_id", &session.scorm_id);
                row.text("content_id", content_id(survey, session.content));
                write_instant(row, "started_at", session.started_at);
                row.flag("is_latest", latest == Some(number));
                row.number("total_questions", session.entry_count());
                row.number_or_null("correct_count", session.has_correct_count.then_some(0));
                row.number("wrong_count", 0);
                row.number("empty_count", session.entry_count());
                let asked = (session.bank == Bank::Whole).then_some(survey.bank_length as i64);
                row.number_or_null("asked_count", asked);
                let language = survey.language(session.content);
                let is_answered = |answer: &&Answer| {
                    let question = &survey.questions[answer.question];
                    let parts = parts(answer, question, language);
                    parts.iter().any(|part| part.text.is_some())
                };
                let answered = session.answers.iter().filter(is_answered).count();
                row.number("answered_count", answered as i64);
            });
        }
    });
}

/// Answers of the users at these ranks.
pub fn answers(
    out: &mut Vec<u8>,
    world: &World,
    place: EnrollmentPlace,
    ranks: Range<u32>,
    survey: &Survey,
) {
    each_user(world, place, ranks, survey, |user, sessions| {
        for session in sessions {
            let language = survey.language(session.content);
            for answer in &session.answers {
                let question = &survey.questions[answer.question];
                for part in parts(answer, question, language) {
                    push_row(out, |row| {
                        write_key(row, world, place, user);
                        row.text("session_id", session_id(session));
                        row.text("question_id", &question.id(language));
                        row.number("position", part.position);
                        row.text("content_id", content_id(survey, session.content));
                        row.text("question_type", question.kind.name());
                        row.text_or_null("option_text", part.text.as_deref());
                        row.number_or_null("scale_position", part.scale);
                        let has_bank = session.bank == Bank::Whole && question.is_in_bank();
                        let scored = (has_bank && question.kind.is_scored())
                            .then(|| scored(question, language, part.position));
                        row.number_or_null("scored_position", scored);
                        row.text_or_null("latency", answer.latency.interval.as_deref());
                        row.text_or_null("result", answer.result);
                        row.text_or_null("response", answer.response.as_deref());
                        match answer.weighting {
                            Some(weighting) => row.float("weighting", weighting),
                            None => row.null("weighting"),
                        }
                    });
                }
            }
        }
    });
}

/// The questions that the sessions of an enrollment show.
pub fn questions(out: &mut Vec<u8>, world: &World, _: Asked, place: EnrollmentPlace) {
    each_question(world, place, |survey, content, seen| {
        let language = survey.language(content);
        let question = &survey.questions[seen.question];
        push_row(out, |row| {
            row.text("company_id", &world.company_id(place.company));
            row.text("enrollment_id", &world.enrollment_id(place));
            row.text("content_id", content_id(survey, content));
            row.text("question_id", &question.id(language));
            row.text("question_text", question.text(language));
            row.text_or_null(
                "question_type",
                seen.is_answered.then_some(question.kind.name()),
            );
            let banked = seen.is_in_bank.then_some(question);
            row.number_or_null("position", banked.map(|_| seen.question as i64));
            let group = banked.and_then(|question| question.group);
            row.number_or_null("group_index", group);
            row.text_or_null("group_id", group.map(Question::group_id).as_deref());
            row.flag_or_null(
                "is_reversed",
                banked.map(|question| question.is_reversed == Some(true)),
            );
            let count = seen.options(question, language).len() as i64;
            row.number_or_null("option_count", (count > 0).then_some(count));
            let slug = banked.map(|question| question.slug(language));
            row.text_or_null("slug", slug.as_deref());
        });
    });
}

/// The options of those questions.
pub fn options(out: &mut Vec<u8>, world: &World, _: Asked, place: EnrollmentPlace) {
    each_question(world, place, |survey, content, seen| {
        let language = survey.language(content);
        let question = &survey.questions[seen.question];
        for (position, option) in seen.options(question, language).iter().enumerate() {
            push_row(out, |row| {
                row.text("company_id", &world.company_id(place.company));
                row.text("enrollment_id", &world.enrollment_id(place));
                row.text("content_id", content_id(survey, content));
                row.text("question_id", &question.id(language));
                row.number("position", position as i64);
                row.text("option_text", &option.text);
                row.flag_or_null("is_correct", option.is_correct);
            });
        }
    });
}

/// Goes through the sessions of the users of a survey, as far as their status lets ask for them.
fn each_user(
    world: &World,
    place: EnrollmentPlace,
    ranks: Range<u32>,
    survey: &Survey,
    mut visit: impl FnMut(&str, &[SurveySession]),
) {
    let base = world.report_base(place);
    for rank in ranks {
        let position = base.position(rank);
        let report = world.user_report(&base, position);
        if !has_status(&report, WITHOUT_SESSIONS) {
            let sessions = world.survey_sessions(survey, &base, position, &report);
            visit(&report.person.id, &sessions);
        }
    }
}

/// What sessions show of one question.
struct Seen {
    /// Which of the survey's questions.
    question: usize,
    /// Whether it came in a bank.
    is_in_bank: bool,
    /// Whether somebody answered it.
    is_answered: bool,
}

impl Seen {
    /// The options that are told: by the bank, else by the answers of kinds that list them all.
    fn options(&self, question: &Question, language: &Language) -> Vec<QuestionOption> {
        let is_told = (self.is_in_bank && question.kind.has_bank_options())
            || (self.is_answered && question.kind.has_marks());
        if is_told {
            question.options(language)
        } else {
            Vec::new()
        }
    }
}

/// Goes through what all sessions of an enrollment show, content by content.
fn each_question(
    world: &World,
    place: EnrollmentPlace,
    mut visit: impl FnMut(&Survey, Option<usize>, Seen),
) {
    let Some(survey) = world.survey(place) else {
        return;
    };
    let count = survey.questions.len();
    // The last place is that of sessions that do not name their content.
    let unnamed = survey.contents.len();
    let mut has_bank = vec![false; unnamed + 1];
    let mut is_answered = vec![vec![false; count]; unnamed + 1];
    let users = 0..world.user_count(place);
    each_user(world, place, users, &survey, |_, sessions| {
        for session in sessions {
            let content = session.content.unwrap_or(unnamed);
            has_bank[content] |= session.bank == Bank::Whole;
            for answer in &session.answers {
                is_answered[content][answer.question] = true;
            }
        }
    });
    for (content, is_answered) in is_answered.into_iter().enumerate() {
        for (question, is_answered) in is_answered.into_iter().enumerate() {
            let seen = Seen {
                question,
                is_in_bank: has_bank[content] && survey.questions[question].is_in_bank(),
                is_answered,
            };
            if seen.is_in_bank || seen.is_answered {
                visit(&survey, (content < unnamed).then_some(content), seen);
            }
        }
    }
}

/// One row of an answer.
struct Part {
    position: i64,
    text: Option<String>,
    scale: Option<i64>,
}

impl Part {
    const fn first(text: Option<String>) -> Self {
        Self {
            position: 0,
            text,
            scale: None,
        }
    }
}

/// The rows of an answer.
fn parts(answer: &Answer, question: &Question, language: &Language) -> Vec<Part> {
    let options = question.options(language);
    let nth = |(position, place): (usize, usize)| Part {
        position: position as i64,
        text: Some(options[place].text.clone()),
        scale: None,
    };
    let listed: Vec<Part> = match &answer.given {
        Given::Marks(marks) => marks.iter().map(|&mark| nth((mark, mark))).collect(),
        Given::Order(order) => order.iter().copied().enumerate().map(nth).collect(),
        Given::Text(text) => vec![Part::first(Some((*text).to_owned()))],
        Given::Grid(points) => points
            .iter()
            .enumerate()
            .map(|(statement, &point)| Part {
                position: statement as i64,
                text: Some(language.scale[point].replace(' ', "_")),
                scale: Some(point as i64),
            })
            .collect(),
        Given::Unlisted => Vec::new(),
    };
    if !listed.is_empty() {
        return listed;
    }
    match answer.response.as_deref() {
        Some(response) if !response.is_empty() => {
            vec![Part::first(Some(response.to_owned()))]
        }
        _ if question.kind == QuestionKind::BrandNew => vec![Part::first(None)],
        _ => Vec::new(),
    }
}

/// The position as it counts: from the other end where agreement is the low one.
fn scored(question: &Question, language: &Language, position: i64) -> i64 {
    if question.is_reversed == Some(true) {
        question.options(language).len() as i64 - 1 - position
    } else {
        position
    }
}

/// The newest of a user's sessions; the first of equals, because newer ones come first.
fn latest(sessions: &[SurveySession]) -> Option<usize> {
    let newest = sessions.iter().map(|session| session.started_at).max()?;
    sessions
        .iter()
        .position(|session| session.started_at == newest)
}

fn session_id(session: &SurveySession) -> &str {
    session.id.as_deref().unwrap_or(&session.scorm_id)
}

fn content_id(survey: &Survey, content: Option<usize>) -> &str {
    content.map_or("", |content| &survey.contents[content].id)
}

fn write_key(row: &mut JsonObject<'_>, world: &World, place: EnrollmentPlace, user: &str) {
    row.text("company_id", &world.company_id(place.company));
    row.text("enrollment_id", &world.enrollment_id(place));
    row.text("target_user_id", user);
}
