//! Every border of every commit of a small load: the process is killed there, or its connection is cut.

use secrecy::SecretString;
use sqlx::PgPool;

use super::{assert_undisturbed, is_gone};
use crate::support::database;
use crate::support::program::Program;
use crate::support::running::Running;
use crate::support::simulator::Simulator;
use crate::support::wire::{Moment, Then, Wire};

const WORLD: &[&str] = &[
    "--companies",
    "1",
    "--enrollments",
    "4",
    "--users",
    "3",
    "--survey-share",
    "50%",
    "--learning-paths",
    "0%",
];

/// A service, and the program between it and a database that can be cut off.
struct Line {
    simulator: Simulator,
    url: SecretString,
    wire: Wire,
    program: Program,
}

impl Line {
    async fn new() -> Self {
        let simulator = Simulator::start(WORLD);
        let (url, wire, program) = Self::on_empty(&simulator).await;
        Self {
            simulator,
            url,
            wire,
            program,
        }
    }

    async fn on_empty(simulator: &Simulator) -> (SecretString, Wire, Program) {
        let url = database::empty().await;
        let wire = Wire::before(&url).await;
        // One request after the other, so that every run commits the same things in the same order.
        let program = Program::between(simulator.url(), wire.url()).set("api.max_concurrency", "1");
        (url, wire, program)
    }

    /// The same program with another database.
    async fn again(self) -> Self {
        let (url, wire, program) = Self::on_empty(&self.simulator).await;
        Self {
            url,
            wire,
            program,
            ..self
        }
    }

    async fn migrated(self) -> (Self, PgPool) {
        assert_eq!(Running::to_end(&self.program, "migrate").await.code, 0);
        let pool = database::pool(&self.url).await;
        self.wire.take_counts();
        (self, pool)
    }

    async fn sync(&self) {
        let output = Running::to_end(&self.program, "sync").await;
        assert_eq!(output.code, 0, "{output:#?}");
    }
}

#[tokio::test]
async fn a_kill_at_any_border_of_any_commit_or_copy_loses_nothing() {
    let (mut line, pool) = Line::new().await.migrated().await;
    line.sync().await;
    let (commits, copies) = line.wire.take_counts();
    assert_undisturbed(&pool, &line.simulator).await;
    let moments = [
        (Moment::Unheard, commits),
        (Moment::Unanswered, commits),
        (Moment::Answered, commits),
        (Moment::Copying, copies),
    ];
    for (moment, last) in moments {
        assert!(last > 5, "{last} are too few to prove anything");
        for n in 1..=last {
            let pool;
            (line, pool) = line.again().await.migrated().await;
            let sprung = line.wire.trap(moment, n, Then::Freeze);
            Running::start(&line.program, "sync").kill_at(sprung).await;
            is_gone(&pool).await;
            line.wire.thaw();
            line.sync().await;
            assert_undisturbed(&pool, &line.simulator).await;
        }
    }
    println!("killed at 3 borders of {commits} commits and within {copies} copies");
}

#[tokio::test]
async fn a_connection_that_breaks_at_any_commit_or_copy_is_survived_in_the_same_run() {
    let (mut line, pool) = Line::new().await.migrated().await;
    line.sync().await;
    let (commits, copies) = line.wire.take_counts();
    assert_undisturbed(&pool, &line.simulator).await;
    let moments = [
        (Moment::Unheard, commits),
        (Moment::Unanswered, commits),
        (Moment::Copying, copies),
    ];
    for (moment, last) in moments {
        for n in 1..=last {
            let pool;
            (line, pool) = line.again().await.migrated().await;
            let sprung = line.wire.trap(moment, n, Then::Cut);
            let mut running = Running::start(&line.program, "sync");
            running.meets(sprung).await;
            let output = running.end().await;
            assert_eq!(output.code, 0, "{moment:?} {n} of {last}: {output:#?}");
            assert_undisturbed(&pool, &line.simulator).await;
        }
    }
    println!("cut off at 2 borders of {commits} commits and within {copies} copies");
}

#[tokio::test]
async fn a_kill_at_any_border_of_any_migration_is_mended_by_the_next_command() {
    let mut line = Line::new().await;
    assert_eq!(Running::to_end(&line.program, "migrate").await.code, 0);
    let (commits, _) = line.wire.take_counts();
    assert!(commits > 5, "{commits}");
    for moment in [Moment::Unheard, Moment::Unanswered, Moment::Answered] {
        for n in 1..=commits {
            line = line.again().await;
            let sprung = line.wire.trap(moment, n, Then::Freeze);
            Running::start(&line.program, "migrate").kill_at(sprung).await;
            line.wire.thaw();
            // The lock of the migration is waited for.
            assert_eq!(Running::to_end(&line.program, "migrate").await.code, 0);
        }
    }
    line.sync().await;
    let pool = database::pool(&line.url).await;
    assert_undisturbed(&pool, &line.simulator).await;
}
