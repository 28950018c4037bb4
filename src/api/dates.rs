//! The vendor's date strings, read by one format per account.
//!
//! The service writes dates as the calling user's settings say: `31/12/2026 09:05`, `12/31/2026 09:05 AM`, … with or
//! without seconds, without a zone. Day and month cannot be told apart in most values, so nothing is guessed per
//! value: the account's format is decided once, and a value that contradicts it is an error of its item.

use chrono::{
    DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc,
};
use chrono_tz::Tz;

/// How an account writes dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFormat {
    /// 31/12/2026
    Dmy,
    /// 12/31/2026
    Mdy,
    /// 2026/12/31
    Ymd,
    /// 2026-12-31T00:00:00
    Iso,
}

impl DateFormat {
    /// The word used in settings and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dmy => "dmy",
            Self::Mdy => "mdy",
            Self::Ymd => "ymd",
            Self::Iso => "iso",
        }
    }

    /// The format with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Dmy, Self::Mdy, Self::Ymd, Self::Iso]
            .into_iter()
            .find(|format| format.name() == name)
    }

    /// The format that a pattern such as `DD/MM/YYYY` (a claim of the token, a user setting) stands for.
    #[must_use]
    pub fn from_pattern(pattern: &str) -> Option<Self> {
        let letters: String = pattern
            .chars()
            .filter(char::is_ascii_alphabetic)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        match letters.as_str() {
            "ddmmyyyy" | "dmyyyy" | "dmy" => Some(Self::Dmy),
            "mmddyyyy" | "mdyyyy" | "mdy" => Some(Self::Mdy),
            "yyyymmdd" | "yyyymd" | "ymd" => Some(Self::Ymd),
            _ => None,
        }
    }

    /// A local time to the minute, as an account with this clock writes it.
    #[must_use]
    pub fn write(self, at: NaiveDateTime, has_twelve_hours: bool) -> String {
        let day = match self {
            Self::Dmy => "%d/%m/%Y",
            Self::Mdy => "%m/%d/%Y",
            Self::Ymd => "%Y/%m/%d",
            Self::Iso => return at.format("%Y-%m-%dT%H:%M:%S").to_string(),
        };
        let minute = if has_twelve_hours {
            "%I:%M %p"
        } else {
            "%H:%M"
        };
        format!("{} {}", at.format(day), at.format(minute))
    }
}

/// What a date string says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// This instant.
    Instant(DateTime<Utc>),
    /// Nothing: it is empty, or the year-1 default of the vendor's platform.
    Nothing,
    /// No date by any format, or a local time that the zone skipped.
    Unreadable,
    /// A date, but of the other order of day and month than the account writes.
    Contradiction,
    /// A date whose order of day and month is not decided yet.
    Undecided,
}

/// A date string that could be read.
enum Written {
    /// With an offset.
    Instant(DateTime<FixedOffset>),
    /// Without one.
    Local(NaiveDateTime),
}

/// Reads the date strings of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateReader {
    /// How the account writes dates; `None` until it is decided.
    pub format: Option<DateFormat>,
    /// The zone of its dates.
    pub zone: Tz,
}

impl DateReader {
    /// Reads one string. Strings that begin with the year, or carry an offset, can be read under every format.
    #[must_use]
    pub fn read(&self, text: &str) -> Reading {
        match self.written(text) {
            Ok(Written::Instant(instant)) => Reading::Instant(instant.with_timezone(&Utc)),
            Ok(Written::Local(local)) => self.locate(local),
            Err(reading) => reading,
        }
    }

    /// The day that a string names, as it is written: no zone moves it. The error is never [`Reading::Instant`].
    pub fn day(&self, text: &str) -> Result<NaiveDate, Reading> {
        self.written(text).map(|written| match written {
            Written::Instant(instant) => instant.date_naive(),
            Written::Local(local) => local.date(),
        })
    }

    fn written(&self, text: &str) -> Result<Written, Reading> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Reading::Nothing);
        }
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return if chrono::Datelike::year(&instant) <= 1 {
                Err(Reading::Nothing)
            } else {
                Ok(Written::Instant(instant))
            };
        }
        let Some(parts) = Parts::split(text) else {
            return Err(Reading::Unreadable);
        };
        if parts.year() <= 1 {
            return Err(Reading::Nothing);
        }
        let date = match (parts.numbers, self.format) {
            (DateNumbers::YearFirst(..), _) => parts.ymd(),
            (DateNumbers::YearLast(..), None) => {
                return Err(if parts.dmy().or(parts.mdy()).is_some() {
                    Reading::Undecided
                } else {
                    Reading::Unreadable
                });
            }
            (DateNumbers::YearLast(..), Some(DateFormat::Dmy)) => parts.dmy(),
            (DateNumbers::YearLast(..), Some(DateFormat::Mdy)) => parts.mdy(),
            (DateNumbers::YearLast(..), Some(DateFormat::Ymd | DateFormat::Iso)) => None,
        };
        match date {
            Some(date) => Ok(Written::Local(date.and_time(parts.time))),
            None if parts.dmy().or(parts.mdy()).is_some() => Err(Reading::Contradiction),
            None => Err(Reading::Unreadable),
        }
    }

    /// A local time that occurs twice is the first of the two; one that never occurs cannot be read.
    pub(super) fn locate(&self, local: NaiveDateTime) -> Reading {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => {
                Reading::Instant(instant.with_timezone(&Utc))
            }
            LocalResult::None => Reading::Unreadable,
        }
    }
}

/// How often strings of each kind were seen, to decide a format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Dates that are only possible with the day first.
    pub day_first: u64,
    /// Dates that are only possible with the month first.
    pub month_first: u64,
    /// Dates that are possible both ways.
    pub either: u64,
}

impl Evidence {
    /// Takes note of a string, if it is a date with the year last.
    pub fn observe(&mut self, text: &str) {
        let Some(parts) = Parts::split(text.trim()) else {
            return;
        };
        if !matches!(parts.numbers, DateNumbers::YearLast(..)) {
            return;
        }
        match (parts.dmy(), parts.mdy()) {
            (Some(_), Some(_)) => self.either += 1,
            (Some(_), None) => self.day_first += 1,
            (None, Some(_)) => self.month_first += 1,
            (None, None) => {}
        }
    }

    /// The format that the dates prove, if they agree.
    #[must_use]
    pub fn decide(&self) -> Option<DateFormat> {
        match (self.day_first, self.month_first) {
            (1.., 0) => Some(DateFormat::Dmy),
            (0, 1..) => Some(DateFormat::Mdy),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum DateNumbers {
    YearFirst(i32, u32, u32),
    YearLast(u32, u32, i32),
}

/// A string cut into the numbers of a date and a time of day.
#[derive(Debug, Clone, Copy)]
struct Parts {
    numbers: DateNumbers,
    time: NaiveTime,
}

impl Parts {
    fn split(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, time.trim()),
            None => (text, ""),
        };
        let mut numbers = date.split(['/', '-', '.']);
        let parts = [numbers.next()?, numbers.next()?, numbers.next()?];
        if numbers.next().is_some()
            || parts
                .iter()
                .any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()))
        {
            return None;
        }
        let numbers = match (parts[0].len(), parts[2].len()) {
            (4, 1..=2) => DateNumbers::YearFirst(
                parts[0].parse().ok()?,
                parts[1].parse().ok()?,
                parts[2].parse().ok()?,
            ),
            (1..=2, 4) => DateNumbers::YearLast(
                parts[0].parse().ok()?,
                parts[1].parse().ok()?,
                parts[2].parse().ok()?,
            ),
            _ => return None,
        };
        Some(Self {
            numbers,
            time: time_of_day(time)?,
        })
    }

    fn year(&self) -> i32 {
        match self.numbers {
            DateNumbers::YearFirst(year, ..) | DateNumbers::YearLast(.., year) => year,
        }
    }

    fn ymd(&self) -> Option<NaiveDate> {
        match self.numbers {
            DateNumbers::YearFirst(year, month, day) => NaiveDate::from_ymd_opt(year, month, day),
            DateNumbers::YearLast(..) => None,
        }
    }

    fn dmy(&self) -> Option<NaiveDate> {
        match self.numbers {
            DateNumbers::YearLast(day, month, year) => NaiveDate::from_ymd_opt(year, month, day),
            DateNumbers::YearFirst(..) => None,
        }
    }

    fn mdy(&self) -> Option<NaiveDate> {
        match self.numbers {
            DateNumbers::YearLast(month, day, year) => NaiveDate::from_ymd_opt(year, month, day),
            DateNumbers::YearFirst(..) => None,
        }
    }
}

/// `HH:mm`, `HH:mm:ss`, a fraction, and either of them with AM or PM; nothing is midnight.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    if text.is_empty() {
        return Some(NaiveTime::MIN);
    }
    let upper = text.to_ascii_uppercase();
    let (clock, half) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(clock), _) => (clock.trim_end(), Some(0)),
        (_, Some(clock)) => (clock.trim_end(), Some(12)),
        _ => (upper.as_str(), None),
    };
    let mut parts = clock.splitn(3, ':');
    let number = |part: &str| -> Option<u32> {
        (matches!(part.len(), 1..=2) && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse().ok())?
    };
    let mut hour = number(parts.next()?)?;
    let minute = number(parts.next()?)?;
    let (second, nano) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (number(seconds)?, 0),
            Some((seconds, fraction)) => (number(seconds)?, nanoseconds(fraction)?),
        },
    };
    if let Some(half) = half {
        // The recorded service writes `08:00 AM` on a 12-hour clock; a 24-hour value beside AM or PM keeps its hour.
        hour = match hour {
            12 => half,
            0..=11 => hour + half,
            _ => hour,
        };
    }
    NaiveTime::from_hms_nano_opt(hour, minute, second, nano)
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<9}").get(..9)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Option<DateFormat>, text: &str) -> String {
        let reader = DateReader {
            format,
            zone: Tz::UTC,
        };
        match reader.read(text) {
            Reading::Instant(instant) => instant.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_string_of_vector_47_is_read_or_flagged() {
        use DateFormat::{Dmy, Mdy};
        for (format, text, expected) in [
            (Dmy, "17/05/2026 21:40:33", "2026-05-17T21:40:33"),
            (Dmy, "17/05/2026 21:40", "2026-05-17T21:40:00"),
            (Mdy, "05/17/2026 09:40 PM", "2026-05-17T21:40:00"),
            (Dmy, "05/17/2026 09:40 PM", "Contradiction"),
            (Mdy, "17/05/2026 21:40", "Contradiction"),
            (Dmy, "2026/05/17 21:40", "2026-05-17T21:40:00"),
            (Mdy, "2026-05-17T21:40:33", "2026-05-17T21:40:33"),
            (Dmy, "2026-05-17T21:40:33.123Z", "2026-05-17T21:40:33.123"),
            (Dmy, "2026-05-17T21:40:33+03:00", "2026-05-17T18:40:33"),
            (Dmy, "17.05.2026", "2026-05-17T00:00:00"),
            (Dmy, "05/06/2026 10:00", "2026-06-05T10:00:00"),
            (Mdy, "05/06/2026 10:00", "2026-05-06T10:00:00"),
            (Dmy, "0001-01-01T00:00:00", "Nothing"),
            (Dmy, "01/01/0001 00:00:00", "Nothing"),
            (Dmy, "", "Nothing"),
            (Dmy, "31/02/2026 10:00", "Unreadable"),
            (Mdy, "31/02/2026 10:00", "Unreadable"),
            (Dmy, "29/03/2026 03:30", "2026-03-29T03:30:00"),
            (Mdy, "01/13/2026 12:00 AM", "2026-01-13T00:00:00"),
            (Mdy, "01/13/2026 12:30 PM", "2026-01-13T12:30:00"),
            (Dmy, "yesterday", "Unreadable"),
            (Dmy, "17/05/2026 25:00", "Unreadable"),
        ] {
            assert_eq!(read(Some(format), text), expected, "{text} as {format:?}");
        }
    }

    #[test]
    fn without_a_decision_only_year_first_strings_are_read() {
        assert_eq!(read(None, "05/06/2026 10:00"), "Undecided");
        assert_eq!(read(None, "17/05/2026 10:00"), "Undecided");
        assert_eq!(read(None, "2026-05-17"), "2026-05-17T00:00:00");
        assert_eq!(read(Some(DateFormat::Iso), "05/06/2026"), "Contradiction");
    }

    #[test]
    fn a_skipped_local_time_is_unreadable_and_a_repeated_one_is_its_first() {
        let reader = DateReader {
            format: Some(DateFormat::Dmy),
            zone: chrono_tz::Europe::Berlin,
        };
        assert_eq!(reader.read("29/03/2026 02:30"), Reading::Unreadable);
        let Reading::Instant(instant) = reader.read("25/10/2026 02:30") else {
            panic!("unreadable")
        };
        assert_eq!(instant.to_rfc3339(), "2026-10-25T00:30:00+00:00");
    }

    #[test]
    fn evidence_decides_only_when_it_agrees() {
        let decide = |texts: &[&str]| {
            let mut evidence = Evidence::default();
            texts.iter().for_each(|text| evidence.observe(text));
            evidence.decide()
        };
        assert_eq!(decide(&["05/06/2026", "2026-12-31"]), None);
        assert_eq!(decide(&["05/06/2026", "13/06/2026"]), Some(DateFormat::Dmy));
        assert_eq!(
            decide(&["05/06/2026", "06/13/2026 10:00 PM"]),
            Some(DateFormat::Mdy)
        );
        assert_eq!(decide(&["13/06/2026", "06/13/2026"]), None);
        assert_eq!(decide(&["not a date", "31/02/2026"]), None);
    }
}
