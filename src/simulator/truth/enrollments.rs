//! The rows of `enrollments` and of what hangs on one: tags, languages, groups, roles, counts,
//! steps.

use crate::simulator::json::JsonObject;
use crate::simulator::truth::{push_row, write_instant};
use crate::simulator::world::World;

/// One enrollment, as listing, detail and summary describe it together.
pub fn enrollment(out: &mut Vec<u8>, world: &World, company: u32, enrollment: u32) {
    let facts = world.enrollment(company, enrollment);
    push_row(out, |row| {
        row.text("company_id", &world.company_id(company));
        row.text("enrollment_id", &facts.id);
        row.text("name", &facts.name);
        row.text("type", facts.type_text);
        row.flag("is_survey", facts.type_text == "Survey" || facts.has_quiz);
        row.flag("is_archived", facts.is_archived);
        row.flag("is_listed", true);
        row.text("status", facts.status);
        row.text("training_name", facts.training_name);
        row.text_or_null("category", facts.category);
        row.text("enrolled_by", &facts.enrolled_by);
        row.text("delivery", "SMTP");
        row.text("delivery_type", facts.delivery_type);
        row.text("recipient_type", facts.recipient_type);
        row.text_or_null("duration", facts.duration.as_deref());
        row.text_or_null("level", facts.level);
        row.text_or_null("target_audience", facts.target_audience);
        write_instant(row, "starts_at", facts.starts_at);
        write_instant(row, "created_at", Some(facts.created_at));
        row.flag("is_reminder_active", facts.is_reminder_active);
        row.flag("is_auto_enrollment_active", facts.is_auto_enrollment);
        row.flag("sends_preferred_language", facts.sends_preferred_language);
        row.text("training_id", &facts.training_id);
        row.text_or_null("learning_path_id", facts.learning_path_id.as_deref());
        row.null("training_order");
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

/// The tags of one enrollment.
pub fn tags(out: &mut Vec<u8>, world: &World, company: u32, enrollment: u32) {
    for tag in world.enrollment(company, enrollment).tags {
        push_part(out, world, company, enrollment, |row| row.text("tag", tag));
    }
}

/// The languages of one enrollment.
pub fn languages(out: &mut Vec<u8>, world: &World, company: u32, enrollment: u32) {
    for language in world.enrollment(company, enrollment).languages {
        push_part(out, world, company, enrollment, |row| {
            row.text("language", language);
        });
    }
}

/// The target groups of one enrollment.
pub fn target_groups(out: &mut Vec<u8>, world: &World, company: u32, enrollment: u32) {
    for group in world.enrollment(company, enrollment).target_groups {
        push_part(out, world, company, enrollment, |row| {
            row.text("target_group_id", &group);
        });
    }
}

/// The roles one enrollment is made for.
pub fn roles(out: &mut Vec<u8>, world: &World, company: u32, enrollment: u32) {
    for (id, code, name) in world.enrollment(company, enrollment).roles {
        push_part(out, world, company, enrollment, |row| {
            row.number("role_id", id);
            row.text("code", code);
            row.text("role_name", name);
        });
    }
}

/// The counts of one enrollment.
pub fn summary(out: &mut Vec<u8>, world: &World, company: u32, enrollment: u32) {
    let facts = world.enrollment(company, enrollment);
    let counts = world.summary(company, enrollment);
    push_part(out, world, company, enrollment, |row| {
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
pub fn steps(out: &mut Vec<u8>, world: &World, company: u32, enrollment: u32) {
    for step in world.steps(company, enrollment) {
        push_part(out, world, company, enrollment, |row| {
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
    company: u32,
    enrollment: u32,
    fill: impl FnOnce(&mut JsonObject<'_>),
) {
    push_row(out, |row| {
        row.text("company_id", &world.company_id(company));
        row.text("enrollment_id", &world.enrollment_id(company, enrollment));
        fill(row);
    });
}
