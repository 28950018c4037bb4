//! Widgets about simulated phishing.

use serde_json::{Value, json};

use crate::simulator::words;
use crate::simulator::world::widget::{
    Ask, WidgetRow, WidgetValue, bare, decimal, labelled, named, row, row_about,
};

const RANGES: &[&str] = &["0-5", "6-15", "16-30", "31-60", "61+"];

/// By day and label; the label of the industry names it.
pub fn risk_across_industries(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let industry = industry_of(ask);
    ask.by_day(|place| {
        let note = json!({"definition": "Drill, \"spring\""});
        vec![
            WidgetValue {
                annotations: (ask.number(place + 3, 2) == 0).then_some(note),
                ..labelled("Company Phishing Risk Score", ask.number(place, 101))
            },
            labelled(
                format!("Industry Avg ({industry})"),
                ask.number(place + 1, 101),
            ),
            labelled("All Industry Avg", ask.number(place + 2, 101)),
        ]
    })
}

/// By day and label, in the vendor's grammar.
pub fn engagement(ask: &Ask<'_>) -> Vec<WidgetRow> {
    ask.by_day(|place| {
        let both = ask.number(place, 40);
        let only_reported = ask.number(place + 1, 50);
        vec![
            labelled("Users Who Clicked And Reported (%)", both),
            labelled("Users Who Did Not Click And Reported (%)", only_reported),
            labelled("Users Who Did Not Reported (%)", 100 - both - only_reported),
        ]
    })
}

/// One row for each campaign, whose dimension tells more than the values.
pub fn industry_risk(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let industry = industry_of(ask);
    let days = ask.days.iter().take(3);
    days.zip(0_u64..)
        .map(|(day, campaign)| {
            let place = campaign * 16;
            let delivered = 20 + ask.number(place, 200);
            let part = |step| ask.number(place + step, delivered as u64 / 2);
            let (score, reported) = (ask.number(place + 1, 101), part(2));
            let dimension = json!({
                "name": format!("Campaign {campaign}, \"{}\"", words::SUBJECTS[campaign as usize]),
                "phishingType": if campaign == 1 { "Attachment" } else { "Click-Only" },
                "startDate": day.to_string(),
                "riskScore": score,
                "totalMetrics": delivered,
                "totalReportedCount": reported,
                "totalDeliveredCount": delivered,
                "totalClickedCount": part(3),
                "totalSubmittedCount": part(4),
                "totalMfaSubmittedCount": 0,
                "totalAttachmentOpenedCount": part(5),
                "totalScanQRCount": 0,
                "totalVishedCount": null,
                "totalCalledCount": null,
                "totalEnteredCount": 0,
            });
            row_about(
                dimension,
                vec![
                    named("RiskScore", score),
                    named("TotalMetrics", delivered),
                    named("TotalReportedCount", reported),
                    WidgetValue {
                        label: Some(format!("Industry Avg ({industry})")),
                        ..named("IndustryAverage", ask.number(place + 6, 101))
                    },
                ],
            )
        })
        .collect()
}

/// One row for each campaign; the quickest user is named in the dimension.
pub fn dwell_and_quickest(ask: &Ask<'_>) -> Vec<WidgetRow> {
    (0..ask.days.len().min(3) as u64)
        .map(|campaign| {
            let place = campaign * 16;
            let mut dimension = user(ask, place);
            dimension["name"] = json!(format!("Campaign {campaign}"));
            row_about(
                dimension,
                vec![
                    named("AverageDwellTime", decimal(ask.number(place + 4, 90))),
                    named("QuickestResponse", ask.number(place + 5, 10)),
                ],
            )
        })
        .collect()
}

/// One row for each range; the average is repeated on each.
pub fn dwell_distribution(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let average = decimal(ask.number(0, 60));
    by_range(ask, |place| {
        vec![
            named("Percentage", ask.number(place, 21)),
            named("AverageDwellTime", average),
        ]
    })
}

/// One row for each range; two of the names begin in lower case.
pub fn response_times(ask: &Ask<'_>) -> Vec<WidgetRow> {
    by_range(ask, |place| {
        vec![
            named("Clicked", ask.number(place, 101)),
            named("SubmittedData", ask.number(place + 1, 101)),
            named("AverageClickTime", ask.number(place + 2, 60)),
            named("AverageDataSubmitTime", ask.number(place + 3, 60)),
            named(
                "industryAverageClickTime",
                decimal(ask.number(place + 4, 60)),
            ),
            named("industryAverageDataSubmitTime", ask.number(place + 5, 60)),
        ]
    })
}

/// One row for each user; the only value is the score, and nothing says so.
pub fn riskiest_users(ask: &Ask<'_>) -> Vec<WidgetRow> {
    (0..3)
        .map(|rank| {
            let score = bare(95 - rank as i64 * 7 - ask.number(rank, 7));
            row_about(user(ask, 16 + rank * 16), vec![score])
        })
        .collect()
}

/// One row for each department; first the score, then its users.
pub fn riskiest_departments(ask: &Ask<'_>) -> Vec<WidgetRow> {
    words::DEPARTMENTS
        .iter()
        .take(4)
        .zip(0_u64..)
        .map(|(department, rank)| {
            row_about(
                json!({"department": department}),
                vec![
                    bare(95 - rank as i64 * 9 - ask.number(rank, 9)),
                    bare(1 + ask.number(16 + rank, 60)),
                ],
            )
        })
        .collect()
}

/// One row for each company, in another spelling of the member.
pub fn riskiest_companies(ask: &Ask<'_>) -> Vec<WidgetRow> {
    vec![row_about(
        json!({"Company": ask.world.company_name(ask.company)}),
        vec![bare(ask.number(0, 101)), bare(ask.number(1, 500))],
    )]
}

/// One row, by name.
pub fn repeat_offenders(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let simulated = 1 + ask.number(0, 300);
    let offenders = ask.number(1, simulated as u64 + 1);
    let percent = offenders * 100 / simulated;
    vec![row(vec![
        named("CountRepeatOffender", offenders),
        named("CountSimulated", simulated),
        named("RepeatOffenderPercentage", percent),
        named("PercentageSimulated", 100 - percent),
    ])]
}

/// One row, by name. Where there is no agreed level the vendor writes so.
pub fn repeat_offender_rate(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let agreed = ask.number(1, 30);
    vec![row(vec![
        named("RepeatOffenderPercentage", ask.number(0, 101)),
        named(
            "PLA",
            if agreed < 8 {
                json!("n/a")
            } else {
                json!(agreed)
            },
        ),
    ])]
}

/// One row, by name.
pub fn coverage(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let people = i64::from(ask.world.person_count());
    let simulated = ask.number(0, people as u64 + 1);
    let percent = simulated * 100 / people.max(1);
    vec![row(vec![
        named("CountSimulated", simulated),
        named("CountNonSimulated", people - simulated),
        named("SimulatedPercentage", percent),
        named("NonSimulatedPercentage", 100 - percent),
    ])]
}

/// One row for each class: first a percentage, then a count, rarely with names.
pub fn reported(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let has_names = ask.number(9, 4) == 0;
    ["Undetected", "Malicious", "Phishing", "Simulation"]
        .into_iter()
        .zip(0_u64..)
        .map(|(class, place)| {
            let (percent, count) = (25 + place as i64, ask.number(place, 90));
            let mut dimension = json!({"ActionRange": class});
            if class == "Simulation" {
                dimension["sourceBreakdown"] = json!({
                    "incidentResponderCount": 0,
                    "campaignCount": 1,
                    "campaigns": [{"campaignName": "Drill 🎣", "count": count}],
                });
            }
            let values = if has_names {
                vec![named("Percentage", percent), named("Count", count)]
            } else {
                vec![bare(percent), bare(count)]
            };
            row_about(dimension, values)
        })
        .collect()
}

/// By day and label; one label has two spellings.
pub fn activity(ask: &Ask<'_>) -> Vec<WidgetRow> {
    let risky = ask.habit(2).pick(&["Risky Actions", "RiskyActions"]);
    ask.by_day(|place| {
        let delivered = ask.number(place, 400);
        vec![
            labelled("Delivered", delivered),
            labelled(risky, ask.number(place + 1, delivered as u64 + 1)),
            labelled("Reported", ask.number(place + 2, delivered as u64 + 1)),
        ]
    })
}

fn by_range(ask: &Ask<'_>, values: impl Fn(u64) -> Vec<WidgetValue>) -> Vec<WidgetRow> {
    // The first range is left out where nobody was that quick.
    let first = ask.number(1_000, 2) as usize;
    RANGES[first..]
        .iter()
        .zip(1_u64..)
        .map(|(range, place)| row_about(json!({"ActionRange": range}), values(place * 16)))
        .collect()
}

fn industry_of(ask: &Ask<'_>) -> &'static str {
    ask.world
        .company(ask.company)
        .industry
        .map_or("General", |(_, name)| name)
}

/// A user as dimensions name one, which is without an id.
fn user(ask: &Ask<'_>, place: u64) -> Value {
    let (ascii, first) = ask.dice.with(place + 6).pick(words::FIRST_NAMES);
    let (ascii_last, last) = ask.dice.with(place + 7).pick(words::LAST_NAMES);
    json!({
        "fullName": format!("{first} {last}"),
        "email": format!("{ascii}.{ascii_last}@example.com"),
        "department": ask.dice.with(place + 8).pick(words::DEPARTMENTS),
    })
}
