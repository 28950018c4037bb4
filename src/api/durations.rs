//! The vendor's time spans: `PT0H1M15S`, `PT4S`, `PT0H0M4.5S`, `P1DT2H`, `00:00:04`.

use chrono::TimeDelta;

use super::fields::{Fields, ItemError};

/// Takes a member that is a time span. What is none stays among the untaken members.
pub fn take(fields: &mut Fields<'_>, name: &str) -> Result<Option<TimeDelta>, ItemError> {
    let Some(text) = fields.scalar_text(name)? else {
        return Ok(None);
    };
    let span = parse(text.trim());
    if span.is_none() && !text.trim().is_empty() {
        fields.keep(name, text.into());
    }
    Ok(span)
}

/// Reads a time span; `None` when it is none.
fn parse(text: &str) -> Option<TimeDelta> {
    match text.strip_prefix('P') {
        Some(designated) => parse_designated(designated),
        None => parse_clock(text),
    }
}

/// `1DT2H3M4.5S`
fn parse_designated(text: &str) -> Option<TimeDelta> {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let mut total = 0.0;
    let (days, hours) = (
        [('W', 604_800.0), ('D', 86_400.0)],
        [('H', 3_600.0), ('M', 60.0), ('S', 1.0)],
    );
    for (part, units) in [(date, &days[..]), (time, &hours[..])] {
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, unit) = rest.split_at(end);
            let unit = unit.chars().next()?;
            let (_, seconds) = units.iter().find(|(name, _)| *name == unit)?;
            total += number.parse::<f64>().ok()? * seconds;
            rest = &rest[end + unit.len_utf8()..];
        }
    }
    let is_something = text.chars().any(|c| c.is_ascii_digit());
    is_something.then(|| seconds(total))?
}

/// `00:00:04`
fn parse_clock(text: &str) -> Option<TimeDelta> {
    let parts: Vec<&str> = text.split(':').collect();
    let [hours, minutes, rest] = parts[..] else {
        return None;
    };
    let is_number =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit() || c == '.');
    if ![hours, minutes, rest].into_iter().all(is_number) {
        return None;
    }
    let [hours, minutes] = [hours, minutes].map(|part| part.parse::<u32>().ok());
    seconds(f64::from(hours?) * 3_600.0 + f64::from(minutes?) * 60.0 + rest.parse::<f64>().ok()?)
}

fn seconds(total: f64) -> Option<TimeDelta> {
    /// Some 30 years: what is longer was not spent on one question.
    const MAX: f64 = 1e9;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    (total <= MAX).then(|| TimeDelta::microseconds((total * 1e6).round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_of_vector_48_is_read_or_flagged() {
        for (text, expected) in [
            ("PT0H0M4S", Some(4_000)),
            ("PT0H1M15S", Some(75_000)),
            ("PT4S", Some(4_000)),
            ("PT0H0M4.5S", Some(4_500)),
            ("P1DT2H", Some(93_600_000)),
            ("00:00:04", Some(4_000)),
            ("01:02:03.5", Some(3_723_500)),
            ("", None),
            ("P", None),
            ("PT", None),
            ("PT4", None),
            ("PTS", None),
            ("P4H", None),
            ("4 seconds", None),
            ("1:2", None),
            ("::", None),
            ("PT99999999999S", None),
        ] {
            let read = parse(text).map(|span| span.num_milliseconds());
            assert_eq!(read, expected, "{text}");
        }
    }
}
