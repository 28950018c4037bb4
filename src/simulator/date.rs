//! The vendor's date strings: the zone of the account, the order of day and month, two precisions.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::simulator::json::{JsonObject, push_digits};

/// Seconds since 1970 in UTC.
pub type Instant = i64;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// In which order an account's dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DateOrder {
    /// `31/12/2026`
    Dmy,
    /// `12/31/2026`
    Mdy,
    /// `2026/12/31`
    Ymd,
    /// `2026-12-31T09:05:00`, without a zone
    Iso,
}

/// How an account's hours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum HourStyle {
    /// `21:05`
    #[value(name = "24h")]
    Full,
    /// `09:05 PM`
    #[value(name = "12h")]
    Half,
}

/// Whether a date string ends with minutes or seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// To the minute.
    Minute,
    /// To the second.
    Second,
}

/// A time zone as the list of its offsets over the years of the world.
#[derive(Debug, Clone)]
pub struct Zone {
    /// From which instant which offset applies, in seconds east of UTC.
    offsets: Vec<(Instant, i64)>,
}

impl Zone {
    /// The offsets of `zone` between two instants.
    pub fn new(zone: Tz, from: Instant, to: Instant) -> Self {
        let offset_at = |instant: Instant| {
            DateTime::from_timestamp(instant, 0).map_or(0, |utc| {
                i64::from(
                    zone.offset_from_utc_datetime(&utc.naive_utc())
                        .fix()
                        .local_minus_utc(),
                )
            })
        };
        let mut offsets = vec![(Instant::MIN, offset_at(from))];
        let mut day = from - from.rem_euclid(DAY);
        while day < to {
            if offset_at(day) != offset_at(day + DAY) {
                let (mut before, mut after) = (day, day + DAY);
                while after - before > 1 {
                    let middle = before + (after - before) / 2;
                    if offset_at(middle) == offset_at(day) {
                        before = middle;
                    } else {
                        after = middle;
                    }
                }
                offsets.push((after, offset_at(after)));
            }
            day += DAY;
        }
        Self { offsets }
    }

    /// The local clock at `instant`, as seconds since 1970 on that clock.
    pub fn local(&self, instant: Instant) -> i64 {
        let next = self.offsets.partition_point(|&(from, _)| from <= instant);
        instant + self.offsets[next.max(1) - 1].1
    }

    /// The first instant at or after this one whose local text stands for one instant only.
    pub fn unambiguous(&self, instant: Instant) -> Instant {
        for pair in self.offsets.windows(2) {
            let (at, repeated) = (pair[1].0, pair[0].1 - pair[1].1);
            if repeated > 0 && (at - repeated..at + repeated).contains(&instant) {
                return instant + 2 * repeated;
            }
        }
        instant
    }
}

/// How the account writes its dates.
#[derive(Debug)]
pub struct DateStyle {
    /// Its zone.
    pub zone: Zone,
    /// Its order of day and month.
    pub order: DateOrder,
    /// Its clock.
    pub hours: HourStyle,
}

impl DateStyle {
    /// A date member as the vendor writes it.
    pub fn write(&self, object: &mut JsonObject<'_>, name: &str, at: Instant, to: Precision) {
        push_local(
            object.member(name),
            self.zone.local(at),
            self.order,
            self.hours,
            to,
        );
    }

    /// A date member, left out when there is none.
    pub fn write_if(
        &self,
        object: &mut JsonObject<'_>,
        name: &str,
        at: Option<Instant>,
        to: Precision,
    ) {
        if let Some(at) = at {
            self.write(object, name, at, to);
        }
    }

    /// A day of the account's calendar as a date member: its first minute.
    pub fn write_day(&self, object: &mut JsonObject<'_>, name: &str, day: NaiveDate) {
        push_local(
            object.member(name),
            i64::from(day.to_epoch_days()) * DAY,
            self.order,
            self.hours,
            Precision::Minute,
        );
    }

    /// The day of a date to the minute, which must be written exactly as this account does.
    pub fn read_day(&self, text: &str) -> Option<NaiveDate> {
        let day = match self.order {
            DateOrder::Dmy => "%d/%m/%Y",
            DateOrder::Mdy => "%m/%d/%Y",
            DateOrder::Ymd => "%Y/%m/%d",
            DateOrder::Iso => {
                return ["%FT%T", "%FT%R", "%F %R"]
                    .iter()
                    .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
                    .map(Into::into);
            }
        };
        let minute = match self.hours {
            HourStyle::Full => "%H:%M",
            HourStyle::Half => "%I:%M %p",
        };
        let format = format!("{day} {minute}");
        let read = NaiveDateTime::parse_from_str(text, &format).ok()?;
        // Leading zeros are not optional.
        (read.format(&format).to_string() == text).then_some(read.date())
    }

    /// A date member in the other order of day and month, with a day that proves it.
    pub fn write_misplaced(
        &self,
        object: &mut JsonObject<'_>,
        name: &str,
        at: Instant,
        to: Precision,
    ) {
        let local = self.zone.local(at);
        let (_, _, day) = civil(local.div_euclid(DAY));
        let proof = local
            + if day > 12 && day <= 28 {
                0
            } else {
                (20 - day) * DAY
            };
        let order = if self.order == DateOrder::Mdy {
            DateOrder::Dmy
        } else {
            DateOrder::Mdy
        };
        push_local(object.member(name), proof, order, self.hours, to);
    }
}

/// The account's local time in ISO 8601 without a zone, with its quotes.
pub fn push_iso_local(out: &mut Vec<u8>, local: i64) {
    push_local(
        out,
        local,
        DateOrder::Iso,
        HourStyle::Full,
        Precision::Second,
    );
}

/// A UTC instant in ISO 8601, with its quotes.
pub fn push_utc(out: &mut Vec<u8>, at: Instant) {
    push_iso_local(out, at);
    out.pop();
    out.extend_from_slice(b"Z\"");
}

fn push_local(out: &mut Vec<u8>, local: i64, order: DateOrder, hours: HourStyle, to: Precision) {
    let (year, month, day) = civil(local.div_euclid(DAY));
    let second = local.rem_euclid(DAY);
    let (hour, minute, second) = (second / HOUR, second / 60 % 60, second % 60);
    let (parts, separator, end) = match order {
        DateOrder::Dmy => ([(day, 2), (month, 2), (year, 4)], b'/', b' '),
        DateOrder::Mdy => ([(month, 2), (day, 2), (year, 4)], b'/', b' '),
        DateOrder::Ymd => ([(year, 4), (month, 2), (day, 2)], b'/', b' '),
        DateOrder::Iso => ([(year, 4), (month, 2), (day, 2)], b'-', b'T'),
    };
    out.reserve(32);
    let mut before = b'"';
    for (number, width) in parts {
        out.push(before);
        push_digits(out, number.unsigned_abs(), width);
        before = separator;
    }
    let is_half = hours == HourStyle::Half && order != DateOrder::Iso;
    let shown = if is_half { (hour + 11) % 12 + 1 } else { hour };
    out.push(end);
    push_digits(out, shown.unsigned_abs(), 2);
    out.push(b':');
    push_digits(out, minute.unsigned_abs(), 2);
    if to == Precision::Second || order == DateOrder::Iso {
        out.push(b':');
        push_digits(out, second.unsigned_abs(), 2);
    }
    if is_half {
        out.extend_from_slice(if hour < 12 { b" AM" } else { b" PM" });
    }
    out.push(b'"');
}

/// Year, month and day of a number of days since 1970, in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years are counted from March, so that the leap day ends one.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(at: Instant, zone: Tz, order: DateOrder, hours: HourStyle, to: Precision) -> String {
        let zone = Zone::new(zone, at - 400 * DAY, at + 400 * DAY);
        let mut out = Vec::new();
        push_local(&mut out, zone.local(at), order, hours, to);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_are_written_in_the_account_s_order_zone_and_precision() {
        let at = 1_779_043_233; // 2026-05-17T18:40:33Z
        let (full, half) = (HourStyle::Full, HourStyle::Half);
        let istanbul = Tz::Europe__Istanbul;
        let second = Precision::Second;
        let minute = Precision::Minute;
        let cases = [
            (
                text(at, istanbul, DateOrder::Dmy, full, second),
                "\"17/05/2026 21:40:33\"",
            ),
            (
                text(at, istanbul, DateOrder::Mdy, half, minute),
                "\"05/17/2026 09:40 PM\"",
            ),
            (
                text(at, istanbul, DateOrder::Ymd, full, minute),
                "\"2026/05/17 21:40\"",
            ),
            (
                text(at, Tz::UTC, DateOrder::Iso, half, minute),
                "\"2026-05-17T18:40:33\"",
            ),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn the_hour_that_is_shown_twice_in_autumn_is_avoided() {
        let change = 1_792_890_000; // 2026-10-25T01:00:00Z, the end of summer time in Berlin
        let zone = Zone::new(Tz::Europe__Berlin, change - 10 * DAY, change + 10 * DAY);
        assert_eq!(zone.local(change - 1) - (change - 1), 2 * HOUR);
        assert_eq!(zone.local(change) - change, HOUR);
        assert_eq!(zone.unambiguous(change - 60), change - 60 + 2 * HOUR);
        assert_eq!(zone.unambiguous(change + HOUR), change + HOUR);
        assert_eq!(zone.unambiguous(change - HOUR - 1), change - HOUR - 1);
    }
}
