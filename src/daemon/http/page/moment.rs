//! Times as people say them: relative, with the instant itself beside it.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `3 min ago` or `in 2 h`, and the instant when one points at it.
pub(super) fn time(at: DateTime<Utc>, now: DateTime<Utc>) -> Markup {
    html! {
        time datetime=(at.format("%Y-%m-%dT%H:%M:%SZ")) title=(absolute(at)) { (relative(at, now)) }
    }
}

/// `2026-07-01 12:00 UTC`
pub(super) fn absolute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// `3 min ago`, `in 2 h`
pub(super) fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let apart = now - at;
    match apart.num_seconds() {
        -59..MINUTE if apart < TimeDelta::zero() => "in a moment".to_owned(),
        0..MINUTE => "just now".to_owned(),
        seconds if seconds > 0 => format!("{} ago", span(apart)),
        _ => format!("in {}", span(-apart)),
    }
}

/// `45 s`, `12 min`, `3 h`, `5 d`: in the unit that leaves a number which is easily grasped.
pub(super) fn span(span: TimeDelta) -> String {
    match span.num_seconds() {
        seconds @ ..MINUTE => format!("{seconds} s"),
        seconds if seconds < 2 * HOUR => format!("{} min", seconds / MINUTE),
        seconds if seconds < 2 * DAY => format!("{} h", seconds / HOUR),
        seconds => format!("{} d", seconds / DAY),
    }
}

/// The same of a number of seconds.
pub(super) fn seconds(seconds: u64) -> String {
    span(TimeDelta::seconds(
        i64::try_from(seconds).unwrap_or(i64::from(i32::MAX)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_suits() {
        let now: DateTime<Utc> = "2026-07-01T12:00:00Z".parse().unwrap();
        for (seconds, said) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 min ago"),
            (7_199, "119 min ago"),
            (7_200, "2 h ago"),
            (172_799, "47 h ago"),
            (172_800, "2 d ago"),
            (-1, "in a moment"),
            (-60, "in 1 min"),
            (-7_200, "in 2 h"),
            (-864_000, "in 10 d"),
        ] {
            assert_eq!(relative(now - TimeDelta::seconds(seconds), now), said);
        }
        assert_eq!(span(TimeDelta::seconds(45)), "45 s");
        assert_eq!(
            time(now, now).into_string(),
            r#"<time datetime="2026-07-01T12:00:00Z" title="2026-07-01 12:00 UTC">just now</time>"#
        );
    }
}
