//! The rows of `enrollment_users`, `target_users` and `user_custom_fields`.

use std::cmp::Reverse;
use std::ops::Range;

use crate::simulator::json::JsonObject;
use crate::simulator::truth::{Table, push_row, write_instant};
use crate::simulator::world::{EnrollmentPlace, Person, World};

/// Report rows of one enrollment or step.
pub fn reports(out: &mut Vec<u8>, world: &World, place: EnrollmentPlace, ranks: Range<u32>) {
    let base = world.report_base(place);
    let company_id = world.company_id(place.company);
    let enrollment_id = world.enrollment_id(place);
    for rank in ranks {
        let position = base.position(rank);
        let report = world.user_report(&base, position);
        push_row(out, |row| {
            row.text("company_id", &company_id);
            row.text("enrollment_id", &enrollment_id);
            let reported = report.enrollment_id.as_deref().unwrap_or(&enrollment_id);
            row.text("reported_enrollment_id", reported);
            row.text("target_user_id", &report.person.id);
            write_person(row, &report.person);
            row.text("status", report.status.text);
            row.text_or_null("exam_status", report.exam_status.map(|exam| exam.text));
            match report.exam_score {
                Some(score) => row.float("exam_score", score),
                None => row.null("exam_score"),
            }
            row.flag("is_main_score", report.is_main_score);
            write_instant(row, "first_completed_at", report.first_completed_at);
            write_instant(row, "last_interaction_at", report.last_interaction_at);
            row.text("delivery_type", report.delivery_type);
            row.text_or_null("current_step", report.current_step.as_deref());
            row.text_or_null("last_interacted_step", report.last_step.as_deref());
        });
    }
}

/// People of one company, or their custom fields, as the newest enrollment that has them says.
pub fn people(out: &mut Vec<u8>, world: &World, table: Table, company: u32, people: Range<u32>) {
    let company_id = world.company_id(company);
    // The steps of a learning path report people at the same time as the path.
    let mut newest: Vec<EnrollmentPlace> = world.places(company).collect();
    newest.sort_by_cached_key(|&place| {
        let created_at = world.created_at(company, place.enrollment);
        Reverse((created_at, world.enrollment_id(place)))
    });
    for person in people {
        let newest_row = newest
            .iter()
            .find_map(|&place| Some((place, world.position_of(place, person)?)));
        let Some((place, position)) = newest_row else {
            continue;
        };
        let facts = world.person(place, position);
        if table == Table::TargetUsers {
            push_row(out, |row| {
                row.text("company_id", &company_id);
                row.text("target_user_id", &facts.id);
                let is_masked = facts
                    .email
                    .as_deref()
                    .is_some_and(|email| !email.is_empty() && !email.contains('@'));
                row.flag("is_email_masked", is_masked);
                write_person(row, &facts);
            });
            continue;
        }
        for field in &facts.custom_fields {
            push_row(out, |row| {
                row.text("company_id", &company_id);
                row.text("target_user_id", &facts.id);
                row.text("field_id", field.id);
                row.text("name", field.name);
                row.text("data_type", field.data_type);
                row.text_or_null("value", field.value.as_deref());
                write_instant(row, "timestamp_value", field.timestamp);
            });
        }
    }
}

fn write_person(row: &mut JsonObject<'_>, person: &Person) {
    // The vendor's word for a name it lost is no name.
    let name = |text: &'static str| (text != "undefined").then_some(text);
    row.text_or_null("email", person.email.as_deref());
    row.text_or_null("first_name", name(person.first_name));
    row.text_or_null("last_name", name(person.last_name));
    row.text_or_null("department", person.department);
    row.text_or_null("phone_number", person.phone.as_deref());
}
