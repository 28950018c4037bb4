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
mod error;
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

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

pub use error::PullError;

use crate::api::{Extra, ItemErrorKind, Listing, ListingEnd, UnreadableItem, WireItem};
use crate::clock::SharedClock;
use crate::privacy::Guard;
use crate::resource::Resource;
use crate::verdict::Verdict;
use crate::warehouse::cursors::{CursorMove, CursorState, Step, Unfinished};
use crate::warehouse::load::Rows;
use crate::warehouse::load::sweep::{Seen, Sweep};
use crate::warehouse::pending_users::{Asked, Question};
use crate::warehouse::quarantine::{BadItem, Discrepancy, UnknownField};

/// Readings of one listing in one pull, until one is whole.
const MAX_READINGS: u32 = 3;

/// Dates of the other order of day and month that one company may show before its pull is stopped.
const MAX_DATE_CONTRADICTIONS: u32 = 1;

/// The type of a member with members.
const OBJECT: &str = "an object";
/// Stands for the path of a member whose name is data.
const NAMELESS: &str = "$.(name not stored)";

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
    /// What is asked about users whose report rows changed.
    pub questions: Vec<Question>,
    /// Users who were asked.
    pub asked: Vec<Asked>,
    /// A complete pull that ends with these rows.
    pub sweep: Option<Sweep>,
    /// Cursors that move with these rows.
    pub cursors: Vec<CursorMove>,
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
    /// What is stored about its people.
    pub privacy: &'r Guard,
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
    /// Where deliveries wait; none: they go to the loader at once.
    held: Option<&'r Mutex<Vec<Delivery>>>,
}

/// How a scope that was read to its end stands.
#[derive(Debug, Clone, Default)]
pub struct Pulled {
    /// Whether it is whole.
    pub verdict: Verdict,
    /// Pages read.
    pub pages: u32,
    /// How its listing was read; the default for what is no listing.
    pub listing: Listed,
}

/// How a listing was read.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// Pages that it has.
    pub pages: u32,
    /// Direction.
    pub is_ascending: bool,
    /// An earlier process read the first pages: it cannot be said what is missing.
    pub is_resumed: bool,
    /// Some of its items could not be read: it cannot be said what is missing either.
    pub has_unreadable: bool,
    /// The rows that it showed.
    pub seen: Seen,
}

impl Pulled {
    /// A pull of one object.
    #[must_use]
    pub fn one() -> Self {
        Self {
            pages: 1,
            ..Self::default()
        }
    }

    /// Whether everything was read, in one go.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.verdict, Verdict::Complete) && !self.listing.is_resumed
    }

    /// What it says of a scope that has no rhythm of its own.
    #[must_use]
    pub const fn step(&self) -> Step {
        if self.is_complete() {
            Step::complete(self.verdict)
        } else {
            Step::Ended(self.verdict)
        }
    }

    /// Whether it says for certain what there is no longer.
    #[must_use]
    pub const fn may_delete(&self) -> bool {
        self.is_complete() && !self.listing.has_unreadable
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
            held: None,
        }
    }

    /// The same, with deliveries that wait in `held` until it is decided what becomes of them.
    #[must_use]
    pub fn held_back<'h>(&self, held: &'h Mutex<Vec<Delivery>>) -> Scope<'h>
    where
        'r: 'h,
    {
        Scope {
            held: Some(held),
            ..*self
        }
    }

    /// What is stored about the company's people.
    #[must_use]
    pub fn privacy(&self) -> &'r Guard {
        self.shared.privacy
    }

    /// Hands a page over to the loader. Fails when the run is to stop.
    pub async fn deliver(&self, delivery: Delivery) -> Result<(), PullError> {
        if let Some(held) = self.held {
            held.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(delivery);
            return Ok(());
        }
        if self.shared.sink.send(delivery).await.is_err() {
            return Err(PullError::LoaderGone);
        }
        if self.shared.stop.load(Ordering::Relaxed) {
            return Err(PullError::Stopped);
        }
        Ok(())
    }

    /// Reads a listing to its end, and hands each page over: `push` makes rows of an item. With a `state`, each page says
    /// where a later process could go on. Gives how many items could not be read.
    async fn read<T: WireItem>(
        &self,
        listing: &mut Listing<T>,
        state: Option<&CursorState>,
        mut push: impl FnMut(&mut Delivery, T),
    ) -> Result<u64, PullError> {
        let mut unreadable = 0;
        while let Some(page) = listing.next().await? {
            unreadable += page.unreadable.len() as u64;
            let mut delivery = Delivery::default();
            for item in page.items {
                push(&mut delivery, item);
            }
            self.quarantine(&mut delivery, page.unreadable)?;
            if let (Some(state), Some(position)) = (state, listing.position()) {
                delivery.cursors.push(self.under_way(CursorState {
                    unfinished: Some(Unfinished::Page {
                        page: position.page,
                        distinct: position.distinct,
                        total: position.total,
                        is_ascending: position.is_ascending,
                    }),
                    ..state.clone()
                }));
            }
            self.deliver(delivery).await?;
        }
        Ok(unreadable)
    }

    /// Reads a listing until one reading of it is whole, three times at most, and once more when a row that an
    /// earlier run missed is missing again (before it is called deleted, somebody has to have looked twice), or when other
    /// rows are in it than by `state`: where rows come and go, one may have moved past the reader, and no count tells. `listing`
    /// begins the reading of this number; `push` makes rows of an item, and notes those that tell what is there.
    pub async fn read_whole<T: WireItem>(
        &self,
        doubtful: &[Vec<u8>],
        state: Option<&CursorState>,
        mut listing: impl FnMut(u32) -> Listing<T>,
        mut push: impl FnMut(&mut Delivery, &mut Seen, T),
    ) -> Result<(ListingEnd, Pulled), PullError> {
        let mut pulled = Pulled::default();
        let mut is_looking_again = false;
        let mut reading = 0;
        loop {
            let mut listing = listing(reading);
            let mut seen = Seen::default();
            let is_ascending = listing.is_ascending();
            let read = self.read(&mut listing, state, |delivery, item| {
                push(delivery, &mut seen, item);
            });
            let has_unreadable = read.await? > 0;
            let end = listing.end();
            reading += 1;
            pulled.pages += listing.pages();
            let is_whole = end.verdict == Verdict::Complete;
            if is_looking_again {
                if is_whole {
                    pulled.listing.seen.merge(seen);
                    pulled.listing.has_unreadable |= has_unreadable;
                } else if reading < MAX_READINGS {
                    continue;
                } else {
                    pulled.verdict = end.verdict;
                }
                return Ok((end, pulled));
            }
            pulled.verdict = end.verdict;
            pulled.listing = Listed {
                pages: listing.known_pages(),
                is_ascending,
                is_resumed: end.is_resumed,
                has_unreadable,
                seen,
            };
            if !is_whole && reading < MAX_READINGS {
                continue;
            }
            let listed = &pulled.listing;
            let has_moved = listed.pages > 1
                && (state.and_then(|state| state.members.as_ref()))
                    .is_some_and(|members| *members != listed.seen.members());
            is_looking_again = pulled.is_complete()
                && (has_moved || doubtful.iter().any(|key| !listed.seen.has(key)));
            if !is_looking_again {
                return Ok((end, pulled));
            }
        }
    }

    /// Pulls a scope that is one listing in the order of creation.
    pub async fn pull_listing<T: WireItem>(
        &self,
        what: &'static str,
        doubtful: &[Vec<u8>],
        listing: impl Fn() -> Listing<T>,
        push: impl FnMut(&mut Delivery, &mut Seen, T),
    ) -> Result<Pulled, PullError> {
        let (end, pulled) = self.read_whole(doubtful, None, |_| listing(), push).await?;
        self.note_incomplete(what, end).await?;
        Ok(pulled)
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
            let Some(payload) = self.privacy().payload(self.resource, item.payload) else {
                continue;
            };
            delivery.bad_items.push(BadItem {
                resource: self.resource,
                scope: self.id.to_owned(),
                payload,
                json_path: item.error.path,
                reason: item.error.reason,
            });
        }
        Ok(())
    }

    /// The `extra` column of an item, after taking note of the members that nobody knew. While something of people is not
    /// stored as it comes, such members are not stored at all, and nothing is told of what is in them.
    pub fn extra<'e>(&self, delivery: &mut Delivery, extra: &'e Extra) -> Option<Cow<'e, str>> {
        let is_strict = self.privacy().policy().is_strict();
        if !extra.unknown.is_empty() {
            for member in &extra.unknown {
                let (path, json_type) = match &member.within {
                    Some(within) if is_strict => (within, OBJECT),
                    _ => (&member.path, member.json_type),
                };
                self.note_unknown(delivery, path.clone(), json_type);
            }
        }
        if (extra.json.as_deref()).is_some_and(|json| self.privacy().names_erased(json)) {
            return None;
        }
        if is_strict {
            return self.privacy().known_extra(self.resource, extra.known());
        }
        extra.json.as_deref().map(Cow::from)
    }

    /// Takes note of something that nobody knew, once per run.
    pub fn note_unknown(
        &self,
        delivery: &mut Delivery,
        json_path: String,
        json_type: &'static str,
    ) {
        let mut known = self
            .shared
            .unknown_fields
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let json_path = match json_path.contains('@') {
            true => NAMELESS.to_owned(),
            false => json_path,
        };
        let field = UnknownField {
            resource: self.resource,
            json_path,
            json_type,
        };
        if known.insert(field.clone()) {
            delivery.unknown_fields.push(field);
        }
    }

    /// Notes a listing that is not whole as a discrepancy.
    pub async fn note_incomplete(
        &self,
        what: &'static str,
        end: ListingEnd,
    ) -> Result<(), PullError> {
        if end.verdict == Verdict::Complete {
            return Ok(());
        }
        let discrepancy = Discrepancy {
            resource: self.resource,
            scope: self.id.to_owned(),
            kind: what,
            detail: format!(
                "the listing is {}: rows received against the service's own count",
                end.verdict
            ),
            expected: end.total.and_then(|total| i64::try_from(total).ok()),
            found: i64::try_from(end.distinct).ok(),
        };
        self.deliver(Delivery {
            discrepancies: vec![discrepancy],
            ..Delivery::default()
        })
        .await
    }

    /// The cursor of this scope in the middle of a pull.
    #[must_use]
    pub fn under_way(&self, state: CursorState) -> CursorMove {
        self.step(state, Step::UnderWay)
    }

    /// The cursor of this scope after a pull that is not complete.
    #[must_use]
    pub fn ended(&self, state: CursorState, verdict: Verdict) -> CursorMove {
        self.step(state, Step::Ended(verdict))
    }

    /// The cursor of this scope after a complete pull that has no rhythm of its own.
    #[must_use]
    pub fn completed(&self) -> CursorMove {
        self.step(CursorState::default(), Step::complete(Verdict::Complete))
    }

    /// The cursor of this scope.
    #[must_use]
    pub fn step(&self, state: CursorState, step: Step) -> CursorMove {
        CursorMove {
            resource: self.resource,
            scope: self.id.to_owned(),
            started_at: self.started_at,
            at: self.shared.clock.now(),
            state,
            step,
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
