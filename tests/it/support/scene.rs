//! Warehouses as an operator may find them, written straight into the tables: how many companies there are and how they
//! stand is what the status page is about, and no test has the time to load 2,000 of them.

use chrono::{DateTime, TimeDelta, Utc};
use keepnet_etl::warehouse::leases::{self, Kind};
use keepnet_etl::warehouse::runs::{self, NewRun, Pace, Run};
use sqlx::PgPool;

/// How a warehouse may be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Nothing was ever read.
    Empty,
    /// The first run is under way and has read a fifth.
    FirstLoad,
    /// All is well; some customers deny access, some accesses end soon.
    Well,
    /// Whatever can be wrong is.
    Trouble,
}

/// Names that try to break out of what they stand in.
pub const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    r#""><img src=x onerror=alert(1)> & 'Söhne'"#,
    "Emoji 🦊🧪 Bakery",
    "شركة الأمثلة المحدودة",
    "\u{202e}gnp.exe reversed",
    "</title></svg></table><h1>gone</h1>",
];

/// The account of every scene.
pub const ACCOUNT: &str = "RsLr00000001";

const WITHDRAWN: &str = "could not fetch page 1 of the enrollments: the customer has withdrawn the reseller's access \
     (HTTP 403 PRIVACY_ERROR)";
const ASK_CUSTOMER: &str =
    "ask the customer to grant the reseller access again; its stored data stays as it is";
const FAILED: &str = "3 of 40 users could not be read: could not fetch the sessions of a user: the service failed (HTTP 503)";
const NEXT_RUN: &str =
    "it is tried again by the next run; if it persists, ask the vendor's support";

const STEMS: [&str; 50] = [
    "Alder", "Amber", "Arden", "Aspen", "Basalt", "Beacon", "Birch", "Bramble", "Brook", "Cedar",
    "Cinder", "Clover", "Copper", "Coral", "Crane", "Delta", "Dune", "Elm", "Ember", "Fern",
    "Fjord", "Flint", "Garnet", "Glade", "Granite", "Harbor", "Hazel", "Heron", "Indigo", "Iris",
    "Ivory", "Jasper", "Juniper", "Kestrel", "Larch", "Linden", "Maple", "Marble", "Meadow",
    "Nimbus", "Oak", "Onyx", "Opal", "Pine", "Quartz", "Raven", "Saffron", "Slate", "Thistle",
    "Willow",
];
const TRADES: [&str; 40] = [
    "Analytics",
    "Architects",
    "Aviation",
    "Bakery",
    "Bank",
    "Brewing",
    "Catering",
    "Ceramics",
    "Chemicals",
    "Clinics",
    "Consulting",
    "Dairy",
    "Design",
    "Energy",
    "Engineering",
    "Farms",
    "Foods",
    "Freight",
    "Furniture",
    "Gardens",
    "Glass",
    "Hotels",
    "Insurance",
    "Interiors",
    "Logistics",
    "Marine",
    "Media",
    "Mills",
    "Mining",
    "Optics",
    "Pharma",
    "Print",
    "Rail",
    "Robotics",
    "Schools",
    "Shipping",
    "Software",
    "Textiles",
    "Tools",
    "Water",
];

struct Company {
    id: String,
    name: String,
    verdict: Option<&'static str>,
    age: Option<TimeDelta>,
    reason: Option<&'static str>,
    remedy: Option<&'static str>,
    access: Option<TimeDelta>,
}

impl Company {
    fn nth(scene: Scene, n: usize, all: usize) -> Self {
        let name = match HOSTILE.get(n) {
            Some(hostile) => (*hostile).to_owned(),
            None if n == HOSTILE.len() => "Long ".repeat(40).trim_end().to_owned(),
            None => {
                // Neighbours in the alphabet are not neighbours in their state.
                let mixed = n * 787 % (STEMS.len() * TRADES.len());
                let (stem, trade) = (STEMS[mixed % 50], TRADES[mixed / 50]);
                format!("{stem} {trade}")
            }
        };
        let mut company = Self {
            id: format!("Cm{:010}", n * 7_919),
            name,
            verdict: Some("complete"),
            // A whole day around which companies are spread, most of them young.
            age: Some(TimeDelta::minutes(
                (n * n % 1_300) as i64 * (n % 10) as i64 / 10,
            )),
            reason: None,
            remedy: None,
            access: (n % 97 == 5).then(|| TimeDelta::days((n % 40) as i64)),
        };
        if scene == Scene::FirstLoad {
            company.age = Some(TimeDelta::minutes((n % 25) as i64));
        }
        let of = |verdict, reason, remedy| (Some(verdict), Some(reason), Some(remedy));
        let (verdict, reason, remedy) = match scene {
            Scene::FirstLoad if n >= all / 5 => {
                company.age = None;
                (None, None, None)
            }
            Scene::Well | Scene::Trouble if n % 331 == 7 => {
                of("forbidden", WITHDRAWN, ASK_CUSTOMER)
            }
            Scene::Trouble if n % 71 == 8 => of("failed", FAILED, NEXT_RUN),
            Scene::Trouble if n % 173 == 9 => {
                company.age = None;
                (Some("short"), None, None)
            }
            Scene::Trouble if n % 211 == 10 => {
                company.age = None;
                (None, None, None)
            }
            Scene::Trouble if n % 89 == 11 => {
                company.age = Some(TimeDelta::hours(30));
                (Some("complete"), None, None)
            }
            _ => (Some("complete"), None, None),
        };
        (company.verdict, company.reason, company.remedy) = (verdict, reason, remedy);
        company
    }
}

/// Fills a migrated database. The run under way, if there is one, ends with its value.
pub async fn fill(
    pool: &PgPool,
    scene: Scene,
    companies: usize,
    now: DateTime<Utc>,
) -> Option<Run> {
    if scene == Scene::Empty {
        return None;
    }
    let companies: Vec<Company> = (0..companies)
        .map(|n| Company::nth(scene, n, companies))
        .collect();
    account(pool, now).await;
    write(pool, &companies, now).await;
    scopes(pool, now).await;
    if scene == Scene::FirstLoad {
        let pace = Pace {
            requests: 80,
            companies_total: Some(companies.len() as u64),
            companies_done: companies.len() as u64 / 5,
            progressed_at: now - TimeDelta::minutes(2),
            ..Pace::default()
        };
        let new = NewRun {
            kind: "sync",
            at: now - TimeDelta::minutes(25),
            lasts: std::time::Duration::from_secs(60),
            under: None,
            look: Box::new(move || pace),
        };
        let run = runs::begin(pool, new).await.expect("a run");
        runs::predict(pool, run.holder, 1_000)
            .await
            .expect("a prediction");
        // As its next heartbeat will, which nobody waits for.
        sqlx::query(
            "update sync.runs set requests = 80, companies_total = $1, companies_done = $1 / 5, progressed_at = $2",
        )
        .bind(companies.len() as i64)
        .bind(pace.progressed_at)
        .execute(pool)
        .await
        .expect("progress");
        for company in companies.iter().rev().take(3) {
            leases::claim(pool, run.holder, Kind::Company, &company.id)
                .await
                .expect("a claim");
        }
        return Some(run);
    }
    past_runs(pool, scene, now).await;
    fields(pool, now).await;
    if scene == Scene::Trouble {
        trouble(pool, &companies, now).await;
    }
    None
}

async fn account(pool: &PgPool, now: DateTime<Utc>) {
    sqlx::query(
        "insert into sync.accounts
             (account_id, client_id, date_format, time_zone, date_format_evidence, date_format_since,
              first_used_at, last_used_at, requests_on, requests)
         values ($1, 'demo', 'dmy', 'Europe/Istanbul', 'claim user_dateformat of the access token', $2, $2, $2,
                 ($2 at time zone 'UTC')::date, 4321)",
    )
    .bind(ACCOUNT)
    .bind(now - TimeDelta::minutes(4))
    .execute(pool)
    .await
    .expect("an account");
}

async fn write(pool: &PgPool, companies: &[Company], now: DateTime<Utc>) {
    let ids: Vec<&str> = companies.iter().map(|it| it.id.as_str()).collect();
    let names: Vec<&str> = companies.iter().map(|it| it.name.as_str()).collect();
    let access: Vec<_> = companies
        .iter()
        .map(|it| it.access.map(|in_| now + in_))
        .collect();
    sqlx::query(
        "insert into keepnet.companies (company_id, kind, name, access_ends_at, valid_from)
         select company_id, 'customer', name, access, $4
         from unnest($1::text[], $2::text[], $3::timestamptz[]) as t (company_id, name, access)",
    )
    .bind(&ids)
    .bind(&names)
    .bind(&access)
    .bind(now)
    .execute(pool)
    .await
    .expect("companies");
    let tried: Vec<&Company> = companies.iter().filter(|it| it.verdict.is_some()).collect();
    sqlx::query(
        "insert into sync.company_state (company_id, verdict, safe_as_of, last_try_at, reason, remedy)
         select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[])",
    )
    .bind(tried.iter().map(|it| it.id.as_str()).collect::<Vec<_>>())
    .bind(tried.iter().map(|it| it.verdict).collect::<Vec<_>>())
    .bind(tried.iter().map(|it| it.age.map(|age| now - age)).collect::<Vec<_>>())
    .bind(tried.iter().map(|_| now - TimeDelta::minutes(4)).collect::<Vec<_>>())
    .bind(tried.iter().map(|it| it.reason).collect::<Vec<_>>())
    .bind(tried.iter().map(|it| it.remedy).collect::<Vec<_>>())
    .execute(pool)
    .await
    .expect("states of companies");
}

/// Five enrollments of each company that was read, with what is remembered of them.
async fn scopes(pool: &PgPool, now: DateTime<Utc>) {
    sqlx::query(
        "insert into keepnet.enrollments (company_id, enrollment_id, name, created_at, status, is_archived, is_listed, is_step)
         select company_id, 'e' || n, 'Awareness ' || n, $1 - n * interval '20 days', 'Active', false, true, false
         from sync.company_state, generate_series(1, 5) n",
    )
    .bind(now)
    .execute(pool)
    .await
    .expect("enrollments");
    sqlx::query(
        "insert into sync.cursors (company_id, resource, scope, last_complete_at, due_at, full_due_at)
         select company_id, resource, enrollment_id, coalesce(safe_as_of, $1), $1 + interval '3 hours', $1 + interval '9 days'
         from keepnet.enrollments join sync.company_state using (company_id),
              unnest(array['summaries', 'details', 'users']) as resource
         union all
         select company_id, resource, '', coalesce(safe_as_of, $1), $1 + interval '3 hours', $1 + interval '9 days'
         from sync.company_state, unnest(array['enrollments', 'trainings', 'target_groups', 'reports', 'widgets']) as resource",
    )
    .bind(now)
    .execute(pool)
    .await
    .expect("cursors");
}

async fn past_runs(pool: &PgPool, scene: Scene, now: DateTime<Utc>) {
    let last = if scene == Scene::Well {
        "ok"
    } else {
        "partial"
    };
    sqlx::query(
        "insert into sync.runs (kind, started_at, finished_at, outcome, requests, rows_inserted, rows_updated, rows_unchanged)
         select 'scheduled', $1 - n * interval '1 hour', $1 - n * interval '1 hour' + interval '11 minutes',
                case when n = 0 then $2 else 'ok' end, 9000 + 137 * n, 1200 + 11 * n, 340 + n, 48000
         from generate_series(6, 0, -1) n",
    )
    .bind(now - TimeDelta::minutes(15))
    .bind(last)
    .execute(pool)
    .await
    .expect("runs");
}

async fn fields(pool: &PgPool, now: DateTime<Utc>) {
    sqlx::query(
        "insert into sync.unknown_fields (resource, json_path, json_type, first_seen_at, last_seen_at)
         values ('trainings', '$.totalDuration', 'text', $1, $1), ('reports', '$.theme', 'text', $1, $1),
                ('widgets', '$.metrics[*].widgets[*].sortOrder', 'a number', $1, $1)",
    )
    .bind(now - TimeDelta::days(12))
    .execute(pool)
    .await
    .expect("unknown fields");
}

async fn trouble(pool: &PgPool, companies: &[Company], now: DateTime<Utc>) {
    sqlx::query(
        "insert into sync.run_scopes (run_id, company_id, resource, verdict, error, remedy)
         select (select max(id) from sync.runs), company_id,
                case verdict when 'failed' then 'answers' else 'users' end, verdict, reason, remedy
         from sync.company_state where verdict not in ('complete', 'forbidden')",
    )
    .execute(pool)
    .await
    .expect("scopes of the last run");
    let of = |n: usize| companies[n % companies.len()].id.as_str();
    sqlx::query(
        "insert into sync.discrepancies
             (company_id, resource, scope, kind, detail, expected, found, first_seen_at, last_seen_at)
         values ($1, 'users', 'e1', 'held deletions', 'two complete pulls no longer show 40 of 120 rows', 120, 80, $3, $3),
                ($2, 'enrollments', '', 'held deletions', 'two complete pulls no longer show 12 of 15 rows', 15, 3, $3, $3),
                ($1, 'users', 'e2', 'listing against total', 'the listing shows fewer rows', 40, 39, $3, $3)",
    )
    .bind(of(14))
    .bind(of(15))
    .bind(now - TimeDelta::hours(20))
    .execute(pool)
    .await
    .expect("discrepancies");
    sqlx::query(
        r#"insert into sync.quarantine
             (company_id, resource, scope, payload, json_path, reason, first_seen_at, last_seen_at)
         values ($1, 'users', 'e1', '{"email":"ada.quarantined@example.com"}', '$.targetUserResourceId', 'the id is missing', $2, $2)"#,
    )
    .bind(of(16))
    .bind(now - TimeDelta::hours(2))
    .execute(pool)
    .await
    .expect("quarantine");
}
