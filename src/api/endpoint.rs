//! The endpoints that are called, by route template: how logs, spans and metrics name a request. A URL holds ids of
//! people; a template does not.

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Exchanges the credentials for a token.
    Token,
    /// Lists companies.
    Companies,
    /// The account's own tree of companies.
    MyCompanies,
    /// The account's settings.
    UserSettings,
    /// Lists enrollments.
    Enrollments,
    /// Lists archived enrollments.
    Archive,
    /// The settings of one enrollment.
    Details,
    /// The counts of one enrollment.
    Summaries,
    /// Lists the users of one enrollment.
    Users,
    /// The survey sessions of one user.
    Answers,
    /// The events of one user.
    Interactions,
    /// Lists the learners of an anonymous enrollment.
    Anonymous,
    /// Lists the results of an anonymous enrollment.
    AnonymousResult,
    /// Lists trainings.
    Trainings,
    /// Lists groups of users.
    TargetGroups,
    /// Lists executive reports.
    ReportList,
    /// One executive report.
    Reports,
    /// The catalogue of widgets.
    WidgetCatalogue,
    /// The values of one widget.
    Widgets,
    /// What an enrollment may be made of.
    EnrollmentForm,
    /// The words of training reports.
    ReportForm,
    /// The vendor's own file of the enrollment list.
    Export,
    /// Creates an enrollment.
    CreateEnrollment,
    /// Sends an enrollment.
    SendEnrollment,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::Token,
        Self::Companies,
        Self::MyCompanies,
        Self::UserSettings,
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
        Self::EnrollmentForm,
        Self::ReportForm,
        Self::Export,
        Self::CreateEnrollment,
        Self::SendEnrollment,
    ];

    /// Its route template.
    #[must_use]
    pub const fn route(self) -> &'static str {
        match self {
            Self::Token => "connect/token",
            Self::Companies => "api/companies/search",
            Self::MyCompanies => "api/companies/my",
            Self::UserSettings => "api/system-users/settings",
            Self::Enrollments => "api/enrollments/search",
            Self::Archive => "api/enrollments/archive/search",
            Self::Details => "api/enrollments/{enrollment}",
            Self::Summaries => "api/training-reports/{enrollment}/summary",
            Self::Users => "api/training-reports/{enrollment}/users/search",
            Self::Answers => "api/training-reports/{enrollment}/exam-result-sessions/{user}",
            Self::Interactions => "api/training-reports/{enrollment}/interactions/{user}",
            Self::Anonymous => "api/training-reports/anonymous/{enrollment}",
            Self::AnonymousResult => "api/training-reports/anonymous/{enrollment}/result",
            Self::Trainings => "api/trainings/search",
            Self::TargetGroups => "api/target-groups/search/current-company",
            Self::ReportList => "api/executive-report/search",
            Self::Reports => "api/executive-report/{report}",
            Self::WidgetCatalogue => "api/executive-report/metrics",
            Self::Widgets => "api/executive-report/get-widget-datas",
            Self::EnrollmentForm => "api/enrollments/form-details",
            Self::ReportForm => "api/training-reports/form-details",
            Self::Export => "api/enrollments/search/export",
            Self::CreateEnrollment => "api/enrollments",
            Self::SendEnrollment => "api/enrollments/{enrollment}/send",
        }
    }

    /// Whether `path` is one of this route.
    #[must_use]
    pub fn has(self, path: &[String]) -> bool {
        let mut route = self.route().split('/');
        let fits = |part: &String| {
            route
                .next()
                .is_some_and(|place| place.starts_with('{') || place == part)
        };
        path.iter().all(fits) && route.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_the_route_that_it_was_made_of() {
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        assert!(Endpoint::Details.has(&path("api/enrollments/aB3")));
        for other in [
            "api/enrollments",
            "api/enrollments/aB3/send",
            "api/companies/aB3",
        ] {
            assert!(!Endpoint::Details.has(&path(other)), "{other}");
        }
    }

    #[test]
    fn every_route_is_there_once() {
        let mut routes = Endpoint::ALL.map(Endpoint::route).to_vec();
        routes.sort_unstable();
        routes.dedup();
        assert_eq!(routes.len(), Endpoint::ALL.len());
    }
}
