//! The two lists of words: one wrapped and in `PascalCase`, the other bare and in camelCase.

use serde_json::{Value, json};

use crate::simulator::api::Call;
use crate::simulator::reply::Reply;

const STATUSES: &[(&str, &str)] = &[
    ("AutoEnroll", "Auto-Enroll"),
    ("Sending", "Sending"),
    ("Finished", "Finished"),
    ("Scheduled", "Scheduled"),
    ("Error", "Error"),
    ("Stopped", "Stopped"),
    ("Paused", "Paused"),
];
const USER_STATUSES: &[(&str, &str)] = &[
    ("NotResponded", "Not Responded"),
    ("OpenedEmail", "Opened Email"),
    ("InProgress", "In Progress"),
    ("Completed", "Completed"),
];

fn choices(words: &[(&str, &str)]) -> Vec<Value> {
    let choice = |(id, (name, shown)): (usize, &(&str, &str))| json!({"id": id + 1, "name": name, "displayName": shown});
    words.iter().enumerate().map(choice).collect()
}

/// `GET /api/enrollments/form-details`
pub fn of_enrollments(call: &Call<'_>) -> Reply {
    let data = json!({
        "enumNameValuePairs": {
            "EnrollmentStatusEnum": choices(STATUSES),
            "EnrollmentTypeEnum": [
                {"id": 1, "name": "Training", "displayName": "Training"},
                {"id": 3, "name": "Poster", "displayName": "Poster"},
                {"id": 4, "name": "Infographic", "displayName": "Infographic"},
                {"id": 6, "name": "Survey", "displayName": "Survey"},
            ],
        },
        "trainingEmailNotificationTemplateTypeResourceId": "TmPl00000001",
    });
    call.envelope(2_048, |out| {
        out.extend_from_slice(data.to_string().as_bytes());
    })
}

/// `GET /api/training-reports/form-details`
pub fn of_reports(call: &Call<'_>) -> Reply {
    let data = json!({
        "targetUserEnrollmentStatusEnum": [
            {"id": 1, "name": "SCORM", "displayName": "Training", "enumResults": choices(USER_STATUSES)},
            {"id": 2, "name": "Survey", "displayName": "Survey", "enumResults": choices(USER_STATUSES)},
        ],
        "examStatusEnum": [
            {"id": 1, "name": "Passed", "displayName": null},
            {"id": 2, "name": "Failed", "displayName": "Failed"},
        ],
    });
    call.envelope(2_048, |out| {
        out.extend_from_slice(data.to_string().as_bytes());
    })
}
