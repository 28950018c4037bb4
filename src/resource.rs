//! The resources by name: one kind of thing that is pulled, as commands, tables and reports call it.

use std::fmt;
use std::str::FromStr;

/// One kind of thing that is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The companies of the reseller.
    Companies,
    /// The enrollments of a company, the archive included.
    Enrollments,
    /// The settings of one enrollment.
    Details,
    /// The counts of one enrollment.
    Summaries,
    /// The per-user report of one enrollment.
    Users,
    /// The e-mail and session events of single users.
    Interactions,
    /// The survey sessions of single users, with questions and answers.
    Answers,
    /// The results of anonymous enrollments.
    Anonymous,
    /// The saved executive reports of a company.
    Reports,
    /// The widget catalogue of a company, and the widgets' values per month.
    Widgets,
    /// The trainings that a company can use.
    Trainings,
    /// The groups of users of a company.
    TargetGroups,
}

impl Resource {
    /// All resources, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::Companies,
        Self::Enrollments,
        Self::Details,
        Self::Summaries,
        Self::Users,
        Self::Interactions,
        Self::Answers,
        Self::Anonymous,
        Self::Reports,
        Self::Widgets,
        Self::Trainings,
        Self::TargetGroups,
    ];

    /// The name used everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::Enrollments => "enrollments",
            Self::Details => "details",
            Self::Summaries => "summaries",
            Self::Users => "users",
            Self::Interactions => "interactions",
            Self::Answers => "answers",
            Self::Anonymous => "anonymous",
            Self::Reports => "reports",
            Self::Widgets => "widgets",
            Self::Trainings => "trainings",
            Self::TargetGroups => "target_groups",
        }
    }

    /// What must be pulled, too, for this to be pulled rightly.
    #[must_use]
    pub const fn needs(self) -> &'static [Self] {
        match self {
            Self::Companies => &[],
            // Users are checked against the summary, which also names the steps of learning paths. The settings do not
            // always say whether an enrollment is a test: then its summary does.
            Self::Users | Self::Anonymous | Self::Details => {
                &[Self::Companies, Self::Enrollments, Self::Summaries]
            }
            Self::Interactions | Self::Answers => &[
                Self::Companies,
                Self::Enrollments,
                Self::Summaries,
                Self::Users,
            ],
            Self::Summaries => &[Self::Companies, Self::Enrollments],
            Self::Enrollments
            | Self::Reports
            | Self::Widgets
            | Self::Trainings
            | Self::TargetGroups => &[Self::Companies],
        }
    }

    /// Whether it is pulled for a company as a whole, not for each of its enrollments.
    #[must_use]
    pub const fn is_company_wide(self) -> bool {
        match self {
            Self::Companies
            | Self::Enrollments
            | Self::Reports
            | Self::Widgets
            | Self::Trainings
            | Self::TargetGroups => true,
            Self::Details
            | Self::Summaries
            | Self::Users
            | Self::Interactions
            | Self::Answers
            | Self::Anonymous => false,
        }
    }

    /// Whether the vendor gives it only to some accounts or licences, so that a refusal says nothing about the rest
    /// of the company.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        match self {
            Self::Companies
            | Self::Enrollments
            | Self::Details
            | Self::Summaries
            | Self::Users
            | Self::Interactions
            | Self::Answers => false,
            Self::Anonymous
            | Self::Reports
            | Self::Widgets
            | Self::Trainings
            | Self::TargetGroups => true,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no resource.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no resource; give one of: {list}", list = Resource::ALL.map(Resource::name).join(", "))]
pub struct UnknownResource(String);

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|resource| resource.name() == word)
            .ok_or_else(|| UnknownResource(word.to_owned()))
    }
}
