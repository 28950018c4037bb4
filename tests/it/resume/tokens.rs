//! Tokens that end in the middle of a run.

use super::assert_undisturbed;
use crate::support::database;
use crate::support::gate::Gate;
use crate::support::program::Program;
use crate::support::running::Running;
use crate::support::simulator::Simulator;

const WORLD: [&str; 6] = ["--companies", "3", "--enrollments", "4", "--users", "8"];

#[tokio::test]
async fn tokens_that_expire_or_are_revoked_during_a_run_cost_no_row() {
    let short = [&WORLD[..], &["--expires-in", "3"]].concat();
    let revoked = [
        &WORLD[..],
        &["--fault", "*:401:from=20,times=1"],
        &["--fault", "users:401:from=5,times=1"],
        &["--fault", "answers:401:from=3,times=1"],
    ]
    .concat();
    for world in [short, revoked] {
        let simulator = Simulator::start(&world);
        let gate = Gate::before(simulator.url()).await;
        let url = database::empty().await;
        let program = Program::between(gate.url(), &url).set("api.max_requests_per_second", "50");
        let output = Running::to_end(&program, "sync").await;
        assert_eq!(output.code, 0, "{world:?}: {output:#?}");
        let requests = gate.take_requests();
        let tokens = requests.iter().filter(|one| one.contains("/connect/token"));
        assert!(
            tokens.count() > 2,
            "no token ended in {} requests",
            requests.len()
        );
        assert_undisturbed(&database::pool(&url).await, &simulator).await;
    }
}
