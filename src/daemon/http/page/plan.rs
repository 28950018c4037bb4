//! What is to come: the predicted cycle against schedule, promise and budget; the next runs; and the account.

use maud::{Markup, html};

use super::View;
use super::moment::{seconds, time};
use super::wording::number;
use crate::daemon::cycle::Cycle;
use crate::daemon::document::next_runs;
use crate::daemon::http::forecaster::Prediction;
use crate::daemon::liveness::Role;

/// The predicted cycle.
pub(super) fn cycle(view: &View) -> Markup {
    html! {
        section aria-labelledby="cycle" {
            h2 #cycle { "A sync now" }
            @match view.prediction {
                Prediction::Pending => p.note { "It is being worked out; look again in a moment." },
                Prediction::Failed => p.note { "It could not be worked out; see the log." },
                Prediction::Known(None) => p.note { "Known after the first run." },
                Prediction::Known(Some(cycle)) => (predicted(view, cycle)),
            }
        }
    }
}

fn predicted(view: &View, cycle: &Cycle) -> Markup {
    html! {
        dl {
            dt { "would send about" }
            dd {
                (number(usize::try_from(cycle.requests).unwrap_or(usize::MAX))) " requests"
                @if let (Some(takes), Some(rate)) = (cycle.seconds, cycle.requests_per_second) {
                    ", " (seconds(takes)) " at " (format!("{rate:.1}")) " a second"
                }
            }
            @if let (Some(takes), Some(pause)) = (cycle.seconds, cycle.schedule_seconds) {
                dt { "of the pause between runs (" (seconds(pause)) ")" }
                dd { (bar(takes, pause, "of the pause between runs")) }
            }
            @if let Some(takes) = cycle.seconds {
                dt { "of the promised freshness (" (seconds(cycle.max_staleness_seconds)) ")" }
                dd { (bar(takes, cycle.max_staleness_seconds, "of the promised freshness")) }
            }
            (budget(view, cycle))
        }
    }
}

/// The requests of the day, where they are limited.
fn budget(view: &View, cycle: &Cycle) -> Markup {
    let Some(limit) = view.settings.api.daily_requests else {
        return html! { dt { "requests per day" } dd { "not limited" } };
    };
    let account = view.status().account.as_ref();
    let today = account.filter(|account| account.requests_on == Some(view.now.date_naive()));
    let used = today.map_or(0, |account| account.requests.unsigned_abs());
    let grouped = |count: u64| number(usize::try_from(count).unwrap_or(usize::MAX));
    html! {
        dt { "used of today's " (grouped(limit)) " requests" }
        dd { (bar(used, limit, "of today's requests")) }
        @if used + cycle.requests > limit {
            dt { "after this sync" }
            dd { "used up: it stops there and goes on after midnight UTC" }
        }
    }
}

/// A share as a bar and a number.
pub(super) fn bar(part: u64, whole: u64, of: &str) -> Markup {
    let share = part as f64 * 100.0 / whole.max(1) as f64;
    let class = if share > 100.0 { "bar over" } else { "bar" };
    let said = match share {
        0.0 => "0 %".to_owned(),
        ..1.0 => "under 1 %".to_owned(),
        _ => format!("{share:.0} %"),
    };
    html! {
        svg class=(class) role="img" aria-label={ (said) " " (of) } viewBox="0 0 100 6" width="100" height="6"
            preserveAspectRatio="none" {
            rect.track x="0" y="0" width="100" height="6" {}
            rect.part x="0" y="0" width=(format!("{:.1}", share.min(100.0))) height="6" {}
        }
        span aria-hidden="true" { (said) }
    }
}

/// The next runs.
pub(super) fn next(view: &View) -> Markup {
    let schedule = &view.settings.schedule;
    let next = next_runs(schedule, view.now);
    html! {
        section aria-labelledby="next" {
            h2 #next { "Next runs" }
            @if view.role == Role::Standby {
                p.note { "Kept by the active instance; this one stands by." }
            }
            @if next.is_empty() {
                p.note { "No schedule is set: " code { "schedule.sync" } " and " code { "schedule.full" } " are off." }
            } @else {
                ol {
                    @for run in next {
                        li {
                            (time(run.at, view.now)) " "
                            small { (run.at.format("%a %H:%M UTC")) @if run.schedule == "full" { ", reads everything" } }
                        }
                    }
                }
            }
        }
    }
}

/// The account.
pub(super) fn account(view: &View) -> Markup {
    let Some(account) = &view.status().account else {
        return html! {};
    };
    html! {
        section aria-labelledby="account" {
            h2 #account { "Account" }
            dl {
                dt { "reseller" }
                dd { code { (account.account_id) } }
                dt { "dates are read as" }
                dd {
                    @match account.date_format.as_deref() {
                        Some("dmy") => "day first, such as 31/12/2026 (dmy)",
                        Some("mdy") => "month first, such as 12/31/2026 (mdy)",
                        Some("ymd") => "year first, such as 2026/12/31 (ymd)",
                        Some(other) => (other),
                        None => "undecided",
                    }
                }
                dt { "decided by" }
                dd { (account.date_format_evidence.as_deref().unwrap_or("nothing: no date needed it yet")) }
                dt { "time zone" }
                dd { (account.time_zone) }
                dt { "last used" }
                dd { (time(account.last_used_at, view.now)) }
            }
        }
    }
}
