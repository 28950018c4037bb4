//! The listings of enrollments, current and archived, and the detail of one.

use serde_json::Value;

use crate::simulator::api::{Call, Foreign};
use crate::simulator::contract::Violation;
use crate::simulator::created::Created;
use crate::simulator::date::Precision::Minute;
use crate::simulator::json::push_object;
use crate::simulator::listing::{RowQuirk, write_page};
use crate::simulator::options;
use crate::simulator::reply::Reply;
use crate::simulator::world::{Enrollment, EnrollmentPlace};

pub const COLUMNS: &[&str] = &[
    "CreateTime",
    "name",
    "trainingName",
    "category",
    "enrolledBy",
    "startDate",
    "status",
    "delivery",
    "deliveryType",
    "recipientType",
    "level",
    "DurationMinutes",
];
const ROW_BYTES: usize = 1_100;

/// What .NET sends for a date that was never set.
const NO_DATE: &str = "0001-01-01T00:00:00";

/// Which of the two listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// What is not archived.
    Current,
    /// What is.
    Archive,
}

/// `POST /api/enrollments/search` and `POST /api/enrollments/archive/search`
pub fn search(call: &Call<'_>, listing: Listing) -> Reply {
    let search = match call.search(COLUMNS) {
        Ok(search) => search,
        Err(reply) => return reply,
    };
    let wanted = match search.member("enrollmentType") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Null) => {
            call.note(Violation::NullEnrollmentType);
            None
        }
        _ => None,
    };
    let world = &call.world;
    let variant = &call.shared.options.variant;
    let (listed, created) = listed(call, listing, wanted);
    let count = (listed.len() + created.len()) as u64;
    call.envelope(20 * ROW_BYTES, |out| {
        push_object(out, |data| {
            write_page(
                data,
                &search,
                variant,
                call.firings,
                count,
                |out, row, quirk| match listed.get(row as usize) {
                    Some(&place) => push_enrollment(out, call, &world.enrollment(place), quirk),
                    None => push_created(out, call, &created[row as usize - listed.len()]),
                },
            );
        });
    })
}

/// The enrollments of a listing, oldest first: the world's, then those that clients created.
pub fn listed(
    call: &Call<'_>,
    listing: Listing,
    wanted: Option<&str>,
) -> (Vec<EnrollmentPlace>, Vec<Created>) {
    let world = &call.world;
    let variant = &call.shared.options.variant;
    let is_wanted =
        |kind: &str| wanted.is_none_or(|name| kind.replace(' ', "").eq_ignore_ascii_case(name));
    let places = world
        .places(call.company)
        .filter(|&place| {
            let is_archived = world.is_archived(place.company, place.enrollment);
            (variant.listed_steps || !place.is_step())
                && is_archived == (listing == Listing::Archive)
                && is_wanted(world.kind(place).name())
        })
        .collect();
    let mut created = match listing {
        Listing::Current => call.shared.created.of(call.company),
        Listing::Archive => Vec::new(),
    };
    created.retain(|created| is_wanted(created.type_text));
    (places, created)
}

fn push_created(out: &mut Vec<u8>, call: &Call<'_>, created: &Created) {
    let id_member = if call.shared.options.variant.rename_fields {
        "resourceId"
    } else {
        "enrollmentId"
    };
    push_object(out, |row| {
        row.text(id_member, &created.id);
        row.text("name", &created.name);
        row.text("type", created.type_text);
        row.flag("hasQuiz", created.has_quiz);
        row.text("status", created.status());
        row.text("trainingName", &created.training_name);
        row.text_if("category", created.category);
        row.text("enrolledBy", &call.world.company_name(call.company));
        row.text("delivery", "SMTP");
        row.text("deliveryType", "Email");
        row.text("recipientType", "UserGroup");
        let dates = &call.shared.dates;
        dates.write(row, "createTime", created.created_at, Minute);
        dates.write_if(row, "startDate", created.scheduled_at, Minute);
        row.texts("languages", &created.languages);
        row.texts("tags", [""; 0]);
    });
}

fn push_enrollment(out: &mut Vec<u8>, call: &Call<'_>, facts: &Enrollment, quirk: RowQuirk) {
    let id_member = if call.shared.options.variant.rename_fields {
        "resourceId"
    } else {
        "enrollmentId"
    };
    push_object(out, |row| {
        if !quirk.lacks_id {
            row.text(id_member, &facts.id);
        }
        quirk.write_name(row, "name", &facts.name);
        row.text("type", facts.type_text);
        row.flag("hasQuiz", facts.has_quiz);
        row.text("status", facts.status);
        row.text("trainingName", facts.training_name);
        row.text_if("category", facts.category);
        row.text("enrolledBy", &facts.enrolled_by);
        row.text("delivery", "SMTP");
        row.text("deliveryType", facts.delivery_type);
        row.text("recipientType", facts.recipient_type);
        row.text_if("duration", facts.duration.as_deref());
        row.text_if("level", facts.level);
        row.text_if("targetAudience", facts.target_audience);
        row.array("trainingRoles", &facts.roles, |out, &(id, code, name)| {
            push_object(out, |role| {
                role.number("roleId", id);
                role.text("code", code);
                role.text("roleName", name);
            });
        });
        let dates = &call.shared.dates;
        if quirk.has_other_dates {
            dates.write_misplaced(row, "createTime", facts.created_at, Minute);
        } else {
            dates.write(row, "createTime", facts.created_at, Minute);
        }
        dates.write_if(row, "startDate", facts.starts_at, Minute);
        row.texts("languages", &facts.languages);
        row.texts("tags", &facts.tags);
        row.flag("isReminderActive", facts.is_reminder_active);
        row.flag("isAutoEnrollmentActive", facts.is_auto_enrollment);
        row.flag(
            "sendTemplatesInPreferredLanguage",
            facts.sends_preferred_language,
        );
        // Members the vendor's document does not have.
        row.array("trainingCategories", facts.category, |out, name| {
            push_object(out, |category| category.text("displayName", name));
        });
        row.text_if("totalDuration", facts.duration.as_deref());
    });
}

/// `GET /api/enrollments/{id}`. The body has neither id nor status nor company.
pub fn detail(call: &Call<'_>) -> Reply {
    let place = match call.enrollment() {
        Ok(place) => place,
        Err(Foreign) => return foreign(call),
    };
    let facts = call.world.enrollment(place);
    call.envelope(2_048, |out| {
        push_object(out, |data| {
            data.text("trainingId", &facts.training_id);
            data.text("name", &facts.name);
            data.text_if("learningPathId", facts.learning_path_id.as_deref());
            data.number_if("trainingOrder", facts.training_order);
            data.texts("targetGroupResourceIds", &facts.target_groups);
            data.text_if(
                "phishingCampaignResourceId",
                facts.phishing_campaign_id.as_deref(),
            );
            data.texts("phishingCampaignConditionTypes", [""; 0]);
            data.texts("languageIds", [""; 0]);
            data.object("enrollmentScheduler", |scheduler| {
                let dates = &call.shared.dates;
                dates.write_if(scheduler, "scheduledDate", facts.scheduled_at, Minute);
                scheduler.text_if("scheduledTimeZoneId", facts.scheduled_time_zone);
                scheduler.flag("useOwnTimeZone", facts.uses_own_time_zone);
                match facts.due_at {
                    Some(due_at) => dates.write(scheduler, "dueDate", due_at, Minute),
                    None if facts.uses_own_time_zone => scheduler.text("dueDate", NO_DATE),
                    None => {}
                }
            });
            data.flag("awardCertificate", facts.awards_certificate);
            data.text("certificateConfigSendType", facts.certificate_send_type);
            data.flag_if(
                "markedAsTest",
                (!facts.detail_lacks_test).then_some(facts.is_test),
            );
            data.text("trainingTypeId", facts.kind.name());
            data.number_if("distributionDays", facts.distribution_days);
        });
    })
}

/// The answer to the id of another company's enrollment.
pub fn foreign(call: &Call<'_>) -> Reply {
    match call.shared.options.variant.foreign {
        options::Foreign::NotFound => Reply::empty(404),
        options::Foreign::Empty => call.envelope(64, |out| out.extend_from_slice(b"null")),
    }
}
