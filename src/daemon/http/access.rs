//! Who may look: whoever has the token; without one, programs of this machine that call it by its own name.
//!
//! A web page elsewhere can make a browser on this machine ask for any name that leads to 127.0.0.1 (DNS rebinding) and
//! read the answer. What it cannot do is to send another `Host` than its own name, or to know the token.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, HeaderMap, WWW_AUTHENTICATE};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tracing::error;

use super::error::{HttpError, MIN_TOKEN_LENGTH};
use super::{Server, Shared};
use crate::settings::{HttpSettings, Secret};

/// What a browser is told to ask its user for.
const CHALLENGE: &str = r#"Basic realm="keepnet-etl", charset="UTF-8""#;

/// Who may look.
#[derive(Debug)]
pub(super) enum Access {
    /// Programs of this machine, under its own name.
    ThisMachine,
    /// Who has the token in this file, as it is now.
    Token(Secret),
}

impl Access {
    /// What the settings grant at `address`.
    pub(super) fn of(settings: &HttpSettings, address: SocketAddr) -> Result<Self, HttpError> {
        match &settings.token_file {
            Some(file) => {
                let secret = Secret::File(file.clone());
                read(&secret)?;
                Ok(Self::Token(secret))
            }
            None if address.ip().to_canonical().is_loopback() => Ok(Self::ThisMachine),
            None => Err(HttpError::TokenMissing(address)),
        }
    }
}

fn read(secret: &Secret) -> Result<SecretString, HttpError> {
    let token = secret.read()?;
    if token.expose_secret().chars().count() < MIN_TOKEN_LENGTH {
        return Err(HttpError::TokenShort);
    }
    Ok(token)
}

/// Lets pass who may look.
pub(super) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    match refuse(&shared, &request) {
        None => next.run(request).await,
        Some(refusal) => refusal,
    }
}

fn refuse(shared: &Server, request: &Request) -> Option<Response> {
    let secret = match &shared.access {
        Access::ThisMachine => {
            let is_own = is_own_name(request.uri(), request.headers());
            let refusal =
                "this page goes by the name localhost; to use another one, set http.token_file\n";
            return (!is_own).then(|| (StatusCode::MISDIRECTED_REQUEST, refusal).into_response());
        }
        Access::Token(secret) => secret,
    };
    // The file is small and local. Reading it each time is what makes a rotation count at once.
    match read(secret) {
        Ok(token) if presented(request.headers()).is_some_and(|it| is_same(&it, &token)) => None,
        Ok(_) => {
            let challenge = [(WWW_AUTHENTICATE, CHALLENGE)];
            Some((StatusCode::UNAUTHORIZED, challenge, "the token is needed\n").into_response())
        }
        Err(reason) => {
            error!(error = %reason, "nobody can be let in");
            let refusal = "the token cannot be read here; see the log\n";
            Some((StatusCode::SERVICE_UNAVAILABLE, refusal).into_response())
        }
    }
}

/// The token of a request: as bearer, or as password, whoever the user is.
fn presented(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(credentials.into());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.into())
}

/// Takes as long whatever differs, and whatever the lengths: hashes are compared, to their ends.
fn is_same(presented: &SecretString, token: &SecretString) -> bool {
    let hash = |text: &SecretString| Sha256::digest(text.expose_secret().as_bytes());
    hash(presented)
        .as_slice()
        .ct_eq(hash(token).as_slice())
        .into()
}

/// Whether the request is meant for this machine, in its own eyes.
fn is_own_name(uri: &Uri, headers: &HeaderMap) -> bool {
    let is_own = |authority: &Authority| {
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.to_canonical().is_loopback())
    };
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.as_ref().is_some_and(is_own)
        && hosts.next().is_none()
        && uri.authority().is_none_or(is_own)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        let is_own = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_str(host).unwrap());
            is_own_name(&Uri::from_static("/"), &headers)
        };
        for own in [
            "localhost",
            "LocalHost:8080",
            "127.0.0.1:8080",
            "127.8.9.1",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "evil@localhost@evil.example",
            "192.168.0.1",
            "[2001:db8::1]:8080",
            "",
        ] {
            assert!(!is_own(other), "{other}");
        }
        let absolute = Uri::from_static("http://evil.example/");
        let mut headers = HeaderMap::new();
        assert!(!is_own_name(&Uri::from_static("/"), &headers), "no host");
        headers.insert(HOST, HeaderValue::from_static("localhost"));
        assert!(!is_own_name(&absolute, &headers));
        headers.append(HOST, HeaderValue::from_static("localhost"));
        assert!(!is_own_name(&Uri::from_static("/"), &headers), "two hosts");
    }

    #[test]
    fn tokens_are_the_same_only_as_a_whole() {
        let token = SecretString::from("0123456789abcdef");
        for (presented, is_right) in [
            ("0123456789abcdef", true),
            ("0123456789abcde", false),
            ("0123456789abcdeff", false),
            ("0123456789abcdeF", false),
            ("", false),
        ] {
            assert_eq!(is_same(&presented.into(), &token), is_right, "{presented}");
        }
    }

    #[test]
    fn a_token_comes_as_bearer_or_as_password() {
        let token = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            presented(&headers).map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(token("Bearer a:b").as_deref(), Some("a:b"));
        assert_eq!(token("bearer  a ").as_deref(), Some("a"));
        let basic = |pair: &str| format!("bAsIc {}", STANDARD.encode(pair));
        assert_eq!(token(&basic("anyone:a:b")).as_deref(), Some("a:b"));
        assert_eq!(token(&basic(":a")).as_deref(), Some("a"));
        for wrong in [
            "Bearer".to_owned(),
            "Digest a".to_owned(),
            "Basic ???".to_owned(),
            basic("nothing"),
        ] {
            assert_eq!(token(&wrong), None, "{wrong}");
        }
    }
}
