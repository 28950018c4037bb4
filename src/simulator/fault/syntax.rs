//! How faults are written: `endpoint:kind[=amount][:name=value,…]` on the command line, an object
//! with the same names over HTTP.

use std::str::FromStr;

use serde_json::Value;

use crate::simulator::api::Endpoint;
use crate::simulator::change::Change;
use crate::simulator::fault::{ErrorBody, Fault, FaultKind, RetryAfter};

/// Larger than any limit a careful client sets.
const HUGE_BYTES: u64 = 256 * 1024 * 1024;
const SLOW_MILLISECONDS: u64 = 1_000;

const KINDS: &[(&str, FaultKind)] = &[
    ("after", FaultKind::After(503)),
    ("no-answer", FaultKind::NoAnswer),
    ("privacy-error", FaultKind::PrivacyError),
    ("ip-restricted", FaultKind::IpRestricted),
    ("ok-failed", FaultKind::OkFailed),
    ("is-success-false", FaultKind::IsSuccessFalse),
    ("html", FaultKind::Html),
    ("truncate", FaultKind::Truncate),
    ("bom", FaultKind::Bom),
    ("reset", FaultKind::Reset),
    ("slow", FaultKind::Slow(SLOW_MILLISECONDS)),
    ("huge", FaultKind::Huge(HUGE_BYTES)),
    ("results-null", FaultKind::ResultsNull),
    ("results-missing", FaultKind::ResultsMissing),
    ("empty", FaultKind::Empty),
    ("repeat-page", FaultKind::RepeatPage),
    ("grow-total", FaultKind::GrowTotal),
    ("drop-row", FaultKind::DropRow),
    ("duplicate-row", FaultKind::DuplicateRow),
    ("conflicting-row", FaultKind::ConflictingRow),
    ("shift-row", FaultKind::ShiftRow),
    ("user-without-id", FaultKind::RowWithoutId),
    ("row-without-id", FaultKind::RowWithoutId),
    ("number-as-text", FaultKind::NumberAsText),
    ("other-date-format", FaultKind::OtherDateFormat),
    ("change", FaultKind::Change),
];

const BODIES: &[(&str, ErrorBody)] = &[
    ("camel", ErrorBody::Camel),
    ("pascal", ErrorBody::Pascal),
    ("oauth", ErrorBody::OAuth),
    ("problem", ErrorBody::Problem),
    ("login", ErrorBody::Login),
    ("text", ErrorBody::Text),
    ("html", ErrorBody::Html),
    ("empty", ErrorBody::Empty),
];

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let endpoint = parts.next().unwrap_or_default();
        let kind = parts
            .next()
            .ok_or_else(|| format!("`{text}` names no kind of fault; write endpoint:kind"))?;
        let mut fault = Self::new(parse_kind(kind)?);
        fault.set("endpoint", endpoint)?;
        for pair in parts.next().into_iter().flat_map(|rest| rest.split(',')) {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("`{pair}` in `{text}` is not of the form name=value"))?;
            fault.set(name, value)?;
        }
        fault.checked()
    }
}

impl TryFrom<&Value> for Fault {
    type Error = String;

    /// Reads an object such as `{"endpoint": "users", "kind": "503", "times": 3}`, or a text in the
    /// syntax of the command line.
    fn try_from(value: &Value) -> Result<Self, Self::Error> {
        if let Some(text) = value.as_str() {
            return text.parse();
        }
        let members = value.as_object().ok_or("a fault is an object or a text")?;
        let kind = members.get("kind").ok_or("a fault needs a `kind`")?;
        let mut fault = Self::new(parse_kind(&plain(kind))?);
        for (name, value) in members.iter().filter(|(name, _)| *name != "kind") {
            if name == "change" {
                fault.change = Some(Box::new(Change::read(value)?));
            } else {
                fault.set(&name.replace('_', "-"), &plain(value))?;
            }
        }
        fault.checked()
    }
}

impl Fault {
    fn checked(self) -> Result<Self, String> {
        match (self.kind, &self.change) {
            (FaultKind::Change, None) => Err(
                "a fault of kind change needs a `change`, which an object alone can hold".into(),
            ),
            (kind, Some(_)) if kind != FaultKind::Change => {
                Err("only a fault of kind change has a `change`".into())
            }
            _ => Ok(self),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "endpoint" => {
                self.endpoint = match value {
                    "*" => None,
                    _ => Some(value.parse::<Endpoint>()?),
                };
            }
            "company" => self.company = (value != "*").then(|| value.to_owned()),
            "from" => self.from = parse_number(name, value)?.max(1),
            "times" => {
                self.times = match value {
                    "forever" => None,
                    _ => Some(parse_number(name, value)?),
                };
            }
            "rows" => self.rows = parse_number(name, value)? as usize,
            "body" => self.body = Some(lookup(BODIES, "body", value)?),
            "retry-after" => {
                self.retry_after = Some(RetryAfter::Seconds(parse_number(name, value)?));
            }
            "retry-after-date" => {
                self.retry_after = Some(RetryAfter::Date(parse_number(name, value)?));
            }
            _ => return Err(format!("a fault has no `{name}`")),
        }
        Ok(())
    }
}

fn parse_kind(text: &str) -> Result<FaultKind, String> {
    if let Ok(status) = text.parse::<u16>() {
        return if (300..600).contains(&status) {
            Ok(FaultKind::Status(status))
        } else {
            Err(format!("{status} is not an error status"))
        };
    }
    let (name, amount) = text
        .split_once('=')
        .map_or((text, None), |(n, a)| (n, Some(a)));
    let kind = lookup(KINDS, "kind of fault", name)?;
    match (kind, amount) {
        (kind, None) => Ok(kind),
        (FaultKind::Slow(_), Some(amount)) => Ok(FaultKind::Slow(parse_number(name, amount)?)),
        (FaultKind::Huge(_), Some(amount)) => Ok(FaultKind::Huge(parse_number(name, amount)?)),
        (FaultKind::After(_), Some(status)) => match parse_kind(status)? {
            FaultKind::Status(status) => Ok(FaultKind::After(status)),
            _ => Err(format!(
                "`{name}` takes an error status, such as {name}=500"
            )),
        },
        _ => Err(format!("`{name}` takes no amount")),
    }
}

fn lookup<T: Copy>(table: &[(&str, T)], what: &str, name: &str) -> Result<T, String> {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, item)| item)
        .ok_or_else(|| {
            let known: Vec<&str> = table.iter().map(|&(known, _)| known).collect();
            format!("`{name}` is no {what}; known are {}", known.join(", "))
        })
}

fn parse_number(name: &str, value: &str) -> Result<u64, String> {
    value
        .parse()
        .map_err(|_| format!("`{name}` is a number, not `{value}`"))
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_reads_the_same_from_the_command_line_and_over_http() {
        let typed: Fault = "users:503:from=2,times=3,retry-after=1,body=html"
            .parse()
            .unwrap();
        let sent = json!({
            "endpoint": "users", "kind": 503, "from": 2, "times": 3, "retry_after": 1, "body": "html"
        });
        assert_eq!(Fault::try_from(&sent).unwrap(), typed);
        assert_eq!((typed.from, typed.times), (2, Some(3)));
        let slow: Fault = "*:slow=250:company=aB3dE5gH7jK9".parse().unwrap();
        assert_eq!((slow.endpoint, slow.kind), (None, FaultKind::Slow(250)));
        assert_eq!((slow.from, slow.times), (1, None));
    }

    #[test]
    fn what_is_wrong_with_a_fault_is_said() {
        for (text, reason) in [
            ("users", "names no kind"),
            ("people:503", "people"),
            ("users:200", "not an error status"),
            ("users:breaks", "known are"),
            ("users:503:times=often", "a number"),
            ("users:503:colour=red", "no `colour`"),
            ("users:bom=3", "takes no amount"),
            ("users:change", "needs a `change`"),
        ] {
            let error = text.parse::<Fault>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
