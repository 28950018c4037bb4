//! A request before it is sent, and the headers that it gets.

use reqwest::Method;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::endpoint::Endpoint;
use super::error::ApiErrorKind;

/// Both headers that scope a request to a company; see the trap in [`crate::api`].
pub(super) const COMPANY_HEADERS: [&str; 2] = ["X-KEEPNET-Company-Id", "X-IR-COMPANY-ID"];

/// A request before it is sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What it is for, as an infinitive; begins every error.
    pub doing: String,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// HTTP method.
    pub method: Method,
    /// Path below the base URL, segment by segment.
    pub path: Vec<String>,
    /// Query parameters.
    pub query: Vec<(&'static str, String)>,
    /// Body.
    pub body: Body,
    /// The company it is scoped to.
    pub company: Option<String>,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub enum Body {
    /// None.
    Empty,
    /// JSON text; empty for a POST that says nothing.
    Json(Vec<u8>),
    /// Form fields; holds the client secret.
    Form(SecretString),
}

impl Body {
    /// A JSON body.
    #[must_use]
    pub fn json(value: &impl Serialize) -> Self {
        // The requests of this program are plain structs: they always serialize.
        Self::Json(serde_json::to_vec(value).unwrap_or_default())
    }
}

/// The headers of a request whose answer is JSON.
pub(super) fn headers(
    request: &Outgoing,
    token: Option<&SecretString>,
) -> Result<HeaderMap, ApiErrorKind> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    match &request.body {
        Body::Empty => {}
        // Never `application/json-patch+json`, which the vendor's document lists first and its service rejects.
        Body::Json(json) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            // Some servers refuse a POST that does not say its length, and the HTTP library leaves a zero out.
            if json.is_empty() {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
        }
        Body::Form(_) => {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
        }
    }
    let unusable = |what: &str| ApiErrorKind::Shape {
        path: "$".to_owned(),
        reason: format!("{what} holds characters that no header may hold"),
    };
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| unusable("the token"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    if let Some(company) = &request.company {
        let value = HeaderValue::from_str(company).map_err(|_| unusable("the company id"))?;
        for name in COMPANY_HEADERS {
            headers.insert(name, value.clone());
        }
    }
    Ok(headers)
}
