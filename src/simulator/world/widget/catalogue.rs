//! Which widgets there are, and which of them a company's licence has.

use crate::simulator::dice::Dice;
use crate::simulator::id;
use crate::simulator::world::widget::{Ask, WidgetRow, culture, phishing, training};
use crate::simulator::world::{Salt, World};

/// The groups, in the vendor's order. The last one has no widgets.
pub const GROUPS: &[&str] = &[
    "Phishing Metrics",
    "Manager Metrics",
    "Security Culture",
    "Support Metrics",
];

/// Who has a widget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Every company.
    All,
    /// Those that simulate phishing.
    Phishing,
    /// Those with the full licence.
    Full,
}

type Shape = fn(&Ask<'_>) -> Vec<WidgetRow>;

/// What several widgets may show, each as another chart.
#[derive(Debug)]
pub struct WidgetKind {
    /// The vendor's name of it.
    pub widget_type: &'static str,
    name: &'static str,
    group: &'static str,
    charts: &'static [&'static str],
    scope: Scope,
    /// How its data are made; none where the answer never holds any.
    pub(super) shape: Option<Shape>,
}

/// One widget of a company's catalogue.
#[derive(Debug)]
pub struct Widget {
    /// The id; differs from company to company.
    pub id: String,
    /// What it shows.
    pub kind: &'static WidgetKind,
    /// The group it is in.
    pub group: &'static str,
    /// The name.
    pub name: &'static str,
    /// What it is good for.
    pub description: Option<&'static str>,
    /// How it is drawn.
    pub chart_type: &'static str,
    /// Where its picture is, if it has one.
    pub image_url: Option<String>,
    /// A mark of the vendor's.
    pub is_support_manager: bool,
}

const fn kind(
    group: usize,
    scope: Scope,
    widget_type: &'static str,
    name: &'static str,
    charts: &'static [&'static str],
    shape: Shape,
) -> WidgetKind {
    WidgetKind {
        widget_type,
        name,
        group: GROUPS[group],
        charts,
        scope,
        shape: Some(shape),
    }
}

/// All kinds. The place of one is part of its id, so new ones go to the end.
static KINDS: &[WidgetKind] = &[
    kind(
        0,
        Scope::All,
        "TrainingCompletionWidget",
        "Training Completion",
        &["pie", "bar", "Doughnut"],
        training::completion,
    ),
    kind(
        0,
        Scope::Full,
        "PhishingRiskScoreAcrossIndustriesWidget",
        "Phishing Risk Score Across Industries",
        &["line"],
        phishing::risk_across_industries,
    ),
    kind(
        0,
        Scope::Phishing,
        "PhishingSimulationEngagementReportingTrendsWidget",
        "Engagement & Reporting Trends",
        &["stackedBar"],
        phishing::engagement,
    ),
    kind(
        0,
        Scope::Full,
        "IndustryPhishingRiskScoreWidget",
        "Industry Phishing Risk Score",
        &["bar"],
        phishing::industry_risk,
    ),
    kind(
        0,
        Scope::Phishing,
        "PhishingDwellTimeAndQuickestResponseTimeWidget",
        "Dwell Time and Quickest Response",
        &["bar"],
        phishing::dwell_and_quickest,
    ),
    kind(
        0,
        Scope::Phishing,
        "PhishingDwellTimeDistributionWidget",
        "Dwell Time Distribution",
        &["bar"],
        phishing::dwell_distribution,
    ),
    kind(
        0,
        Scope::Phishing,
        "ResponseTimesToPhishingActionsWidget",
        "Response Times to Phishing Actions",
        &["line", "area"],
        phishing::response_times,
    ),
    kind(
        0,
        Scope::Phishing,
        "HumanRiskScoreforHighestRiskUsersWidget",
        "Highest Risk Users",
        &["Bar"],
        phishing::riskiest_users,
    ),
    kind(
        0,
        Scope::All,
        "HumanRiskScoreforHighestRiskDepartmentsWidget",
        "Highest Risk Departments",
        &["bar"],
        phishing::riskiest_departments,
    ),
    kind(
        0,
        Scope::Full,
        "HumanRiskScoreforHighestRiskCompaniesWidget",
        "Highest Risk Companies",
        &["bar"],
        phishing::riskiest_companies,
    ),
    kind(
        0,
        Scope::Phishing,
        "RepeatOffendersUsersThresholdWidget",
        "Repeat Offenders",
        &["doughnut"],
        phishing::repeat_offenders,
    ),
    kind(
        0,
        Scope::Phishing,
        "RepeatOffendersUsersRateWidget",
        "Repeat Offenders, Rate",
        &["gauge"],
        phishing::repeat_offender_rate,
    ),
    kind(
        0,
        Scope::All,
        "SimulationCoverageWidget",
        "Simulation Coverage",
        &["pie", "doughnut"],
        phishing::coverage,
    ),
    kind(
        0,
        Scope::Phishing,
        "TotalReportedSuspiciousEmailsAndPercentageWidget",
        "Reported Suspicious E-mails",
        &["doughnut"],
        phishing::reported,
    ),
    kind(
        0,
        Scope::Full,
        "ImpactOfPhishingAwarenessTrainingWidget",
        "Impact of Awareness Training",
        &["line"],
        training::impact,
    ),
    kind(
        0,
        Scope::All,
        "ExperimentalHeatmapWidget",
        "Heatmap (beta)",
        &["heatmap"],
        culture::heatmap,
    ),
    WidgetKind {
        shape: None,
        ..kind(
            0,
            Scope::All,
            "SmishingActivityWidget",
            "Smishing Activity",
            &["bar"],
            nothing,
        )
    },
    kind(
        0,
        Scope::All,
        "QuishingActivityWidget",
        "Quishing Activity",
        &["bar"],
        nothing,
    ),
    kind(
        1,
        Scope::Phishing,
        "PhishingActivityWidget",
        "Phishing Activity",
        &["line"],
        phishing::activity,
    ),
    kind(
        1,
        Scope::All,
        "TrainingEnrollmentActivityWidget",
        "Training Activity",
        &["line"],
        training::activity,
    ),
    // The older spelling of the one before, which some companies have as well.
    kind(
        1,
        Scope::Full,
        "TrainingActivityWidget",
        "Training Activity (old)",
        &["line"],
        training::activity,
    ),
    kind(
        1,
        Scope::All,
        "ManagerScorecardWidget",
        "Manager \"Scorecard\"",
        &["table"],
        culture::scorecard,
    ),
    kind(
        2,
        Scope::All,
        "SecurityCultureScoreGaugeWidget",
        "Security Culture Score",
        &["gauge"],
        culture::score,
    ),
    kind(
        2,
        Scope::Full,
        "SecurityCultureDepartmentsWidget",
        "Security Culture by Department",
        &["Table"],
        culture::departments,
    ),
];

fn nothing(_: &Ask<'_>) -> Vec<WidgetRow> {
    Vec::new()
}

impl World {
    /// The widgets that a company's licence has, in the vendor's order.
    #[must_use]
    pub fn widgets(&self, company: u32) -> Vec<Widget> {
        let license = self.company(company).license.1;
        let has = |scope| match scope {
            Scope::All => true,
            Scope::Phishing => license != "Awareness Only",
            Scope::Full => license == "Full",
        };
        let charts = KINDS
            .iter()
            .flat_map(|kind| kind.charts.iter().map(move |&chart| (kind, chart)));
        charts
            .zip(0_u32..)
            .filter(|((kind, _), _)| has(kind.scope))
            .map(|((kind, chart_type), place)| {
                let dice = self.dice.on(Salt::Widget).with(u64::from(place));
                Widget {
                    id: id::short_id(self.widget_family(company), place),
                    kind,
                    group: kind.group,
                    name: kind.name,
                    description: (!dice.one_in(3)).then_some("What it shows, and \"why\""),
                    chart_type,
                    image_url: (!dice.with(1).one_in(4))
                        .then(|| format!("https://cdn.example.com/widgets/{chart_type}.png")),
                    is_support_manager: dice.with(2).one_in(6),
                }
            })
            .collect()
    }

    fn widget_family(&self, company: u32) -> Dice {
        self.company_dice(company).on(Salt::WidgetId)
    }
}
