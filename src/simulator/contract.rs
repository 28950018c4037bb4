//! What a client does that the real service punishes silently or with a puzzling answer: counted,
//! so that a test can insist on none.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// How many of the latest violations are kept with their detail.
const KEPT: usize = 50;

/// A way to misuse the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// A call in a company's scope without any company header.
    MissingCompanyHeaders,
    /// Only one of the two company headers.
    OneCompanyHeader,
    /// Two company headers that name different companies.
    CompanyHeadersDiffer,
    /// A company id that does not exist.
    UnknownCompany,
    /// A company header on a call above companies.
    NeedlessCompanyHeader,
    /// The header that only the vendor's own pages send.
    ApiKeyHeader,
    /// No filter, a null one or an empty one.
    MissingFilter,
    /// A filter without its condition, text or two groups.
    PartialFilter,
    /// A null text in a filter.
    NullSearchText,
    /// No `orderBy`, or a null one.
    NullOrderBy,
    /// An `orderBy` this listing does not know.
    UnknownOrderBy,
    /// No `ascending`.
    MissingAscending,
    /// Page number or size missing or below one.
    InvalidPage,
    /// No body, or one that is not JSON.
    InvalidBody,
    /// A content type the service does not take.
    ContentType,
    /// `enrollmentType: null`.
    NullEnrollmentType,
    /// No bearer token.
    NoToken,
    /// A token request that is not a form.
    TokenNotForm,
    /// An enrollment id of another company, or of none.
    ForeignEnrollment,
    /// A training search without a number from 1 to 4 as `trainingSearchType`.
    TrainingSearchType,
    /// An executive report of another company, or of none.
    ForeignReport,
    /// A widget of another company, or of none.
    ForeignWidget,
    /// None or several widgets in a request for their values.
    WidgetCount,
    /// A period of widget values that is missing, reversed, or written in no known way.
    WidgetPeriod,
    /// A call that changes something at the vendor, other than to create or send an enrollment.
    Write,
    /// A call this service does not have.
    UnknownEndpoint,
}

impl Violation {
    const fn name(self) -> &'static str {
        match self {
            Self::MissingCompanyHeaders => "missing-company-headers",
            Self::OneCompanyHeader => "one-company-header",
            Self::CompanyHeadersDiffer => "company-headers-differ",
            Self::UnknownCompany => "unknown-company",
            Self::NeedlessCompanyHeader => "needless-company-header",
            Self::ApiKeyHeader => "api-key-header",
            Self::MissingFilter => "missing-filter",
            Self::PartialFilter => "partial-filter",
            Self::NullSearchText => "null-search-text",
            Self::NullOrderBy => "null-order-by",
            Self::UnknownOrderBy => "unknown-order-by",
            Self::MissingAscending => "missing-ascending",
            Self::InvalidPage => "invalid-page",
            Self::InvalidBody => "invalid-body",
            Self::ContentType => "content-type",
            Self::NullEnrollmentType => "null-enrollment-type",
            Self::NoToken => "no-token",
            Self::TokenNotForm => "token-not-form",
            Self::ForeignEnrollment => "foreign-enrollment",
            Self::TrainingSearchType => "training-search-type",
            Self::ForeignReport => "foreign-report",
            Self::ForeignWidget => "foreign-widget",
            Self::WidgetCount => "widget-count",
            Self::WidgetPeriod => "widget-period",
            Self::Write => "write",
            Self::UnknownEndpoint => "unknown-endpoint",
        }
    }
}

/// The violations so far.
#[derive(Debug, Default)]
pub struct Contract(Mutex<Record>);

#[derive(Debug, Default)]
struct Record {
    counts: BTreeMap<Violation, u64>,
    latest: VecDeque<(Violation, String)>,
}

impl Contract {
    /// Counts a violation committed by `request`, a method and path.
    pub fn record(&self, violation: Violation, request: &str) {
        let mut record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *record.counts.entry(violation).or_default() += 1;
        if record.latest.len() == KEPT {
            record.latest.pop_front();
        }
        record.latest.push_back((violation, request.to_owned()));
        tracing::debug!(
            violation = violation.name(),
            request,
            "the client broke the contract"
        );
    }

    /// The counts by name, their sum, and the latest violations.
    pub fn report(&self) -> Value {
        let record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts: BTreeMap<&str, u64> = record
            .counts
            .iter()
            .map(|(violation, &count)| (violation.name(), count))
            .collect();
        let latest: Vec<Value> = record
            .latest
            .iter()
            .map(|(violation, request)| json!({"violation": violation.name(), "request": request}))
            .collect();
        json!({
            "version": 1,
            "total": record.counts.values().sum::<u64>(),
            "violations": counts,
            "latest": latest,
        })
    }

    /// Forgets all violations.
    pub fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Record::default();
    }
}
