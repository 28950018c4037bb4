//! Widgets about security culture, and those of other shapes.

use serde_json::{Value, json};

use crate::simulator::words;
use crate::simulator::world::widget::{
    Ask, WidgetRow, WidgetTable, WidgetValue, bare, decimal, labelled, named, row, row_about,
};

/// One row. Scores go from 0 to 5; most companies get them multiplied by 100, and by one of the
/// names nothing but the size tells.
pub fn score(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let hundredfold = 100 + ask.number(0, 400);
    let benchmark = 200 + ask.number(1, 200);
    let values = match ask.number(2, 4) {
        0 => vec![
            named("OverallScore", decimal(ask.number(0, 5))),
            named("BenchmarkScore", 3),
        ],
        1 => vec![
            named("OverallScore", hundredfold),
            named("BenchmarkScore", benchmark),
        ],
        2 => vec![
            named("overallScorex100", hundredfold),
            named("IndustryAverage", 3),
        ],
        _ => vec![
            named("OverallScoreX100", hundredfold),
            named("BenchmarkScoreX100", benchmark),
        ],
    };
    let participants = ask.number(3, 50);
    let dimension = json!({
        "name": "Security Culture",
        "description": null,
        "overallScore": decimal(ask.number(0, 5)),
        "benchmarkScore": 3.1,
        "benchmarkLabel": "Industry, Ø",
        "benchmarkDifference": -0.25,
        "benchmarkComparisonSentence": "Below the \"average\"",
        "bands": [
            {"from": "0", "to": 1, "label": "At Risk (0-1)"},
            {"from": 1, "to": 5, "label": "Fine (1-5)"},
        ],
        "enrollmentCount": 1,
        "participantCount": participants,
        "enrollments": [{
            "enrollmentName": words::SURVEYS[2],
            "participantCount": participants,
            "overallScore": 3.5,
        }],
    });
    vec![row_about(dimension, values)]
}

/// A table with cells that are null or missing, and a column that is multiplied by 100.
pub fn departments(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let rows = words::DEPARTMENTS
        .iter()
        .take(3 + ask.number(0, 3) as usize)
        .zip(1_u64..)
        .map(|(department, place)| {
            let mut cells =
                json!({"department": department, "score": decimal(ask.number(place, 5))});
            match ask.number(16 + place, 4) {
                0 => cells["score"] = json!(null),
                1 => cells["scoreX100"] = json!(100 + ask.number(32 + place, 400)),
                2 => cells["department"] = json!(null),
                _ => {}
            }
            cells
        })
        .collect();
    vec![table(
        vec![
            ("department", "Department"),
            ("score", "Score"),
            ("scoreX100", "Score, exact"),
        ],
        rows,
    )]
}

/// Two tables after each other, with cells of every type and members that no column announces.
pub fn scorecard(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let cells = |place: u64| -> Value {
        json!({
            "manager": format!("Manager {place}"),
            "isActive": ask.number(place, 2) == 0,
            "done": ask.number(place + 1, 30),
            "teams": ["IT", ask.number(place + 2, 9)],
            "trend": {"last": ask.number(place + 3, 9)},
            "annex": format!("{} %", ask.number(place + 4, 100)),
            "zone": ask.number(place + 5, 4),
        })
    };
    let columns = vec![
        ("trend", "Trend"),
        ("manager", "Manager"),
        ("done", "Done"),
        ("isActive", "Active?"),
        ("teams", "Teams"),
    ];
    vec![
        table(columns.clone(), vec![cells(16), cells(32)]),
        table(columns, vec![cells(48)]),
    ]
}

/// A shape that nobody has seen yet: some rows without values, members of their own.
pub fn heatmap(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let cell = |place| ask.number(place, 100);
    vec![
        WidgetRow {
            dimension: Some(json!({"Quarter": {"year": 2026, "number": cell(0) % 4 + 1}})),
            others: vec![
                ("cells", json!([[cell(1), cell(2)], [cell(3), null]])),
                (
                    "axis",
                    json!({"x": ["Mon", "Tue"], "y": ["00-12", "12-24"]}),
                ),
            ],
            ..WidgetRow::default()
        },
        WidgetRow {
            others: vec![("intensity", json!("high"))],
            ..row(vec![
                bare(cell(4)),
                WidgetValue {
                    annotations: Some(json!(["peak", cell(5)])),
                    ..labelled("Hottest", cell(6))
                },
            ])
        },
        row(Vec::new()),
    ]
}

fn table(columns: Vec<(&'static str, &'static str)>, rows: Vec<Value>) -> WidgetRow {
    WidgetRow {
        table: Some(WidgetTable { columns, rows }),
        ..WidgetRow::default()
    }
}
