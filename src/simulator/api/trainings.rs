//! The library of trainings.

use serde_json::Value;

use crate::simulator::api::Call;
use crate::simulator::contract::Violation;
use crate::simulator::date::Precision::Minute;
use crate::simulator::json::push_object;
use crate::simulator::listing::{RowQuirk, write_page};
use crate::simulator::reply::Reply;
use crate::simulator::world::Training;

const COLUMNS: &[&str] = &["createTime", "Name"];
const ROW_BYTES: usize = 900;

/// `POST /api/trainings/search`
pub fn search(call: &Call<'_>) -> Reply {
    let search = match call.search(COLUMNS) {
        Ok(search) => search,
        Err(reply) => return reply,
    };
    let Some(kind @ 1..=4) = search.member("trainingSearchType").and_then(Value::as_i64) else {
        call.note(Violation::TrainingSearchType);
        return Reply::invalid("TrainingSearchType is not valid");
    };
    let wanted = search
        .member("trainingType")
        .and_then(Value::as_str)
        .map(without_spaces);
    let listed: Vec<Training> = call
        .world
        .trainings(call.company)
        .into_iter()
        .filter(|training| match kind {
            2 => training.is_enrolled,
            3 => training.is_favourite,
            4 => training.is_own,
            _ => true,
        })
        .filter(|training| {
            wanted
                .as_ref()
                .is_none_or(|wanted| *wanted == without_spaces(training.type_text))
        })
        .collect();
    let variant = &call.shared.options.variant;
    let count = listed.len() as u64;
    call.envelope(listed.len() * ROW_BYTES, |out| {
        push_object(out, |data| {
            write_page(
                data,
                &search,
                variant,
                call.firings,
                count,
                |out, row, quirk| push_training(out, call, &listed[row as usize], quirk),
            );
        });
    })
}

/// Types are asked for with and without their spaces.
fn without_spaces(name: &str) -> String {
    name.replace(' ', "").to_ascii_lowercase()
}

fn push_training(out: &mut Vec<u8>, call: &Call<'_>, facts: &Training, quirk: RowQuirk) {
    push_object(out, |row| {
        if !quirk.lacks_id {
            row.text("trainingId", &facts.id);
        }
        quirk.write_name(row, "trainingName", &facts.name);
        row.text_if("description", facts.description);
        row.text("type", facts.type_text);
        row.text_if("category", facts.category);
        row.text_if("targetAudience", facts.target_audience);
        row.text_if("level", facts.level);
        row.text_if("duration", facts.duration.as_deref());
        row.flag("hasQuiz", facts.has_quiz);
        row.text_if("vendorName", facts.vendor_name);
        row.text("createdBy", &facts.created_by);
        let dates = &call.shared.dates;
        if quirk.has_other_dates {
            dates.write_misplaced(row, "createTime", facts.created_at, Minute);
        } else {
            dates.write(row, "createTime", facts.created_at, Minute);
        }
        row.flag("isNew", facts.is_new);
        row.flag("isFavourite", facts.is_favourite);
        row.flag("isEditable", facts.is_editable);
        row.texts("languages", &facts.languages);
        if let Some(tags) = &facts.tags {
            row.texts("tags", tags);
        }
        row.texts("compliances", &facts.compliances);
        row.texts("availableFor", &facts.available_for);
        row.array("trainingRoles", &facts.roles, |out, &(id, code, name)| {
            push_object(out, |role| {
                role.number("roleId", id);
                role.text("code", code);
                role.text("roleName", name);
            });
        });
        if let Some(url) = &facts.cover_image_url {
            row.object("coverImage", |image| {
                image.text("imageUrl", url);
                image.text("name", "cover.png");
            });
        }
        // A member the vendor's document does not have.
        row.text_if("totalDuration", facts.duration.as_deref());
    });
}
