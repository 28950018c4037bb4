//! A hundred kills (SIGKILL of the real process while a request is in flight), spread over whole loads.

use nix::sys::signal::Signal;

use super::assert_undisturbed;
use crate::support::database;
use crate::support::gate::Gate;
use crate::support::program::Program;
use crate::support::running::{Running, is_gone, until};
use crate::support::simulator::Simulator;

const WORLD: &[&str] = &[
    "--companies",
    "4",
    "--enrollments",
    "6",
    "--users",
    "7",
    "--survey-share",
    "40%",
    "--learning-paths",
    "20%",
    "--anonymous",
    "20%",
];
/// Loads from scratch …
const LOADS: u64 = 10;
/// … each of them killed that often before it may end.
const KILLS: u64 = 10;

#[tokio::test]
async fn a_hundred_kills_end_in_the_tables_of_an_undisturbed_run() {
    let simulator = Simulator::start(WORLD);
    let gate = Gate::before(simulator.url()).await;
    let url = database::empty().await;
    let program = Program::between(gate.url(), &url);
    assert_eq!(Running::to_end(&program, "sync").await.code, 0);
    let undisturbed = gate.take_requests().len() as u64;
    assert!(undisturbed >= 200, "{undisturbed} requests");
    assert_eq!(Running::to_end(&program, "sync").await.code, 0);
    // What every run asks for, whatever is stored.
    let least = gate.take_requests().len() as u64;
    assert!(least > 0);

    let mut repeated = Vec::new();
    for load in 0..LOADS {
        let url = database::empty().await;
        let program = Program::between(gate.url(), &url);
        assert_eq!(Running::to_end(&program, "migrate").await.code, 0);
        let pool = database::pool(&url).await;
        for kill in 0..KILLS {
            // Every process gets a little further than the one before; each load is cut at other places.
            let held = gate.hold(1 + load + kill * least);
            Running::start(&program, "sync").kill_at(held).await;
            is_gone(&pool).await;
        }
        let next = Running::to_end(&program, "sync").await;
        assert_eq!(next.code, 0, "{next:#?}");
        assert_undisturbed(&pool, &simulator).await;
        let requests = gate.take_requests().len() as u64;
        repeated.push((requests - undisturbed) / KILLS);
    }
    println!(
        "{undisturbed} requests undisturbed, {least} with nothing to do; repeated per kill: {repeated:?}"
    );
}

#[tokio::test]
async fn a_listing_that_was_killed_goes_on_with_its_last_page() {
    let world = [
        "--companies",
        "1",
        "--enrollments",
        "1",
        "--users",
        "60",
        "--learning-paths",
        "0%",
        "--survey-share",
        "0%",
    ];
    let simulator = Simulator::start(&world);
    let gate = Gate::before(simulator.url()).await;
    let url = database::empty().await;
    let program = Program::between(gate.url(), &url).set("api.page_size", "10");
    assert_eq!(Running::to_end(&program, "migrate").await.code, 0);
    let pool = database::pool(&url).await;
    let held = gate.hold_nth(4, is_about_users);
    let mut running = Running::start(&program, "sync");
    running.meets(held).await;
    until(
        &pool,
        "select exists (select from sync.cursors
                        where resource = 'users' and state -> 'unfinished' -> 'page' ->> 'page' = '3')",
    )
    .await;
    running.signal(Signal::SIGKILL);
    assert_eq!(running.end().await.code, -1);
    is_gone(&pool).await;
    gate.take_requests();

    let output = Running::to_end(&program, "sync").await;
    assert_eq!(output.code, 0, "{output:#?}");
    let requests = gate.take_requests();
    let first = (requests.iter()).find(|request| is_about_users(request));
    assert!(
        first.is_some_and(|request| request.contains("\"pageNumber\":3")),
        "{first:?}"
    );
    // The pages before the kill were read at another time, so the pull does not count as complete.
    assert_eq!(Running::to_end(&program, "sync").await.code, 0);
    assert_undisturbed(&pool, &simulator).await;
}

fn is_about_users(request: &str) -> bool {
    request.contains("/users/search")
}
