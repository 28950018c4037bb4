//! The `keepnet-etl` program.

use std::process::ExitCode;

use clap::Parser;
use keepnet_etl::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(Box::pin(cli::run(cli))),
        Err(error) => {
            eprintln!("error: could not start the runtime: {error}");
            ExitCode::FAILURE
        }
    }
}
