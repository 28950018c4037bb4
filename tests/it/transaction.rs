//! What the pool lends again after a transaction was dropped in the middle.

use futures::future::try_join_all;
use futures::poll;
use keepnet_etl::warehouse::connect::{Target, connect};
use keepnet_etl::warehouse::transaction::Transaction;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row};

use crate::support::database;

/// A pool of as few connections as there can be.
async fn small_pool() -> PgPool {
    let target = Target {
        url: database::empty().await,
        max_connections: 3,
        allow_plaintext: false,
        takeover: std::time::Duration::from_secs(30),
    };
    connect(&target).await.unwrap()
}

/// Every connection that the pool lends stands outside of a transaction and answers what it is asked.
async fn assert_lends_connections_at_rest(pool: &PgPool) {
    let mut lent = try_join_all((0..3).map(|_| pool.acquire())).await.unwrap();
    for (number, connection) in (0_i32..).zip(&mut lent) {
        let sql = format!("select {number}, statement_timestamp() = transaction_timestamp()");
        let row = sqlx::raw_sql(AssertSqlSafe(sql))
            .fetch_one(&mut **connection)
            .await
            .unwrap();
        assert_eq!((row.get(0), row.get(1)), (number, true));
        let tx = connection.begin().await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Drops `work` while its answer cannot have come: the server's process stands still meanwhile.
async fn drop_unanswered(session: Pid, work: impl Future) {
    signal::kill(session, Signal::SIGSTOP).unwrap();
    let is_pending = {
        let mut work = std::pin::pin!(work);
        poll!(work.as_mut()).is_pending()
    };
    signal::kill(session, Signal::SIGCONT).unwrap();
    assert!(is_pending);
}

async fn session(db: &mut PgConnection) -> Pid {
    let pid = sqlx::query_scalar("select pg_backend_pid()");
    Pid::from_raw(pid.fetch_one(db).await.unwrap())
}

#[tokio::test]
async fn a_connection_that_was_dropped_while_its_transaction_began_is_not_lent_again() {
    let pool = small_pool().await;
    let mut connection = pool.acquire().await.unwrap();
    let session = session(&mut connection).await;
    drop_unanswered(session, Transaction::begin_on(connection)).await;
    assert_lends_connections_at_rest(&pool).await;
}

#[tokio::test]
async fn a_connection_that_was_dropped_at_the_end_of_a_copy_is_not_lent_again() {
    let pool = small_pool().await;
    let mut tx = Transaction::begin(&pool).await.unwrap();
    let session = session(&mut tx).await;
    sqlx::raw_sql("create temp table staging (line text) on commit drop")
        .execute(&mut *tx)
        .await
        .unwrap();
    let mut copy = tx.copy_in_raw("copy staging from stdin").await.unwrap();
    copy.send(&b"a line\n"[..]).await.unwrap();
    drop_unanswered(session, copy.finish()).await;
    drop(tx);
    assert_lends_connections_at_rest(&pool).await;
}

#[tokio::test]
async fn a_connection_whose_transaction_ended_is_lent_again() {
    let pool = small_pool().await;
    let mut tx = Transaction::begin(&pool).await.unwrap();
    let first = session(&mut tx).await;
    let mut kept = tx.commit().await.unwrap();
    assert_eq!(session(&mut kept).await, first);
    let mut tx = Transaction::begin_on(kept).await.unwrap();
    assert_eq!(session(&mut tx).await, first);
    let mut kept = tx.rollback().await.unwrap();
    assert_eq!(session(&mut kept).await, first);
    drop(kept);
    assert_lends_connections_at_rest(&pool).await;
}
