//! `keepnet-etl simulate`: the simulated API alone, to try anything against.

use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::simulator::{Simulator, SimulatorOptions};

/// Wrong use, as all commands report it.
const WRONG_USE: u8 = 2;

/// Serves the simulated API alone, to try anything against
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl simulate --listen 127.0.0.1:8085
  keepnet-etl simulate --companies 100 --enrollments 20 --users 500 --latency-ms 80
  keepnet-etl simulate --users 500 --drift 1
  keepnet-etl simulate --fault users:503:from=2,times=3,retry-after=1 --fault enrollments:html:times=1

The first line of output says where it listens. GET /simulator lists what it tells of itself: the
truth per table, the requests it got, what was wrong with them; and how its world can be changed.")]
pub struct SimulateArgs {
    /// What is simulated.
    #[command(flatten)]
    pub options: SimulatorOptions,
    /// End when standard input is closed, so that a caller that dies leaves nothing behind
    #[arg(long)]
    pub quit_with_stdin: bool,
}

/// Serves until a signal, or the end of standard input if that was asked.
pub async fn run(args: SimulateArgs) -> anyhow::Result<ExitCode> {
    let (listen, account) = (args.options.listen, args.options.account.clone());
    let mut interrupt = signal(SignalKind::interrupt()).context("could not watch for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("could not watch for SIGTERM")?;
    let simulator = match Simulator::start(args.options).await {
        Ok(simulator) => simulator,
        Err(error) => {
            let remedy = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    "stop what listens there, or give another port; `--listen 127.0.0.1:0` takes a free one"
                }
                io::ErrorKind::PermissionDenied => "give a port above 1023",
                _ => "give an address of this machine, e.g. `--listen 127.0.0.1:0`",
            };
            eprintln!("error: could not listen on {listen}: {error}\n  to do: {remedy}");
            return Ok(ExitCode::from(WRONG_USE));
        }
    };
    let mut stdout = io::stdout().lock();
    writeln!(
        stdout,
        "simulated API at {}  client id {}  client secret {}",
        simulator.base_url(),
        account.client_id,
        account.client_secret
    )
    .and_then(|()| stdout.flush())
    .context("could not print the address")?;
    drop(stdout);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = end_of_stdin(), if args.quit_with_stdin => {}
    }
    simulator.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// A thread of its own, because a runtime that ends waits for its own readers of standard input.
async fn end_of_stdin() {
    let (ended, end) = oneshot::channel();
    thread::spawn(move || {
        // An error is an end as well: nobody is there any more.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        args: SimulateArgs,
    }

    #[test]
    fn the_arguments_are_consistent_and_the_defaults_are_those_of_the_library() {
        Alone::command().debug_assert();
        let args = Alone::parse_from(["simulate"]).args;
        let defaults = SimulatorOptions::default();
        assert_eq!(format!("{:?}", args.options), format!("{defaults:?}"));
    }
}
