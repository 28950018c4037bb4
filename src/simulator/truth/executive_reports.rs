//! The rows of `executive_reports`.

use serde_json::Value;

use crate::simulator::truth::{push_row, write_instant};
use crate::simulator::world::World;

/// The reports of one company, as their list and each of them together say.
pub fn executive_reports(out: &mut Vec<u8>, world: &World, company: u32) {
    for report in world.executive_reports(company) {
        let facts = world.executive_report(company, report);
        push_row(out, |row| {
            row.text("company_id", &world.company_id(company));
            row.text("report_id", &facts.id);
            row.text("name", facts.name);
            row.text_or_null("description", facts.description);
            row.text("company_name", &facts.company_name);
            row.number("vendor_company_id", facts.company_number);
            write_instant(row, "created_at", Some(facts.created_at));
            row.text("date_period", facts.date_period.name());
            row.text("date_range", &facts.date_range);
            write_instant(row, "starts_at", facts.starts_at);
            write_instant(row, "ends_at", facts.ends_at);
            row.flag("is_editable", facts.is_editable);
            row.flag("is_deletable", facts.is_deletable);
            row.flag("is_support_manager", facts.is_support_manager);
            let layout: Value = serde_json::from_str(&facts.layout).unwrap_or_default();
            row.member("widget_layout")
                .extend_from_slice(layout.to_string().as_bytes());
        });
    }
}
