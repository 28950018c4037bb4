//! Whose data this is, and how its dates are read: decided before anything is written.

use std::sync::Arc;

use tracing::{info, warn};

use super::error::SyncError;
use crate::api::dates::{DateFormat, DateReader, Evidence};
use crate::api::endpoints::account::Texts;
use crate::api::endpoints::companies::CompanyId;
use crate::api::endpoints::enrollments::EnrollmentList;
use crate::api::endpoints::widgets::PeriodDialect;
use crate::api::{Claims, Client, Listing};
use crate::clock::SharedClock;
use crate::settings::{ApiSettings, DateFormatSetting};
use crate::warehouse::accounts::{self, Account, DateChoice};
use crate::warehouse::daily_requests::DailyRequests;
use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};
use crate::warehouse::schedule_lease::{ScheduleLease, fenced};

/// Companies whose enrollments are looked at when the companies' own dates decide nothing.
const MAX_COMPANIES_FOR_EVIDENCE: usize = 20;

/// The account of a run.
#[derive(Debug, Clone)]
pub struct AccountInUse {
    /// Company id of the reseller, else the client id.
    pub id: String,
    /// How its dates are read.
    pub dates: DateReader,
    /// How its requests name periods, if an earlier run found out.
    pub period_dialect: Option<PeriodDialect>,
}

/// The id that names the account: the token's company, else the root of its company tree, else the client id.
pub async fn identify(client: &Client, claims: &Claims) -> Result<String, SyncError> {
    if let Some(id) = &claims.company_id {
        return Ok(id.clone());
    }
    let root = match client.my_companies::<CompanyId>().await {
        Ok(roots) => roots.into_iter().find_map(Result::ok).map(|root| root.0),
        Err(error) if error.kind.is_forbidden() => None,
        Err(error) => return Err(error.into()),
    };
    Ok(root.unwrap_or_else(|| client.client_id().to_owned()))
}

/// Limits the requests of `client` per day from the first one on, if an earlier run told whose they are.
pub async fn limit_known(
    client: &Client,
    settings: &ApiSettings,
    pool: &sqlx::PgPool,
) -> Result<(), WarehouseError> {
    if settings.daily_requests.is_some()
        && let Some(id) = accounts::of_client(pool, client.client_id())
            .await
            .map_err(|error| WarehouseError::from_sqlx("read the account of the database", error))?
    {
        limit_requests(client, settings, pool, id);
    }
    Ok(())
}

/// Limits the requests of `client` per day, if a limit is set.
fn limit_requests(client: &Client, settings: &ApiSettings, pool: &sqlx::PgPool, id: String) {
    if let Some(limit) = settings.daily_requests {
        client.hold_to(Arc::new(DailyRequests::new(pool.clone(), id, limit)));
    }
}

/// Identifies the account, claims the database for it, and decides how its dates are read.
pub async fn open(
    client: &Client,
    settings: &ApiSettings,
    pool: &sqlx::PgPool,
    clock: &SharedClock,
    under: Option<ScheduleLease>,
) -> Result<AccountInUse, SyncError> {
    let claims = client.claims().await?;
    if claims.is_reseller == Some(false) {
        return Err(SyncError::NotAReseller);
    }
    let id = identify(client, &claims).await?;
    let database = |error| WarehouseError::from_sqlx("read the account of the database", error);
    let zone = settings.time_zone.name();
    let owner = fenced(pool, under, "use the database", async |db| {
        accounts::claim_within(db, &id, client.client_id(), zone, clock.now()).await
    })
    .await?;
    if owner != id {
        let kind = WarehouseErrorKind::OtherAccount { owner, account: id };
        return Err(WarehouseError::new("use the database", kind).into());
    }
    limit_requests(client, settings, pool, id.clone());
    let choices = accounts::read_date_choices(pool).await.map_err(database)?;
    if choices.last().is_some_and(DateChoice::is_unfinished_repair) {
        let kind = WarehouseErrorKind::DatesHalfRepaired;
        return Err(WarehouseError::new("use the database", kind).into());
    }
    let recorded = accounts::read(pool).await.map_err(database)?;
    let decision = decide(client, settings.date_format, &claims, recorded.as_ref()).await?;
    let (format, evidence) = match &decision {
        Some((format, evidence)) => (Some(format.name()), Some(evidence.as_str())),
        None => (None, None),
    };
    info!(
        date_format = format,
        evidence,
        time_zone = zone,
        "dates of the account"
    );
    fenced(pool, under, "record how dates are read", async |db| {
        accounts::record_date_choice(db, &id, format, zone, evidence, clock.now()).await
    })
    .await?;
    let dates = DateReader {
        format: decision.map(|(format, _)| format),
        zone: settings.time_zone,
    };
    let period_dialect = recorded
        .and_then(|account| account.period_dialect)
        .and_then(|name| PeriodDialect::from_name(&name));
    Ok(AccountInUse {
        id,
        dates,
        period_dialect,
    })
}

/// Remembers what a run found out about requests. If it cannot be remembered, the next run finds it out again.
pub async fn remember(
    pool: &sqlx::PgPool,
    under: Option<ScheduleLease>,
    account: &AccountInUse,
    learned: Option<PeriodDialect>,
) {
    let Some(dialect) = learned.filter(|_| learned != account.period_dialect) else {
        return;
    };
    let doing = "remember how requests name periods";
    let remembered = fenced(pool, under, doing, async |db| {
        accounts::remember_dialect(db, &account.id, dialect.name()).await
    });
    if let Err(error) = remembered.await {
        warn!(%error, "it is found out again by the next run");
    }
}

/// The format that the settings name.
pub(super) fn by_setting(setting: DateFormatSetting) -> Option<DateFormat> {
    match setting {
        DateFormatSetting::Auto => None,
        DateFormatSetting::Dmy => Some(DateFormat::Dmy),
        DateFormatSetting::Mdy => Some(DateFormat::Mdy),
        DateFormatSetting::Ymd => Some(DateFormat::Ymd),
        DateFormatSetting::Iso => Some(DateFormat::Iso),
    }
}

/// Decides the date format: setting, claim of the token, the account's own settings, an earlier decision, evidence in
/// the listings. `None`: nothing decides it, which only matters once a date needs it.
pub async fn decide(
    client: &Client,
    setting: DateFormatSetting,
    claims: &Claims,
    recorded: Option<&Account>,
) -> Result<Option<(DateFormat, String)>, SyncError> {
    if let Some(format) = by_setting(setting) {
        return Ok(Some((format, "setting api.date_format".to_owned())));
    }
    let of_pattern = |pattern: Option<&str>| pattern.and_then(DateFormat::from_pattern);
    if let Some(format) = of_pattern(claims.date_pattern.as_deref()) {
        return Ok(Some((
            format,
            "claim user_dateformat of the access token".to_owned(),
        )));
    }
    // Not every account may read its settings; then other evidence has to do.
    if let Ok(Some(user)) = client.user_settings().await
        && let Some(format) = of_pattern(user.date_pattern.as_deref())
    {
        return Ok(Some((
            format,
            "the account's own settings (system-users/settings)".to_owned(),
        )));
    }
    if let Some(account) = recorded
        && let Some(format) = account
            .date_format
            .as_deref()
            .and_then(DateFormat::from_name)
    {
        let evidence = account.date_format_evidence.clone().unwrap_or_default();
        return Ok(Some((format, evidence)));
    }
    let evidence = observe(client).await?;
    if evidence.day_first > 0 && evidence.month_first > 0 {
        return Err(SyncError::DatesDisagree(
            evidence.day_first,
            evidence.month_first,
        ));
    }
    Ok(evidence.decide().map(|format| {
        let seen = evidence.day_first + evidence.month_first;
        (
            format,
            format!("{seen} dates in the listings that can be read no other way"),
        )
    }))
}

/// Looks at the dates of the companies, and if these decide nothing, at those of some companies' enrollments.
async fn observe(client: &Client) -> Result<Evidence, SyncError> {
    let mut evidence = Evidence::default();
    observe_listing(client.companies(), &mut evidence).await?;
    if evidence.day_first + evidence.month_first > 0 {
        return Ok(evidence);
    }
    let mut ids = Vec::new();
    let mut listing = client.companies::<CompanyId>();
    while let Some(page) = listing.next().await? {
        ids.extend(page.items.into_iter().map(|company| company.0));
    }
    for id in ids.into_iter().take(MAX_COMPANIES_FOR_EVIDENCE) {
        let company = client.company(&id);
        match observe_listing(company.enrollments(EnrollmentList::Active), &mut evidence).await {
            Err(error) if !error.kind.is_forbidden() => return Err(error.into()),
            _ if evidence.day_first + evidence.month_first > 0 => return Ok(evidence),
            _ => {}
        }
    }
    Ok(evidence)
}

async fn observe_listing(
    mut listing: Listing<Texts>,
    evidence: &mut Evidence,
) -> Result<(), crate::api::ApiError> {
    while let Some(page) = listing.next().await? {
        page.items
            .iter()
            .flat_map(|texts| &texts.0)
            .for_each(|text| evidence.observe(text));
    }
    Ok(())
}
