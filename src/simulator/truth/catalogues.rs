//! The rows of `trainings`, `target_groups` and `widgets`.

use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::truth::{push_row, write_instant};
use crate::simulator::world::World;

/// The trainings of one company.
pub fn trainings(out: &mut Vec<u8>, world: &World, company: u32) {
    for facts in world.trainings(company) {
        push_row(out, |row| {
            row.text("company_id", &world.company_id(company));
            row.text("training_id", &facts.id);
            row.text("name", &facts.name);
            row.text_or_null("description", facts.description);
            row.text("type", facts.type_text);
            row.text_or_null("category", facts.category);
            row.text_or_null("target_audience", facts.target_audience);
            row.text_or_null("level", facts.level);
            row.text_or_null("duration", facts.duration.as_deref());
            row.flag("has_quiz", facts.has_quiz);
            row.text_or_null("vendor_name", facts.vendor_name);
            row.text("created_by", &facts.created_by);
            write_instant(row, "created_at", Some(facts.created_at));
            row.flag("is_new", facts.is_new);
            row.flag("is_favourite", facts.is_favourite);
            row.flag("is_editable", facts.is_editable);
            write_texts(row, "languages", &facts.languages);
            write_texts(row, "tags", facts.tags.as_deref().unwrap_or_default());
            write_texts(row, "compliances", &facts.compliances);
            write_texts(row, "available_for", &facts.available_for);
            if facts.roles.is_empty() {
                row.null("training_roles");
            } else {
                row.array("training_roles", &facts.roles, |out, &(id, code, name)| {
                    push_object(out, |role| {
                        role.number("roleId", id);
                        role.text("code", code);
                        role.text("roleName", name);
                    });
                });
            }
            row.text_or_null("cover_image_url", facts.cover_image_url.as_deref());
        });
    }
}

/// The groups of users of one company.
pub fn target_groups(out: &mut Vec<u8>, world: &World, company: u32) {
    for facts in world.target_groups(company) {
        push_row(out, |row| {
            row.text("company_id", &world.company_id(company));
            row.text("group_id", &facts.id);
            row.text("name", &facts.name);
            row.text("company_name", &facts.company_name);
            row.number("user_count", facts.users);
            row.text_or_null("priority", facts.priority);
            write_instant(row, "created_at", Some(facts.created_at));
            write_instant(row, "updated_at", facts.updated_at);
        });
    }
}

/// The widgets of one company's licence.
pub fn widgets(out: &mut Vec<u8>, world: &World, company: u32) {
    for facts in world.widgets(company) {
        push_row(out, |row| {
            row.text("company_id", &world.company_id(company));
            row.text("widget_id", &facts.id);
            row.text("group_name", facts.group);
            row.text("name", facts.name);
            row.text_or_null("description", facts.description);
            row.text("widget_type", facts.kind.widget_type);
            row.text("chart_type", facts.chart_type);
            row.text_or_null("image_url", facts.image_url.as_deref());
            row.flag("is_support_manager", facts.is_support_manager);
        });
    }
}

fn write_texts(row: &mut JsonObject<'_>, name: &str, items: &[&str]) {
    if items.is_empty() {
        row.null(name);
    } else {
        row.texts(name, items);
    }
}
