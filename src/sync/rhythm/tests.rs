use super::*;
use crate::settings::{Settings, Sources};
use crate::warehouse::cursors::CursorState;

fn rhythm() -> Rhythm {
    let settings = Settings::load(Sources::from_variables(&[
        ("KEEPNET_ETL__API__CLIENT_ID", "demo"),
        ("KEEPNET_ETL__API__CLIENT_SECRET", "demo"),
        ("KEEPNET_ETL__SYNC__MAX_STALENESS", "24h"),
        ("KEEPNET_ETL__SYNC__SETTLED_AFTER", "30d"),
        ("KEEPNET_ETL__SYNC__FULL_EVERY", "30d"),
    ]));
    Rhythm::new(&settings.expect("settings").sync)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// A scope that was complete at noon.
fn complete() -> Cursor {
    Cursor {
        last_complete_at: Some(at("2026-05-10T12:00:00Z")),
        fingerprint: Some("seen".to_owned()),
        ..Cursor::default()
    }
}

#[test]
fn pauses_double_up_to_the_promised_age_and_begin_anew_with_a_change() {
    let rhythm = rhythm();
    let mut cursor = complete();
    let mut now = at("2026-05-10T12:00:00Z");
    let mut minutes = Vec::new();
    for _ in 0..9 {
        let next = rhythm.next(Some(&cursor), false, false, None, now);
        now = next.summary_due_at.expect("it is open");
        cursor.state.interval_s = Some(next.interval.num_seconds());
        minutes.push(next.interval.num_minutes());
    }
    assert_eq!(minutes, [15, 30, 60, 120, 240, 480, 960, 1320, 1320]);
    let next = rhythm.next(Some(&cursor), true, false, None, now);
    assert_eq!(next.interval, TimeDelta::minutes(15));
    assert_eq!(next.changed_at, now);
}

#[test]
fn only_what_is_closed_and_long_without_a_change_is_settled() {
    let rhythm = rhythm();
    let now = at("2026-05-10T12:00:00Z");
    let due = |is_closed, changed_at| {
        let cursor = Cursor {
            changed_at: Some(at(changed_at)),
            ..complete()
        };
        let next = rhythm.next(Some(&cursor), false, is_closed, None, now);
        assert_eq!(next.summary_due_at.is_some(), next.users_due_at.is_some());
        next.summary_due_at.is_some()
    };
    assert!(due(false, "2025-01-01T00:00:00Z"), "open for ever");
    assert!(due(true, "2026-04-10T12:00:01Z"));
    assert!(!due(true, "2026-04-10T12:00:00Z"));
    // At first sight the vendor's own dates count.
    let old = Some(at("2025-01-01T00:00:00Z"));
    assert_eq!(rhythm.next(None, true, true, old, now).summary_due_at, None);
}

#[test]
fn a_changed_report_rests_half_an_hour_for_each_page_after_the_first() {
    let rhythm = rhythm();
    let why = |pages, counts, minutes| {
        let users = Cursor {
            state: CursorState {
                pages: Some(pages),
                ..CursorState::default()
            },
            ..complete()
        };
        let of = Remembered {
            users: Some(&users),
            is_users_asked: true,
            ..Remembered::default()
        };
        let now = at("2026-05-10T12:00:00Z") + TimeDelta::minutes(minutes);
        rhythm.users(of, Why::Due, counts, now)
    };
    assert_eq!(why(1, "new", 0), Some(Why::Changed));
    assert_eq!(why(1, "seen", 9_999), None);
    assert_eq!(why(3, "new", 59), None);
    assert_eq!(why(3, "new", 60), Some(Why::Changed));
    // However many pages it has, the promised age holds.
    assert_eq!(why(u32::MAX, "new", 22 * 60 - 1), None);
    assert_eq!(why(u32::MAX, "new", 22 * 60), Some(Why::Changed));
}

#[test]
fn the_strongest_reason_to_read_a_summary_is_given() {
    let rhythm = rhythm();
    let now = at("2026-05-10T13:00:00Z");
    let past = Some(at("2026-05-10T12:30:00Z"));
    let detail = complete();
    let mut summary = complete();
    let mut users = complete();
    let why = |summary: &Cursor, users: &Cursor, listed_as| {
        let of = Remembered {
            summary: Some(summary),
            detail: Some(&detail),
            users: Some(users),
            is_users_asked: true,
        };
        rhythm.summary(of, listed_as, now)
    };
    assert_eq!(why(&summary, &users, "seen"), None);
    users.due_at = past;
    assert_eq!(why(&summary, &users, "seen"), Some(Why::Due));
    users.last_complete_at = None;
    assert_eq!(why(&summary, &users, "seen"), Some(Why::Unfinished));
    assert_eq!(why(&summary, &users, "other"), Some(Why::Changed));
    summary.wanted_at = past;
    assert_eq!(why(&summary, &users, "other"), Some(Why::Wanted));
    summary.full_due_at = past;
    assert_eq!(why(&summary, &users, "other"), Some(Why::Rolling));
    summary.last_complete_at = None;
    assert_eq!(why(&summary, &users, "other"), Some(Why::New));
}

#[test]
fn everything_is_read_within_the_period_and_never_all_at_once() {
    let rhythm = rhythm();
    let now = at("2026-05-10T12:00:00Z");
    let mut days = [0; 31];
    for number in 0..3_000 {
        let due = rhythm.full_due_at("company", &format!("enrollment-{number}"), now);
        let wait = due - now;
        assert!(wait < TimeDelta::days(30), "{wait}");
        assert!(wait > TimeDelta::days(14), "{wait}");
        days[usize::try_from(wait.num_days()).expect("a day")] += 1;
        // From the second time on it keeps its place.
        let again = rhythm.full_due_at("company", &format!("enrollment-{number}"), due);
        let third = rhythm.full_due_at("company", &format!("enrollment-{number}"), again);
        assert_eq!(third - again, again - due);
    }
    assert!(days.iter().all(|count| *count < 500), "{days:?}");
}

#[test]
fn the_days_of_companies_begin_at_all_hours() {
    let hours: std::collections::HashSet<i64> = (0..500)
        .map(|number| place_in_day(&format!("company-{number}")).num_hours())
        .collect();
    assert_eq!(hours.len(), 24);
}
