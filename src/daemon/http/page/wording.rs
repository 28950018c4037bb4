//! What went wrong, in the words of people who do not know the vendor's API.

/// What the program says when a customer has withdrawn access; see `ApiErrorKind::AccessWithdrawn`.
const WITHDRAWN: &str = "the customer has withdrawn the reseller's access";

/// Parts in brackets that only a developer needs.
const TECHNICAL: [&str; 2] = [" (HTTP", " (seen at"];

/// The cause in an error text: without what was being done when it was met, and without codes.
pub(super) fn cause(error: &str) -> String {
    let mut cause = error;
    while cause.starts_with("could not ") || is_about_users(cause) {
        match cause.split_once(": ") {
            Some((_, rest)) => cause = rest,
            None => break,
        }
    }
    if cause.starts_with(WITHDRAWN) {
        return "access revoked by the customer".to_owned();
    }
    let mut cause = cause.to_owned();
    for begin in TECHNICAL {
        while let Some(from) = cause.find(begin) {
            let end = cause[from..]
                .find(')')
                .map_or(cause.len(), |end| from + end + 1);
            cause.replace_range(from..end, "");
        }
    }
    cause
}

/// `3 of 40 users could not be read: …`
fn is_about_users(text: &str) -> bool {
    text.split_once(": ")
        .is_some_and(|(begin, _)| begin.ends_with("users could not be read"))
}

/// The cause where only a verdict is known.
pub(super) fn verdict(verdict: &str) -> &'static str {
    match verdict {
        "short" => "the service shows fewer rows than it counts",
        "over" => "the service shows more rows than it counts",
        "drifted" => "the rows changed while they were read",
        "held" => "many deletions at once wait for you",
        "forbidden" => "access denied",
        _ => "it could not be read",
    }
}

/// What to do where nothing is recorded.
pub(super) fn remedy(verdict: &str) -> &'static str {
    match verdict {
        "held" => "if they are right: `keepnet-etl sync --accept-deletions`",
        "short" | "over" | "drifted" => {
            "it is read again by the next run; `keepnet-etl discrepancy list` shows the counts"
        }
        _ => "it is tried again by the next run",
    }
}

/// `1 company`, `2,000 companies`
pub(super) fn companies(count: usize) -> String {
    counted(count, "company", "companies")
}

/// A number with its noun.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{} {noun}", number(count))
}

/// 1234567 → `1,234,567`
pub(super) fn number(number: usize) -> String {
    crate::cli::grouped(number as u64)
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [begin @ .., last] => format!("{} and {last}", begin.join(", ")),
    }
}

/// With a capital letter in front.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ApiError, ApiErrorKind};

    fn error(kind: ApiErrorKind) -> String {
        let doing = "fetch page 3 of the users of enrollment 7".to_owned();
        ApiError { doing, kind }.to_string()
    }

    #[test]
    fn a_cause_is_told_without_codes_and_places() {
        let server = ApiErrorKind::Server {
            status: 503,
            message: "come (back) later".to_owned(),
            retry_after: None,
        };
        let withdrawn = error(ApiErrorKind::AccessWithdrawn);
        for (text, said) in [
            (withdrawn.clone(), "access revoked by the customer"),
            (
                format!("3 of 40 users could not be read: {withdrawn}"),
                "access revoked by the customer",
            ),
            (
                error(ApiErrorKind::NotFound),
                "the service does not know it",
            ),
            (
                error(ApiErrorKind::Forbidden(String::new())),
                "the service denies access",
            ),
            (error(ApiErrorKind::BrokenOff), "the answer broke off"),
            (
                error(ApiErrorKind::NotJson {
                    status: 502,
                    what: "a web page",
                }),
                "the answer is a web page, not JSON",
            ),
            ("could not".to_owned(), "could not"),
            (String::new(), ""),
        ] {
            assert_eq!(cause(&text), said, "{text}");
        }
        assert!(!cause(&error(server)).contains("503"));
    }

    #[test]
    fn lists_and_numbers_read_like_sentences() {
        let parts: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(list(&parts), "a, b and c");
        assert_eq!(list(&parts[..2]), "a and b");
        assert_eq!(companies(1), "1 company");
        assert_eq!(companies(2_000), "2,000 companies");
        assert_eq!(sentence("éa"), "Éa");
    }
}
