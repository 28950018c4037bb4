//! What a simulated vendor looks like: the size of its world, the account, and one switch for each
//! behaviour of the real service that is not known for certain.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use chrono::NaiveDate;
use chrono_tz::Tz;
use clap::{ArgAction, Args, Parser, ValueEnum};

use crate::clock::{SharedClock, SystemClock};
use crate::simulator::date::{DateOrder, HourStyle};
use crate::simulator::fault::Fault;
use crate::simulator::{Listing, Share};

/// Everything a simulator is started with.
#[derive(Debug, Clone, Args)]
pub struct SimulatorOptions {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// The data that is served.
    #[command(flatten)]
    pub world: WorldOptions,
    /// The credential and how its dates are written.
    #[command(flatten)]
    pub account: AccountOptions,
    /// Behaviours that may differ from tenant to tenant.
    #[command(flatten)]
    pub variant: VariantOptions,
    /// A fault, as `endpoint:kind[:name=value,…]`, e.g. `users:503:from=2,times=3,retry-after=1`
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<Fault>,
    /// While a listing is paged, change it by chance before each page after the first
    #[arg(long, value_name = "SEED")]
    pub drift: Option<u64>,
    /// Which listings that changes
    #[arg(long, value_enum, value_name = "LISTING", default_value = "users")]
    pub drift_listing: Vec<Listing>,
    /// Wait this long before each answer
    #[arg(long, default_value_t = 0, value_name = "MILLISECONDS")]
    pub latency_ms: u64,
    /// Wait up to this much longer, differently for each request
    #[arg(long, default_value_t = 0, value_name = "MILLISECONDS")]
    pub latency_jitter_ms: u64,
    /// Tells tokens when they expire.
    #[arg(skip = SystemClock::shared())]
    pub clock: SharedClock,
}

impl Default for SimulatorOptions {
    /// The options of a command line without arguments, so that defaults are written down once.
    fn default() -> Self {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            options: SimulatorOptions,
        }
        Alone::parse_from(["simulate"]).options
    }
}

/// How large the world is and what is in it. Equal options give equal data.
#[derive(Debug, Clone, Args)]
pub struct WorldOptions {
    /// Everything follows from this number
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Companies, sub-resellers included
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub companies: u32,
    /// Enrollments of each company, archived ones included
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub enrollments: u32,
    /// Target users of each enrollment
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub users: u32,
    /// How many of the companies are resellers below the account's own
    #[arg(long, default_value_t = 0)]
    pub sub_resellers: u32,
    /// Enrollments that are surveys, half of them hidden as SCORM with a quiz
    #[arg(long, default_value_t = Share::percent(20), value_name = "SHARE")]
    pub survey_share: Share,
    /// Enrollments that are learning paths
    #[arg(long, default_value_t = Share::percent(10), value_name = "SHARE")]
    pub learning_paths: Share,
    /// Enrollments that are in the archive listing only
    #[arg(long, default_value_t = Share::percent(10), value_name = "SHARE")]
    pub archived: Share,
    /// Anonymous enrollments (SCORM proxy), whose results are in a report of their own
    #[arg(long, default_value_t = Share::percent(0), value_name = "SHARE")]
    pub anonymous: Share,
    /// Enrollments that are marked as a test
    #[arg(long, default_value_t = Share::percent(10), value_name = "SHARE")]
    pub test_share: Share,
    /// Users whose e-mail is masked
    #[arg(long, default_value_t = Share::percent(3), value_name = "SHARE")]
    pub masked: Share,
    /// Users with custom fields
    #[arg(long, default_value_t = Share::percent(20), value_name = "SHARE")]
    pub custom_fields: Share,
    /// Companies that deny the reseller access: every call in their scope answers 403
    #[arg(long, default_value_t = Share::percent(0), value_name = "SHARE")]
    pub denied: Share,
    /// The day on which the world ends: nothing but schedules lies behind it
    #[arg(long, default_value = "2026-07-01", value_name = "YYYY-MM-DD")]
    pub as_of: NaiveDate,
}

/// The reseller's credential and its settings.
#[derive(Debug, Clone, Args)]
pub struct AccountOptions {
    /// The client id that is accepted
    #[arg(long, default_value = "demo")]
    pub client_id: String,
    /// The secret that goes with it
    #[arg(long, default_value = "demo-secret")]
    pub client_secret: String,
    /// Order of day and month in date strings
    #[arg(long, value_enum, default_value_t = DateOrder::Dmy)]
    pub date_format: DateOrder,
    /// Clock of date strings
    #[arg(long, value_enum, default_value_t = HourStyle::Full)]
    pub time_format: HourStyle,
    /// Zone of date strings
    #[arg(long, default_value = "Europe/Istanbul", value_name = "ZONE")]
    pub time_zone: Tz,
    /// Whether tokens name the date format
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub date_claim: bool,
    /// Whether the settings of the calling user can be read
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub settings_readable: bool,
    /// Lifetime of tokens; `none` leaves it out of the answer
    #[arg(long, default_value = "3600", value_name = "SECONDS|none")]
    pub expires_in: Lifetime,
}

/// One switch for each thing about the real service that is not known.
#[derive(Debug, Clone, Args)]
pub struct VariantOptions {
    /// Give at most this many rows per page, whatever is asked
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    pub page_size_cap: Option<u32>,
    /// What a page behind the last one holds
    #[arg(long, value_enum, default_value_t = PastEnd::Empty)]
    pub past_end: PastEnd,
    /// Whether pages say how many rows and pages there are
    #[arg(long, value_enum, default_value_t = Totals::Exact)]
    pub totals: Totals,
    /// What the id of another company's enrollment gives
    #[arg(long, value_enum, default_value_t = Foreign::NotFound)]
    pub foreign: Foreign,
    /// What the users of a learning path need as `trainingType`
    #[arg(long, value_enum, default_value_t = TrainingTypeRule::Omit)]
    pub training_type: TrainingTypeRule,
    /// Whether a `trainingType` that does not fit gives an empty answer or is ignored
    #[arg(long, value_enum, default_value_t = Misfit::Empty)]
    pub wrong_training_type: Misfit,
    /// What `isClustered` does to the company listing
    #[arg(long, value_enum, default_value_t = Clustering::Nested)]
    pub clustered_children: Clustering,
    /// List steps of learning paths that have an id among the enrollments too
    #[arg(long)]
    pub listed_steps: bool,
    /// Whether the reports of anonymous enrollments are pages or hold one result each
    #[arg(long, value_enum, default_value_t = AnonymousData::Paged)]
    pub anonymous_data: AnonymousData,
    /// Use the member names of the vendor's prose: resourceId, isSuccess, messages
    #[arg(long)]
    pub rename_fields: bool,
    /// How a request for widget values must write its period
    #[arg(long, value_enum, default_value_t = WidgetDialect::Ui)]
    pub widget_dialect: WidgetDialect,
}

/// What a page behind the last one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PastEnd {
    /// No rows.
    Empty,
    /// The last page, under its own number.
    Clamp,
    /// The last page, under the number that was asked.
    Repeat,
}

/// Whether pages carry totals, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Totals {
    /// Both totals, exact.
    Exact,
    /// Neither.
    Missing,
    /// Both; each further page says one row less.
    Shrinking,
    /// Both; each further page says one row more, and from the last one on there is always another.
    Growing,
    /// Only how many pages there are.
    PagesOnly,
    /// Only how many rows there are.
    RecordsOnly,
}

/// What the id of another company's enrollment gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Foreign {
    /// 404 with an empty body.
    #[value(name = "404")]
    NotFound,
    /// 200 without data.
    Empty,
}

/// What the users of a learning path need as `trainingType`; anything else finds no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrainingTypeRule {
    /// Nothing, or the name.
    Omit,
    /// The name.
    Name,
    /// The number 4.
    Int,
}

/// What happens to a `trainingType` that does not fit the enrollment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Misfit {
    /// The answer is empty.
    Empty,
    /// It is ignored.
    Ignored,
}

/// What `isClustered` does to the company listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Clustering {
    /// Companies below others are their children; totals count the top level.
    Nested,
    /// The same, and a parent is repeated among its own children.
    Repeated,
    /// Nothing: the listing stays flat.
    None,
}

/// What the `data` of an anonymous report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnonymousData {
    /// A page of results.
    Paged,
    /// A single result, as the vendor's document says.
    Object,
}

/// How a request for widget values must write its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WidgetDialect {
    /// As the vendor's own pages do: the number of a period, dates as the account writes them.
    Ui,
    /// As the vendor's document says: the name of a period, dates in ISO 8601.
    Document,
    /// Either.
    Both,
}

/// How long a token lives, if the answer says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(pub Option<u32>);

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self(None)),
            _ => text
                .parse()
                .map(|seconds| Self(Some(seconds)))
                .map_err(|_| format!("`{text}` is neither a number of seconds nor `none`")),
        }
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(seconds) => seconds.fmt(formatter),
            None => formatter.write_str("none"),
        }
    }
}
