//! From the API to rows: one file per resource says what to ask for one scope, and how an item becomes rows.
//!
//! To add a resource:
//!
//! 1. its endpoint and models in `api/endpoints`, its table in `warehouse/tables` with a migration;
//! 2. its name in [`Resource`];
//! 3. a file here with a `pull` that reads the scope's pages and hands each to [`Scope::deliver`];
//! 4. its place in `sync`: `enrollment.rs`, `catalogues.rs` or `per_user.rs`.

pub mod anonymous;
mod answer_rows;
pub mod answers;
pub mod companies;
pub mod details;
pub mod enrollments;
pub mod interactions;
mod question_bank;
pub mod reports;
pub mod steps;
pub mod summaries;
pub mod target_groups;
pub mod trainings;
pub mod users;
mod widget_rows;
pub mod widgets;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::api::{ApiError, Extra, ItemErrorKind, Listing, ListingEnd, UnreadableItem, WireItem};
use crate::clock::SharedClock;
use crate::resource::Resource;
use crate::verdict::Verdict;
use crate::warehouse::cursors::CursorMove;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::load::Rows;
use crate::warehouse::quarantine::{BadItem, Discrepancy, UnknownField};

/// Dates of the other order of day and month that one company may show before its pull is stopped.
const MAX_DATE_CONTRADICTIONS: u32 = 1;

/// What one page, or one object, brings for the warehouse.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Received rows.
    pub rows: Rows,
    /// Items that could not be understood.
    pub bad_items: Vec<BadItem>,
    /// Members without a column, new in this run.
    pub unknown_fields: Vec<UnknownField>,
    /// Counts that do not agree.
    pub discrepancies: Vec<Discrepancy>,
    /// The cursor that moves with these rows.
    pub cursor: Option<CursorMove>,
}

/// What the scopes of one company share during a run.
#[derive(Debug)]
pub struct Shared<'r> {
    /// Where deliveries go.
    pub sink: mpsc::Sender<Delivery>,
    /// The time.
    pub clock: SharedClock,
    /// Set when the run is to end after the page in hand.
    pub stop: &'r AtomicBool,
    /// Members without a column that this run reported already.
    pub unknown_fields: &'r Mutex<HashSet<UnknownField>>,
    /// Dates of the wrong order seen in this company.
    pub date_contradictions: &'r AtomicU32,
}

/// One scope that is being pulled.
#[derive(Debug)]
pub struct Scope<'r> {
    /// What is pulled.
    pub resource: Resource,
    /// Of which enrollment; empty: of the company as a whole; `archive`: its archived enrollments.
    pub id: &'r str,
    /// When the pull began.
    pub started_at: DateTime<Utc>,
    shared: &'r Shared<'r>,
}

/// How a scope that was read to its end stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulled {
    /// Whether it is whole.
    pub verdict: Verdict,
    /// Pages read.
    pub pages: u32,
}

impl Pulled {
    /// A pull of one object.
    #[must_use]
    pub const fn one() -> Self {
        Self {
            verdict: Verdict::Complete,
            pages: 1,
        }
    }
}

/// Why a scope could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The service failed or refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Dates were received that contradict the account's date format; where the last one was.
    #[error("could not read the dates: they contradict the account's date format (seen at {0})")]
    DateContradiction(String),
    /// The account's date format is not known.
    #[error("the order of day and month in this account's dates is not known")]
    DateUndecided,
    /// The service says that there are users, and shows none.
    #[error(
        "the service lists no users of enrollment {enrollment_id}, but its summary counts {expected}"
    )]
    UsersMissing {
        /// The enrollment.
        enrollment_id: String,
        /// Users by its summary.
        expected: i64,
    },
    /// An answer that is a single object could not be understood; it is quarantined.
    #[error("the answer could not be understood at {0}; it is kept in sync.quarantine")]
    Unreadable(String),
    /// Some users of an enrollment could not be read.
    #[error("{failed} of {asked} users could not be read: {worst}")]
    Users {
        /// Users that failed.
        failed: u32,
        /// Users asked for.
        asked: u32,
        /// The first of the worst failures.
        worst: Box<PullError>,
    },
    /// A widget answered about another one.
    #[error("the answer is about another widget than {0}")]
    OtherWidget(String),
    /// What is stored could not be read.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The run was asked to stop.
    #[error("the run was stopped")]
    Stopped,
    /// The loader ended; its own error says why.
    #[error("the rows could not be loaded")]
    LoaderGone,
}

impl PullError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Api(error) => error.remedy(),
            Self::DateContradiction(_) => {
                "set api.date_format to the order that this account really uses (dmy or mdy) and run again"
            }
            Self::DateUndecided => {
                "set api.date_format (KEEPNET_ETL__API__DATE_FORMAT) to dmy or mdy"
            }
            Self::UsersMissing { .. } => {
                "what is stored was left as it is; it is tried again by the next run. If it persists, ask the vendor's support"
            }
            Self::Unreadable(_) => {
                "report it with the reason shown by `keepnet-etl status`; everything else was loaded"
            }
            Self::Users { worst, .. } => worst.remedy(),
            Self::OtherWidget(_) => {
                "it is tried again by the next run; if it persists, ask the vendor's support"
            }
            Self::Warehouse(error) => error.remedy(),
            Self::Stopped => "run it again: it goes on from what was committed",
            Self::LoaderGone => "see the error of the database",
        }
    }

    /// The verdict on the scope.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Api(error) if error.kind.is_forbidden() => Verdict::Forbidden,
            // What only some are refused is no matter of the company's access.
            Self::Users {
                failed,
                asked,
                worst,
            } if failed == asked => worst.verdict(),
            _ => Verdict::Failed,
        }
    }

    /// True when nothing else of the company should be tried.
    #[must_use]
    pub fn ends_company(&self) -> bool {
        use crate::api::ApiErrorKind::{
            AccessWithdrawn, AddressRefused, AllowanceUnknown, CredentialsRefused, DailyLimit,
        };
        match self {
            Self::Api(error) => {
                matches!(
                    error.kind,
                    AccessWithdrawn
                        | AddressRefused
                        | CredentialsRefused(_)
                        | DailyLimit { .. }
                        | AllowanceUnknown(_)
                )
            }
            Self::DateContradiction(_)
            | Self::DateUndecided
            | Self::Warehouse(_)
            | Self::Stopped
            | Self::LoaderGone => true,
            Self::UsersMissing { .. }
            | Self::Unreadable(_)
            | Self::Users { .. }
            | Self::OtherWidget(_) => false,
        }
    }
}

impl<'r> Scope<'r> {
    /// Begins to pull.
    #[must_use]
    pub fn begin(shared: &'r Shared<'r>, resource: Resource, id: &'r str) -> Self {
        Self {
            resource,
            id,
            started_at: shared.clock.now(),
            shared,
        }
    }

    /// Hands a page over to the loader. Fails when the run is to stop.
    pub async fn deliver(&self, delivery: Delivery) -> Result<(), PullError> {
        if self.shared.sink.send(delivery).await.is_err() {
            return Err(PullError::LoaderGone);
        }
        if self.shared.stop.load(Ordering::Relaxed) {
            return Err(PullError::Stopped);
        }
        Ok(())
    }

    /// Reads a listing to its end, and hands each page over: `push` makes rows of an item.
    pub async fn read<T: WireItem>(
        &self,
        listing: &mut Listing<T>,
        mut push: impl FnMut(&mut Delivery, T),
    ) -> Result<(), PullError> {
        while let Some(page) = listing.next().await? {
            let mut delivery = Delivery::default();
            for item in page.items {
                push(&mut delivery, item);
            }
            self.quarantine(&mut delivery, page.unreadable)?;
            self.deliver(delivery).await?;
        }
        Ok(())
    }

    /// Pulls a scope that is one listing: reads it, and moves the cursor when it is whole.
    pub async fn pull_listing<T: WireItem>(
        &self,
        what: &'static str,
        mut listing: Listing<T>,
        push: impl FnMut(&mut Delivery, T),
    ) -> Result<Pulled, PullError> {
        self.read(&mut listing, push).await?;
        Ok(Pulled {
            verdict: self.end_listing(what, listing.end(), None).await?,
            pages: listing.pages(),
        })
    }

    /// The items of an answer that could be read; the others go into quarantine.
    pub fn readable<T>(
        &self,
        delivery: &mut Delivery,
        received: Vec<Result<T, UnreadableItem>>,
    ) -> Result<Vec<T>, PullError> {
        let mut items = Vec::with_capacity(received.len());
        for item in received {
            match item {
                Ok(item) => items.push(item),
                Err(item) => self.quarantine(delivery, vec![item])?,
            }
        }
        Ok(items)
    }

    /// Puts items that could not be read into quarantine. A first date of the other order is such an item; a second
    /// one in the same company stops its pull, before the page that showed it is loaded.
    pub fn quarantine(
        &self,
        delivery: &mut Delivery,
        items: Vec<UnreadableItem>,
    ) -> Result<(), PullError> {
        for item in items {
            match item.error.kind {
                ItemErrorKind::Shape => {}
                ItemErrorKind::DateUndecided => return Err(PullError::DateUndecided),
                ItemErrorKind::DateContradiction => {
                    let before = self
                        .shared
                        .date_contradictions
                        .fetch_add(1, Ordering::Relaxed);
                    if before >= MAX_DATE_CONTRADICTIONS {
                        return Err(PullError::DateContradiction(item.error.path));
                    }
                }
            }
            delivery.bad_items.push(BadItem {
                resource: self.resource,
                scope: self.id.to_owned(),
                payload: item.payload,
                json_path: item.error.path,
                reason: item.error.reason,
            });
        }
        Ok(())
    }

    /// The `extra` column of an item, after taking note of the members that nobody knew.
    pub fn extra<'e>(&self, delivery: &mut Delivery, extra: &'e Extra) -> Option<&'e str> {
        if !extra.unknown.is_empty() {
            let mut known = self
                .shared
                .unknown_fields
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for member in &extra.unknown {
                let field = UnknownField {
                    resource: self.resource,
                    json_path: member.path.clone(),
                    json_type: member.json_type,
                };
                if known.insert(field.clone()) {
                    delivery.unknown_fields.push(field);
                }
            }
        }
        extra.json.as_deref()
    }

    /// Ends a listing: a whole one moves its cursor, any other is noted as a discrepancy.
    pub async fn end_listing(
        &self,
        what: &'static str,
        end: ListingEnd,
        fingerprint: Option<String>,
    ) -> Result<Verdict, PullError> {
        let mut delivery = Delivery::default();
        if end.verdict == Verdict::Complete {
            delivery.cursor = Some(self.completed(fingerprint));
        } else {
            delivery.discrepancies.push(Discrepancy {
                resource: self.resource,
                scope: self.id.to_owned(),
                kind: what,
                detail: format!(
                    "the listing is {}: rows received against the service's own count",
                    end.verdict
                ),
                expected: end.total.and_then(|total| i64::try_from(total).ok()),
                found: i64::try_from(end.distinct).ok(),
            });
        }
        self.deliver(delivery).await?;
        Ok(end.verdict)
    }

    /// The cursor of this scope after a complete pull.
    #[must_use]
    pub fn completed(&self, fingerprint: Option<String>) -> CursorMove {
        CursorMove {
            resource: self.resource,
            scope: self.id.to_owned(),
            fingerprint,
            started_at: self.started_at,
            completed_at: self.shared.clock.now(),
        }
    }

    /// Quarantines an answer that is a single object and could not be read.
    pub async fn unreadable_object(&self, item: UnreadableItem) -> PullError {
        let path = item.error.to_string();
        let mut delivery = Delivery::default();
        if let Err(error) = self.quarantine(&mut delivery, vec![item]) {
            return error;
        }
        match self.deliver(delivery).await {
            Ok(()) => PullError::Unreadable(path),
            Err(error) => error,
        }
    }
}
