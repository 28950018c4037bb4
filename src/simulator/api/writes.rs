//! The two calls that change something, and the reports of what they made.

use chrono::DateTime;
use serde_json::{Value, json};

use crate::simulator::api::{Call, Endpoint, enrollments};
use crate::simulator::created::Created;
use crate::simulator::date::Instant;
use crate::simulator::date::Precision::Minute;
use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::listing::member;
use crate::simulator::reply::Reply;

/// Names that are longer are refused.
const MAX_NAME_CHARS: usize = 200;

/// `POST /api/enrollments`
pub fn create(call: &Call<'_>) -> Reply {
    let body = match call.json() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    match understood(call, &body) {
        Ok(created) => {
            let created = call.shared.created.add(created);
            let id_member = if call.shared.options.variant.rename_fields {
                "resourceId"
            } else {
                "id"
            };
            call.envelope(1_024, |out| {
                push_object(out, |data| {
                    data.text(id_member, &created.id);
                    push_created(data, call, &created);
                });
            })
            .with_status(201)
        }
        Err(reasons) => Reply::json(
            400,
            &json!({
                "data": null, "status": "INPUT_ERROR", "message": "Invalid request",
                "validationMessages": reasons,
            }),
        ),
    }
}

/// The enrollment that a request describes, or what is wrong with it.
fn understood(call: &Call<'_>, body: &Value) -> Result<Created, Vec<&'static str>> {
    let world = &call.world;
    let now = call.shared.options.clock.now().timestamp();
    let text = |name| member(body, name).and_then(Value::as_str);
    let mut wrong = Vec::new();
    let name = text("name").unwrap_or_default().trim();
    match name.chars().count() {
        0 => wrong.push("Name is required"),
        count if count > MAX_NAME_CHARS => wrong.push("Name must be at most 200 characters"),
        _ => {}
    }
    let training = world
        .trainings(call.company)
        .into_iter()
        .find(|training| text("trainingId") == Some(&training.id));
    if training.is_none() {
        wrong.push("TrainingId is not valid");
    }
    let asked: Vec<&str> = member(body, "targetGroupResourceIds")
        .and_then(Value::as_array)
        .map(|ids| ids.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut groups = world.target_groups(call.company);
    groups.retain(|group| asked.contains(&group.id.as_str()));
    if asked.is_empty() || groups.len() != asked.len() {
        wrong.push("TargetGroupResourceIds is not valid");
    }
    let scheduler = member(body, "enrollmentScheduler");
    let mut date = |name: &str, reason| -> Option<Instant> {
        let text = member(scheduler?, name)?.as_str()?;
        let at = DateTime::parse_from_rfc3339(text).ok();
        let at = at.map(|at| at.timestamp()).filter(|&at| at > now);
        if at.is_none() {
            wrong.push(reason);
        }
        at
    };
    let scheduled_at = date("scheduledDate", "ScheduledDate is not valid");
    let due_at = date("dueDate", "DueDate is not valid");
    let flag = |name| member(body, name).and_then(Value::as_bool) == Some(true);
    match training {
        Some(training) if wrong.is_empty() => Ok(Created {
            company: call.company,
            id: String::new(),
            name: name.to_owned(),
            training_id: training.id,
            training_name: training.name,
            type_text: training.type_text,
            has_quiz: training.has_quiz,
            category: training.category,
            languages: training.languages,
            people: groups.iter().map(|group| group.users).sum(),
            groups: groups.into_iter().map(|group| group.id).collect(),
            created_at: now,
            scheduled_at,
            scheduled_time_zone: scheduler
                .and_then(|scheduler| member(scheduler, "scheduledTimeZoneId"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            due_at,
            awards_certificate: flag("awardCertificate"),
            is_test: flag("markedAsTest"),
            times_sent: 0,
        }),
        _ => Err(wrong),
    }
}

fn push_created(data: &mut JsonObject<'_>, call: &Call<'_>, created: &Created) {
    data.text("trainingName", &created.training_name);
    data.text_if("category", created.category);
    data.text("targetAudience", "");
    data.texts("languages", &created.languages);
    data.text("type", created.type_text);
    data.text("enrolledBy", &call.world.company_name(call.company));
    data.text("delivery", "SMTP");
    data.number("totalTargetUserCount", created.people);
    data.texts("tags", [""; 0]);
    data.text("status", created.status());
    let dates = &call.shared.dates;
    dates.write_if(data, "startDate", created.scheduled_at, Minute);
    data.flag("awardCertificate", created.awards_certificate);
    data.flag("markedAsTest", created.is_test);
    data.flag("autoEnroll", false);
    data.flag("hasReminder", false);
    data.flag("sendTemplatesInPreferredLanguage", false);
}

/// `POST /api/enrollments/{id}/send`. The world's own enrollments can be sent as well, and stay as they are.
pub fn send(call: &Call<'_>) -> Reply {
    if call.shared.created.find(call.company, call.id).is_some() {
        call.shared.created.send(call.id);
    } else if call.enrollment().is_err() {
        return enrollments::foreign(call);
    }
    call.envelope(128, |out| {
        push_object(out, |data| data.text("resourceId", call.id));
    })
}

/// What is told of an enrollment that a client created. Nobody is reported in it.
pub fn report(call: &Call<'_>, endpoint: Endpoint, created: &Created) -> Option<Reply> {
    match endpoint {
        Endpoint::Details => Some(detail(call, created)),
        Endpoint::Summaries => Some(summary(call, created)),
        Endpoint::Users => Some(users(call)),
        _ => None,
    }
}

fn detail(call: &Call<'_>, created: &Created) -> Reply {
    call.envelope(1_024, |out| {
        push_object(out, |data| {
            data.text("trainingId", &created.training_id);
            data.text("name", &created.name);
            data.texts("targetGroupResourceIds", &created.groups);
            data.object("enrollmentScheduler", |scheduler| {
                let dates = &call.shared.dates;
                dates.write_if(scheduler, "scheduledDate", created.scheduled_at, Minute);
                scheduler.text_if(
                    "scheduledTimeZoneId",
                    created.scheduled_time_zone.as_deref(),
                );
                scheduler.flag("useOwnTimeZone", false);
                dates.write_if(scheduler, "dueDate", created.due_at, Minute);
            });
            data.flag("awardCertificate", created.awards_certificate);
            data.flag("markedAsTest", created.is_test);
            data.text("trainingTypeId", created.type_text);
        });
    })
}

fn summary(call: &Call<'_>, created: &Created) -> Reply {
    call.envelope(1_024, |out| {
        push_object(out, |data| {
            data.object("reportDetail", |detail| {
                for count in [
                    "totalTargetUserCount",
                    "totalUserOpenedCount",
                    "emailDeliveredUserCount",
                ] {
                    detail.number(count, 0);
                }
            });
            data.text("name", &created.name);
            data.number("completedCount", 0);
            data.number("inProgressCount", 0);
            data.texts("targetGroupNames", &created.groups);
            data.flag("isTest", created.is_test);
            data.text("trainingTypeName", created.type_text);
            data.null("steps");
        });
    })
}

fn users(call: &Call<'_>) -> Reply {
    call.envelope(256, |out| {
        push_object(out, |data| {
            data.number("pageNumber", 1);
            data.number("totalNumberOfPages", 0);
            data.number("totalNumberOfRecords", 0);
            data.texts("results", [""; 0]);
        });
    })
}
