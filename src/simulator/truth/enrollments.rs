//! The rows of `enrollments` and of what hangs on one: tags, languages, groups, roles, counts,
//! steps.

use crate::simulator::json::JsonObject;
use crate::simulator::truth::{Asked, push_row, write_instant};
use crate::simulator::world::{Enrollment, EnrollmentPlace, World};

/// One enrollment, as listing, detail and summary describe it together. Of a step that no listing
/// shows, the steps of its path tell the name and the type.
pub fn enrollment(out: &mut Vec<u8>, world: &World, asked: Asked, place: EnrollmentPlace) {
    let facts = world.enrollment(place);
    let path = place.is_step().then(|| place.with_step(0));
    let listed = asked.is_listed(place).then_some(&facts);
    push_row(out, |row| {
        row.text("company_id", &world.company_id(place.company));
        row.text("enrollment_id", &facts.id);
        row.text(
            "name",
            listed.map_or(facts.training_name, |facts| &facts.name),
        );
        row.text("type", facts.type_text);
        row.flag("is_survey", facts.type_text == "Survey" || facts.has_quiz);
        row.flag("is_archived", facts.is_archived);
        row.flag("is_listed", listed.is_some());
        row.flag("is_step", place.is_step());
        let parent = path.map(|path| world.enrollment_id(path));
        row.text_or_null("parent_enrollment_id", parent.as_deref());
        row.number_or_null("step_number", path.map(|_| i64::from(place.step)));
        row.text("training_name", facts.training_name);
        write_listed(row, listed);
        row.text("training_id", &facts.training_id);
        row.text_or_null("learning_path_id", facts.learning_path_id.as_deref());
        row.number_or_null("training_order", facts.training_order);
        write_instant(row, "due_at", facts.due_at);
        write_instant(row, "scheduled_at", facts.scheduled_at);
        row.text_or_null("scheduled_time_zone", facts.scheduled_time_zone);
        row.flag("uses_own_time_zone", facts.uses_own_time_zone);
        row.flag("awards_certificate", facts.awards_certificate);
        row.text("certificate_send_type", facts.certificate_send_type);
        // Where the detail leaves the mark out, the summary has it.
        row.flag("is_test", facts.is_test);
        row.text("training_type_id", facts.kind.name());
        row.number_or_null("distribution_days", facts.distribution_days);
        row.text_or_null(
            "phishing_campaign_id",
            facts.phishing_campaign_id.as_deref(),
        );
    });
}

/// What only a listing says.
fn write_listed(row: &mut JsonObject<'_>, listed: Option<&Enrollment>) {
    row.text_or_null("status", listed.map(|facts| facts.status));
    row.text_or_null("category", listed.and_then(|facts| facts.category));
    row.text_or_null(
        "enrolled_by",
        listed.map(|facts| facts.enrolled_by.as_str()),
    );
    row.text_or_null("delivery", listed.map(|_| "SMTP"));
    row.text_or_null("delivery_type", listed.map(|facts| facts.delivery_type));
    row.text_or_null("recipient_type", listed.map(|facts| facts.recipient_type));
    row.text_or_null(
        "duration",
        listed.and_then(|facts| facts.duration.as_deref()),
    );
    row.text_or_null("level", listed.and_then(|facts| facts.level));
    row.text_or_null(
        "target_audience",
        listed.and_then(|facts| facts.target_audience),
    );
    write_instant(row, "starts_at", listed.and_then(|facts| facts.starts_at));
    write_instant(row, "created_at", listed.map(|facts| facts.created_at));
    row.flag_or_null(
        "is_reminder_active",
        listed.map(|facts| facts.is_reminder_active),
    );
    row.flag_or_null(
        "is_auto_enrollment_active",
        listed.map(|facts| facts.is_auto_enrollment),
    );
    row.flag_or_null(
        "sends_preferred_language",
        listed.map(|facts| facts.sends_preferred_language),
    );
}

/// The tags of one enrollment.
pub fn tags(out: &mut Vec<u8>, world: &World, asked: Asked, place: EnrollmentPlace) {
    if !asked.is_listed(place) {
        return;
    }
    for tag in world.enrollment(place).tags {
        push_part(out, world, place, |row| row.text("tag", tag));
    }
}

/// The languages of one enrollment.
pub fn languages(out: &mut Vec<u8>, world: &World, asked: Asked, place: EnrollmentPlace) {
    if !asked.is_listed(place) {
        return;
    }
    for language in world.enrollment(place).languages {
        push_part(out, world, place, |row| {
            row.text("language", language);
        });
    }
}

/// The target groups of one enrollment.
pub fn target_groups(out: &mut Vec<u8>, world: &World, _: Asked, place: EnrollmentPlace) {
    for group in world.enrollment(place).target_groups {
        push_part(out, world, place, |row| {
            row.text("target_group_id", &group);
        });
    }
}

/// The roles one enrollment is made for.
pub fn roles(out: &mut Vec<u8>, world: &World, asked: Asked, place: EnrollmentPlace) {
    if !asked.is_listed(place) {
        return;
    }
    for (id, code, name) in world.enrollment(place).roles {
        push_part(out, world, place, |row| {
            row.number("role_id", id);
            row.text("code", code);
            row.text("role_name", name);
        });
    }
}

/// The counts of one enrollment.
pub fn summary(out: &mut Vec<u8>, world: &World, _: Asked, place: EnrollmentPlace) {
    let facts = world.enrollment(place);
    let counts = world.summary(place);
    push_part(out, world, place, |row| {
        row.number("total_target_user_count", counts.target_users);
        row.number("total_user_opened_count", counts.opened);
        row.number("only_opened_count", counts.only_opened);
        row.number("total_non_target_user_count", counts.non_target_users);
        row.number("email_delivered_user_count", counts.delivered);
        row.number("email_error_user_count", counts.errors);
        row.number("no_response_count", counts.no_response);
        row.number("did_not_complete_training_count", counts.not_completed);
        row.number("did_not_complete_exam_count", counts.exam_not_completed);
        row.number("failed_exam_count", counts.exam_failed);
        row.number("completed_count", counts.completed);
        row.number("in_progress_count", counts.in_progress);
        row.number_or_null("group_count", counts.groups);
        row.number_or_null("sms_sent_count", counts.sms_sent);
        row.flag("is_test", facts.is_test);
        row.flag("is_scorm_proxy", facts.is_anonymous);
        row.text("training_type_name", facts.kind.name());
        row.text("delivery_method", facts.delivery_type);
        write_instant(row, "starts_at", facts.starts_at);
    });
}

/// The steps of one learning path.
pub fn steps(out: &mut Vec<u8>, world: &World, _: Asked, place: EnrollmentPlace) {
    for step in world.steps(place) {
        push_part(out, world, place, |row| {
            row.number("step_number", step.number);
            row.text_or_null("step_enrollment_id", step.id.as_deref());
            row.text("training_name", step.training_name);
            row.text_or_null("training_type_name", step.type_name);
            row.flag_or_null("awards_certificate", step.awards_certificate);
            row.flag_or_null("has_quiz", step.has_quiz);
        });
    }
}

fn push_part(
    out: &mut Vec<u8>,
    world: &World,
    place: EnrollmentPlace,
    fill: impl FnOnce(&mut JsonObject<'_>),
) {
    push_row(out, |row| {
        row.text("company_id", &world.company_id(place.company));
        row.text("enrollment_id", &world.enrollment_id(place));
        fill(row);
    });
}
