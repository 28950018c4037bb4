//! Listings end for certain and know whether they are whole, whatever the vendor does with pages and totals.

use keepnet_etl::verdict::Verdict;
use serde_json::{Value, json};
use wiremock::Request;

use super::{offline, read_companies};
use crate::support::vendor::{Vendor, companies, ok};

/// How a listing ended: verdict, distinct rows, requests.
type End = (Verdict, u64, usize);

/// Reads a listing whose page `n` is `answer(n)`.
async fn read(answer: impl Fn(u64) -> Value + Send + Sync + 'static) -> End {
    let vendor = Vendor::start().await;
    vendor
        .on(companies(), move |request: &Request| {
            let body: Value = request.body_json().expect("JSON");
            ok(answer(body["pageNumber"].as_u64().expect("a page")).to_string())
        })
        .await;
    let app = offline(&vendor, &[]);
    let (_, end) = read_companies(&app.client()).await.expect("pages");
    (end.verdict, end.distinct, vendor.count(&companies()).await)
}

/// Reads a listing whose first pages are these; later ones are empty.
async fn read_pages(pages: Vec<Value>) -> End {
    read(move |number| {
        let index = usize::try_from(number).expect("a page") - 1;
        pages.get(index).cloned().unwrap_or_else(|| rows(&[]))
    })
    .await
}

/// A page without counts.
fn rows(ids: &[&str]) -> Value {
    let rows: Vec<Value> = ids
        .iter()
        .map(|id| json!({"companyResourceId": id}))
        .collect();
    json!({"data": {"results": rows}, "status": "SUCCESS"})
}

/// A page that says how many rows and pages there are.
fn counted(ids: &[&str], total: u64, pages: u64) -> Value {
    let mut page = rows(ids);
    page["data"]["totalNumberOfRecords"] = json!(total);
    page["data"]["totalNumberOfPages"] = json!(pages);
    page
}

/// A page that says how many rows there are.
fn of(total: u64, ids: &[&str]) -> Value {
    let mut page = rows(ids);
    page["data"]["totalNumberOfRecords"] = json!(total);
    page
}

#[tokio::test]
async fn a_short_page_is_not_the_last_one() {
    let end = read_pages(vec![
        counted(&["a"], 4, 3),
        counted(&["b", "c"], 4, 3),
        counted(&["d"], 4, 3),
    ])
    .await;
    assert_eq!(end, (Verdict::Complete, 4, 3));
}

#[tokio::test]
async fn a_vendor_may_cap_the_page_size_whether_or_not_its_number_of_pages_knows() {
    for pages in [1, 3] {
        let end = read_pages(vec![
            counted(&["a", "b"], 5, pages),
            counted(&["c", "d"], 5, pages),
            counted(&["e"], 5, pages),
        ])
        .await;
        assert_eq!(end, (Verdict::Complete, 5, 3), "{pages} pages");
    }
}

#[tokio::test]
async fn a_page_that_is_repeated_for_ever_ends_a_short_listing() {
    let end = read(|_| counted(&["a", "b"], 6, 3)).await;
    assert_eq!(end, (Verdict::Short, 2, 2));
}

#[tokio::test]
async fn a_vendor_may_clamp_to_its_last_page() {
    let clamped = |number: u64| match number {
        1 => of(3, &["a", "b"]),
        _ => of(3, &["c"]),
    };
    assert_eq!(read(clamped).await, (Verdict::Complete, 3, 2));
    let one_is_missing = |number: u64| match number {
        1 => of(4, &["a", "b"]),
        _ => of(4, &["c"]),
    };
    assert_eq!(read(one_is_missing).await, (Verdict::Short, 3, 3));
    let without_total = |number: u64| match number {
        1 => rows(&["a", "b"]),
        _ => rows(&["c"]),
    };
    assert_eq!(read(without_total).await, (Verdict::Complete, 3, 3));
}

#[tokio::test]
async fn without_a_total_an_empty_page_is_the_end() {
    let end = read_pages(vec![rows(&["a", "b"]), rows(&["c"])]).await;
    assert_eq!(end, (Verdict::Complete, 3, 3));
}

#[tokio::test]
async fn without_a_total_the_number_of_pages_is_the_end() {
    let with_pages = |ids: &[&str]| {
        let mut page = rows(ids);
        page["data"]["totalNumberOfPages"] = json!(2);
        page
    };
    let end = read_pages(vec![with_pages(&["a", "b"]), with_pages(&["c"])]).await;
    assert_eq!(end, (Verdict::Complete, 3, 2));
}

#[tokio::test]
async fn a_total_that_moves_is_drift_also_when_it_is_met() {
    let grows = vec![of(3, &["a", "b"]), of(4, &["c", "d"])];
    assert_eq!(read_pages(grows).await, (Verdict::Drifted, 4, 2));
    let shrinks = vec![counted(&["a", "b"], 4, 2), counted(&["c"], 3, 2)];
    assert_eq!(read_pages(shrinks).await, (Verdict::Drifted, 3, 2));
    let vanishes = vec![counted(&["a", "b"], 3, 2), rows(&["c"])];
    assert_eq!(read_pages(vanishes).await, (Verdict::Drifted, 3, 3));
}

#[tokio::test]
async fn a_total_that_grows_for_ever_is_given_up() {
    let end = read(|number| {
        let (one, other) = (format!("{number}-1"), format!("{number}-2"));
        counted(&[&one, &other], 2 * number + 2, number + 1)
    })
    .await;
    // Twice the two pages that the first total stood for, and 50.
    assert_eq!(end, (Verdict::Short, 108, 54));
}

#[tokio::test]
async fn a_total_of_zero_beside_rows_is_no_total() {
    let end = read_pages(vec![of(0, &["a", "b"]), of(0, &["c"]), of(0, &[])]).await;
    assert_eq!(end, (Verdict::Over, 3, 3));
}

#[tokio::test]
async fn more_rows_than_counted_are_over() {
    let end = read_pages(vec![counted(&["a", "b", "c"], 2, 1)]).await;
    assert_eq!(end, (Verdict::Over, 3, 1));
}

#[tokio::test]
async fn a_row_that_comes_twice_is_counted_once() {
    let within_a_page = vec![counted(&["a", "b", "b", "c"], 3, 1)];
    assert_eq!(read_pages(within_a_page).await, (Verdict::Drifted, 3, 1));
    let across_pages = vec![counted(&["a", "b"], 3, 2), counted(&["b", "c"], 3, 2)];
    assert_eq!(read_pages(across_pages).await, (Verdict::Drifted, 3, 2));
    // In the place of one that was not shown.
    let instead = |number: u64| match number {
        1 => counted(&["a", "b"], 4, 2),
        2 => counted(&["b", "c"], 4, 2),
        _ => counted(&[], 4, 2),
    };
    assert_eq!(read(instead).await, (Verdict::Short, 3, 3));
}

#[tokio::test]
async fn an_empty_page_in_the_middle_ends_a_short_listing() {
    let end = read_pages(vec![
        counted(&["a"], 3, 3),
        counted(&[], 3, 3),
        counted(&["c"], 3, 3),
    ])
    .await;
    assert_eq!(end, (Verdict::Short, 1, 2));
}

#[tokio::test]
async fn a_total_written_as_text_is_a_total_and_a_negative_one_is_none() {
    let mut as_text = rows(&["a", "b"]);
    as_text["data"]["totalNumberOfRecords"] = json!("3");
    assert_eq!(read_pages(vec![as_text]).await, (Verdict::Drifted, 2, 2));
    let mut as_text = rows(&["a", "b"]);
    as_text["data"]["totalNumberOfRecords"] = json!(" 2 ");
    assert_eq!(read_pages(vec![as_text]).await, (Verdict::Complete, 2, 1));
    let negative = |ids: &[&str]| {
        let mut page = rows(ids);
        page["data"]["totalNumberOfRecords"] = json!(-1);
        page
    };
    let end = read_pages(vec![negative(&["a"]), negative(&[])]).await;
    assert_eq!(end, (Verdict::Complete, 1, 2));
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_counted_as_received() {
    let mut page = counted(&["a"], 3, 1);
    let results = page["data"]["results"].as_array_mut().unwrap();
    results.push(json!({"companyName": "no id"}));
    results.push(json!(7));
    assert_eq!(read_pages(vec![page]).await, (Verdict::Complete, 3, 1));
}
