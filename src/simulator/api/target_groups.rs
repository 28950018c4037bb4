//! The groups of users of a company.

use crate::simulator::api::Call;
use crate::simulator::date::Precision::Minute;
use crate::simulator::json::push_object;
use crate::simulator::listing::{RowQuirk, write_page};
use crate::simulator::reply::Reply;
use crate::simulator::world::TargetGroup;

const COLUMNS: &[&str] = &["CreateTime", "Name"];
const ROW_BYTES: usize = 250;

/// `POST /api/target-groups/search/current-company`
pub fn search(call: &Call<'_>) -> Reply {
    let search = match call.search(COLUMNS) {
        Ok(search) => search,
        Err(reply) => return reply,
    };
    let listed = call.world.target_groups(call.company);
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
                |out, row, quirk| push_group(out, call, &listed[row as usize], quirk),
            );
        });
    })
}

fn push_group(out: &mut Vec<u8>, call: &Call<'_>, facts: &TargetGroup, quirk: RowQuirk) {
    push_object(out, |row| {
        if !quirk.lacks_id {
            row.text("resourceId", &facts.id);
        }
        quirk.write_name(row, "name", &facts.name);
        row.text("companyName", &facts.company_name);
        row.number("userCount", facts.users);
        row.text_if("priority", facts.priority);
        let dates = &call.shared.dates;
        if quirk.has_other_dates {
            dates.write_misplaced(row, "createTime", facts.created_at, Minute);
        } else {
            dates.write(row, "createTime", facts.created_at, Minute);
        }
        dates.write_if(row, "updateTime", facts.updated_at, Minute);
    });
}
