//! `enroll send`: checks, shows, asks, records, sends once, and looks whether it happened if the answer was lost.

use std::process::ExitCode;

use serde_json::json;

use super::consent::Consent;
use super::customer::{Customer, LOOKS};
use super::plan::{Plan, line};
use super::record::{Intent, Records};
use crate::api::ApiError;
use crate::api::endpoints::offers::ListedEnrollment;
use crate::api::writes::WriteError;
use crate::app::App;
use crate::cli::Failure;
use crate::cli::failure::REFUSED;
use crate::cli::table::grouped;

const DOING: &str = "send the enrollment";

/// Arguments of `enroll send`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl enroll send 11111111-2222-4333-8444-555555555501 --company aB3dE5gH7jK9 --dry-run
  keepnet-etl enroll send 11111111-2222-4333-8444-555555555501 --company aB3dE5gH7jK9

It shows what will be sent and to how many people, then asks; --yes answers for scripts. The request
is sent once: if its answer is lost, status and summary of the enrollment are looked at.
What was done is recorded in sync.operator_actions.")]
pub struct SendArgs {
    /// The enrollment (id)
    #[arg(value_name = "ENROLLMENT")]
    enrollment: String,
    /// Its company (id)
    #[arg(long, value_name = "ID")]
    company: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Check everything, print the request, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Sends an enrollment.
pub async fn run(app: &App, args: &SendArgs) -> Result<ExitCode, Failure> {
    Consent::can_be_given(DOING, args.yes || args.dry_run)?;
    let customer = Customer::find(app, &args.company).await?;
    let records = Records::open_unless(args.dry_run, app, &customer).await?;
    let state = State::read(&customer, &args.enrollment).await?;
    let (training_id, group_ids) = parts(&customer, &args.enrollment).await?;
    let plan = Plan::check(&customer, DOING, &training_id, &group_ids).await?;
    eprint!("{}", shown(&customer, &plan, &state));
    let write = customer.api.send_enrollment(&args.enrollment);
    let Some(records) = records else {
        plan.print_request(&write, args.json);
        return Ok(ExitCode::SUCCESS);
    };
    let Some(consent) = Consent::obtain("send real e-mail to all of them?", args.yes)? else {
        eprintln!("nothing was sent");
        return Ok(ExitCode::FAILURE);
    };
    let intent = records
        .begin(
            "enroll send",
            &customer,
            Some(&args.enrollment),
            json!({ "people": plan.people() }),
        )
        .await?;
    match write.send(consent).await {
        Ok(_) => intent.done(json!({})).await,
        Err(WriteError::NotDone(error)) => return Err(intent.refused(&error).await),
        Err(WriteError::Unknown(error)) => state.settle(&customer, &error, intent).await?,
    }
    if args.json {
        let json = json!({
            "version": 1, "company_id": customer.id(), "enrollment_id": args.enrollment, "people": plan.people(),
        });
        println!("{json}");
    } else {
        println!("sent enrollment {}", args.enrollment);
    }
    Ok(ExitCode::SUCCESS)
}

/// Training and groups of an enrollment.
async fn parts(customer: &Customer, id: &str) -> Result<(String, Vec<String>), Failure> {
    let refuse = |why: &str| Failure {
        message: format!("could not {DOING}: {why}, so it is not known what would be sent to whom"),
        remedy: "send it in the vendor's console".to_owned(),
        code: REFUSED,
    };
    let parts = customer.api.enrollment_parts(id).await?.map_err(|item| {
        refuse(&format!(
            "its settings could not be understood ({})",
            item.error
        ))
    })?;
    match parts.training_id {
        Some(training_id) if !parts.group_ids.is_empty() => Ok((training_id, parts.group_ids)),
        Some(_) => Err(refuse("its settings name no group")),
        None => Err(refuse("its settings name no training")),
    }
}

fn shown(customer: &Customer, plan: &Plan, state: &State) -> String {
    let enrollment = &state.enrollment;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut lines = format!(
        "send enrollment {} of {} ({})\n",
        enrollment.id,
        customer.name,
        customer.id()
    );
    lines += &line("name", &text(&enrollment.name));
    lines += &line("status", &text(&enrollment.status));
    lines += &line("created", &text(&enrollment.created));
    lines += &plan.lines();
    if let Some(delivered @ 1..) = state.delivered {
        lines += &format!(
            "note: it was delivered to {} people already; they may get it again\n",
            grouped(delivered.unsigned_abs())
        );
    }
    lines
}

/// What tells whether an enrollment was sent.
#[derive(Debug)]
struct State {
    enrollment: ListedEnrollment,
    delivered: Option<i64>,
}

impl State {
    async fn read(customer: &Customer, id: &str) -> Result<Self, Failure> {
        let listed = customer.enrollments().await?;
        let found = listed.items.into_iter().find(|one| one.id == id);
        let enrollment = found.ok_or_else(|| Failure {
            message: format!(
                "could not {DOING}: {id} is not among the enrollments of company {}{}",
                customer.id(),
                listed
                    .gap
                    .map(|gap| format!(" (the list is not whole: {gap})"))
                    .unwrap_or_default()
            ),
            remedy: "check the id and --company; an archived enrollment cannot be sent".to_owned(),
            code: REFUSED,
        })?;
        // Not every enrollment has a summary before it is sent.
        let delivered = match customer.api.reached(&enrollment).await {
            Ok(Ok(reached)) => reached.delivered,
            Ok(Err(_)) => None,
            Err(error) if error.kind.is_not_given() => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            enrollment,
            delivered,
        })
    }

    /// Looks whether it was sent in spite of `lost`.
    async fn settle(
        &self,
        customer: &Customer,
        lost: &ApiError,
        intent: Intent<'_>,
    ) -> Result<(), Failure> {
        eprintln!("{lost}; looking whether it was sent");
        let id = &self.enrollment.id;
        let mut seen = Self::read(customer, id).await;
        for pause in LOOKS {
            if seen.as_ref().is_ok_and(|now| self.was_left_by(now)) {
                break;
            }
            tokio::time::sleep(pause).await;
            seen = Self::read(customer, id).await;
        }
        let what = match seen {
            Ok(now) if self.was_left_by(&now) => {
                eprintln!("it was sent: {}", now.words());
                let result = json!({ "lost_answer": lost.to_string(), "seen": now.words() });
                intent.done(result).await;
                return Ok(());
            }
            Ok(now) => format!(
                "whether it was sent is not known, because nothing has changed yet ({})",
                now.words()
            ),
            Err(failure) => format!("whether it was sent could not be seen: {}", failure.message),
        };
        let remedy = format!(
            "people may have got their e-mail: before you send it again, look at the sending report of {id} in the \
             vendor's console, or ask somebody who should have got it"
        );
        Err(intent.unknown(format!("{lost}; {what}"), remedy).await)
    }

    /// Whether the enrollment, as it is `now`, was sent since this state.
    fn was_left_by(&self, now: &Self) -> bool {
        now.enrollment.status != self.enrollment.status
            || now.delivered.unwrap_or(0) > self.delivered.unwrap_or(0)
    }

    fn words(&self) -> String {
        let status = self.enrollment.status.as_deref().unwrap_or("unknown");
        match self.delivered {
            Some(delivered) => format!("status {status}, delivered to {delivered} people"),
            None => format!("status {status}"),
        }
    }
}
