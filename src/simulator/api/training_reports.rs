//! The reports of one enrollment: its counts and its users.

use serde_json::Value;

use crate::simulator::api::{Call, Foreign, enrollments};
use crate::simulator::date::Precision::{Minute, Second};
use crate::simulator::date::push_iso_local;
use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::listing::{RowQuirk, write_page};
use crate::simulator::options::{self, Misfit, TrainingTypeRule};
use crate::simulator::reply::Reply;
use crate::simulator::world::{CustomField, EnrollmentKind, ReportBase, Step, Summary, UserReport};

const USER_COLUMNS: &[&str] = &[
    "email",
    "firstName",
    "lastName",
    "phoneNumber",
    "department",
    "status",
    "examScore",
    "firstCompletionDate",
    "lastInteractionDate",
    "deliveryType",
];
const USER_BYTES: usize = 480;

/// `GET /api/training-reports/{id}/summary`
pub fn summary(call: &Call<'_>) -> Reply {
    let place = match call.enrollment() {
        Ok(place) => place,
        Err(Foreign) => return enrollments::foreign(call),
    };
    let world = &call.world;
    let facts = world.enrollment(place);
    let asked = call
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("trainingType="));
    let fits = match asked.unwrap_or("0").parse::<i64>() {
        Ok(number) => number == facts.kind.training_type(),
        Err(_) => asked.is_some_and(|name| name.eq_ignore_ascii_case(facts.kind.name())),
    };
    let fits = fits || call.shared.options.variant.wrong_training_type == Misfit::Ignored;
    let counts = if fits {
        world.summary(place)
    } else {
        Summary::default()
    };
    let steps = if fits { world.steps(place) } else { Vec::new() };
    // The two spellings of a learning path occur in one and the same answer.
    let is_path = facts.kind == EnrollmentKind::LearningPath;
    let spelled = if is_path {
        "Learning Path"
    } else {
        facts.kind.name()
    };
    call.envelope(4_096, |out| {
        push_object(out, |data| {
            data.object("trainingDetails", |training| {
                training.text("id", &facts.training_id);
                training.text("name", facts.training_name);
                training.text("companyName", "System");
                training.text_if("category", facts.category);
                training.text("trainingTypeName", spelled);
                training.flag("hasQuiz", facts.has_quiz);
            });
            data.object("reportDetail", |detail| write_counts(detail, &counts));
            call.shared
                .dates
                .write_if(data, "startDate", facts.starts_at, Minute);
            data.text("name", &facts.name);
            data.number("completedCount", counts.completed);
            data.number("inProgressCount", counts.in_progress);
            data.number_if("groupCount", counts.groups);
            data.texts("targetGroupNames", &facts.target_groups);
            data.texts("languages", &facts.languages);
            data.flag("isTest", facts.is_test);
            data.flag("isScormProxy", facts.is_anonymous);
            if let Some(sent) = counts.sms_sent {
                data.object("smsSummary", |sms| sms.number("sentCount", sent));
            }
            data.text("trainingTypeName", facts.kind.name());
            if steps.is_empty() {
                data.null("steps");
            } else {
                data.array("steps", &steps, push_step);
            }
            data.text("deliveryMethod", facts.delivery_type);
            data.flag(
                "sendTemplatesInPreferredLanguage",
                facts.sends_preferred_language,
            );
            // A member the vendor's document does not have.
            data.number("targetGroupCount", facts.target_groups.len() as i64);
        });
    })
}

fn write_counts(detail: &mut JsonObject<'_>, counts: &Summary) {
    detail.number("totalUserOpenedCount", counts.opened);
    detail.number("totalTargetUserCount", counts.target_users);
    detail.number("onlyOpenedCount", counts.only_opened);
    detail.number("totalNonTargetUserCount", counts.non_target_users);
    detail.number("emailDeliveredUserCount", counts.delivered);
    detail.number("emailErrorUserCount", counts.errors);
    detail.number("noResponseCount", counts.no_response);
    detail.number("didNotCompleteTrainingCount", counts.not_completed);
    detail.number("didNotCompleteExamCount", counts.exam_not_completed);
    detail.number("failedExamCount", counts.exam_failed);
}

fn push_step(out: &mut Vec<u8>, step: &Step) {
    push_object(out, |object| {
        object.number("stepNumber", step.number);
        object.text_if("enrollmentId", step.id.as_deref());
        object.text("trainingName", step.training_name);
        object.flag_if("awardCertificate", step.awards_certificate);
        if let Some(type_name) = step.type_name {
            object.object("trainingDetails", |training| {
                training.text("trainingTypeName", type_name);
                training.flag_if("hasQuiz", step.has_quiz);
            });
        }
    });
}

/// `POST /api/training-reports/{id}/users/search`
pub fn users(call: &Call<'_>) -> Reply {
    let search = match call.search(USER_COLUMNS) {
        Ok(search) => search,
        Err(reply) => return reply,
    };
    let variant = &call.shared.options.variant;
    let world = &call.world;
    let place = match call.enrollment() {
        Ok(place) => Some(place),
        Err(Foreign) if variant.foreign == options::Foreign::Empty => None,
        Err(Foreign) => return Reply::empty(404),
    };
    let place = place
        .filter(|&place| fits_users(world.kind(place), search.member("trainingType"), variant));
    let base = place.map(|place| world.report_base(place));
    let count = base.as_ref().map_or(0, ReportBase::count);
    call.envelope(100 * USER_BYTES, |out| {
        push_object(out, |data| {
            write_page(
                data,
                &search,
                variant,
                call.firings,
                u64::from(count),
                |out, row, quirk| {
                    if let Some(base) = &base {
                        let position = base.position(row as u32);
                        push_user(out, call, &world.user_report(base, position), quirk);
                    }
                },
            );
        });
    })
}

/// Whether a request with this `trainingType` finds the users of an enrollment.
fn fits_users(
    kind: EnrollmentKind,
    asked: Option<&Value>,
    variant: &options::VariantOptions,
) -> bool {
    let names_it = |name: &str| {
        let plain = name.replace(' ', "");
        plain.eq_ignore_ascii_case(kind.name())
            || (kind.is_survey() && plain.eq_ignore_ascii_case("Survey"))
    };
    let asked = asked.filter(|value| !value.is_null());
    if kind == EnrollmentKind::LearningPath {
        return match (variant.training_type, asked) {
            (TrainingTypeRule::Omit, None) => true,
            (TrainingTypeRule::Omit | TrainingTypeRule::Name, Some(Value::String(name))) => {
                names_it(name)
            }
            (TrainingTypeRule::Int, Some(Value::Number(number))) => number.as_i64() == Some(4),
            _ => false,
        };
    }
    if variant.wrong_training_type == Misfit::Ignored {
        return true;
    }
    match asked {
        None => true,
        Some(Value::String(name)) => names_it(name),
        // The one recorded request with 0 for a survey found nobody.
        Some(value) => value.as_i64() == Some(kind.training_type()) && !kind.is_survey(),
    }
}

fn push_user(out: &mut Vec<u8>, call: &Call<'_>, report: &UserReport, quirk: RowQuirk) {
    let person = &report.person;
    let dates = &call.shared.dates;
    push_object(out, |row| {
        dates.write_if(
            row,
            "firstCompletionDate",
            report.first_completed_at,
            Second,
        );
        match report.last_interaction_at {
            Some(at) if quirk.has_other_dates => {
                dates.write_misplaced(row, "lastInteractionDate", at, Second);
            }
            at => dates.write_if(row, "lastInteractionDate", at, Second),
        }
        row.text("deliveryType", report.delivery_type);
        row.text_if("phoneNumber", person.phone.as_deref());
        row.text_if("currentStep", report.current_step.as_deref());
        row.text(report.status.member, report.status.text);
        if let Some(exam) = report.exam_status {
            row.text(exam.member, exam.text);
        }
        if let Some(score) = report.exam_score {
            row.float("examScore", score);
        }
        row.text_if("lastInteractedStep", report.last_step.as_deref());
        row.text_if("enrollmentId", report.enrollment_id.as_deref());
        if !quirk.lacks_id {
            row.text("targetUserResourceId", &person.id);
        }
        quirk.write_name(row, "firstName", person.first_name);
        row.text("lastName", person.last_name);
        row.text_if("email", person.email.as_deref());
        row.text_if("department", person.department);
        row.flag("isMainScore", report.is_main_score);
        if !person.custom_fields.is_empty() {
            row.array("customFieldValues", &person.custom_fields, |out, field| {
                push_custom_field(out, call, field);
            });
        }
    });
}

fn push_custom_field(out: &mut Vec<u8>, call: &Call<'_>, field: &CustomField) {
    push_object(out, |object| {
        object.text("resourceId", field.id);
        object.text("name", field.name);
        object.text("dataType", field.data_type);
        // Recorded with an explicit null beside a timestamp.
        object.text_or_null("value", field.value.as_deref());
        if let Some(at) = field.timestamp {
            push_iso_local(
                object.member("timestampValue"),
                call.shared.dates.zone.local(at),
            );
        }
    });
}
