//! What wraps every answer: `{data, status, message, validationMessages}`, or `isSuccess` and `messages`.
//!
//! HTTP 2xx is not success: the envelope may report a failure, and the body may be no envelope at all.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{ApiErrorKind, ErrorBody};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An HTTP 2xx answer.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
}

#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, alias = "Data")]
    data: Option<&'a RawValue>,
    #[serde(default, alias = "Status")]
    status: Option<Value>,
    #[serde(default)]
    code: Option<Value>,
    #[serde(default, rename = "isSuccess", alias = "IsSuccess")]
    is_success: Option<Value>,
}

impl Answer {
    /// An answer of HTTP status `status`.
    #[must_use]
    pub fn new(status: u16, mut body: Vec<u8>) -> Self {
        if body.starts_with(BYTE_ORDER_MARK) {
            body.drain(..BYTE_ORDER_MARK.len());
        }
        // Text that is not UTF-8 is mended here, so that one damaged name does not cost a page.
        if std::str::from_utf8(&body).is_err() {
            body = String::from_utf8_lossy(&body).into_owned().into_bytes();
        }
        Self { status, body }
    }

    /// The body as JSON of type `T`, without looking for an envelope.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiErrorKind> {
        let status = self.status;
        serde_json::from_slice(&self.body).map_err(|error| {
            match self.body.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => ApiErrorKind::NotJson {
                    status,
                    what: "empty",
                },
                Some(b'<') => ApiErrorKind::NotJson {
                    status,
                    what: "a web page",
                },
                Some(b'{' | b'[') if error.is_data() => ApiErrorKind::Shape {
                    path: "$".to_owned(),
                    reason: data_error(&error),
                },
                Some(b'{' | b'[') => ApiErrorKind::DamagedJson,
                Some(_) => ApiErrorKind::NotJson {
                    status,
                    what: "text",
                },
            }
        })
    }

    /// The `data` of a successful envelope; `None` when it is null or absent.
    pub fn data(&self) -> Result<Option<&RawValue>, ApiErrorKind> {
        let envelope: Envelope<'_> = self.json()?;
        // A list would be taken for the members of an envelope, one after the other.
        if self.body.trim_ascii_start().starts_with(b"[") {
            return Err(ApiErrorKind::Shape {
                path: "$".to_owned(),
                reason: "expected an object, found a list".to_owned(),
            });
        }
        let failed = |word: &str| {
            let said = ErrorBody::parse(&self.body);
            ApiErrorKind::FailedInside {
                status: self.status,
                word: super::error::presentable(word),
                message: said.message,
            }
        };
        if matches!(&envelope.is_success, Some(Value::Bool(false))) {
            return Err(failed("a failure"));
        }
        for word in [&envelope.status, &envelope.code].into_iter().flatten() {
            match word {
                Value::String(word) if is_success(word) => {}
                Value::String(word) => return Err(failed(word)),
                Value::Number(number)
                    if number
                        .as_i64()
                        .is_some_and(|code| (200..300).contains(&code)) => {}
                Value::Number(number) => return Err(failed(&number.to_string())),
                _ => {}
            }
        }
        Ok(envelope.data.filter(|data| data.get() != "null"))
    }
}

fn is_success(word: &str) -> bool {
    word.is_empty()
        || ["success", "ok", "authenticated"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
}

/// A decoding error without the received text that the decoder quotes.
fn data_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let expected = text.split(", ").find(|part| part.contains("expected"));
    expected.map_or_else(
        || "it cannot be read".to_owned(),
        |part| part.split(" at line").next().unwrap_or(part).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(body: &str) -> Result<Option<String>, ApiErrorKind> {
        Answer::new(200, body.as_bytes().to_vec())
            .data()
            .map(|data| data.map(|data| data.get().to_owned()))
    }

    #[test]
    fn success_is_told_by_word_or_flag_or_by_neither() {
        for body in [
            r#"{"data":1,"status":"SUCCESS"}"#,
            r#"{"data":1,"status":"success","message":null}"#,
            r#"{"data":1}"#,
            r#"{"data":1,"status":null}"#,
            r#"{"data":1,"isSuccess":true,"messages":[]}"#,
            "\u{feff}{\"data\":1}",
        ] {
            assert_eq!(data(body), Ok(Some("1".to_owned())), "{body}");
        }
        assert_eq!(data(r#"{"data":null,"status":"SUCCESS"}"#), Ok(None));
    }

    #[test]
    fn a_failure_inside_http_200_is_a_failure() {
        let failed = |word: &str, message: &str| {
            Err(ApiErrorKind::FailedInside {
                status: 200,
                word: word.to_owned(),
                message: message.to_owned(),
            })
        };
        assert_eq!(
            data(r#"{"status":"FAILED","message":"Something failed","data":null}"#),
            failed("FAILED", "Something failed")
        );
        assert_eq!(
            data(r#"{"isSuccess":false,"messages":["Not allowed"],"data":null}"#),
            failed("a failure", "Not allowed")
        );
        assert_eq!(data(r#"{"code":"FAILED"}"#), failed("FAILED", ""));
    }

    #[test]
    fn what_is_no_envelope_is_named() {
        let not_json = |what| Err(ApiErrorKind::NotJson { status: 200, what });
        assert_eq!(data(""), not_json("empty"));
        assert_eq!(data("<html>502 Bad Gateway</html>"), not_json("a web page"));
        assert_eq!(data("Forbidden"), not_json("text"));
        assert_eq!(data("name;email\n"), not_json("text"));
        assert_eq!(
            data(r#"[{"data":1}, "SUCCESS"]"#),
            Err(ApiErrorKind::Shape {
                path: "$".to_owned(),
                reason: "expected an object, found a list".to_owned(),
            })
        );
        assert_eq!(
            data(r#"{"data":{"results":["#),
            Err(ApiErrorKind::DamagedJson)
        );
    }
}
