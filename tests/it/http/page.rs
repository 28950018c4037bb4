//! What the page says of a warehouse, scene by scene.

use keepnet_etl::daemon::liveness::Role;

use super::{Served, now};
use crate::support::database;
use crate::support::scene::{HOSTILE, Scene};

/// The text of the page: without tags, with the entities that the page uses.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for letter in html.chars() {
        match letter {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            _ if !is_tag => text.push(letter),
            _ => {}
        }
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // A tag ends no word before these.
    [",", ".", ":", ";", ")"]
        .iter()
        .fold(text, |text, mark| text.replace(&format!(" {mark}"), mark))
}

/// The headings, which name the sections.
fn headings(html: &str) -> Vec<String> {
    let parts = html.split("<h2").skip(1);
    parts
        .map(|part| text(&format!("<h2{}", part.split_once("</h2>").unwrap().0)))
        .collect()
}

fn verdict(html: &str) -> String {
    let from = html.split_once("<h1").unwrap().1;
    text(&format!("<h1{}", from.split_once("</h1>").unwrap().0))
}

#[track_caller]
fn assert_says(html: &str, said: &[&str]) {
    let text = text(html);
    for said in said {
        assert!(text.contains(said), "{said:?} is missing: {text}");
    }
}

#[tokio::test]
async fn an_empty_warehouse_says_when_it_begins() {
    let served = Served::scene_with(Scene::Empty, 0, &[("schedule.sync", "0 30 * * * *")]).await;
    let page = served.page().await;
    assert_eq!(verdict(&page), "Nothing has been read yet.");
    assert_says(
        &page,
        &[
            "The next run begins in 30 min",
            "keepnet-etl sync begins at once",
        ],
    );
    assert!(!page.contains("<table"), "{page}");
    served.liveness.set_role(Role::Standby);
    let page = served.page().await;
    assert_says(
        &page,
        &["this instance is standby", "takes over when that is gone"],
    );
}

#[tokio::test]
async fn a_first_load_shows_how_far_it_is() {
    let served = Served::scene(Scene::FirstLoad, 50).await;
    let page = served.page().await;
    assert_eq!(
        verdict(&page),
        "The first load is under way: 10 of 50 companies read."
    );
    assert_says(
        &page,
        &[
            "Run 1 is under way",
            "began 25 min ago, by hand",
            "20 %, 10 of 50 companies, 3 being read",
            "40 not read yet",
        ],
    );
    assert_eq!(page.matches("<em>reading</em>").count(), 3);
    assert!(!headings(&page).contains(&"What to do".to_owned()));
}

#[tokio::test]
async fn when_all_is_well_it_says_so_and_until_when() {
    let served = Served::scene(Scene::Well, 100).await;
    let page = served.page().await;
    assert_eq!(
        verdict(&page),
        "All is well: 99 of 100 companies complete, 1 customer denies access."
    );
    assert_says(
        &page,
        &[
            "24 h are promised",
            "Access revoked by the customer 1 company",
            "To do: ask the customer to grant the reseller access again",
            "1 no access",
            "reseller RsLr00000001",
            "dates are read as day first, such as 31/12/2026 (dmy)",
            "decided by claim user_dateformat of the access token",
            "time zone Europe/Istanbul",
            "by schedule 11 min all well 9,000 1,200 340 0",
            "Unknown fields of trainings",
            "$.totalDuration text, first seen 12 d ago",
        ],
    );
    assert!(!page.contains("HTTP"), "codes are for developers");
    let expected = [
        "Freshness and completeness",
        "What to do",
        "A sync now",
        "Next runs",
        "Account",
        "Access ends soon",
        "Set aside",
        "Last runs",
        "Companies",
    ];
    assert_eq!(headings(&page), expected);
}

#[tokio::test]
async fn trouble_is_told_with_its_cause_and_what_to_do() {
    let served = Served::scene(Scene::Trouble, 100).await;
    let page = served.page().await;
    // 8 and 79 failed, 9 is short, 11 is stale, 10 was never read.
    assert_eq!(
        verdict(&page),
        "3 of 100 companies are incomplete, 1 is older than 24 h, 1 was never read and deletions in 2 places wait \
         for your decision."
    );
    assert_says(
        &page,
        &[
            "The service failed 2 companies (answers)",
            "To do: it is tried again by the next run; if it persists, ask the vendor's support",
            "The service shows fewer rows than it counts 1 company (users)",
            "keepnet-etl discrepancy list shows the counts",
            "1 company not read for more than 24 h",
            "Deletions wait for your decision",
            "users: 120 stored, 80 still there, seen 20 h ago",
            "keepnet-etl sync --accept-deletions",
            "1 item could not be understood",
            "keepnet-etl quarantine list",
            "Of 1 scope the service counts other rows than it shows",
        ],
    );
    assert_eq!(headings(&page)[0], "What to do", "trouble comes first");
    for technical in [
        "HTTP",
        "PRIVACY_ERROR",
        "ada.quarantined",
        "could not fetch",
    ] {
        assert!(!page.contains(technical), "{technical}: {page}");
    }
}

#[tokio::test]
async fn an_access_that_ends_is_told_in_its_order() {
    let served = Served::scene(Scene::Well, 8).await;
    let ends = [
        ("Cm0000007919", 3),
        ("Cm0000015838", 1),
        ("Cm0000023757", 31),
    ];
    for (company, days) in ends {
        sqlx::query("update keepnet.companies set access_ends_at = $2, name = 'Ends in ' || $3 where company_id = $1")
            .bind(company)
            .bind(now() + chrono::TimeDelta::days(days))
            .bind(days.to_string())
            .execute(&served.pool)
            .await
            .unwrap();
    }
    let page = served.page().await;
    let section = page.split_once(r#"id="access""#).unwrap().1;
    let section = text(section.split_once("</section>").unwrap().0);
    let (first, second) = (section.find("Ends in 1"), section.find("Ends in 3"));
    assert!(first.is_some() && first < second, "{section}");
    assert!(!section.contains("Ends in 31"), "{section}");
}

#[tokio::test]
async fn a_run_that_failed_or_was_killed_is_told() {
    let served = Served::scene(Scene::Well, 8).await;
    let last = "update sync.runs set outcome = $1, error = $2, finished_at = $3 where id = (select max(id) from sync.runs)";
    let change =
        async |outcome: &str, error: Option<&str>, end: Option<chrono::DateTime<chrono::Utc>>| {
            let changed = sqlx::query(last).bind(outcome).bind(error).bind(end);
            changed.execute(&served.pool).await.unwrap();
            served.later();
            served.page().await
        };
    let refused = "could not get a token: the service refused client id or secret: invalid_client";
    let page = change("failed", Some(refused), Some(now())).await;
    assert!(
        verdict(&page).starts_with("The last run failed because the service refused"),
        "{page}"
    );
    assert_says(
        &page,
        &[
            "The last run failed",
            "keepnet-etl check names the cause and the remedy",
        ],
    );

    // Nobody holds its lock.
    let page = change("running", None, None).await;
    assert!(
        verdict(&page).starts_with("The last run ended with its process"),
        "{page}"
    );
    assert_says(&page, &["the next run goes on from what was committed"]);
}

#[tokio::test]
async fn names_stay_names_whatever_is_in_them() {
    let served = Served::scene(Scene::Trouble, 100).await;
    let page = served.page().await;
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
    assert_eq!(page.matches("<h1").count(), 1);
    assert!(!page.contains("<img"), "{page}");
    let shown = text(&page);
    for name in HOSTILE {
        let once = name.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(&once), "{name}");
        assert!(
            !name.contains('<') || !page.contains(name),
            "{name} is not escaped"
        );
    }
    let long = "Long ".repeat(40);
    assert!(
        shown.contains(long.trim_end()),
        "a long name is shown whole"
    );
    // No attribute of style or of an event, no address from elsewhere.
    for forbidden in [" style=", " onclick=", "http://", "https://", "javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test]
async fn the_cycle_is_measured_against_schedule_promise_and_budget() {
    let served = Served::scene_with(
        Scene::Well,
        12,
        &[
            ("api.max_requests_per_second", "0.001"),
            ("api.daily_requests", "5000"),
        ],
    )
    .await;
    // Machines wait for the first prediction; then the page has it as well.
    assert_eq!(served.get("/status.json").await.status, 200);
    let page = served.page().await;
    assert_says(
        &page,
        &[
            "A sync takes too long",
            "used of today's 5,000 requests 86 %",
            "at 0.0 a second",
            "keepnet-etl sync --dry-run shows what for",
        ],
    );
    assert!(
        verdict(&page).starts_with("A sync takes too long"),
        "{page}"
    );
    // Yesterday's requests are yesterday's.
    sqlx::query("update sync.accounts set requests_on = requests_on - 1")
        .execute(&served.pool)
        .await
        .unwrap();
    served.later();
    assert_says(
        &served.page().await,
        &["used of today's 5,000 requests 0 %"],
    );
}

#[tokio::test]
async fn companies_that_the_settings_leave_out_are_no_trouble() {
    let served = Served::scene_with(
        Scene::Trouble,
        12,
        &[("sync.companies.include", "Cm0000000000")],
    )
    .await;
    let page = served.page().await;
    assert_says(&page, &["11 left out", "1 complete within"]);
    assert!(!verdict(&page).contains("incomplete"), "{page}");
}

#[tokio::test]
async fn two_thousand_companies_weigh_less_than_six_hundred_kilobytes() {
    let served = Served::scene(Scene::Trouble, 2_000).await;
    let page = served.page().await;
    assert!(page.len() < 600_000, "{} bytes", page.len());
    assert_eq!(
        page.matches("<rect x=").count(),
        2_000 + 7,
        "squares and their legend"
    );
    assert_eq!(
        page.matches("<th scope=\"row\"").count(),
        2_000 + 5 + 10,
        "companies, runs, accesses"
    );
}

#[tokio::test]
async fn a_page_needs_few_statements() {
    let url = database::empty().await;
    let wire = crate::support::wire::Wire::before(&url).await;
    let pool = database::pool(wire.url()).await;
    keepnet_etl::warehouse::migrate::migrate(&pool)
        .await
        .unwrap();
    let run = crate::support::scene::fill(&pool, Scene::Trouble, 60, now()).await;
    assert!(run.is_none());
    let served = Served::on(pool, &[]).await;
    // The prediction is known then, and lasts.
    assert_eq!(served.get("/status.json").await.status, 200);
    served.clock.advance(chrono::TimeDelta::seconds(2));
    wire.take_counts();
    let pages = futures::future::join_all((0..20).map(|_| served.page())).await;
    assert_eq!(pages.len(), 20);
    let statements = wire.take_counts().statements;
    assert!(statements <= 15, "{statements} for twenty pages at once");
}
