//! The company that is enrolled, and its listings read to their end.

use std::time::Duration;

use serde::Serialize;

use crate::api::endpoints::enrollments::EnrollmentList;
use crate::api::endpoints::offers::{
    ListedEnrollment, NamedCompany, OfferedGroup, OfferedTraining,
};
use crate::api::{Claims, Client, CompanyClient, Listing, WireItem};
use crate::app::App;
use crate::cli::Failure;
use crate::cli::failure::REFUSED;
use crate::sync::SyncError;
use crate::verdict::Verdict;

/// Pauses between looks for what a write may have done: the service may be slow to show it.
pub const LOOKS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// A company of the account.
#[derive(Debug)]
pub struct Customer {
    /// The account.
    pub account: Client,
    /// What its token says.
    pub claims: Claims,
    /// The API, scoped to the company.
    pub api: CompanyClient,
    /// Its name.
    pub name: String,
}

/// A listing that was read to its end.
#[derive(Debug)]
pub struct Items<T> {
    /// What was received.
    pub items: Vec<T>,
    /// What is missing, if anything.
    pub gap: Option<String>,
}

impl Customer {
    /// The company with this id, if the account manages it: the service would answer for any other.
    pub async fn find(app: &App, id: &str) -> Result<Self, Failure> {
        let account = app.client()?;
        let claims = account.claims().await?;
        if claims.is_reseller == Some(false) {
            return Err(SyncError::NotAReseller.into());
        }
        let companies = read(account.companies::<NamedCompany>()).await?;
        let Some(company) = companies.items.into_iter().find(|company| company.id == id) else {
            let gap = companies
                .gap
                .map(|gap| format!(" ({gap})"))
                .unwrap_or_default();
            return Err(Failure {
                message: format!(
                    "could not select the company: the account does not manage {id}{gap}"
                ),
                remedy: "check --company; ids are case-sensitive (see keepnet.companies)"
                    .to_owned(),
                code: REFUSED,
            });
        };
        Ok(Self {
            api: account.company(id),
            account,
            claims,
            name: company.name.unwrap_or_default(),
        })
    }

    /// The id of the company.
    pub fn id(&self) -> &str {
        self.api.company_id()
    }

    /// The trainings that it can use.
    pub async fn trainings(&self) -> Result<Items<OfferedTraining>, Failure> {
        read(self.api.trainings()).await
    }

    /// Its groups of users.
    pub async fn groups(&self) -> Result<Items<OfferedGroup>, Failure> {
        read(self.api.target_groups()).await
    }

    /// Its enrollments, but for the archived ones.
    pub async fn enrollments(&self) -> Result<Items<ListedEnrollment>, Failure> {
        read(self.api.enrollments(EnrollmentList::Active)).await
    }
}

async fn read<T: WireItem>(mut listing: Listing<T>) -> Result<Items<T>, Failure> {
    let mut items = Vec::new();
    let mut unreadable = 0_u64;
    while let Some(mut page) = listing.next().await? {
        items.append(&mut page.items);
        unreadable += page.unreadable.len() as u64;
    }
    let end = listing.end();
    let gap = match (end.verdict, end.total) {
        (Verdict::Complete, _) if unreadable == 0 => None,
        (Verdict::Complete, _) => Some(format!("{unreadable} of them could not be understood")),
        (_, Some(total)) => Some(format!(
            "the service counts {total}, {} were received",
            end.distinct
        )),
        (_, None) => Some("the list changed while it was read".to_owned()),
    };
    Ok(Items { items, gap })
}

impl<T: Serialize> Items<T> {
    /// Says on standard error what is missing; gives the exit code.
    pub fn warn_of_gap(&self) -> u8 {
        if let Some(gap) = &self.gap {
            eprintln!("warning: the list is not whole: {gap}");
        }
        u8::from(self.gap.is_some())
    }
}
