//! What a run will ask for, and how long that takes: the same rules as the run's, on what is stored before it begins.
//!
//! What the run finds out on its way is not in it: new companies and enrollments, and changed counts. Of summaries that are
//! looked at, some will have changed; one that stayed the same for `n` pauses is expected to change with a chance of one in
//! `n + 2` (the rule of succession).

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::catalogues::Calendar;
use super::memory::Memory;
use super::rhythm::{Rhythm, Why};
use super::run::SyncRequest;
use super::selection::{Selection, asks_users, is_selected};
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::widgets::scope_of;
use crate::resource::Resource;
use crate::settings::Settings;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::patience::persist;
use crate::warehouse::stored_load::{self, StoredEnrollment};
use crate::warehouse::{accounts, pending_users};

/// Of the users of a survey, those about whom there may be something to ask.
const SHARE_ASKED: f64 = 0.6;

/// What is due of one resource, for one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Part {
    /// Scopes.
    pub scopes: u64,
    /// Requests that they take.
    pub requests: f64,
}

/// What a run is expected to do.
#[derive(Debug, Clone, Default)]
pub struct Forecast {
    /// Companies that it will come to; none before the first run.
    pub companies: u64,
    /// By resource and reason.
    pub parts: BTreeMap<(Resource, Why), Part>,
    /// Requests per second that are allowed, or were measured.
    pub per_second: Option<f64>,
}

impl Forecast {
    /// Reads what is stored, and applies the rules of a run to it.
    pub async fn read(
        pool: &PgPool,
        settings: &Settings,
        request: &SyncRequest,
        now: DateTime<Utc>,
    ) -> Result<Self, WarehouseError> {
        let mut forecast = Self {
            per_second: rate(pool, settings).await?,
            ..Self::default()
        };
        let doing = "read the account of the database";
        let account = persist(doing, async || accounts::read(pool).await).await?;
        let Some(account) = account else {
            return Ok(forecast);
        };
        let memory = Memory::read(pool, &account.account_id).await?;
        let pages = memory.pages(Resource::Companies, "").unwrap_or(1);
        // The tree is one request.
        forecast.add(Resource::Companies, Why::Due, f64::from(pages) + 1.0);
        let context = Context {
            settings,
            request,
            selection: Selection::new(&request.resources),
            rhythm: Rhythm::new(&settings.sync),
            now,
        };
        for company in stored_load::companies(pool, &account.account_id).await? {
            if is_selected(&company, settings, request) {
                forecast.companies += 1;
                context.company(pool, &company, &mut forecast).await?;
            }
        }
        Ok(forecast)
    }

    /// Requests in all.
    #[must_use]
    pub fn requests(&self) -> u64 {
        let sum: f64 = self.parts.values().map(|part| part.requests).sum();
        // Far below the numbers that a float cannot hold exactly.
        sum.round() as u64
    }

    /// How long they take.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        let per_second = self.per_second.filter(|rate| *rate > 0.0)?;
        Some(Duration::from_secs_f64(self.requests() as f64 / per_second))
    }

    fn add(&mut self, resource: Resource, why: Why, requests: f64) {
        let part = self.parts.entry((resource, why)).or_default();
        part.scopes += 1;
        part.requests += requests;
    }
}

/// The configured rate; without one, what the last run reached.
async fn rate(pool: &PgPool, settings: &Settings) -> Result<Option<f64>, WarehouseError> {
    let configured = settings.api.max_requests_per_second;
    if configured > 0.0 {
        return Ok(Some(configured));
    }
    stored_load::measured_rate(pool).await
}

struct Context<'c> {
    settings: &'c Settings,
    request: &'c SyncRequest,
    selection: Selection,
    rhythm: Rhythm,
    now: DateTime<Utc>,
}

impl Context<'_> {
    async fn company(
        &self,
        pool: &PgPool,
        company: &str,
        forecast: &mut Forecast,
    ) -> Result<(), WarehouseError> {
        let memory = Memory::read(pool, company).await?;
        if self.selection.includes(Resource::Enrollments) {
            for scope in ["", "archive"] {
                let pages = memory.pages(Resource::Enrollments, scope).unwrap_or(1);
                forecast.add(Resource::Enrollments, Why::Due, f64::from(pages));
            }
            let counts_users = super::per_user::RESOURCES
                .iter()
                .any(|resource| self.selection.includes(*resource));
            for stored in stored_load::enrollments(pool, company, counts_users).await? {
                self.enrollment(&memory, &stored, forecast);
            }
            if counts_users {
                for (resource, _, users) in pending_users::due(pool, company, self.now).await? {
                    if let Ok(resource) = resource.parse::<Resource>()
                        && self.selection.includes(resource)
                    {
                        forecast.add(resource, Why::Changed, users as f64);
                    }
                }
            }
        }
        self.catalogues(pool, company, &memory, forecast).await
    }

    fn enrollment(&self, memory: &Memory, stored: &StoredEnrollment, forecast: &mut Forecast) {
        let id = stored.enrollment_id.as_str();
        let settings_seen = memory.cursor(Resource::Details, id);
        let listed_as = settings_seen.and_then(|cursor| cursor.fingerprint.clone());
        let enrollment = EnrollmentRef::stored(stored, listed_as.unwrap_or_default());
        let extent = self.request.extent;
        let asks_report = self.selection.includes(Resource::Users);
        let (rhythm, now) = (&self.rhythm, self.now);
        let (summary, detail) = memory.why(extent, rhythm, &enrollment, asks_report, now);
        if let Some(why) = detail.filter(|_| self.selection.includes(Resource::Details)) {
            forecast.add(Resource::Details, why, 1.0);
        }
        if let Some(why) = summary.filter(|_| self.selection.includes(Resource::Summaries)) {
            forecast.add(Resource::Summaries, why, 1.0);
            if asks_report {
                self.report(memory, stored, &enrollment, why, forecast);
            }
        }
        for resource in super::per_user::RESOURCES {
            if asks_users(self.settings, &self.selection, resource, &enrollment)
                && let Some(why) = memory.why_walk(extent, rhythm, resource, &enrollment, now)
            {
                let users = stored.stored_users as f64 * SHARE_ASKED;
                forecast.add(resource, why, users);
            }
        }
    }

    /// The users of an enrollment whose summary is read because of `why`.
    fn report(
        &self,
        memory: &Memory,
        stored: &StoredEnrollment,
        enrollment: &EnrollmentRef,
        why: Why,
        forecast: &mut Forecast,
    ) {
        let of = memory.of(enrollment, true);
        let by_count = || {
            let users = stored.target_users.unwrap_or(1).max(1).unsigned_abs();
            u32::try_from(users.div_ceil(u64::from(self.settings.api.page_size)))
                .unwrap_or(u32::MAX)
        };
        let pages = of.users.and_then(|cursor| cursor.state.pages);
        let pages = f64::from(pages.unwrap_or_else(by_count));
        let counts = of.summary.and_then(|cursor| cursor.fingerprint.as_deref());
        if let Some(why) = self
            .rhythm
            .users(of, why, counts.unwrap_or_default(), self.now)
        {
            forecast.add(Resource::Users, why, pages);
            return;
        }
        let paused = of.summary.and_then(|cursor| cursor.state.interval_s);
        let paused = TimeDelta::seconds(paused.unwrap_or(0));
        let pauses = (paused.num_minutes().max(15) as f64 / 15.0).log2();
        let part = forecast
            .parts
            .entry((Resource::Users, Why::Changed))
            .or_default();
        part.requests += pages / (pauses + 2.0);
    }

    async fn catalogues(
        &self,
        pool: &PgPool,
        company: &str,
        memory: &Memory,
        forecast: &mut Forecast,
    ) -> Result<(), WarehouseError> {
        let calendar = Calendar::new(
            memory,
            company,
            self.request.extent,
            self.settings,
            self.now,
        );
        let (reports, types) = stored_load::catalogues(pool, company).await?;
        for resource in [
            Resource::TargetGroups,
            Resource::Trainings,
            Resource::Reports,
            Resource::Widgets,
        ] {
            let Some(why) = calendar
                .why(resource)
                .filter(|_| self.selection.includes(resource))
            else {
                continue;
            };
            let requests = match resource {
                Resource::Reports => 1.0 + reports as f64,
                Resource::Widgets => {
                    let months = calendar.months();
                    let scopes = types.iter().flat_map(|widget_type| {
                        let months = months.iter();
                        months.map(move |month| (scope_of(widget_type, *month), *month))
                    });
                    let due = scopes.filter(|(scope, month)| calendar.is_month_due(scope, *month));
                    1.0 + due.count() as f64
                }
                _ => f64::from(memory.pages(resource, "").unwrap_or(1)),
            };
            forecast.add(resource, why, requests);
        }
        Ok(())
    }
}
