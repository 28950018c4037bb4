//! Every border of every commit of a small load: the process is killed there, or its connection is cut.

use keepnet_etl::warehouse::migrate::migrate;
use secrecy::SecretString;
use sqlx::PgPool;

use super::assert_undisturbed;
use crate::support::database;
use crate::support::program::Program;
use crate::support::running::{Running, is_gone};
use crate::support::simulator::Simulator;
use crate::support::wire::{Counts, Moment, Then, Wire};

const WORLD: &[&str] = &[
    "--companies",
    "1",
    "--enrollments",
    "3",
    "--users",
    "2",
    "--survey-share",
    "40%",
    "--learning-paths",
    "0%",
];

/// Commits of a run before it has begun: it claims the database, and begins.
const BEGINNING: u64 = 3;
/// Of so many statements or copies, one is met.
const STEP: usize = 5;

/// A service, and the program between it and a database that can be cut off.
struct Line {
    simulator: Simulator,
    empty: SecretString,
    pool: PgPool,
    wire: Wire,
    program: Program,
}

impl Line {
    /// On a migrated database.
    async fn new() -> Self {
        let simulator = Simulator::start(WORLD);
        let empty = database::empty().await;
        let pool = database::pool(&empty).await;
        migrate(&pool).await.unwrap();
        pool.close().await;
        Self::on(simulator, empty).await
    }

    /// The same on a new database.
    async fn again(self) -> Self {
        self.pool.close().await;
        Self::on(self.simulator, self.empty).await
    }

    async fn on(simulator: Simulator, template: SecretString) -> Self {
        let url = database::copy_of(&template).await;
        let wire = Wire::before(&url).await;
        // One request after the other, so that every run commits the same things in the same order.
        let program = Program::between(simulator.url(), wire.url())
            .set("api.max_concurrency", "1")
            .set("widgets.months", "0");
        Self {
            simulator,
            empty: template,
            pool: database::pool(&url).await,
            wire,
            program,
        }
    }

    async fn sync(&self) {
        let output = Running::to_end(&self.program, "sync").await;
        assert_eq!(output.code, 0, "{output:#?}");
        assert_undisturbed(&self.pool, &self.simulator).await;
    }
}

#[tokio::test]
async fn a_kill_at_any_border_of_any_commit_or_copy_loses_nothing() {
    let mut line = Line::new().await;
    line.sync().await;
    let Counts {
        commits, copies, ..
    } = line.wire.take_counts();
    let moments = [
        (Moment::Unheard, commits, 1),
        (Moment::Unanswered, commits, 1),
        (Moment::Answered, commits, 1),
        (Moment::Copying, copies, STEP),
    ];
    for (moment, last, step) in moments {
        assert!(last > 5, "{last} are too few to prove anything");
        for n in (1..=last).step_by(step) {
            line = line.again().await;
            let sprung = line.wire.trap(moment, n, Then::Freeze);
            Running::start(&line.program, "sync").kill_at(sprung).await;
            is_gone(&line.pool).await;
            line.wire.thaw();
            line.sync().await;
        }
    }
    println!(
        "killed at 3 borders of {commits} commits and within copies (one in {STEP} of {copies})"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_at_any_commit_or_copy_is_survived_in_the_same_run() {
    let mut line = Line::new().await;
    line.sync().await;
    let Counts {
        commits, copies, ..
    } = line.wire.take_counts();
    for moment in [Moment::Unheard, Moment::Unanswered] {
        for n in 1..=commits {
            line = line.again().await;
            assert!(is_survived(&line, moment, n, n > BEGINNING).await);
        }
    }
    for n in (1..=copies).step_by(STEP) {
        line = line.again().await;
        assert!(is_survived(&line, Moment::Copying, n, true).await);
    }
    println!(
        "cut off at 2 borders of {commits} commits and within copies (one in {STEP} of {copies})"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_at_any_question_is_survived_in_the_same_run() {
    let mut line = Line::new().await;
    line.sync().await;
    let Counts { statements, .. } = line.wire.take_counts();
    // How many there are depends a little on time: the heart beats, and the gate of all processes is looked at.
    let mut cut = 0;
    for n in (1..).step_by(STEP) {
        line = line.again().await;
        if !is_survived(&line, Moment::Asking, n, false).await {
            break;
        }
        cut = n;
    }
    assert!(cut > statements / 2, "{cut} of {statements}");
    println!("cut off at one in {STEP} of {cut} statements");
}

/// Cuts a run off. One that has begun must survive it; at its beginning it may end, saying that the database is out of reach.
/// False when the run ended before the moment came.
async fn is_survived(line: &Line, moment: Moment, n: u64, must_have_begun: bool) -> bool {
    let sprung = line.wire.trap(moment, n, Then::Cut);
    let mut running = Running::start(&line.program, "sync");
    if let Some(output) = running.ends_before(sprung).await {
        assert_eq!(output.code, 0, "{output:#?}");
        return false;
    }
    let output = running.end().await;
    let has_begun = output.stderr.contains("run begins");
    assert!(has_begun || !must_have_begun, "{moment:?} {n}: {output:#?}");
    if has_begun {
        assert_eq!(output.code, 0, "{moment:?} {n}: {output:#?}");
        assert_undisturbed(&line.pool, &line.simulator).await;
    } else {
        assert_eq!(output.code, 3, "{moment:?} {n}: {output:#?}");
        is_gone(&line.pool).await;
        line.sync().await;
    }
    true
}

#[tokio::test]
async fn a_kill_at_any_border_of_any_migration_is_mended_by_the_next_command() {
    let simulator = Simulator::start(WORLD);
    let migrating = async || {
        let url = database::empty().await;
        let wire = Wire::before(&url).await;
        let program = Program::between(simulator.url(), wire.url());
        (url, wire, program)
    };
    let (_, wire, program) = migrating().await;
    assert_eq!(Running::to_end(&program, "migrate").await.code, 0);
    let commits = wire.take_counts().commits;
    assert!(commits > 5, "{commits} are too few to prove anything");
    let moments = [
        (Moment::Unheard, STEP),
        (Moment::Unanswered, 1),
        (Moment::Answered, STEP),
    ];
    for (moment, step) in moments {
        for n in (1..=commits).rev().step_by(step) {
            let (url, wire, program) = migrating().await;
            let sprung = wire.trap(moment, n, Then::Freeze);
            Running::start(&program, "migrate").kill_at(sprung).await;
            wire.thaw();
            // The lock of the dead one is waited for.
            assert_eq!(Running::to_end(&program, "migrate").await.code, 0);
            if n == commits {
                assert_eq!(Running::to_end(&program, "sync").await.code, 0);
                assert_undisturbed(&database::pool(&url).await, &simulator).await;
            }
        }
    }
}
