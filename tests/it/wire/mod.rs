//! What is on the wire: each request to the letter, and what is sent again when.

mod budget;
mod catalogues;
mod daily;
mod due;
mod listings;
mod requests;
mod retries;
mod shared;
mod token;
mod training_type;
mod widgets;
mod writes;

use keepnet_etl::api::Page;
use keepnet_etl::api::endpoints::companies::CompanyId;
use keepnet_etl::api::{ApiError, Client, Listing, ListingEnd};
use sqlx::PgPool;

use crate::support::TestApp;
use crate::support::vendor::Vendor;

/// The program without a database, for what only talks to the vendor.
fn offline(vendor: &Vendor, settings: &[(&str, &str)]) -> TestApp {
    let nowhere = PgPool::connect_lazy("postgres://nobody@localhost/nothing").expect("a pool");
    TestApp::with_pool(nowhere, &vendor.url(), settings)
}

/// Reads the companies to the end of their listing.
async fn read_companies(client: &Client) -> Result<(Vec<String>, ListingEnd), ApiError> {
    let mut listing: Listing<CompanyId> = client.companies();
    let mut ids = Vec::new();
    while let Some(Page { items, .. }) = listing.next().await? {
        ids.extend(items.into_iter().map(|company| company.0));
    }
    Ok((ids, listing.end()))
}
