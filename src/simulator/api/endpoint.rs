//! The vendor's endpoints by name and by place.

use std::str::FromStr;

use axum::http::Method;

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Endpoint {
    /// `POST /connect/token`
    Token,
    /// `POST /api/companies/search`
    Companies,
    /// `GET /api/companies/my`
    CompaniesMy,
    /// `GET /api/system-users/settings`
    Settings,
    /// `POST /api/enrollments/search`
    Enrollments,
    /// `POST /api/enrollments/archive/search`
    Archive,
    /// `GET /api/enrollments/{id}`
    Details,
    /// `GET /api/training-reports/{id}/summary`
    Summaries,
    /// `POST /api/training-reports/{id}/users/search`
    Users,
    /// `GET /api/training-reports/{id}/exam-result-sessions/{user}`
    Answers,
    /// `GET /api/training-reports/{id}/interactions/{user}`
    Interactions,
    /// `POST /api/training-reports/anonymous/{id}`
    Anonymous,
    /// `POST /api/training-reports/anonymous/{id}/result`
    AnonymousResult,
    /// `POST /api/trainings/search`
    Trainings,
    /// `POST /api/target-groups/search/current-company`
    TargetGroups,
    /// `POST /api/executive-report/search`
    ReportList,
    /// `GET /api/executive-report/{id}`
    Reports,
    /// `GET /api/executive-report/metrics`
    WidgetCatalogue,
    /// `POST /api/executive-report/get-widget-datas`
    Widgets,
    /// `GET /api/enrollments/form-details`
    FormDetails,
    /// `GET /api/training-reports/form-details`
    ReportFormDetails,
    /// `POST /api/enrollments/search/export`
    Export,
    /// `POST /api/enrollments`
    Create,
    /// `POST /api/enrollments/{id}/send`
    Send,
}

impl Endpoint {
    /// All endpoints, in the order of their discriminants.
    pub const ALL: [Self; 24] = [
        Self::Token,
        Self::Companies,
        Self::CompaniesMy,
        Self::Settings,
        Self::Enrollments,
        Self::Archive,
        Self::Details,
        Self::Summaries,
        Self::Users,
        Self::Answers,
        Self::Interactions,
        Self::Anonymous,
        Self::AnonymousResult,
        Self::Trainings,
        Self::TargetGroups,
        Self::ReportList,
        Self::Reports,
        Self::WidgetCatalogue,
        Self::Widgets,
        Self::FormDetails,
        Self::ReportFormDetails,
        Self::Export,
        Self::Create,
        Self::Send,
    ];

    /// The name used in faults and counts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Companies => "companies",
            Self::CompaniesMy => "companies-my",
            Self::Settings => "settings",
            Self::Enrollments => "enrollments",
            Self::Archive => "archive",
            Self::Details => "details",
            Self::Summaries => "summaries",
            Self::Users => "users",
            Self::Answers => "answers",
            Self::Interactions => "interactions",
            Self::Anonymous => "anonymous",
            Self::AnonymousResult => "anonymous_result",
            Self::Trainings => "trainings",
            Self::TargetGroups => "target_groups",
            Self::ReportList => "report_list",
            Self::Reports => "reports",
            Self::WidgetCatalogue => "widget_catalogue",
            Self::Widgets => "widgets",
            Self::FormDetails => "form_details",
            Self::ReportFormDetails => "report_form_details",
            Self::Export => "export",
            Self::Create => "create",
            Self::Send => "send",
        }
    }

    /// The endpoint of a request, with the first id in its path.
    pub fn find<'a>(method: &Method, path: &'a str) -> Option<(Self, &'a str)> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let found = match (method.as_str(), parts.as_slice()) {
            ("POST", ["connect", "token"]) => (Self::Token, ""),
            ("POST", ["api", "companies", "search"]) => (Self::Companies, ""),
            ("GET", ["api", "companies", "my"]) => (Self::CompaniesMy, ""),
            ("GET", ["api", "system-users", "settings"]) => (Self::Settings, ""),
            ("POST", ["api", "enrollments", "search"]) => (Self::Enrollments, ""),
            ("POST", ["api", "enrollments", "archive", "search"]) => (Self::Archive, ""),
            ("GET", ["api", "enrollments", "form-details"]) => (Self::FormDetails, ""),
            ("GET", ["api", "training-reports", "form-details"]) => (Self::ReportFormDetails, ""),
            ("POST", ["api", "enrollments", "search", "export"]) => (Self::Export, ""),
            ("POST", ["api", "enrollments"]) => (Self::Create, ""),
            ("POST", ["api", "enrollments", id, "send"]) => (Self::Send, *id),
            ("GET", ["api", "enrollments", id]) => (Self::Details, *id),
            ("GET", ["api", "training-reports", id, "summary"]) => (Self::Summaries, *id),
            ("POST", ["api", "training-reports", id, "users", "search"]) => (Self::Users, *id),
            ("GET", ["api", "training-reports", id, "exam-result-sessions", _]) => {
                (Self::Answers, *id)
            }
            ("GET", ["api", "training-reports", id, "interactions", _]) => {
                (Self::Interactions, *id)
            }
            ("POST", ["api", "training-reports", "anonymous", id]) => (Self::Anonymous, *id),
            ("POST", ["api", "training-reports", "anonymous", id, "result"]) => {
                (Self::AnonymousResult, *id)
            }
            ("POST", ["api", "trainings", "search"]) => (Self::Trainings, ""),
            ("POST", ["api", "target-groups", "search", "current-company"]) => {
                (Self::TargetGroups, "")
            }
            ("POST", ["api", "executive-report", "search"]) => (Self::ReportList, ""),
            ("GET", ["api", "executive-report", "metrics"]) => (Self::WidgetCatalogue, ""),
            ("GET", ["api", "executive-report", id]) => (Self::Reports, *id),
            ("POST", ["api", "executive-report", "get-widget-datas"]) => (Self::Widgets, ""),
            _ => return None,
        };
        Some(found)
    }

    /// Whether the company headers choose whose data is answered.
    pub const fn is_company_scoped(self) -> bool {
        !matches!(
            self,
            Self::Token | Self::Companies | Self::CompaniesMy | Self::Settings
        )
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|endpoint| endpoint.name() == name)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::name).join(", ");
                format!("`{name}` is no endpoint; known are {known} and `*`")
            })
    }
}
