//! The rows of `anonymous_results`.

use crate::simulator::truth::{Asked, push_row, write_instant};
use crate::simulator::world::{EnrollmentPlace, Learner, World};

/// The results of one enrollment.
pub fn results(out: &mut Vec<u8>, world: &World, asked: Asked, place: EnrollmentPlace) {
    let count = world.anonymous_count(place);
    let shown = if asked.has_one_result {
        count.min(1)
    } else {
        count
    };
    for position in 0..shown {
        let result = world.anonymous_result(place, position);
        let outcome = result.outcome.as_ref();
        push_row(out, |row| {
            row.text("company_id", &world.company_id(place.company));
            row.text("enrollment_id", &world.enrollment_id(place));
            row.text("result_id", &result.id);
            match &result.learner {
                Learner::Text(text) => row.text("target_user_id", text),
                Learner::Number(number) => row.text("target_user_id", &number.to_string()),
            }
            row.text("status", result.status);
            write_instant(row, "last_interaction_at", result.last_interaction_at);
            row.flag_or_null("is_passed", outcome.map(|outcome| outcome.is_passed));
            match outcome.and_then(|outcome| outcome.score) {
                Some(score) => row.float("score", score),
                None => row.null("score"),
            }
            let enrolled_at = outcome.and_then(|outcome| outcome.enrolled_at);
            write_instant(row, "enrolled_at", enrolled_at);
            let started_at = outcome.and_then(|outcome| outcome.session_started_at);
            write_instant(row, "session_started_at", started_at);
            let ended_at = outcome.and_then(|outcome| outcome.session_ended_at);
            write_instant(row, "session_ended_at", ended_at);
            let session_count = outcome.map(|outcome| outcome.session_count);
            row.number_or_null("session_count", session_count);
        });
    }
}
