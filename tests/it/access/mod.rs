//! Who reads what: every relation and every function of the catalog, tried as every role.

mod leak;
mod roles;

use keepnet_etl::warehouse::access::{self, Access, Gap};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use crate::support::cluster::Cluster;
use crate::support::database;
use crate::support::program::{Output, Program};
use crate::support::simulator::Simulator;

/// The login that owns the database and may make roles, as on a managed PostgreSQL: no superuser.
const ADMIN: &str = "etl_admin";

/// A server of its own, because roles belong to a server and not to a database.
struct Server {
    cluster: Cluster,
}

impl Server {
    /// A server with an empty database `keepnet` that belongs to [`ADMIN`].
    async fn start() -> Self {
        let server = Self {
            cluster: Cluster::start().await,
        };
        let mut db = PgConnection::connect(server.cluster.url("postgres").expose_secret())
            .await
            .unwrap();
        run(&mut db, &format!("create role {ADMIN} login createrole")).await;
        run(&mut db, &format!("create database keepnet owner {ADMIN}")).await;
        server
    }

    /// The URL of the database for `login`.
    fn url(&self, login: &str) -> SecretString {
        let url = self.cluster.url("keepnet");
        (url.expose_secret())
            .replace("postgres@", &format!("{login}@"))
            .into()
    }

    /// A connection of a superuser, for what a test has to spoil.
    async fn superuser(&self) -> PgConnection {
        self.login("postgres").await
    }

    async fn login(&self, login: &str) -> PgConnection {
        PgConnection::connect(self.url(login).expose_secret())
            .await
            .unwrap()
    }

    /// The program as `login`.
    fn program(&self, login: &str, simulator: &Simulator) -> Program {
        Program::between(simulator.url(), &self.url(login))
    }

    async fn pool(&self, login: &str) -> PgPool {
        database::pool(&self.url(login)).await
    }
}

async fn run(db: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(db)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[track_caller]
fn assert_done(output: &Output) {
    assert_eq!(output.code, 0, "{output:#?}");
}

async fn gaps(pool: &PgPool) -> Vec<Gap> {
    match access::look(pool).await.unwrap() {
        Access::SetUp(gaps) => gaps,
        Access::NotSetUp => panic!("roles are set up"),
    }
}
