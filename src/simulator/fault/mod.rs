//! Things that go wrong on demand: what they are, how they are written down, and when they fire.

mod book;
mod syntax;

pub use book::{FaultBook, Firing};

use crate::simulator::api::Endpoint;
use crate::simulator::change::Change;

/// One thing that goes wrong for some requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The endpoint; none for all of them.
    pub endpoint: Option<Endpoint>,
    /// The company id; none for all of them, and for calls above companies.
    pub company: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// The first matching request that is hit, counted from 1.
    pub from: u64,
    /// How many matching requests are hit; none for all from then on.
    pub times: Option<u64>,
    /// How many rows of a page are hit, by the kinds that hit rows.
    pub rows: usize,
    /// The body of an error status.
    pub body: Option<ErrorBody>,
    /// The `Retry-After` header of an error status.
    pub retry_after: Option<RetryAfter>,
    /// The change of a fault that is one.
    pub change: Option<Box<Change>>,
}

impl Fault {
    /// This fault for every request to every endpoint.
    #[must_use]
    pub const fn new(kind: FaultKind) -> Self {
        Self {
            endpoint: None,
            company: None,
            kind,
            from: 1,
            times: None,
            rows: 1,
            body: None,
            retry_after: None,
            change: None,
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// An HTTP error status.
    Status(u16),
    /// An HTTP error status, after what was asked has been done.
    After(u16),
    /// No answer at all, after what was asked has been done.
    NoAnswer,
    /// 403 `PRIVACY_ERROR`: the customer denies access.
    PrivacyError,
    /// 403 `IP_RESTRICTED`.
    IpRestricted,
    /// HTTP 200 whose envelope says `FAILED`.
    OkFailed,
    /// HTTP 200 whose envelope says `isSuccess: false`.
    IsSuccessFalse,
    /// HTTP 200 with an HTML page.
    Html,
    /// The body ends in the middle, and its length agrees with that.
    Truncate,
    /// A byte order mark before the body.
    Bom,
    /// The connection is closed in the middle of the body.
    Reset,
    /// The answer takes this many milliseconds longer.
    Slow(u64),
    /// A padding member makes the body larger than this many bytes.
    Huge(u64),
    /// `results` is null.
    ResultsNull,
    /// `results` is missing.
    ResultsMissing,
    /// No rows and a total of zero.
    Empty,
    /// The page before is served again under the number that was asked.
    RepeatPage,
    /// The total grows by one with each hit.
    GrowTotal,
    /// The last rows of the page are left out; the total still counts them.
    DropRow,
    /// The first rows of the page are delivered twice.
    DuplicateRow,
    /// The first rows of the page are delivered again, with another name.
    ConflictingRow,
    /// The page starts that many rows late, as if rows before it had vanished meanwhile.
    ShiftRow,
    /// The first rows of the page have no id.
    RowWithoutId,
    /// The first rows of the page have a number where text is expected.
    NumberAsText,
    /// The first rows of the page have dates in the other order of day and month.
    OtherDateFormat,
    /// The world changes just before the request is answered.
    Change,
}

/// The shape of an error's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorBody {
    /// The envelope in camelCase.
    Camel,
    /// The envelope in `PascalCase`.
    Pascal,
    /// `{"error": …}`
    OAuth,
    /// Problem details, whose `status` is a number.
    Problem,
    /// The form of the login pages: `{"errors": [{"message": …}]}`
    Login,
    /// Plain text.
    Text,
    /// A page of a proxy.
    Html,
    /// Nothing.
    Empty,
}

/// A `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// In seconds.
    Seconds(u64),
    /// As the date that many seconds from now.
    Date(u64),
}
