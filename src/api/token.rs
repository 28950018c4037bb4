//! Access tokens: obtaining one, and handing out a valid one.
//!
//! 1. The first request exchanges client id and secret for a token; others wait for that one exchange.
//! 2. A token is replaced a minute before it expires.
//! 3. A token that the service refuses (401) is discarded by whoever used it, once.

use std::sync::atomic::AtomicU64;

use base64::Engine as _;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::form_urlencoded;

use super::endpoint::Endpoint;
use super::envelope::Answer;
use super::error::{ApiError, ApiErrorKind};
use super::outgoing::{Body, Outgoing};
use super::transport::Transport;
use crate::clock::SharedClock;
use crate::metrics::TokenOutcome;
use crate::settings::Secret;

/// A token is replaced this long before it expires (or at half its life, if that is shorter).
const EARLY: TimeDelta = TimeDelta::seconds(60);
/// Life of a token that does not say; the vendor's documents give an hour.
const DEFAULT_LIFE: TimeDelta = TimeDelta::seconds(3600);

/// Hands out valid tokens of one account.
#[derive(Debug)]
pub struct Tokens {
    client_id: String,
    client_secret: Secret,
    clock: SharedClock,
    current: Mutex<Option<Token>>,
}

#[derive(Debug)]
struct Token {
    text: SecretString,
    renew_at: DateTime<Utc>,
    claims: Claims,
}

/// What a token says of its account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Company id of the account.
    pub company_id: Option<String>,
    /// Its name.
    pub company_name: Option<String>,
    /// How the account writes dates, such as `DD/MM/YYYY`.
    pub date_pattern: Option<String>,
    /// Roles, if stated.
    pub roles: Vec<String>,
    /// Whether the account may act for other companies, if stated.
    pub is_reseller: Option<bool>,
    /// `path|METHOD` pairs that the account may call, if stated.
    pub permissions: Vec<String>,
}

#[derive(Deserialize)]
struct Exchanged {
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<Value>,
    #[serde(default)]
    permissions: Option<Vec<Value>>,
}

impl Tokens {
    /// Tokens for these credentials.
    #[must_use]
    pub fn new(client_id: String, client_secret: Secret, clock: SharedClock) -> Self {
        Self {
            client_id,
            client_secret,
            clock,
            current: Mutex::new(None),
        }
    }

    /// The client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// A token that is valid for at least a while. Whoever comes while one is being obtained waits for it.
    pub async fn current(
        &self,
        transport: &Transport,
        requests: &AtomicU64,
    ) -> Result<SecretString, ApiError> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref()
            && self.clock.now() < token.renew_at
        {
            return Ok(token.text.clone());
        }
        let token = Box::pin(self.exchange(transport, requests)).await?;
        Ok(current.insert(token).text.clone())
    }

    /// Whether `token` is to be replaced before it is used. While one is being obtained, the others are.
    #[must_use]
    pub fn is_outdated(&self, token: &SecretString) -> bool {
        let Ok(current) = self.current.try_lock() else {
            return true;
        };
        current.as_ref().is_none_or(|current| {
            current.text.expose_secret() != token.expose_secret()
                || self.clock.now() >= current.renew_at
        })
    }

    /// What the account's token says of it.
    pub async fn claims(&self, transport: &Transport) -> Result<Claims, ApiError> {
        self.current(transport, &AtomicU64::new(0)).await?;
        Ok(self
            .current
            .lock()
            .await
            .as_ref()
            .map(|token| token.claims.clone())
            .unwrap_or_default())
    }

    /// Forgets `refused`, unless somebody replaced it already.
    pub async fn discard(&self, refused: &SecretString) {
        let mut current = self.current.lock().await;
        if current
            .as_ref()
            .is_some_and(|token| token.text.expose_secret() == refused.expose_secret())
        {
            *current = None;
        }
    }

    async fn exchange(
        &self,
        transport: &Transport,
        requests: &AtomicU64,
    ) -> Result<Token, ApiError> {
        let doing = "obtain an access token";
        let error = |kind| ApiError {
            doing: doing.to_owned(),
            kind,
        };
        let secret = self
            .client_secret
            .read()
            .map_err(|e| error(ApiErrorKind::Setup(e.to_string())))?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", secret.expose_secret())
            .append_pair("scope", "api1")
            .finish();
        let request = Outgoing {
            doing: doing.to_owned(),
            endpoint: Endpoint::Token,
            method: Method::POST,
            path: vec!["connect".to_owned(), "token".to_owned()],
            query: Vec::new(),
            body: Body::Form(SecretString::from(form)),
            company: None,
        };
        let now = self.clock.now();
        let read = |answer: &Answer| self.read(answer, now);
        let exchanged = transport
            .call(None, &request, requests, read)
            .await
            .map_err(|failed| match failed.kind {
                // Here, and only here, a rejected request means that the credentials are wrong.
                ApiErrorKind::Rejected { message, .. } => {
                    error(ApiErrorKind::CredentialsRefused(message))
                }
                ApiErrorKind::Unauthorized => {
                    error(ApiErrorKind::CredentialsRefused(String::new()))
                }
                ApiErrorKind::NotFound => error(ApiErrorKind::Setup(
                    "nothing at api.base_url gives tokens (HTTP 404 for connect/token)".to_owned(),
                )),
                kind => error(kind),
            });
        transport.metrics().note_token(match &exchanged {
            Ok(_) => TokenOutcome::Ok,
            Err(failed) if matches!(failed.kind, ApiErrorKind::CredentialsRefused(_)) => {
                TokenOutcome::Refused
            }
            Err(_) => TokenOutcome::Failed,
        });
        exchanged
    }

    fn read(&self, answer: &Answer, now: DateTime<Utc>) -> Result<Token, ApiErrorKind> {
        let exchanged: Exchanged = answer.json()?;
        let Some(text) = exchanged.access_token.filter(|token| !token.is_empty()) else {
            // Some failures come as HTTP 200 with an envelope.
            answer.data()?;
            let reason = "the token is missing".to_owned();
            return Err(ApiErrorKind::Shape {
                path: "$.access_token".to_owned(),
                reason,
            });
        };
        let payload = payload(&text);
        let stated = match &exchanged.expires_in {
            Some(Value::Number(seconds)) => seconds.as_i64(),
            Some(Value::String(seconds)) => seconds.trim().parse().ok(),
            _ => None,
        };
        let life = stated
            .and_then(TimeDelta::try_seconds)
            .or_else(|| Some(DateTime::from_timestamp(payload.get("exp")?.as_i64()?, 0)? - now))
            .unwrap_or(DEFAULT_LIFE);
        let permissions = exchanged.permissions.unwrap_or_default();
        let permissions = permissions
            .iter()
            .filter_map(|p| p.as_str().map(str::to_owned))
            .collect();
        Ok(Token {
            text: SecretString::from(text),
            renew_at: now + (life - EARLY).max(life / 2),
            claims: Claims {
                permissions,
                ..Claims::read(&payload)
            },
        })
    }
}

impl Claims {
    fn read(payload: &Map<String, Value>) -> Self {
        let text = |name: &str| {
            payload
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let flag = |name: &str| match payload.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(flag) => flag.to_ascii_lowercase().parse().ok(),
            _ => None,
        };
        let roles = match payload.get("role") {
            Some(Value::String(role)) => vec![role.clone()],
            Some(Value::Array(roles)) => roles
                .iter()
                .filter_map(|role| role.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        Self {
            company_id: text("user_company_resourceid"),
            company_name: text("user_company_name"),
            date_pattern: text("user_dateformat"),
            is_reseller: match (flag("reseller_access"), flag("root_access")) {
                (None, None) => None,
                (reseller, root) => Some(reseller == Some(true) || root == Some(true)),
            },
            roles,
            permissions: Vec::new(),
        }
    }
}

/// The payload of a JWT; empty when the token is opaque. It is read, not trusted: the service checks it.
fn payload(token: &str) -> Map<String, Value> {
    let decode = |part: &str| {
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(part.trim_end_matches('='))
            .ok()
    };
    token
        .split('.')
        .nth(1)
        .and_then(decode)
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_of_vector_5_are_read_whatever_their_type() {
        let payload = serde_json::json!({
            "user_company_resourceid": "RsLr00000001", "user_company_name": "Example Reseller",
            "user_company_id": "77", "user_company_parentcompany_resourceid": "", "role": ["Reseller"],
            "reseller_access": "true", "company_admin_access": "true", "root_access": "false",
            "scope": ["api1"], "user_dateformat": "DD/MM/YYYY", "exp": 1_900_003_600
        });
        let claims = Claims::read(payload.as_object().unwrap());
        assert_eq!(
            claims,
            Claims {
                company_id: Some("RsLr00000001".to_owned()),
                company_name: Some("Example Reseller".to_owned()),
                date_pattern: Some("DD/MM/YYYY".to_owned()),
                roles: vec!["Reseller".to_owned()],
                is_reseller: Some(true),
                permissions: Vec::new(),
            }
        );
        let plain = serde_json::json!({"role": "Company Admin", "reseller_access": false});
        let claims = Claims::read(plain.as_object().unwrap());
        assert_eq!(
            (claims.roles, claims.is_reseller),
            (vec!["Company Admin".to_owned()], Some(false))
        );
    }

    #[test]
    fn a_token_lives_as_stated_or_as_its_claim_says_or_an_hour() {
        let now: DateTime<Utc> = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
        let tokens = Tokens::new(
            "id".to_owned(),
            Secret::Value(SecretString::from("secret")),
            crate::clock::ManualClock::at(now),
        );
        let life = |body: &str| {
            let answer = Answer::new(200, body.as_bytes().to_vec());
            (tokens.read(&answer, now).unwrap().renew_at - now).num_seconds()
        };
        let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.";
        assert_eq!(
            life(&format!(r#"{{"access_token":"{jwt}","expires_in":900}}"#)),
            840
        );
        assert_eq!(
            life(&format!(r#"{{"access_token":"{jwt}","expires_in":"900"}}"#)),
            840
        );
        assert_eq!(
            life(&format!(
                r#"{{"access_token":"{jwt}","token_type":"bearer"}}"#
            )),
            3540
        );
        assert_eq!(life(r#"{"access_token":"opaque"}"#), 3540);
        assert_eq!(life(r#"{"access_token":"opaque","expires_in":30}"#), 15);
    }
}
