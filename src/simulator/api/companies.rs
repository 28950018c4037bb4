//! The company listing, flat or nested, and the tree of `companies/my`.

use serde_json::Value;

use crate::simulator::api::Call;
use crate::simulator::date::Precision::Minute;
use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::listing::{RowQuirk, write_page};
use crate::simulator::options::Clustering;
use crate::simulator::reply::Reply;

const COLUMNS: &[&str] = &["CreateTime", "CompanyName", "LicenseEndDate"];
const ROW_BYTES: usize = 900;

/// `POST /api/companies/search`
pub fn search(call: &Call<'_>) -> Reply {
    let search = match call.search(COLUMNS) {
        Ok(search) => search,
        Err(reply) => return reply,
    };
    let world = &call.world;
    let is_asked = search.member("isClustered").and_then(Value::as_bool) == Some(true);
    let is_nested = is_asked && call.shared.options.variant.clustered_children != Clustering::None;
    let listed = if is_nested {
        Some(world.children(world.root()))
    } else {
        world.other_companies()
    };
    let count = listed
        .as_ref()
        .map_or(u64::from(world.root()), |listed| listed.len() as u64);
    call.envelope(100 * ROW_BYTES, |out| {
        push_object(out, |data| {
            data.number("limitExceededCompanyCount", 0);
            write_page(
                data,
                &search,
                &call.shared.options.variant,
                call.firings,
                count,
                |out, row, quirk| {
                    let company = match &listed {
                        Some(listed) => listed[row as usize],
                        None => world.company_at(row as u32),
                    };
                    push_company(out, call, company, quirk, is_nested);
                },
            );
        });
    })
}

fn push_company(
    out: &mut Vec<u8>,
    call: &Call<'_>,
    company: u32,
    quirk: RowQuirk,
    is_nested: bool,
) {
    let world = &call.world;
    let facts = world.company(company);
    let is_renamed = call.shared.options.variant.rename_fields;
    push_object(out, |row| {
        quirk.write_name(row, "companyName", &facts.name);
        if !quirk.lacks_id {
            row.text(
                if is_renamed {
                    "resourceId"
                } else {
                    "companyResourceId"
                },
                &facts.id,
            );
        }
        if let Some(parent) = facts.parent {
            row.text("resellerName", &world.company_name(parent));
        }
        row.text_if("industryName", facts.industry.map(|(_, name)| name));
        row.text_if("industryResourceId", facts.industry.map(|(id, _)| id));
        row.text("licenseTypeName", facts.license.1);
        row.text("licenseTypeResourceId", facts.license.0);
        row.flag("isNumberOfUsersLimited", facts.is_limited);
        match facts.number_of_users.parse() {
            // The vendor's prose has a number here, the service a text.
            Ok(number) if is_renamed => row.number("numberOfUsers", number),
            _ => row.text("numberOfUsers", &facts.number_of_users),
        }
        row.number("privacyDurationId", facts.privacy_duration);
        row.flag("licenceExpired", facts.is_license_expired);
        let dates = &call.shared.dates;
        if quirk.has_other_dates {
            dates.write_misplaced(row, "createTime", facts.created_at, Minute);
        } else {
            dates.write(row, "createTime", facts.created_at, Minute);
        }
        dates.write_if(row, "licenseEndDate", facts.license_ends_at, Minute);
        row.number("targetUserCount", facts.target_users);
        row.number("deletedTargetUserCount", facts.deleted_users);
        row.number("inactiveTargetUserCount", facts.inactive_users);
        row.number("monthlyActiveUserCount", facts.monthly_active_users);
        row.texts("tags", &facts.tags);
        // Members the vendor's document does not have.
        row.text("enrolledVendorNames", "Vendor One , Vendor Two");
        row.number("monthlyEnrolled", facts.monthly_active_users / 2);
        if is_nested {
            push_children(row, call, company);
        }
    });
}

fn push_children(row: &mut JsonObject<'_>, call: &Call<'_>, company: u32) {
    let mut children = call.world.children(company);
    let repeats_parent = !children.is_empty()
        && call.shared.options.variant.clustered_children == Clustering::Repeated;
    if repeats_parent {
        children.push(company);
    }
    row.array("children", children, |out, child| {
        push_company(out, call, child, RowQuirk::default(), child != company);
    });
}

/// `GET /api/companies/my`
pub fn my(call: &Call<'_>) -> Reply {
    let world = &call.world;
    call.envelope(4_096, |out| {
        out.push(b'[');
        push_node(out, call, world.root());
        out.push(b']');
    })
}

fn push_node(out: &mut Vec<u8>, call: &Call<'_>, company: u32) {
    let facts = call.world.company(company);
    push_object(out, |node| {
        node.text("name", &facts.name);
        node.text("resourceId", &facts.id);
        node.text("logoUrl", "https://cdn.example.com/logo.png");
        node.number("privacyDurationId", facts.privacy_duration);
        node.flag("licenceExpired", facts.is_license_expired);
        let dates = &call.shared.dates;
        dates.write_if(
            node,
            "privacyDurationStartTime",
            facts.access_starts_at,
            Minute,
        );
        dates.write_if(node, "privacyDurationEndTime", facts.access_ends_at, Minute);
        let children = call.world.children(company);
        node.array("children", children, |out, child| {
            push_node(out, call, child);
        });
    });
}
