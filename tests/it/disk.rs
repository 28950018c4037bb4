//! The database server's disk is full.

use keepnet_etl::warehouse::status;
use sqlx::PgPool;

use crate::support::database;
use crate::support::program::Program;
use crate::support::simulator::Simulator;
use crate::support::table::{assert_all_equal_truth, count_missing_from_truth};

const WORLD: &[&str] = &["--companies", "3", "--enrollments", "3", "--users", "20"];

/// PostgreSQL says so with this SQLSTATE, whichever file it was.
const FULL: &str = "
    create function public.full_disk() returns trigger language plpgsql as $$ begin
        raise exception using errcode = 'disk_full',
            message = 'could not extend file \"base/1/2\": No space left on device';
    end $$;
    create trigger full_disk before insert or update on keepnet.enrollment_users
        for each statement execute function public.full_disk();";

#[tokio::test]
async fn a_full_disk_is_named_leaves_nothing_half_written_and_heals() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url);
    assert_eq!(program.run("migrate").code, 0);
    let pool = database::pool(&url).await;
    sqlx::raw_sql(FULL).execute(&pool).await.unwrap();

    let output = program.run("sync");
    assert_eq!(
        output.failure(),
        "error: could not load rows: the disk of the database server is full
  to do: free space on the database server and run again; what was committed stays, nothing is half-written"
    );
    assert_eq!(output.code, 1);
    let run = &status::read(&pool).await.unwrap().runs[0];
    assert_eq!(run.outcome, "failed", "{}", output.stderr);
    assert_eq!(
        run.error.as_deref(),
        Some("could not load rows: the disk of the database server is full")
    );
    assert_whole_batches(&pool).await;
    for table in ["companies", "company_tags"] {
        assert_eq!(count_missing_from_truth(&pool, &simulator, table).await, 0);
    }

    sqlx::raw_sql("drop function public.full_disk cascade")
        .execute(&pool)
        .await
        .unwrap();
    let next = program.run("sync");
    assert_eq!(next.code, 0, "{next:#?}");
    assert_all_equal_truth(&pool, &simulator).await;
}

/// A batch carries users, persons and their cursors: without the first there is none of the others.
async fn assert_whole_batches(pool: &PgPool) {
    for what in [
        "keepnet.enrollment_users",
        "keepnet.target_users",
        "keepnet.user_custom_fields",
        "sync.cursors where resource = 'users'",
    ] {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {what}"));
        let count: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
        assert_eq!(count, 0, "{what}");
    }
}
