//! `keepnet-etl enroll`: the only commands that write to the vendor.
//!
//! A write needs a [`Consent`], is recorded before and after, is sent exactly once, and when its answer is lost, it is
//! looked whether it happened.

mod consent;
mod create;
mod customer;
mod lists;
mod namesakes;
mod plan;
mod record;
mod send;
mod time;

use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;
use crate::app::App;
pub use consent::Consent;
pub(super) use customer::Customer;

/// Arguments of `enroll`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl enroll trainings --company aB3dE5gH7jK9 --search phishing
  keepnet-etl enroll groups --company aB3dE5gH7jK9
  keepnet-etl enroll create --company aB3dE5gH7jK9 --training trn-0001 --group TgRp00000001 \\
      --name \"Phishing basics, autumn\" --dry-run
  keepnet-etl enroll send 11111111-2222-4333-8444-555555555501 --company aB3dE5gH7jK9")]
pub struct EnrollArgs {
    /// What to do.
    #[command(subcommand)]
    command: EnrollCommand,
}

/// The verbs.
#[derive(Debug, Subcommand)]
enum EnrollCommand {
    /// List the trainings that a company can use
    Trainings(lists::TrainingsArgs),
    /// List the groups of users of a company
    Groups(lists::GroupsArgs),
    /// Show the form details: the words that enrollments and their reports use
    Options(lists::OptionsArgs),
    /// Create a training enrollment; asks before it does
    Create(create::CreateArgs),
    /// Send an enrollment: real e-mail to every user of its groups; asks before it does
    Send(send::SendArgs),
}

/// Carries out one verb.
pub async fn run(app: &App, args: &EnrollArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        EnrollCommand::Trainings(args) => lists::trainings(app, args).await,
        EnrollCommand::Groups(args) => lists::groups(app, args).await,
        EnrollCommand::Options(args) => lists::options(app, args).await,
        EnrollCommand::Create(args) => Box::pin(create::run(app, args)).await,
        EnrollCommand::Send(args) => Box::pin(send::run(app, args)).await,
    }
}
