//! The vendor's own file of the enrollment list.

use serde_json::Value;

use crate::simulator::api::Call;
use crate::simulator::api::enrollments::{COLUMNS, Listing, listed};
use crate::simulator::date::Instant;
use crate::simulator::date::push_utc;
use crate::simulator::reply::Reply;
use crate::simulator::workbook;

const HEADER: [&str; 5] = ["Name", "Type", "Status", "Training", "Created"];

/// `POST /api/enrollments/search/export`
pub fn enrollments(call: &Call<'_>) -> Reply {
    let search = match call.search(COLUMNS) {
        Ok(search) => search,
        Err(reply) => return reply,
    };
    let wanted = search.member("enrollmentType").and_then(Value::as_str);
    let (places, created) = listed(call, Listing::Current, wanted);
    let world = &call.world;
    let mut rows = vec![HEADER.map(str::to_owned).to_vec()];
    rows.extend(places.into_iter().map(|place| {
        let facts = world.enrollment(place);
        let words = [
            facts.name.as_str(),
            facts.type_text,
            facts.status,
            facts.training_name,
        ];
        row(words, facts.created_at)
    }));
    rows.extend(created.iter().map(|created| {
        let words = [
            &*created.name,
            created.type_text,
            created.status(),
            &*created.training_name,
        ];
        row(words, created.created_at)
    }));
    if search.member("reportAllPages").and_then(Value::as_bool) != Some(true) {
        let number = |name| search.member(name).and_then(Value::as_u64).unwrap_or(1) as usize;
        let (page, size) = (number("pageNumber"), number("pageSize"));
        let header = rows.remove(0);
        rows = rows
            .into_iter()
            .skip((page - 1) * size)
            .take(size)
            .collect();
        rows.insert(0, header);
    }
    match search.member("exportType").and_then(Value::as_str) {
        Some("CSV") => Reply::file("text/csv; charset=utf-8", csv(&rows)),
        Some("Excel") => Reply::file(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            workbook::of(&rows),
        ),
        _ => Reply::invalid("ExportType is not valid"),
    }
}

fn row(words: [&str; 4], created_at: Instant) -> Vec<String> {
    let mut at = Vec::new();
    push_utc(&mut at, created_at);
    let at = String::from_utf8_lossy(&at).trim_matches('"').to_owned();
    words.map(str::to_owned).into_iter().chain([at]).collect()
}

fn csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
            .collect();
        out += &cells.join(",");
        out += "\r\n";
    }
    out.into_bytes()
}
