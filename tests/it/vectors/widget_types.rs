//! Every type of widget that is known, each once, and the scale of its values.

use serde_json::{Value, json};
use wiremock::Request;

use super::sync_well;
use crate::support::TestApp;
use crate::support::vendor::{Vendor, metrics, widget_datas};
use crate::support::widgets::{answer, catalogue, unknown_members, values_of, widget_of};

/// Type, rows on the wire, rows in the table.
type Kind = (&'static str, Value, &'static [&'static str]);

/// Asks for each once, and compares what is stored.
async fn assert_stored(kinds: Vec<Kind>) {
    let vendor = Vendor::start().await;
    let widgets: Vec<(&str, &str)> = kinds.iter().map(|kind| (kind.0, kind.0)).collect();
    vendor.on(metrics(), catalogue(&widgets)).await;
    let answers = kinds.clone();
    vendor
        .on(widget_datas(), move |request: &Request| {
            let widget = widget_of(request);
            let kind = answers.iter().find(|kind| kind.0 == widget);
            answer(&kind.expect("a widget of the catalogue").1)
        })
        .await;
    let settings = [("api.date_format", "dmy"), ("widgets.months", "0")];
    let app = TestApp::new(&vendor.url(), &settings).await;
    sync_well(&app).await;
    for (widget_type, _, expected) in kinds {
        let of_type = format!("widget_type = '{widget_type}'");
        let stored = values_of(&app.pool, "widget_values", &of_type).await;
        let stored: Vec<&str> = stored.lines().collect();
        assert_eq!(stored, expected, "{widget_type}");
    }
    assert_eq!(unknown_members(&app.pool).await, "");
}

#[tokio::test]
async fn each_type_of_phishing_widget_lands() {
    assert_stored(vec![
        (
            "PhishingRiskScoreAcrossIndustriesWidget",
            json!([{"date": "01/02/2026 00:00", "values": [{"value": 12, "label": "Company Phishing Risk Score"}]},
                   {"date": "01/03/2026 00:00", "values": [{"value": 7, "label": "Industry Avg (Retail)"}]}]),
            &[
                "0.0 on 2026-02-01 label=Company Phishing Risk Score 12/1",
                "1.0 on 2026-03-01 label=Industry Avg (Retail) 7/1",
            ],
        ),
        (
            "PhishingSimulationEngagementReportingTrendsWidget",
            json!([{"date": "01/02/2026 00:00", "values": [
                {"value": 1, "label": "Users Who Clicked And Reported (%)"},
                {"value": 9, "label": "Users Who Did Not Reported (%)"}]}]),
            &[
                "0.0 on 2026-02-01 label=Users Who Clicked And Reported (%) 1/1",
                "0.1 on 2026-02-01 label=Users Who Did Not Reported (%) 9/1",
            ],
        ),
        (
            "IndustryPhishingRiskScoreWidget",
            json!([{"dataObject": {"name": "Drill", "totalClickedCount": 3}, "values": [
                {"value": 11, "name": "RiskScore"},
                {"value": 8, "name": "IndustryAverage", "label": "Retail"}]}]),
            &[
                r#"0.0 {"name": "Drill", "totalClickedCount": 3} name=RiskScore 11/1"#,
                r#"0.1 {"name": "Drill", "totalClickedCount": 3} name=IndustryAverage label=Retail 8/1"#,
            ],
        ),
        (
            "PhishingDwellTimeAndQuickestResponseTimeWidget",
            json!([{"dataObject": {"name": "Drill"}, "values": [{"value": 1.5, "name": "AverageDwellTime"}]}]),
            &[r#"0.0 {"name": "Drill"} name=AverageDwellTime 1.5/1"#],
        ),
        (
            "PhishingDwellTimeDistributionWidget",
            json!([{"dataObject": {"ActionRange": "0-5"}, "values": [{"value": 60, "name": "Percentage"}]}]),
            &[r#"0.0 {"ActionRange": "0-5"} name=Percentage 60/1"#],
        ),
        (
            "ResponseTimesToPhishingActionsWidget",
            json!([{"dataObject": {"ActionRange": "5"}, "values": [{"value": 4, "name": "industryAverageClickTime"}]}]),
            &[r#"0.0 {"ActionRange": "5"} name=industryAverageClickTime 4/1"#],
        ),
        (
            "PhishingActivityWidget",
            json!([{"date": "01/02/2026 00:00", "values": [{"value": 5, "label": "Risky Actions"}, {"value": -2, "label": "Reported"}]}]),
            &[
                "0.0 on 2026-02-01 label=Risky Actions 5/1",
                "0.1 on 2026-02-01 label=Reported -2/1",
            ],
        ),
        (
            "TotalReportedSuspiciousEmailsAndPercentageWidget",
            json!([{"dataObject": {"ActionRange": "Malicious"}, "values": [{"value": 91}, {"value": 29}]}]),
            &[
                r#"0.0 {"ActionRange": "Malicious"} 91/1"#,
                r#"0.1 {"ActionRange": "Malicious"} 29/1"#,
            ],
        ),
        (
            "SimulationCoverageWidget",
            json!([{"values": [{"value": 5, "name": "CountSimulated"}, {"value": 50, "name": "SimulatedPercentage"}]}]),
            &["0.0 name=CountSimulated 5/1", "0.1 name=SimulatedPercentage 50/1"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn each_type_of_widget_about_people_and_trainings_lands() {
    assert_stored(vec![
        (
            "HumanRiskScoreforHighestRiskUsersWidget",
            json!([{"dataObject": {"fullName": "Ada Example"}, "values": [{"value": 88}]}]),
            &[r#"0.0 {"fullName": "Ada Example"} 88/1"#],
        ),
        (
            "HumanRiskScoreforHighestRiskDepartmentsWidget",
            json!([{"dataObject": {"department": "IT"}, "values": [{"value": 40}, {"value": 12}]}]),
            &[r#"0.0 {"department": "IT"} 40/1"#, r#"0.1 {"department": "IT"} 12/1"#],
        ),
        (
            "HumanRiskScoreforHighestRiskCompaniesWidget",
            json!([{"dataObject": {"Company": "A"}, "values": [{"value": 40}]}]),
            &[r#"0.0 {"Company": "A"} 40/1"#],
        ),
        (
            "RepeatOffendersUsersThresholdWidget",
            json!([{"values": [{"value": 2, "name": "CountRepeatOffender"}]}]),
            &["0.0 name=CountRepeatOffender 2/1"],
        ),
        (
            "RepeatOffendersUsersRateWidget",
            json!([{"values": [{"value": 2, "name": "PLA"}]}]),
            &["0.0 name=PLA 2/1"],
        ),
        (
            "TrainingCompletionWidget",
            json!([{"values": [{"value": 70, "name": "Completed"}, {"value": 7, "name": "CompletedCount"}]}]),
            &["0.0 name=Completed 70/1", "0.1 name=CompletedCount 7/1"],
        ),
        (
            "ImpactOfPhishingAwarenessTrainingWidget",
            json!([{"date": "01/02/2026 00:00", "values": [{"value": 3, "name": "Percentage", "annotations": {"definition": "d"}}]}]),
            &[r#"0.0 on 2026-02-01 name=Percentage 3/1 notes={"definition": "d"}"#],
        ),
        (
            "TrainingEnrollmentActivityWidget",
            json!([{"date": "01/02/2026 00:00", "values": [{"value": 3, "label": "Total"}]}]),
            &["0.0 on 2026-02-01 label=Total 3/1"],
        ),
        (
            "TrainingActivityWidget",
            json!([{"date": "01/02/2026 00:00", "values": [{"value": 3, "label": "Incomplete"}]}]),
            &["0.0 on 2026-02-01 label=Incomplete 3/1"],
        ),
        (
            "NobodyHasSeenThisWidget",
            json!([{"values": [{"value": 3, "label": "New"}]}]),
            &["0.0 label=New 3/1"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn scores_times_100_are_told_by_name_and_those_of_the_culture_score_by_size_too() {
    let values = json!([{"values": [
        {"value": 350, "name": "OverallScoreX100"},
        {"value": 3, "name": "benchmarkscorex100"},
        {"value": 350, "name": "OverallScore"},
        {"value": 5, "name": "OverallScore"},
        {"value": 5.5, "name": "BenchmarkScore"},
        {"value": 310, "name": "IndustryAverage"},
        {"value": 350, "label": "OverallScoreX100"},
        {"value": "350", "name": "OverallScoreX100"},
        {"name": "OverallScoreX100"},
    ]}]);
    assert_stored(vec![
        (
            "SecurityCultureScoreGaugeWidget",
            values.clone(),
            &[
                "0.0 name=OverallScoreX100 350/100",
                "0.1 name=benchmarkscorex100 3/100",
                "0.2 name=OverallScore 350/100",
                "0.3 name=OverallScore 5/1",
                "0.4 name=BenchmarkScore 5.5/100",
                "0.5 name=IndustryAverage 310/1",
                "0.6 label=OverallScoreX100 350/1",
                "0.7 name=OverallScoreX100 text=350",
                "0.8 name=OverallScoreX100",
            ],
        ),
        (
            "SomeOtherWidget",
            values,
            &[
                "0.0 name=OverallScoreX100 350/100",
                "0.1 name=benchmarkscorex100 3/100",
                "0.2 name=OverallScore 350/1",
                "0.3 name=OverallScore 5/1",
                "0.4 name=BenchmarkScore 5.5/1",
                "0.5 name=IndustryAverage 310/1",
                "0.6 label=OverallScoreX100 350/1",
                "0.7 name=OverallScoreX100 text=350",
                "0.8 name=OverallScoreX100",
            ],
        ),
        (
            "TableWidget",
            json!([{"tableDefinitions": [{"name": "scoreX100", "label": "Score"}],
                    "tableValues": [{"scoreX100": 250}, {"scoreX100": "n/a"}]}]),
            &[
                "0.0 name=scoreX100 label=Score 250/100",
                "1.0 name=scoreX100 label=Score text=n/a",
            ],
        ),
    ])
    .await;
}
