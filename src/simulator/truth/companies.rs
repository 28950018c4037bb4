//! The rows of `companies` and `company_tags`.

use crate::simulator::truth::{push_row, write_instant};
use crate::simulator::world::World;

/// One company. Of the account's own only what `companies/my` says is known.
pub fn company(out: &mut Vec<u8>, world: &World, company: u32) {
    let facts = world.company(company);
    let listed = (company != world.root()).then_some(&facts);
    push_row(out, |row| {
        row.text("company_id", &facts.id);
        let parent = facts.parent.map(|parent| world.company_id(parent));
        row.text_or_null("parent_company_id", parent.as_deref());
        row.text(
            "kind",
            if world.is_reseller(company) {
                "reseller"
            } else {
                "customer"
            },
        );
        row.text("name", &facts.name);
        let reseller = facts.parent.map(|parent| world.company_name(parent));
        row.text_or_null("reseller_name", reseller.as_deref());
        let industry = listed.and_then(|facts| facts.industry);
        row.text_or_null("industry_name", industry.map(|(_, name)| name));
        row.text_or_null("industry_id", industry.map(|(id, _)| id));
        row.text_or_null("license_type_name", listed.map(|facts| facts.license.1));
        row.text_or_null("license_type_id", listed.map(|facts| facts.license.0));
        row.flag_or_null(
            "is_number_of_users_limited",
            listed.map(|facts| facts.is_limited),
        );
        let limit = listed.and_then(|facts| facts.number_of_users.parse().ok());
        row.number_or_null("number_of_users", limit);
        row.number_or_null("target_user_count", listed.map(|facts| facts.target_users));
        row.number_or_null(
            "deleted_target_user_count",
            listed.map(|facts| facts.deleted_users),
        );
        row.number_or_null(
            "inactive_target_user_count",
            listed.map(|facts| facts.inactive_users),
        );
        row.number_or_null(
            "monthly_active_user_count",
            listed.map(|facts| facts.monthly_active_users),
        );
        row.number("privacy_duration_id", facts.privacy_duration);
        row.flag("is_licence_expired", facts.is_license_expired);
        write_instant(
            row,
            "license_ends_at",
            listed.and_then(|facts| facts.license_ends_at),
        );
        write_instant(row, "created_at", listed.map(|facts| facts.created_at));
        write_instant(row, "access_starts_at", facts.access_starts_at);
        write_instant(row, "access_ends_at", facts.access_ends_at);
        let is_denied = facts.privacy_duration == 0 && !facts.is_license_expired;
        row.text("access_state", if is_denied { "denied" } else { "granted" });
    });
}

/// The tags of one company.
pub fn tags(out: &mut Vec<u8>, world: &World, company: u32) {
    let facts = world.company(company);
    for tag in facts.tags {
        push_row(out, |row| {
            row.text("company_id", &facts.id);
            row.text("tag", tag);
        });
    }
}
