//! A process under way, and the moment at which something is done to it.

use std::future::Future;
use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::PgPool;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::program::{Output, Program};

/// Far more than anything that is waited for takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process under way. It is killed with this value.
pub struct Running {
    pid: Pid,
    output: Option<JoinHandle<Output>>,
}

impl Running {
    /// Starts `keepnet-etl` with these arguments.
    pub fn start(program: &Program, line: &str) -> Self {
        Self::of(program.start(line))
    }

    /// Runs it to its end, while what this process serves goes on.
    pub async fn to_end(program: &Program, line: &str) -> Output {
        Self::start(program, line).end().await
    }

    fn of(child: Child) -> Self {
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        let output = Some(tokio::task::spawn_blocking(|| Output::of(child)));
        Self { pid, output }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid, signal).unwrap();
    }

    /// Waits for the end.
    pub async fn end(mut self) -> Output {
        let output = self.output.take().unwrap();
        in_time("the process ends", output).await.unwrap()
    }

    /// Kills the process when `moment` has come; an end before that fails the test.
    pub async fn kill_at(mut self, moment: oneshot::Receiver<()>) {
        self.meets(moment).await;
        self.signal(Signal::SIGKILL);
        assert_eq!(self.end().await.code, -1);
    }

    /// Waits for `moment`; an end before that fails the test.
    pub async fn meets(&mut self, moment: oneshot::Receiver<()>) {
        let ended = self.ends_before(moment).await;
        assert!(ended.is_none(), "it ended before: {ended:#?}");
    }

    /// Waits for `moment`; what the process left behind, if it ended before.
    pub async fn ends_before(&mut self, moment: oneshot::Receiver<()>) -> Option<Output> {
        let output = self.output.as_mut().unwrap();
        let first = async {
            tokio::select! {
                met = moment => {
                    met.expect("the moment is still to come");
                    None
                }
                output = output => Some(output.unwrap()),
            }
        };
        in_time("the moment comes", first).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self
            .output
            .as_ref()
            .is_some_and(|output| !output.is_finished())
        {
            // It may have ended in between.
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }
}

/// Waits, but not for ever.
pub async fn in_time<T>(what: &str, done: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, done)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"))
}

/// Asks the database until the answer is yes.
pub async fn until(pool: &PgPool, what: &'static str) {
    let asked = async {
        while !sqlx::query_scalar::<_, bool>(what)
            .fetch_one(pool)
            .await
            .unwrap()
        {
            tokio::task::yield_now().await;
        }
    };
    in_time(what, asked).await;
}

/// Waits until the server has noticed that a process is gone: its locks are free.
pub async fn is_gone(pool: &PgPool) {
    until(
        pool,
        "select not exists (select from pg_locks l join pg_database d on d.oid = l.database
                            where l.locktype = 'advisory' and d.datname = current_database())",
    )
    .await;
}
