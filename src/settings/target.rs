//! URLs: how they are written, where they lead, and how much of them may be shown.

use secrecy::SecretString;
use url::{Host, Url};

use crate::settings::value::{Form, Show};

/// The URL of a database, which may carry a password.
pub(crate) fn postgres_url() -> Form<SecretString> {
    let example = "postgres://user@host:5432/database";
    Form::new(
        "a URL that begins with postgres:// or postgresql://",
        example,
        |text| {
            let url = Url::parse(text).ok()?;
            let is_postgres = matches!(url.scheme(), "postgres" | "postgresql");
            (is_postgres && !url.cannot_be_a_base()).then(|| SecretString::from(text))
        },
    )
    .showing(Show::SecretUrl)
}

/// An http or https URL with a host, which may carry a password.
pub(crate) fn http_url(example: &'static str) -> Form<Url> {
    Form::new(
        "a URL that begins with https:// or http://",
        example,
        |text| {
            let url = Url::parse(text).ok()?;
            let is_http = matches!(url.scheme(), "http" | "https");
            (is_http && url.host().is_some()).then_some(url)
        },
    )
    .showing(Show::UrlTarget)
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Where a URL leads, without user, password and parameters; none where that cannot be told apart.
///
/// A password that holds an unescaped `@`, `/`, `?` or `#` makes a parser take a part of it for the
/// host or the path, so the text counts, not what a parser makes of it.
pub(crate) fn url_target(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = scheme.chars().all(|c| c.is_ascii_alphanumeric());
    let (target, user) = match rest.split_once('@') {
        Some((user, target)) => (target, user),
        None => (rest, ""),
    };
    let is_clear = is_scheme && !target.contains('@') && !user.contains(['/', '?', '#']);
    let end = target.find(['?', '#']).unwrap_or(target.len());
    is_clear.then(|| format!("{scheme}://{}", target.get(..end).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_counts_as_this_machine() {
        let of = |text: &str| is_loopback(&Url::parse(text).unwrap());
        for near in [
            "http://localhost:1/",
            "http://127.8.0.1",
            "http://[::1]:80",
            "http://a.localhost",
        ] {
            assert!(of(near), "{near}");
        }
        for far in [
            "http://example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
        ] {
            assert!(!of(far), "{far}");
        }
    }

    #[test]
    fn the_target_of_a_url_holds_no_part_of_a_password() {
        let target = |text| url_target(text);
        assert_eq!(
            target("postgres://u:p@h:5432/d?password=x").as_deref(),
            Some("postgres://h:5432/d")
        );
        assert_eq!(
            target("postgres://h/d#x").as_deref(),
            Some("postgres://h/d")
        );
        for unclear in [
            "postgres://u:p@ss@h/d",
            "postgres://u:12/3@h/d",
            "postgres://u:1#2@h/d",
            "u:p",
        ] {
            assert_eq!(target(unclear), None, "{unclear}");
        }
    }
}
