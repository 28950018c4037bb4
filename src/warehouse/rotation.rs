//! A database URL that changes while the program runs: a password that is rotated, a server that moves.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use tracing::{info, warn};

use super::connect::{Target, options};

/// How old a URL may be that a connection is made with.
const READ_EVERY: Duration = Duration::from_secs(5);

/// Makes further connections of `pool` by what `read` gives, as long as the pool is open. Connections that stand stay
/// until they break or grow old. A URL that cannot be read or is none changes nothing: a file may be half-written.
pub fn follow(
    pool: &PgPool,
    mut target: Target,
    read: impl Fn() -> Option<SecretString> + Send + 'static,
) {
    let pool = pool.clone();
    tokio::spawn(async move {
        while !pool.is_closed() {
            tokio::time::sleep(READ_EVERY).await;
            let Some(url) = read() else {
                continue;
            };
            if url.expose_secret() == target.url.expose_secret() {
                continue;
            }
            target.url = url;
            match options(&target) {
                Ok(options) => {
                    pool.set_connect_options(options);
                    info!("the database's URL has changed; further connections use it");
                }
                Err(error) => warn!(%error, "the database's new URL cannot be used"),
            }
        }
    });
}
