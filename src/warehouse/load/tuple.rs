//! Rows in PostgreSQL's binary COPY format: encoded once when they are received, compared with stored rows
//! byte by byte, and sent as they are.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::warehouse::tables::Table;

/// Microseconds between the Unix epoch and PostgreSQL's (2000-01-01).
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;

/// PostgreSQL's epoch as a date.
pub const POSTGRES_EPOCH: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("it exists");

/// `-infinity`, which sorts before every instant.
const MINUS_INFINITY: i64 = i64::MIN;

/// The version byte in front of every binary jsonb value.
const JSONB_VERSION: u8 = 1;

/// A row that belongs into a [`Table`].
pub trait Row {
    /// The table and its columns.
    const TABLE: &'static Table;

    /// Writes one value per column of [`Row::TABLE`], in its order.
    fn write(&self, tuple: &mut Tuple<'_>);
}

/// Where one encoded row lies in a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    start: usize,
    key_end: usize,
    end: usize,
    /// How many owners had been named when the row came; its own is the last of them.
    owners: usize,
}

/// Somebody whose whole set of rows was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The encoded key columns that name the owner.
    pub key: Box<[u8]>,
    /// Which set is newer, when several were received for one owner.
    pub version: Version,
}

/// The version of a row: an instant in PostgreSQL's encoding, then an id.
pub type Version = (i64, Vec<u8>);

/// Writes the values of one row.
#[derive(Debug)]
pub struct Tuple<'a> {
    bytes: &'a mut Vec<u8>,
    key_len: usize,
    written: usize,
    key_end: usize,
}

impl<'a> Tuple<'a> {
    /// Encodes `row` at the end of `bytes`. The column count of the COPY format is left to [`copy_row`].
    pub fn encode<R: Row>(row: &R, bytes: &'a mut Vec<u8>) -> Span {
        let start = bytes.len();
        let mut tuple = Tuple {
            bytes,
            key_len: R::TABLE.key_len,
            written: 0,
            key_end: start,
        };
        row.write(&mut tuple);
        debug_assert_eq!(
            tuple.written,
            R::TABLE.columns.len(),
            "columns of {}",
            R::TABLE.name
        );
        let (key_end, end) = (tuple.key_end, bytes.len());
        Span {
            start,
            key_end,
            end,
            owners: 0,
        }
    }

    /// A `text` value. PostgreSQL cannot hold NUL: it becomes U+FFFD.
    pub fn text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(text) if text.contains('\0') => {
                let text = text.replace('\0', "\u{fffd}");
                self.field(Some(text.as_bytes()))
            }
            Some(text) => self.field(Some(text.as_bytes())),
            None => self.field(None),
        }
    }

    /// A `bigint` value.
    pub fn bigint(&mut self, value: Option<i64>) -> &mut Self {
        self.field(
            value
                .map(i64::to_be_bytes)
                .as_ref()
                .map(<[u8; 8]>::as_slice),
        )
    }

    /// A `double precision` value.
    pub fn double(&mut self, value: Option<f64>) -> &mut Self {
        self.field(
            value
                .map(f64::to_be_bytes)
                .as_ref()
                .map(<[u8; 8]>::as_slice),
        )
    }

    /// A `boolean` value.
    pub fn boolean(&mut self, value: Option<bool>) -> &mut Self {
        self.field(
            value
                .map(|value| [u8::from(value)])
                .as_ref()
                .map(<[u8; 1]>::as_slice),
        )
    }

    /// A `timestamptz` value.
    pub fn instant(&mut self, value: Option<DateTime<Utc>>) -> &mut Self {
        self.bigint(value.map(postgres_micros))
    }

    /// A `timestamptz` value, `-infinity` when there is none.
    pub fn instant_or_minus_infinity(&mut self, value: Option<DateTime<Utc>>) -> &mut Self {
        self.bigint(Some(value.map_or(MINUS_INFINITY, postgres_micros)))
    }

    /// A `date` value.
    pub fn date(&mut self, value: Option<NaiveDate>) -> &mut Self {
        let days = value.map(|date| (date - POSTGRES_EPOCH).num_days());
        self.field(
            days.and_then(|days| i32::try_from(days).ok())
                .map(i32::to_be_bytes)
                .as_ref()
                .map(<[u8; 4]>::as_slice),
        )
    }

    /// An `interval` value, in the way PostgreSQL writes days and hours apart.
    pub fn interval(&mut self, value: Option<TimeDelta>) -> &mut Self {
        let Some(value) = value else {
            return self.field(None);
        };
        let days = i32::try_from(value.num_days()).unwrap_or(i32::MAX);
        let rest = value - TimeDelta::days(value.num_days());
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&rest.num_microseconds().unwrap_or(0).to_be_bytes());
        bytes[8..12].copy_from_slice(&days.to_be_bytes());
        self.field(Some(&bytes))
    }

    /// A `jsonb` value, given as JSON text without NUL escapes (see `Fields::into_extra`).
    pub fn json(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(text) => {
                self.length(text.len() + 1);
                self.bytes.push(JSONB_VERSION);
                self.bytes.extend_from_slice(text.as_bytes());
                self.count()
            }
            None => self.field(None),
        }
    }

    fn field(&mut self, value: Option<&[u8]>) -> &mut Self {
        match value {
            Some(value) => {
                self.length(value.len());
                self.bytes.extend_from_slice(value);
            }
            None => self.bytes.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
        self.count()
    }

    fn length(&mut self, length: usize) {
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
    }

    fn count(&mut self) -> &mut Self {
        self.written += 1;
        if self.written == self.key_len {
            self.key_end = self.bytes.len();
        }
        self
    }
}

/// The version that stands for this instant and id; no instant sorts before every other.
#[must_use]
pub fn version(instant: Option<DateTime<Utc>>, id: &str) -> Version {
    (
        instant.map_or(MINUS_INFINITY, postgres_micros),
        id.as_bytes().to_vec(),
    )
}

fn postgres_micros(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_micros() - POSTGRES_EPOCH_US
}

/// The rows received for one table, encoded one behind the other.
#[derive(Debug)]
pub struct TableRows {
    /// Where they belong.
    pub table: &'static Table,
    bytes: Vec<u8>,
    spans: Vec<Span>,
    /// Those whose set was received; see `Rule::Set`.
    owners: Vec<Owner>,
}

impl TableRows {
    /// No rows yet.
    #[must_use]
    pub fn new(table: &'static Table) -> Self {
        Self {
            table,
            bytes: Vec::new(),
            spans: Vec::new(),
            owners: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push<R: Row>(&mut self, row: &R) {
        debug_assert!(std::ptr::eq(R::TABLE, self.table));
        let span = Tuple::encode(row, &mut self.bytes);
        self.spans.push(Span {
            owners: self.owners.len(),
            ..span
        });
    }

    /// Says that the rows added next, up to the next owner, are all that this owner has by this version.
    pub fn push_owner(&mut self, write_key: impl FnOnce(&mut Tuple<'_>), version: Version) {
        let mut bytes = Vec::new();
        let mut tuple = Tuple {
            bytes: &mut bytes,
            key_len: self.table.rule.owner_len().unwrap_or_default(),
            written: 0,
            key_end: 0,
        };
        write_key(&mut tuple);
        debug_assert_eq!(tuple.written, tuple.key_len, "owner in {}", self.table.name);
        self.owners.push(Owner {
            key: bytes.into_boxed_slice(),
            version,
        });
    }

    /// Takes over the rows of `other`, which must be of the same table.
    pub fn append(&mut self, other: &Self) {
        let (shift, owners) = (self.bytes.len(), self.owners.len());
        self.bytes.extend_from_slice(&other.bytes);
        self.spans.extend(other.spans.iter().map(|span| Span {
            start: span.start + shift,
            key_end: span.key_end + shift,
            end: span.end + shift,
            owners: span.owners + owners,
        }));
        self.owners.extend(other.owners.iter().cloned());
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// True without rows and without owners.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.owners.is_empty()
    }

    /// Those whose whole set was received, in the order in which they were.
    #[must_use]
    pub fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// The rows, in the order in which they were received.
    pub fn rows(&self) -> impl Iterator<Item = EncodedRow<'_>> {
        self.spans.iter().map(|span| self.row(span))
    }

    /// The row received last.
    #[must_use]
    pub fn last(&self) -> Option<EncodedRow<'_>> {
        self.spans.last().map(|span| self.row(span))
    }

    fn row(&self, span: &Span) -> EncodedRow<'_> {
        EncodedRow {
            key: &self.bytes[span.start..span.key_end],
            values: &self.bytes[span.start..span.end],
            owner: span.owners.checked_sub(1),
        }
    }
}

/// One encoded row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodedRow<'a> {
    /// The encoded key columns.
    pub key: &'a [u8],
    /// All encoded columns, the key included.
    pub values: &'a [u8],
    /// Its owner's place among [`TableRows::owners`].
    pub owner: Option<usize>,
}

/// Splits encoded columns into their values (`None`: null).
pub fn fields(mut encoded: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    std::iter::from_fn(move || {
        let (length, rest) = encoded.split_first_chunk::<4>()?;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                let (value, rest) = rest.split_at_checked(length)?;
                encoded = rest;
                Some(Some(value))
            }
            Err(_) => {
                encoded = rest;
                Some(None)
            }
        }
    })
}

/// Encoded text columns as texts; a null is an empty one.
#[must_use]
pub fn texts(encoded: &[u8]) -> Vec<String> {
    fields(encoded)
        .map(|value| String::from_utf8_lossy(value.unwrap_or_default()).into_owned())
        .collect()
}

/// Texts as encoded columns.
#[must_use]
pub fn encoded_texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut tuple = Tuple {
        bytes: &mut bytes,
        key_len: 0,
        written: 0,
        key_end: 0,
    };
    for text in texts {
        tuple.text(Some(text));
    }
    bytes
}

/// The encoded form of the first `count` columns of `encoded`.
#[must_use]
pub fn prefix(encoded: &[u8], count: usize) -> &[u8] {
    let length = fields(encoded)
        .take(count)
        .map(|value| 4 + value.map_or(0, <[u8]>::len))
        .sum();
    &encoded[..length]
}

/// Starts a binary COPY stream.
pub fn copy_header(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
    out.extend_from_slice(&[0; 8]);
}

/// The columns that a row gets when it is written first: all hold that instant.
#[must_use]
pub fn stamps(table: &Table) -> Vec<&'static str> {
    let since = table.history().map(|history| history.since);
    ["first_seen_at", "synced_at"]
        .into_iter()
        .chain(since)
        .collect()
}

/// Adds one row to a binary COPY stream, followed by its [`stamps`].
pub fn copy_row(out: &mut Vec<u8>, table: &Table, row: EncodedRow<'_>, at: DateTime<Utc>) {
    let stamps = stamps(table).len();
    let columns = i16::try_from(table.columns.len() + stamps).unwrap_or(i16::MAX);
    out.extend_from_slice(&columns.to_be_bytes());
    out.extend_from_slice(row.values);
    for _ in 0..stamps {
        out.extend_from_slice(&8_i32.to_be_bytes());
        out.extend_from_slice(&postgres_micros(at).to_be_bytes());
    }
}

/// Ends a binary COPY stream.
pub fn copy_trailer(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i16).to_be_bytes());
}
