//! A listing: all pages of one search, read one by one, ending for certain, knowing whether it is whole.
//!
//! Read from the front, a short page is not the last one (the service may cap the page size), an empty one is; so is one
//! that repeats what was seen (the service may clamp or repeat). The counts in the answers decide the verdict, not the
//! number of pages. In which order pages are read is in [`super::order`].

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::dates::DateReader;
use super::envelope::Answer;
use super::error::{ApiError, ApiErrorKind};
use super::fields::{Fields, ItemError};
use super::order::{Next, Order, Pages};
use super::outgoing::{Body, Outgoing};
pub use super::search::{Casing, Search};
use super::search::{Filter, SearchBody};
use super::{Client, decode};
use crate::verdict::Verdict;

/// An item of a listing.
pub trait WireItem: Sized + Send {
    /// Reads a received object.
    fn decode(fields: Fields<'_>) -> Result<Self, ItemError>;

    /// Feeds what identifies the item within its listing.
    fn key(&self, hasher: &mut DefaultHasher);

    /// What is kept of a received object that could not be read.
    #[must_use]
    fn payload(received: &str) -> String {
        received.to_owned()
    }
}

/// An item that could not be read.
#[derive(Debug, Clone)]
pub struct UnreadableItem {
    /// As received.
    pub payload: String,
    /// What is wrong with it.
    pub error: ItemError,
}

/// One page of a listing.
#[derive(Debug)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Those that could not be read.
    pub unreadable: Vec<UnreadableItem>,
}

/// A listing that is being read.
#[derive(Debug)]
pub struct Listing<T> {
    client: Client,
    company: Option<String>,
    search: Search,
    order: Order,
    pages: u32,
    is_finished: bool,
    seen: HashSet<u64>,
    /// Distinct items before the page that was read last.
    seen_before: u64,
    /// Distinct items that an earlier process read.
    resumed: u64,
    repeats: u64,
    totals: Totals,
    items: PhantomData<fn() -> T>,
}

/// What the answers say of the number of rows.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    first: Option<u64>,
    last: Option<u64>,
    has_moved: bool,
    are_known: bool,
}

impl Totals {
    fn note(&mut self, total: Option<u64>) {
        if !self.are_known {
            self.first = total;
            self.are_known = true;
        }
        self.has_moved |= total != self.first;
        self.last = total;
    }
}

/// Where a listing that is read from the front stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The page that was read last.
    pub page: u32,
    /// Distinct items of the pages before it.
    pub distinct: u64,
    /// Items that the service says there are.
    pub total: Option<u64>,
    /// Direction.
    pub is_ascending: bool,
}

/// What the answers said of a listing that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListingEnd {
    /// Whether it is whole.
    pub verdict: Verdict,
    /// Distinct items received.
    pub distinct: u64,
    /// Items that the service says there are.
    pub total: Option<u64>,
    /// An earlier process read the first pages: what it saw is only known by its number.
    pub is_resumed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageData<'a> {
    #[serde(default)]
    page_number: Option<serde_json::Value>,
    #[serde(borrow, default)]
    results: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    total_number_of_records: Option<serde_json::Value>,
    #[serde(default)]
    total_number_of_pages: Option<serde_json::Value>,
}

struct Received<T> {
    page: Page<T>,
    keys: Vec<u64>,
    total: Option<u64>,
    pages: Option<u64>,
}

impl<T: WireItem> Listing<T> {
    pub(super) fn new(client: Client, company: Option<String>, search: Search) -> Self {
        Self {
            client,
            company,
            search,
            order: Order::forward(true),
            pages: 0,
            is_finished: false,
            seen: HashSet::new(),
            seen_before: 0,
            resumed: 0,
            repeats: 0,
            totals: Totals::default(),
            items: PhantomData,
        }
    }

    /// From the front, in this direction.
    #[must_use]
    pub fn in_direction(mut self, is_ascending: bool) -> Self {
        self.order = Order::forward(is_ascending);
        self
    }

    /// From the end, as it is known: `pages` is how many there were. Only for listings in the order of creation: what is
    /// new comes behind the pages that are read, and what is removed moves rows into pages that are still to be read.
    #[must_use]
    pub fn last_page_first(mut self, pages: Option<u32>) -> Self {
        self.order = Order::last_page_first(pages.unwrap_or(1));
        self
    }

    /// From where an earlier process stopped: its last page is read again.
    #[must_use]
    pub fn resumed_at(mut self, position: Position) -> Self {
        self.order = Order::resumed(position.page, position.is_ascending);
        self.resumed = position.distinct;
        self.totals.note(position.total);
        self
    }

    /// Pages read so far, those that were read again included.
    #[must_use]
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Pages that the listing has, as far as its answers tell.
    #[must_use]
    pub fn known_pages(&self) -> u32 {
        self.order.known_pages()
    }

    /// Direction in which its rows come.
    #[must_use]
    pub fn is_ascending(&self) -> bool {
        self.order.is_ascending()
    }

    /// Where a later process could go on; none when it had better begin anew.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let page = self.order.forward_page()?;
        Some(Position {
            page,
            distinct: self.seen_before + self.resumed,
            total: self.totals.last,
            is_ascending: self.order.is_ascending(),
        })
    }

    /// Reads the next page; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Page<T>>, ApiError> {
        if self.is_finished {
            return Ok(None);
        }
        let number = self.order.page();
        let request = self.request(number);
        let (dates, is_expected) = (self.client.dates, self.is_expected(number));
        let may_be_one_item = self.search.may_be_one_item;
        let received = self
            .client
            .call(&request, |answer| {
                if may_be_one_item && let Some(received) = receive_one(answer, &dates)? {
                    return Ok(received);
                }
                receive(answer, &dates, is_expected)
            })
            .await?;
        self.pages += 1;
        self.note(&received);
        Ok(Some(received.page))
    }

    /// How the listing ended, once [`Listing::next`] gave `None`.
    #[must_use]
    pub fn end(&self) -> ListingEnd {
        let distinct = self.distinct();
        let verdict = match self.totals.last {
            Some(total) if distinct < total => Verdict::Short,
            Some(total) if distinct > total => Verdict::Over,
            _ if self.totals.has_moved || self.repeats > 0 => Verdict::Drifted,
            _ => Verdict::Complete,
        };
        ListingEnd {
            verdict,
            distinct,
            total: self.totals.last,
            is_resumed: self.resumed > 0,
        }
    }

    fn distinct(&self) -> u64 {
        self.seen.len() as u64 + self.resumed
    }

    fn request(&self, number: u32) -> Outgoing {
        let search = &self.search;
        Outgoing {
            doing: format!("fetch page {number} of the {}", search.what),
            endpoint: search.endpoint,
            method: reqwest::Method::POST,
            path: search.path.clone(),
            query: Vec::new(),
            body: Body::json(&SearchBody {
                page_number: number,
                page_size: self.client.page_size,
                order_by: search.order_by,
                ascending: self.order.is_ascending(),
                filter: Filter::everything(search.casing),
                members: &search.members,
            }),
            company: self.company.clone(),
        }
    }

    /// Whether a page has rows if the service counts some. Behind the end there are none.
    fn is_expected(&self, number: u32) -> bool {
        match self.totals.last {
            None => number == 1,
            Some(total) => {
                u64::from(number) <= total.div_ceil(u64::from(self.client.page_size)).max(1)
            }
        }
    }

    fn note(&mut self, received: &Received<T>) {
        let count = received.keys.len() as u64;
        self.seen_before = self.seen.len() as u64;
        let new = received
            .keys
            .iter()
            .filter(|key| self.seen.insert(**key))
            .count() as u64;
        let pages = Pages {
            rows: count,
            new,
            total: received.total,
            pages: received.pages,
            page_size: self.client.page_size,
        };
        let was_moved = self.totals.has_moved;
        self.totals.note(received.total);
        // What an earlier process read is no longer what there is: all of it is read again.
        let is_outdated = self.resumed > 0 && !was_moved && self.totals.has_moved;
        let next = if is_outdated {
            self.order.begin_anew()
        } else {
            // A page without anything new is the end of a listing that is read from the front, not a sign of drift: the
            // service repeats its last page.
            if new > 0 || self.order.forward_page().is_none() {
                self.repeats += count - new;
            }
            self.order.after(&pages, self.distinct())
        };
        match next {
            Next::Page => {}
            Next::End => self.is_finished = true,
            Next::Anew => {
                self.seen.clear();
                self.seen_before = 0;
                self.resumed = 0;
                self.repeats = 0;
                self.totals = Totals::default();
            }
        }
    }
}

/// The page of a listing whose answer is a single item; `None` when it is a page.
fn receive_one<T: WireItem>(
    answer: &Answer,
    dates: &DateReader,
) -> Result<Option<Received<T>>, ApiErrorKind> {
    let Some(data) = answer.data()? else {
        return Ok(Some(Received::of(&[], Some(0), Some(0), dates)));
    };
    match serde_json::from_str::<PageData<'_>>(data.get()) {
        Ok(PageData {
            page_number: None,
            results: None,
            total_number_of_records: None,
            total_number_of_pages: None,
        }) if data.get().starts_with('{') => {
            let is_empty = serde_json::from_str::<HashMap<&str, serde::de::IgnoredAny>>(data.get())
                .is_ok_and(|members| members.is_empty());
            let items: &[&RawValue] = if is_empty { &[] } else { &[data] };
            Ok(Some(Received::of(
                items,
                Some(items.len() as u64),
                Some(1),
                dates,
            )))
        }
        _ => Ok(None),
    }
}

fn receive<T: WireItem>(
    answer: &Answer,
    dates: &DateReader,
    is_expected: bool,
) -> Result<Received<T>, ApiErrorKind> {
    let shape = |path: &str, reason: &str| ApiErrorKind::Shape {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let data = answer
        .data()?
        .ok_or_else(|| shape("$.data", "it is missing"))?;
    let not_a_page = || shape("$.data", "expected a page with a list of results");
    // A list would be taken for the members of a page, one after the other.
    if !data.get().starts_with('{') {
        return Err(not_a_page());
    }
    let data: PageData<'_> = serde_json::from_str(data.get()).map_err(|_| not_a_page())?;
    let total = data.total_number_of_records.as_ref().and_then(count);
    let pages = data.total_number_of_pages.as_ref().and_then(count);
    let results = match data.results {
        Some(results) => results,
        None => match total {
            Some(total @ 1..) if is_expected => return Err(ApiErrorKind::RowsMissing(total)),
            _ => Vec::new(),
        },
    };
    Ok(Received::of(&results, total, pages, dates))
}

impl<T: WireItem> Received<T> {
    /// Reads each item on its own.
    fn of(
        results: &[&RawValue],
        total: Option<u64>,
        pages: Option<u64>,
        dates: &DateReader,
    ) -> Self {
        let mut page = Page {
            items: Vec::with_capacity(results.len()),
            unreadable: Vec::new(),
        };
        let mut keys = Vec::with_capacity(results.len());
        for raw in results {
            let mut hasher = DefaultHasher::new();
            match decode::<T>(raw, dates) {
                Ok(item) => {
                    item.key(&mut hasher);
                    page.items.push(item);
                }
                Err(item) => {
                    raw.get().hash(&mut hasher);
                    page.unreadable.push(item);
                }
            }
            keys.push(hasher.finish());
        }
        Self {
            page,
            keys,
            total,
            pages,
        }
    }
}

fn count(value: &serde_json::Value) -> Option<u64> {
    match value {
        serde_json::Value::Number(number) => number.as_u64(),
        serde_json::Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
