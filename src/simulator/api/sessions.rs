//! The sessions of one user in a survey, with their answers and the question bank.

use crate::simulator::api::{Call, Foreign, per_user};
use crate::simulator::date::Precision::Minute;
use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::listing::{RowQuirk, write_list};
use crate::simulator::reply::Reply;
use crate::simulator::world::{
    Answer, Bank, Given, Identity, Language, Question, QuestionKind, QuestionOption, Survey,
    SurveySession,
};

const SESSION_BYTES: usize = 16 * 1024;

/// `GET /api/training-reports/{id}/exam-result-sessions/{user}`
pub fn sessions(call: &Call<'_>) -> Reply {
    let (place, position) = match per_user::find(call) {
        Ok(found) => found,
        Err(Foreign) => return per_user::foreign(call),
    };
    let world = &call.world;
    let base = world.report_base(place);
    let report = world.user_report(&base, position);
    let Some(survey) = world.survey(place) else {
        return call.envelope(64, |out| out.extend_from_slice(b"[]"));
    };
    let sessions = world.survey_sessions(&survey, &base, position, &report);
    call.envelope(SESSION_BYTES, |out| {
        write_list(
            out,
            call.firings,
            sessions.len() as u64,
            |out, row, quirk| {
                let session = &sessions[row as usize];
                push_session(out, call, &survey, session, &report.person.id, quirk);
            },
        );
    })
}

fn push_session(
    out: &mut Vec<u8>,
    call: &Call<'_>,
    survey: &Survey,
    session: &SurveySession,
    user: &str,
    quirk: RowQuirk,
) {
    let language = survey.language(session.content);
    push_object(out, |row| {
        if !quirk.lacks_id {
            row.text("scormSessionId", &session.scorm_id);
            row.text_if("enrollmentSessionId", session.id.as_deref());
        }
        let dates = &call.shared.dates;
        match session.started_at {
            Some(at) if quirk.has_other_dates => {
                dates.write_misplaced(row, "enrollmentSessionCreatedAt", at, Minute);
            }
            at => dates.write_if(row, "enrollmentSessionCreatedAt", at, Minute),
        }
        row.text("targetUserResourceId", user);
        row.texts("interactions", [""; 0]);
        let stray = session.has_stray_entry.then_some(None);
        let entries = stray.into_iter().chain(session.answers.iter().map(Some));
        row.array(
            "interactionsHumanReadable",
            entries.enumerate(),
            |out, (index, entry)| match entry {
                Some(answer) => {
                    let question = &survey.questions[answer.question];
                    push_answer(out, index, session, answer, question, language);
                }
                None => push_stray(out, index),
            },
        );
        row.number("totalQuestions", session.entry_count());
        if session.has_correct_count {
            row.number("correctCount", 0);
        }
        row.number("wrongCount", 0);
        row.number("emptyCount", session.entry_count());
        write_bank(row, survey, session.bank, language);
        if let Some(content) = session.content {
            quirk.write_name(
                row,
                "enrollmentContentResourceId",
                &survey.contents[content].id,
            );
        }
    });
}

/// What another source than the player wrote.
fn push_stray(out: &mut Vec<u8>, index: usize) {
    push_object(out, |item| {
        item.text("source", "Other");
        item.number("index", index as i64);
        item.text("scormId", "Slide1_Timer");
        item.text("question", "skip me");
        item.text("type", "fill-in");
        item.array("answers", ["12"], |out, option| {
            push_object(out, |answer| answer.text("option", option));
        });
    });
}

fn push_answer(
    out: &mut Vec<u8>,
    index: usize,
    session: &SurveySession,
    answer: &Answer,
    question: &Question,
    language: &Language,
) {
    push_object(out, |item| {
        item.text_if("source", answer.source);
        item.number("index", index as i64);
        item.text_if("scormId", question.scorm_id().as_deref());
        item.text("question", question.text(language));
        if answer.is_upper {
            item.text("type", &question.kind.name().to_uppercase());
        } else {
            item.text("type", question.kind.name());
        }
        write_given(item, session, answer, question, language);
        item.texts("correctAnswers", [""; 0]);
        item.text_if("studentOrLearnerResponse", answer.response.as_deref());
        item.text_if("result", answer.result);
        item.text_if("latency", answer.latency.text.as_deref());
        if let Some(weighting) = answer.weighting {
            item.float("weighting", weighting);
        }
        item.text("description", question.text(language));
        item.texts("objectives", [""; 0]);
    });
}

/// The list in which what was answered is marked, or that is itself the answer.
fn write_given(
    item: &mut JsonObject<'_>,
    session: &SurveySession,
    answer: &Answer,
    question: &Question,
    language: &Language,
) {
    let options = question.options(language);
    let write_mark = |object: &mut JsonObject<'_>, is_marked: bool| {
        if session.has_number_marks {
            object.number("isUserAnswer", i64::from(is_marked));
        } else {
            object.flag("isUserAnswer", is_marked);
        }
    };
    match &answer.given {
        Given::Unlisted => item.null("answers"),
        Given::Marks(marks) => {
            item.array(
                "answers",
                options.iter().enumerate(),
                |out, (place, option)| {
                    push_object(out, |object| {
                        write_mark(object, marks.contains(&place));
                        write_option(object, option);
                        if question.kind == QuestionKind::Hotspot {
                            object.text("imagePath", "https://cdn.example.com/map.png");
                            object.number("x", 10 * place as i64);
                            object.number("y", 4);
                            object.text("placeholderId", &format!("spot-{place}"));
                        }
                    });
                },
            );
        }
        Given::Order(order) => {
            item.array("answers", order, |out, &place| {
                push_object(out, |object| write_option(object, &options[place]));
            });
        }
        Given::Grid(points) => {
            let parts = points.iter().map(|&point| {
                let label = language.scale[point].replace(' ', "_");
                format!("{point}_{label}")
            });
            let whole = parts.collect::<Vec<_>>().join(", ");
            item.array("answers", [whole], |out, whole| {
                push_object(out, |object| {
                    write_mark(object, true);
                    object.text("option", &whole);
                });
            });
        }
        Given::Text(text) => {
            // The words that were not taken stand in the same list.
            let is_list = question.kind == QuestionKind::WordBank;
            let unused = is_list.then_some(language.choices[3]);
            let texts = unused.into_iter().map(|word| (word, false));
            item.array(
                "answers",
                texts.chain([(*text, true)]),
                |out, (text, is_used)| {
                    push_object(out, |object| {
                        match question.kind {
                            QuestionKind::FillIn => {}
                            QuestionKind::Numeric => write_mark(object, false),
                            _ => write_mark(object, is_used),
                        }
                        object.text("option", text);
                    });
                },
            );
        }
    }
}

fn write_option(object: &mut JsonObject<'_>, option: &QuestionOption) {
    object.text("option", &option.text);
    object.flag_if("correctAnswer", option.is_correct);
}

fn write_bank(row: &mut JsonObject<'_>, survey: &Survey, bank: Bank, language: &Language) {
    match bank {
        Bank::Absent => {}
        Bank::Empty => row.texts("questions", [""; 0]),
        Bank::Whole => {
            let questions = &survey.questions[..survey.bank_length];
            let (first, second) = questions.split_at(survey.first_block);
            let blocks = [(0, first), (survey.first_block, second)];
            let blocks = blocks.into_iter().filter(|(_, block)| !block.is_empty());
            row.array("questions", blocks, |out, (start, block)| {
                push_object(out, |object| {
                    object.text("patern", "https://cdn.example.com/content/index.html");
                    object.array(
                        "questions",
                        block.iter().zip(start..),
                        |out, (question, at)| {
                            push_question(out, at, question, language);
                        },
                    );
                });
            });
        }
    }
}

fn push_question(out: &mut Vec<u8>, place: usize, question: &Question, language: &Language) {
    let Identity::Bank(id) = &question.identity else {
        return;
    };
    let slug = question.slug(language);
    push_object(out, |object| {
        object.text("questionSlug", &slug);
        object.text("idGenerated", &format!("Q{place}__{id}__{slug}"));
        object.text("id", id);
        object.text("idFull", id);
        if let Some(group) = question.group {
            object.object("group", |object| {
                object.number("index", group);
                object.text("id", &Question::group_id(group));
            });
        }
        object.flag_if("isReverse", question.is_reversed);
        object.text("type", "MultipleChoice");
        object.text("question", question.text(language));
        let options = if question.kind.has_bank_options() {
            question.options(language)
        } else {
            Vec::new()
        };
        object.array("answers", &options, |out, option| {
            push_object(out, |object| write_option(object, option));
        });
    });
}
