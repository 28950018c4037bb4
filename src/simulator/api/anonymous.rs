//! The reports of anonymous enrollments: the learners, and how it went.

use crate::simulator::api::{Call, Foreign};
use crate::simulator::date::Precision::{Minute, Second};
use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::listing::{RowQuirk, Search, write_page};
use crate::simulator::options::{self, AnonymousData};
use crate::simulator::reply::Reply;
use crate::simulator::world::{AnonymousOutcome, AnonymousResult, EnrollmentPlace, Learner};

const USER_COLUMNS: &[&str] = &["lastInteractionDate", "enrollmentDate", "sessionDate"];
const RESULT_COLUMNS: &[&str] = &["enrollmentDate", "lastInteractionDate", "sessionDate"];
const ROW_BYTES: usize = 300;

/// `POST /api/training-reports/anonymous/{id}`
pub fn users(call: &Call<'_>) -> Reply {
    answer(call, USER_COLUMNS, |_, _| true, push_user)
}

/// `POST /api/training-reports/anonymous/{id}/result`, which lacks who never began.
pub fn results(call: &Call<'_>) -> Reply {
    let world = &call.world;
    answer(
        call,
        RESULT_COLUMNS,
        |place, position| world.has_outcome(place, position),
        push_result,
    )
}

fn answer(
    call: &Call<'_>,
    columns: &[&'static str],
    is_listed: impl Fn(EnrollmentPlace, u32) -> bool,
    push: impl Fn(&mut Vec<u8>, &Call<'_>, &str, &AnonymousResult, RowQuirk),
) -> Reply {
    let search: Search = match call.search(columns) {
        Ok(search) => search,
        Err(reply) => return reply,
    };
    let variant = &call.shared.options.variant;
    let place = match call.enrollment() {
        Ok(place) => Some(place),
        Err(Foreign) if variant.foreign == options::Foreign::Empty => None,
        Err(Foreign) => return Reply::empty(404),
    };
    let world = &call.world;
    let listed: Vec<(EnrollmentPlace, u32)> = place
        .into_iter()
        .flat_map(|place| (0..world.anonymous_count(place)).map(move |position| (place, position)))
        .filter(|&(place, position)| is_listed(place, position))
        .collect();
    let push_row = |out: &mut Vec<u8>, row: usize, quirk| {
        let (place, position) = listed[row];
        let result = world.anonymous_result(place, position);
        push(out, call, call.id, &result, quirk);
    };
    call.envelope(100 * ROW_BYTES, |out| match variant.anonymous_data {
        AnonymousData::Object if listed.is_empty() => out.extend_from_slice(b"null"),
        AnonymousData::Object => push_row(out, 0, RowQuirk::default()),
        AnonymousData::Paged => push_object(out, |data| {
            let count = listed.len() as u64;
            write_page(
                data,
                &search,
                variant,
                call.firings,
                count,
                |out, row, quirk| push_row(out, row as usize, quirk),
            );
        }),
    })
}

fn write_ids(
    row: &mut JsonObject<'_>,
    enrollment: &str,
    result: &AnonymousResult,
    quirk: RowQuirk,
) {
    row.text("enrollmentId", enrollment);
    match &result.learner {
        Learner::Text(text) => row.text("targetUserResourceId", text),
        Learner::Number(number) => row.number("targetUserResourceId", *number),
    }
    if !quirk.lacks_id {
        row.text("targetUserResultId", &result.id);
    }
}

fn push_user(
    out: &mut Vec<u8>,
    call: &Call<'_>,
    enrollment: &str,
    result: &AnonymousResult,
    quirk: RowQuirk,
) {
    push_object(out, |row| {
        write_ids(row, enrollment, result, quirk);
        let dates = &call.shared.dates;
        match result.last_interaction_at {
            Some(at) if quirk.has_other_dates => {
                dates.write_misplaced(row, "lastInteractionDate", at, Minute);
            }
            at => dates.write_if(row, "lastInteractionDate", at, Minute),
        }
        quirk.write_name(row, "status", result.status);
    });
}

fn push_result(
    out: &mut Vec<u8>,
    call: &Call<'_>,
    enrollment: &str,
    result: &AnonymousResult,
    quirk: RowQuirk,
) {
    push_object(out, |row| {
        write_ids(row, enrollment, result, quirk);
        if let Some(outcome) = &result.outcome {
            write_outcome(row, call, outcome, quirk);
        }
    });
}

fn write_outcome(
    row: &mut JsonObject<'_>,
    call: &Call<'_>,
    outcome: &AnonymousOutcome,
    quirk: RowQuirk,
) {
    let dates = &call.shared.dates;
    row.flag("isPassed", outcome.is_passed);
    let enrolled = if outcome.is_misspelled {
        "ernollmentDate"
    } else {
        "enrollmentDate"
    };
    match outcome.enrolled_at {
        Some(at) if quirk.has_other_dates => dates.write_misplaced(row, enrolled, at, Minute),
        at => dates.write_if(row, enrolled, at, Minute),
    }
    dates.write_if(row, "sessionStartDate", outcome.session_started_at, Second);
    dates.write_if(row, "sessionEndDate", outcome.session_ended_at, Second);
    row.number("sessionCount", outcome.session_count);
    match outcome.score {
        // No text stands here that a number could replace, so a text replaces the number.
        Some(_) if quirk.has_number_as_text => row.text("score", "high"),
        Some(score) => row.float("score", score),
        None => {}
    }
}
