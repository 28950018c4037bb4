//! The survey sessions of one user of an enrollment: answers, and the questions that they answer.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::answer_rows::{self, Chosen};
use super::enrollments::compact;
use super::question_bank::QuestionBank;
use super::{Delivery, PullError, Scope};
use crate::api::endpoints::answers::{Answer, Question, Session};
use crate::api::{Extra, UnreadableItem};
use crate::privacy::Field;
use crate::warehouse::reported_users::ReportedUser;
use crate::warehouse::tables::surveys::{SurveyAnswerRow, SurveySessionRow};

/// Statuses of users who cannot have answered.
const NOT_ANSWERED: [&str; 12] = [
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

/// Statuses of users who must have answered.
const ANSWERED: [&str; 6] = [
    "completed",
    "passed",
    "exampassed",
    "examfailed",
    "success",
    "failed",
];

/// The questions of one enrollment, as far as they are known.
#[derive(Debug, Default)]
pub struct Questions(QuestionBank);

impl Questions {
    /// What is to be delivered of them when no user is left to be read.
    #[must_use]
    pub fn end(&self, scope: &Scope<'_>, company_id: &str) -> Delivery {
        let mut delivery = Delivery::default();
        self.0.deliver_unbanked(scope, &mut delivery, company_id);
        delivery.discrepancies.extend(self.0.discrepancy(scope));
        delivery
    }
}

/// Whether there can be sessions.
#[must_use]
pub fn may_exist(user: &ReportedUser) -> bool {
    let status = compact(user.status.as_deref().unwrap_or_default());
    !NOT_ANSWERED.contains(&status.as_str())
}

/// Whether there should be some: the vendor's report and its sessions are not always in step.
#[must_use]
pub fn must_exist(user: &ReportedUser) -> bool {
    let status = compact(user.status.as_deref().unwrap_or_default());
    ANSWERED.contains(&status.as_str())
}

/// Delivers the sessions of `user`, and the questions that they tell of. What is kept of contradicting questions hangs
/// on the order of the calls. `delivery` goes with them.
pub async fn deliver(
    scope: &Scope<'_>,
    company_id: &str,
    user: &ReportedUser,
    received: Vec<Result<Session, UnreadableItem>>,
    questions: &mut Questions,
    mut delivery: Delivery,
) -> Result<(), PullError> {
    let count = received.len();
    let sessions = scope.readable(&mut delivery, received)?;
    let owner = (company_id, user.reported_enrollment_id.as_str());
    // No session at all proves nothing, nor does an answer of which a part could not be read: what is stored stays.
    if !sessions.is_empty() && sessions.len() == count {
        let answering = scope.privacy().answering(&user.target_user_id);
        let owner = [owner.0, owner.1, &*answering];
        delivery.rows.push_owner::<SurveySessionRow<'_>>(&owner);
    }
    for session in &sessions {
        questions.0.learn(scope, &mut delivery, owner, session);
    }
    let latest = latest(&sessions);
    for session in &sessions {
        // By id: one session may be listed twice.
        let is_latest = Some(session.id.as_str()) == latest;
        push(scope, &mut delivery, owner, user, session, is_latest);
    }
    scope.deliver(delivery).await
}

/// The newest session: they come newest first, but to the minute only, and a date says more than a place.
fn latest(sessions: &[Session]) -> Option<&str> {
    let newest = (sessions.iter().rev()).max_by_key(|session| session.started_at);
    newest.map(|session| session.id.as_str())
}

fn push(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    (company_id, enrollment_id): (&str, &str),
    user: &ReportedUser,
    session: &Session,
    is_latest: bool,
) {
    let privacy = scope.privacy();
    let answering = privacy.answering(&user.target_user_id);
    let target_user_id = &*answering;
    let bank: HashMap<&str, &Question> = session
        .bank
        .iter()
        .map(|question| (question.id.as_str(), question))
        .collect();
    let mut answered = HashSet::new();
    for answer in &session.answers {
        // What was chosen for one question is whole. A question that is not there proves nothing: the vendor is known to
        // lose answers.
        let owner = [
            company_id,
            enrollment_id,
            target_user_id,
            &session.id,
            &answer.question_id,
        ];
        delivery.rows.push_owner::<SurveyAnswerRow<'_>>(&owner);
        let question = bank.get(answer.question_id.as_str()).copied();
        let rows = answer_rows::rows_of(answer, question);
        if rows.iter().any(|row| row.text.is_some()) {
            answered.insert(answer.question_id.as_str());
        }
        let is_chosen = answer_rows::is_chosen(answer, &rows);
        let response = answer.response.as_deref();
        let response = match answer_rows::is_label(response, &rows) {
            true => response.map(Cow::from),
            false => privacy.keep(Field::FreeText, response),
        };
        for (nth, row) in rows.iter().enumerate() {
            let option_text = match is_chosen {
                true => row.text.map(Cow::from),
                false => privacy.keep(Field::FreeText, row.text),
            };
            let extra = extra_of(answer, row, nth == 0);
            let extra = scope.extra(delivery, &extra);
            delivery.rows.push(&SurveyAnswerRow {
                company_id,
                enrollment_id,
                target_user_id,
                session_id: &session.id,
                question_id: &answer.question_id,
                position: row.position,
                content_id: session.content_id.as_deref().unwrap_or_default(),
                question_type: answer.kind.as_deref(),
                option_text: option_text.as_deref(),
                scale_position: row.scale_position,
                scored_position: row.scored_position,
                latency: answer.latency,
                result: answer.result.as_deref(),
                response: response.as_deref(),
                weighting: answer.weighting,
                extra: extra.as_deref(),
            });
        }
    }
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let extra = scope.extra(delivery, &session.extra);
    delivery.rows.push(&SurveySessionRow {
        company_id,
        enrollment_id,
        target_user_id,
        session_id: &session.id,
        scorm_session_id: session.scorm_session_id.as_deref(),
        content_id: session.content_id.as_deref().unwrap_or_default(),
        started_at: session.started_at,
        is_latest,
        total_questions: session.total_questions,
        correct_count: session.correct_count,
        wrong_count: session.wrong_count,
        empty_count: session.empty_count,
        asked_count: (!session.bank.is_empty()).then(|| count(session.bank.len())),
        answered_count: count(answered.len()),
        extra: extra.as_deref(),
    });
}

/// What has no column: of the option, and, on the first row of an answer, of the answer.
fn extra_of(answer: &Answer, row: &Chosen<'_>, is_first: bool) -> Extra {
    let option = row.option.map(|place| &answer.options[place].extra);
    let option = option.cloned().unwrap_or_default();
    if is_first {
        option.joined(&answer.extra)
    } else {
        option
    }
}
