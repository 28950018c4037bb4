//! What of an account a run is about: resources, companies, and whose users are asked one by one.

use std::collections::HashSet;

use super::error::SyncError;
use super::run::SyncRequest;
use crate::extract::companies::CompanyRef;
use crate::extract::enrollments::EnrollmentRef;
use crate::resource::Resource;
use crate::settings::{Interactions, Settings, SurveyAnswers};

/// The resources of a run.
#[derive(Debug, Clone)]
pub struct Selection(HashSet<Resource>);

impl Selection {
    /// What was asked for, and what it depends on.
    #[must_use]
    pub fn new(asked: &[Resource]) -> Self {
        let asked = if asked.is_empty() {
            &Resource::ALL
        } else {
            asked
        };
        let needed = asked.iter().flat_map(|resource| resource.needs());
        Self(asked.iter().chain(needed).copied().collect())
    }

    /// True when `resource` is to be pulled.
    #[must_use]
    pub fn includes(&self, resource: Resource) -> bool {
        self.0.contains(&resource)
    }

    /// True when nothing is pulled but the companies themselves.
    #[must_use]
    pub fn is_only_companies(&self) -> bool {
        self.0.len() == 1
    }

    /// True when nothing is left out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        Resource::ALL
            .iter()
            .all(|resource| self.includes(*resource))
    }
}

/// Whether users of an enrollment are asked for `resource` one by one.
pub fn asks_users(
    settings: &Settings,
    selection: &Selection,
    resource: Resource,
    enrollment: &EnrollmentRef,
) -> bool {
    let is_wanted = match resource {
        Resource::Answers => {
            enrollment.is_survey && settings.privacy.survey_answers != SurveyAnswers::Drop
        }
        _ => match settings.sync.interactions {
            Interactions::Surveys => enrollment.is_survey,
            Interactions::All => true,
            Interactions::None => false,
        },
    };
    is_wanted && selection.includes(resource)
}

/// The companies that a run comes to; an error when one that was asked for does not exist.
pub fn select(
    companies: Vec<CompanyRef>,
    settings: &Settings,
    request: &SyncRequest,
) -> Result<Vec<CompanyRef>, SyncError> {
    let known: HashSet<&str> = companies
        .iter()
        .map(|company| company.id.as_str())
        .collect();
    let asked = request
        .companies
        .iter()
        .chain(&settings.sync.companies_include);
    let unknown: Vec<&str> = asked
        .map(String::as_str)
        .filter(|company| !known.contains(company))
        .collect();
    if !unknown.is_empty() {
        return Err(SyncError::UnknownCompanies(unknown.join(", ")));
    }
    Ok(companies
        .into_iter()
        .filter(|company| is_selected(&company.id, settings, request))
        .collect())
}

/// Whether a run comes to a company.
pub fn is_selected(company_id: &str, settings: &Settings, request: &SyncRequest) -> bool {
    let lists = |list: &[String]| list.iter().any(|listed| listed == company_id);
    let (include, exclude) = (
        &settings.sync.companies_include,
        &settings.sync.companies_exclude,
    );
    (request.companies.is_empty() || lists(&request.companies))
        && (include.is_empty() || lists(include))
        && !lists(exclude)
}
