//! What `check` asks of an account: the questions of a run, without its writes.

use super::account;
use super::error::SyncError;
use crate::api::endpoints::companies::CompanyId;
use crate::api::{Claims, Client};
use crate::settings::ApiSettings;
use crate::warehouse::accounts::Account;

/// How the date format stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateDecision {
    /// It is decided.
    Decided {
        /// `dmy`, `mdy`, `ymd` or `iso`.
        format: &'static str,
        /// By what.
        evidence: String,
    },
    /// Nothing decides it.
    Undecided,
}

/// The id that names the account.
pub async fn account_id(client: &Client, claims: &Claims) -> Result<String, SyncError> {
    account::identify(client, claims).await
}

/// How many companies the account manages.
pub async fn count_companies(client: &Client) -> Result<u64, SyncError> {
    let mut listing = client.companies::<CompanyId>();
    while listing.next().await?.is_some() {}
    Ok(listing.end().distinct)
}

/// How the account's dates would be read.
pub async fn date_decision(
    client: &Client,
    settings: &ApiSettings,
    claims: &Claims,
    recorded: Option<&Account>,
) -> Result<DateDecision, SyncError> {
    let decision = account::decide(client, settings.date_format, claims, recorded).await?;
    Ok(
        decision.map_or(DateDecision::Undecided, |(format, evidence)| {
            DateDecision::Decided {
                format: format.name(),
                evidence,
            }
        }),
    )
}
