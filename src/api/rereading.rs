//! Dates that were read by one choice of format and zone, read again by another.
//!
//! A stored instant and the choice that read it give back the local time that was received, and that is read anew. Two
//! things cannot be seen in a single instant:
//!
//! - *Whether the year came first.* Such a string says the same under every format, and only its zone is mended. The
//!   vendor writes one member in one way, so it is decided per column and for the whole account: a value that the other
//!   order of day and month cannot have given (a day above 12, a fraction of a second, which only ISO 8601 has) proves
//!   that the column was received with the year first. Under a wrong choice no other column has such a value, because
//!   the reader refuses a string that contradicts its format.
//! - *Whether it carried an offset of its own.* The vendor's dates carry none, so every instant is taken for a local
//!   time.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

use super::dates::{DateFormat, DateReader, Reading};

/// From one choice to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rereading {
    /// The choice by which a date was read.
    pub from: DateReader,
    /// The one by which it should have been.
    pub to: DateReader,
}

/// What a date says now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reread {
    /// This instant.
    Instant(DateTime<Utc>),
    /// Nothing that can be read: the zone skipped this local time. The text is as the account writes it.
    Text(String),
}

impl Rereading {
    /// True when day and month change places in strings with the year last.
    #[must_use]
    pub fn turns(&self) -> bool {
        matches!(
            (self.from.format, self.to.format),
            (Some(DateFormat::Dmy), Some(DateFormat::Mdy))
                | (Some(DateFormat::Mdy), Some(DateFormat::Dmy))
        )
    }

    /// True when no date can change.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        !self.turns() && self.from.zone == self.to.zone
    }

    /// True when the string of this instant must have begun with the year, if the new format is right.
    #[must_use]
    pub fn shows_year_first(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.from.zone).naive_local();
        self.turns() && (local.day() > 12 || local.nanosecond() > 0)
    }

    /// The same of a day.
    #[must_use]
    pub fn shows_year_first_in_day(&self, day: NaiveDate) -> bool {
        self.turns() && day.day() > 12
    }

    /// Reads an instant again.
    #[must_use]
    pub fn instant(&self, at: DateTime<Utc>, is_year_first: bool) -> Reread {
        let local = at.with_timezone(&self.from.zone).naive_local();
        let date = self.day(local.date(), is_year_first);
        let local = date.and_time(local.time());
        match self.to.locate(local) {
            Reading::Instant(at) => Reread::Instant(at),
            _ => {
                let format = self.to.format.filter(|_| !is_year_first);
                let mut text = format.unwrap_or(DateFormat::Iso).write(local, false);
                if local.second() > 0 && format.is_some_and(|format| format != DateFormat::Iso) {
                    text += &local.format(":%S").to_string();
                }
                Reread::Text(text)
            }
        }
    }

    /// Reads a day again.
    #[must_use]
    pub fn day(&self, day: NaiveDate, is_year_first: bool) -> NaiveDate {
        if is_year_first || !self.turns() {
            return day;
        }
        NaiveDate::from_ymd_opt(day.year(), day.day(), day.month()).unwrap_or(day)
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn reader(format: DateFormat, zone: Tz) -> DateReader {
        DateReader {
            format: Some(format),
            zone,
        }
    }

    fn instant_of(reader: DateReader, text: &str) -> DateTime<Utc> {
        match reader.read(text) {
            Reading::Instant(at) => at,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_a_wrong_choice_read_becomes_what_the_right_one_reads() {
        use DateFormat::{Dmy, Iso, Mdy, Ymd};
        use chrono_tz::{America::New_York, Europe::Berlin, UTC};
        for (from, to, text) in [
            (reader(Mdy, UTC), reader(Dmy, UTC), "05/06/2026 10:00:33"),
            (reader(Dmy, UTC), reader(Mdy, UTC), "05/06/2026 10:00"),
            (reader(Mdy, UTC), reader(Dmy, Berlin), "03/11/2026 23:30"),
            (
                reader(Dmy, New_York),
                reader(Dmy, Berlin),
                "17/05/2026 21:40",
            ),
            // Berlin shows it twice.
            (reader(Dmy, UTC), reader(Dmy, Berlin), "25/10/2026 02:30"),
            (reader(Dmy, Berlin), reader(Dmy, UTC), "25/10/2026 02:30"),
            (reader(Ymd, UTC), reader(Iso, Berlin), "2026-05-17T21:40:00"),
        ] {
            let rereading = Rereading { from, to };
            let reread = rereading.instant(instant_of(from, text), false);
            assert_eq!(reread, Reread::Instant(instant_of(to, text)), "{text}");
            assert!(
                !rereading.shows_year_first(instant_of(from, text)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_string_with_the_year_first_changes_its_zone_only() {
        let from = reader(DateFormat::Mdy, chrono_tz::UTC);
        let to = reader(DateFormat::Dmy, chrono_tz::Europe::Berlin);
        let rereading = Rereading { from, to };
        for text in ["2026-05-06T10:00:00", "2026/05/17 10:00"] {
            let reread = rereading.instant(instant_of(from, text), true);
            assert_eq!(reread, Reread::Instant(instant_of(to, text)), "{text}");
        }
        let proofs = ["2026-05-17", "2026-05-06T10:00:00.5"];
        assert!(
            proofs
                .iter()
                .all(|text| rereading.shows_year_first(instant_of(from, text)))
        );
    }

    #[test]
    fn a_local_time_that_the_zone_skips_becomes_the_text_that_was_received() {
        let from = reader(DateFormat::Mdy, chrono_tz::UTC);
        let to = reader(DateFormat::Dmy, chrono_tz::Europe::Berlin);
        let rereading = Rereading {
            from: reader(DateFormat::Dmy, from.zone),
            to,
        };
        for text in ["29/03/2026 02:30", "29/03/2026 02:30:07"] {
            let reread = rereading.instant(instant_of(rereading.from, text), false);
            assert_eq!(reread, Reread::Text(text.to_owned()));
        }
        let first = Rereading { from, to };
        let reread = first.instant(instant_of(from, "2026-03-29T02:30:00"), true);
        assert_eq!(reread, Reread::Text("2026-03-29T02:30:00".to_owned()));
    }

    #[test]
    fn only_opposite_orders_turn_and_equal_zones_change_nothing() {
        use DateFormat::{Dmy, Iso, Mdy, Ymd};
        let zone = chrono_tz::UTC;
        for (from, to, turns) in [
            (Dmy, Mdy, true),
            (Mdy, Dmy, true),
            (Dmy, Dmy, false),
            (Ymd, Dmy, false),
            (Mdy, Iso, false),
        ] {
            let rereading = Rereading {
                from: reader(from, zone),
                to: reader(to, zone),
            };
            assert_eq!(rereading.turns(), turns, "{from:?} {to:?}");
            assert_eq!(rereading.is_nothing(), !turns, "{from:?} {to:?}");
        }
    }
}
