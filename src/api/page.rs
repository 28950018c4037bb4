//! A listing: all pages of one search, read one by one, ending for certain, knowing whether it is whole.
//!
//! A short page is not the last one (the service may cap the page size), an empty one is; so is one that repeats
//! what was seen (the service may clamp or repeat). The counts in the answers decide the verdict, not the number of
//! pages.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::dates::DateReader;
use super::envelope::Answer;
use super::error::{ApiError, ApiErrorKind};
use super::fields::{Fields, ItemError};
use super::transport::{Body, Outgoing};
use super::{Client, decode};
use crate::verdict::Verdict;

/// Pages read of a listing whose total is unknown.
const MAX_PAGES_WITHOUT_TOTAL: u32 = 100_000;
/// Pages beyond twice the expected number before a listing is ended.
const SPARE_PAGES: u64 = 50;

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

/// The constant part of a search request, apart from its page.
#[derive(Debug, Clone)]
pub struct Search {
    /// What is listed: "users of enrollment …".
    pub what: String,
    /// Name of the endpoint, for logs.
    pub endpoint: &'static str,
    /// Path below the base URL.
    pub path: Vec<String>,
    /// Column to sort by; valid names differ per endpoint.
    pub order_by: &'static str,
    /// Spelling of the filter's members.
    pub casing: Casing,
    /// Members that only this endpoint has.
    pub members: serde_json::Map<String, serde_json::Value>,
    /// The answer may be one item instead of a page.
    pub may_be_one_item: bool,
}

/// How the members of a filter are spelled. The service takes both; the vendor's document does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Casing {
    /// `Condition`
    Pascal,
    /// `condition`
    Camel,
}

/// The body of a search.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchBody<'a> {
    pub page_number: u32,
    pub page_size: u32,
    pub order_by: &'a str,
    pub ascending: bool,
    pub filter: Filter,
    #[serde(flatten)]
    pub members: &'a serde_json::Map<String, serde_json::Value>,
}

/// The filter that lets everything pass, in the full shape that the vendor's own client sends: without it the
/// service fails with HTTP 500.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Filter {
    Pascal(PascalFilter),
    Camel(CamelFilter),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PascalFilter {
    condition: &'static str,
    search_input_text_value: &'static str,
    filter_groups: [PascalGroup; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PascalGroup {
    condition: &'static str,
    filter_items: [(); 0],
    filter_groups: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CamelFilter {
    condition: &'static str,
    search_input_text_value: &'static str,
    filter_groups: [CamelGroup; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CamelGroup {
    condition: &'static str,
    filter_items: [(); 0],
    filter_groups: [(); 0],
}

impl Filter {
    pub fn everything(casing: Casing) -> Self {
        match casing {
            Casing::Pascal => {
                let group = |condition| PascalGroup {
                    condition,
                    filter_items: [],
                    filter_groups: [],
                };
                Self::Pascal(PascalFilter {
                    condition: "AND",
                    search_input_text_value: "",
                    filter_groups: [group("AND"), group("OR")],
                })
            }
            Casing::Camel => {
                let group = |condition| CamelGroup {
                    condition,
                    filter_items: [],
                    filter_groups: [],
                };
                Self::Camel(CamelFilter {
                    condition: "AND",
                    search_input_text_value: "",
                    filter_groups: [group("AND"), group("OR")],
                })
            }
        }
    }
}

/// A listing that is being read.
#[derive(Debug)]
pub struct Listing<T> {
    client: Client,
    company: Option<String>,
    search: Search,
    pages: u32,
    is_finished: bool,
    seen: HashSet<u64>,
    repeats: u64,
    first_total: Option<u64>,
    last_total: Option<u64>,
    has_moved: bool,
    max_pages: u32,
    items: PhantomData<fn() -> T>,
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
            pages: 0,
            is_finished: false,
            seen: HashSet::new(),
            repeats: 0,
            first_total: None,
            last_total: None,
            has_moved: false,
            max_pages: MAX_PAGES_WITHOUT_TOTAL,
            items: PhantomData,
        }
    }

    /// Pages read so far.
    #[must_use]
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Reads the next page; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Page<T>>, ApiError> {
        if self.is_finished {
            return Ok(None);
        }
        let number = self.pages + 1;
        let request = self.request(number);
        let (dates, expected_pages) = (self.client.dates, self.expected_pages());
        let may_be_one_item = self.search.may_be_one_item;
        let received = self
            .client
            .call(&request, |answer| {
                if may_be_one_item && let Some(received) = receive_one(answer, &dates)? {
                    return Ok(received);
                }
                receive(answer, &dates, u64::from(number) <= expected_pages)
            })
            .await?;
        self.pages = number;
        self.note(&received);
        Ok(Some(received.page))
    }

    /// How the listing ended, once [`Listing::next`] gave `None`.
    #[must_use]
    pub fn end(&self) -> ListingEnd {
        let distinct = self.seen.len() as u64;
        let verdict = match self.last_total {
            Some(total) if distinct < total => Verdict::Short,
            Some(total) if distinct > total => Verdict::Over,
            _ if self.has_moved || self.repeats > 0 => Verdict::Drifted,
            _ => Verdict::Complete,
        };
        ListingEnd {
            verdict,
            distinct,
            total: self.last_total,
        }
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
                ascending: true,
                filter: Filter::everything(search.casing),
                members: &search.members,
            }),
            company: self.company.clone(),
        }
    }

    fn expected_pages(&self) -> u64 {
        self.last_total.map_or(u64::MAX, |total| {
            total.div_ceil(u64::from(self.client.page_size)).max(1)
        })
    }

    fn note(&mut self, received: &Received<T>) {
        let count = received.keys.len() as u64;
        let new = received
            .keys
            .iter()
            .filter(|key| self.seen.insert(**key))
            .count() as u64;
        // A page without anything new is the end, not a sign of drift: the service repeats its last page.
        if new > 0 {
            self.repeats += count - new;
        }
        if self.pages == 1 {
            self.first_total = received.total;
            if let (Some(total), 1..) = (received.total, count) {
                let expected = 2 * total.div_ceil(count) + SPARE_PAGES;
                self.max_pages = u32::try_from(expected).unwrap_or(u32::MAX);
            }
        }
        self.has_moved |= received.total != self.first_total;
        self.last_total = received.total;

        let is_last_by_pages = received
            .pages
            .is_none_or(|pages| u64::from(self.pages) >= pages);
        // A total of zero beside rows is no total.
        let is_total_reached = match received.total {
            None | Some(0) => received.pages.is_some() && is_last_by_pages,
            Some(total) => is_last_by_pages && self.seen.len() as u64 >= total,
        };
        self.is_finished = new == 0 || is_total_reached || self.pages >= self.max_pages;
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
