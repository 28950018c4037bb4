//! Transactions after which a connection of the pool can be lent again.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};

/// A transaction on a connection of the pool.
///
/// When it is dropped before its end, its connection is closed, which rolls back. What was under way beside a failure is
/// dropped like that, and a run that is cut off, wherever it waits: sqlx 0.9.0 notes neither a `BEGIN` before it is
/// answered nor the end of a `COPY`, so that the next borrower of the connection would stand in a transaction that nobody
/// commits, or take an answer for one to its own question. sqlx does not know of it: there is none within it.
#[derive(Debug)]
pub struct Transaction {
    /// Until its end.
    connection: Option<PoolConnection<Postgres>>,
}

impl Transaction {
    /// Begins one on a free connection.
    pub async fn begin(pool: &PgPool) -> Result<Self, sqlx::Error> {
        Self::begin_on(pool.acquire().await?).await
    }

    /// Begins one on `connection`.
    pub async fn begin_on(connection: PoolConnection<Postgres>) -> Result<Self, sqlx::Error> {
        let mut begun = Self {
            connection: Some(connection),
        };
        sqlx::raw_sql("BEGIN").execute(&mut *begun).await?;
        Ok(begun)
    }

    /// Commits; gives the connection, to keep or to give back.
    pub async fn commit(mut self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        sqlx::raw_sql("COMMIT").execute(&mut *self).await?;
        Ok(self.end())
    }

    /// Rolls back; gives the connection, to keep or to give back.
    pub async fn rollback(mut self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        sqlx::raw_sql("ROLLBACK").execute(&mut *self).await?;
        Ok(self.end())
    }

    fn end(mut self) -> PoolConnection<Postgres> {
        self.connection.take().expect(ENDED_ONCE)
    }
}

/// Both ends consume the transaction.
const ENDED_ONCE: &str = "a transaction has its connection until its end";

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect(ENDED_ONCE)
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect(ENDED_ONCE)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.close_on_drop();
        }
    }
}
