//! Widgets about trainings.

use serde_json::json;

use crate::simulator::world::widget::{Ask, WidgetRow, WidgetValue, labelled, named, row};

/// One row, by name: percentages and counts.
pub fn completion(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let people = u64::from(ask.world.person_count());
    let completed = ask.number(1, people + 1);
    let in_progress = ask.number(2, (people as i64 - completed) as u64 + 1);
    let incomplete = people as i64 - completed - in_progress;
    let percent = |count: i64| count * 100 / (people as i64).max(1);
    vec![row(vec![
        named("Completed", percent(completed)),
        named("CompletedCount", completed),
        named("InProgress", percent(in_progress)),
        named("InProgressCount", in_progress),
        named("Incomplete", percent(incomplete)),
        named("IncompleteCount", incomplete),
    ])]
}

/// By day and label. What is completed is not told.
pub fn activity(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let total = ask.habit(1).pick(&["Total", "Enrollment"]);
    ask.by_day(|place| {
        let count = ask.number(place, 200);
        vec![
            labelled(total, count),
            labelled("Incomplete", ask.number(place + 1, count as u64 + 1)),
        ]
    })
}

/// By day and name. Where nothing was measured the second one has no value.
pub fn impact(ask: &Ask<'_>) -> Vec<WidgetRow> {
    ask.by_day(|place| {
        let average = ask.number(place + 1, 100);
        vec![
            WidgetValue {
                annotations: Some(json!({"definition": "Share of users who \"passed\""})),
                ..named("Percentage", ask.number(place, 101))
            },
            named(
                "IndustryAverage",
                if average < 10 {
                    json!(null)
                } else {
                    json!(average)
                },
            ),
        ]
    })
}
