//! How a forecast looks: what is due and why, how many requests that takes, and how long.

use std::time::Duration;

use serde_json::json;

use super::table::{grouped, table};
use crate::sync::Forecast;

/// The plan for people.
#[must_use]
pub fn text(forecast: &Forecast) -> String {
    if forecast.companies == 0 {
        return "nothing is stored of this account yet: the first run reads everything, and what that is only it can tell\n"
            .to_owned();
    }
    let mut table = table(["resource", "why", "scopes", "requests"], 2);
    for ((resource, why), part) in &forecast.parts {
        table.add_row([
            resource.name().to_owned(),
            why.name().to_owned(),
            grouped(part.scopes),
            grouped(part.requests.round() as u64),
        ]);
    }
    let time = match (forecast.duration(), forecast.per_second) {
        (Some(duration), Some(rate)) => {
            format!(
                ", about {} at {rate:.1} requests per second",
                words(duration)
            )
        }
        _ => String::new(),
    };
    format!(
        "{table}\nabout {} requests for {} companies{time}\nnothing was asked and nothing was written\n",
        grouped(forecast.requests()),
        grouped(forecast.companies),
    )
}

/// The plan for machines.
#[must_use]
pub fn json(forecast: &Forecast) -> serde_json::Value {
    let parts: Vec<_> = forecast
        .parts
        .iter()
        .map(|((resource, why), part)| {
            json!({
                "resource": resource.name(), "why": why.name(),
                "scopes": part.scopes, "requests": part.requests
            })
        })
        .collect();
    json!({
        "version": 1,
        "companies": forecast.companies,
        "requests": forecast.requests(),
        "requests_per_second": forecast.per_second,
        "seconds": forecast.duration().map(|duration| duration.as_secs()),
        "plan": parts,
    })
}

/// A length of time in words that a person reads at a glance.
#[must_use]
pub fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{:.1} h", duration.as_secs_f64() / 3_600.0),
        _ => format!("{:.1} days", duration.as_secs_f64() / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_in_its_own_unit() {
        let told = [59, 125, 9_000, 388_800].map(|seconds| words(Duration::from_secs(seconds)));
        assert_eq!(told, ["59 s", "2 min", "2.5 h", "4.5 days"]);
    }
}
