//! An instance as a process, whose log is listened to while it works.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::program::Program;
use crate::support::running::in_time;

/// An instance. It is killed with this value.
pub struct Instance {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Instance {
    /// Starts `keepnet-etl run`.
    pub fn start(program: &Program) -> Self {
        let mut child = program.start("run");
        let log = Arc::<Mutex<Vec<String>>>::default();
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Self { child, log }
    }

    /// What it said so far.
    pub fn log(&self) -> Vec<String> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until it says `words`.
    pub async fn says(&self, words: &str) {
        let said = async {
            while !self.log().iter().any(|line| line.contains(words)) {
                tokio::task::yield_now().await;
            }
        };
        let what = format!("it says {words:?}");
        if tokio::time::timeout(std::time::Duration::from_secs(120), said)
            .await
            .is_err()
        {
            panic!("never: {what}: {:#?}", self.log());
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for its end; its exit code, or none when a signal ended it.
    pub async fn end(mut self) -> Option<i32> {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status.code();
                }
                tokio::task::yield_now().await;
            }
        };
        in_time("the instance ends", ended).await
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
