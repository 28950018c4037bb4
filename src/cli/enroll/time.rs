//! Times as they are typed: with an offset, or in a named zone.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::cli::Failure;
use crate::cli::failure::REFUSED;

/// Reads the zone of `--time-zone`.
pub fn zone(text: &str) -> Result<Tz, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no IANA time zone, such as Europe/Istanbul"))
}

/// Reads the value of the flag `name`, which must lie after `now`.
pub fn future(
    name: &str,
    text: &str,
    zone: Option<Tz>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Failure> {
    let refuse = |why: String, remedy: String| Failure {
        message: format!("could not understand {name} {text}: {why}"),
        remedy,
        code: REFUSED,
    };
    let instant = match (with_offset(text), local(text), zone) {
        (Some(instant), ..) => instant,
        (None, Some(local), Some(zone)) => match zone.from_local_datetime(&local) {
            LocalResult::Single(instant) => instant.with_timezone(&Utc),
            LocalResult::Ambiguous(first, second) => {
                return Err(refuse(
                    format!("clocks in {zone} show it twice"),
                    format!("give {} or {}", first.to_rfc3339(), second.to_rfc3339()),
                ));
            }
            LocalResult::None => {
                return Err(refuse(
                    format!("clocks in {zone} skip it"),
                    "give another time".to_owned(),
                ));
            }
        },
        (None, Some(_), None) => {
            return Err(refuse(
                "its time zone is not known".to_owned(),
                format!("add --time-zone, such as Europe/Istanbul, or an offset: {text}+03:00"),
            ));
        }
        (None, None, _) => {
            return Err(refuse(
                "it is no time".to_owned(),
                "write it as 2026-12-01T09:00, with an offset (+03:00 or Z) or with --time-zone"
                    .to_owned(),
            ));
        }
    };
    if instant <= now {
        return Err(refuse(
            format!("it is in the past ({})", shown(instant, zone)),
            "give a time to come".to_owned(),
        ));
    }
    Ok(instant)
}

/// An instant for people.
pub fn shown(instant: DateTime<Utc>, zone: Option<Tz>) -> String {
    let utc = instant.format("%Y-%m-%d %H:%M UTC");
    match zone {
        Some(zone) => format!(
            "{} {zone} ({utc})",
            instant.with_timezone(&zone).format("%Y-%m-%d %H:%M")
        ),
        None => utc.to_string(),
    }
}

fn with_offset(text: &str) -> Option<DateTime<Utc>> {
    let text = text
        .strip_suffix(['Z', 'z'])
        .map_or_else(|| text.to_owned(), |local| format!("{local}+00:00"));
    ["%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%dT%H:%M%:z"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(&text.replace(' ', "T"), format).ok())
        .map(|instant| instant.with_timezone(&Utc))
}

fn local(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text.replace(' ', "T"), format).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: Option<Tz>) -> Result<String, String> {
        let now = "2026-07-01T12:00:00Z".parse().unwrap();
        future("--schedule", text, zone, now)
            .map(|instant| instant.to_rfc3339())
            .map_err(|failure| format!("{}; {}", failure.message, failure.remedy))
    }

    #[test]
    fn a_time_is_read_by_its_offset_or_by_the_zone() {
        let istanbul = Some(Tz::Europe__Istanbul);
        for (text, zone, expected) in [
            ("2026-12-01T09:00Z", None, "2026-12-01T09:00:00+00:00"),
            (
                "2026-12-01T09:00:30+03:00",
                None,
                "2026-12-01T06:00:30+00:00",
            ),
            ("2026-12-01 09:00", istanbul, "2026-12-01T06:00:00+00:00"),
            ("2026-12-01T09:00Z", istanbul, "2026-12-01T09:00:00+00:00"),
        ] {
            assert_eq!(read(text, zone).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_future_instant_is_refused_with_the_reason() {
        let berlin = Some(Tz::Europe__Berlin);
        for (text, zone, reason) in [
            (
                "2026-06-30T09:00Z",
                None,
                "it is in the past (2026-06-30 09:00 UTC)",
            ),
            (
                "2026-12-01T09:00",
                None,
                "its time zone is not known; add --time-zone",
            ),
            ("2026-12-01", berlin, "it is no time; write it as"),
            ("tomorrow", None, "it is no time"),
            (
                "2027-03-28T02:30",
                berlin,
                "clocks in Europe/Berlin skip it",
            ),
            (
                "2026-10-25T02:30",
                berlin,
                "show it twice; give 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00",
            ),
        ] {
            let refused = read(text, zone).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
