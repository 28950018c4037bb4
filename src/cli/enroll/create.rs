//! `enroll create`: checks, shows, asks, records, sends once, and looks whether it happened if the answer was lost.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::consent::Consent;
use super::customer::Customer;
use super::namesakes::Namesakes;
use super::plan::{Plan, line};
use super::record::Records;
use super::time;
use crate::api::writes::{NewEnrollment, Scheduler, WriteError};
use crate::app::App;
use crate::cli::Failure;
use crate::cli::failure::REFUSED;

/// The vendor publishes no limit; what is longer is no name.
const MAX_NAME_CHARS: usize = 255;
const DOING: &str = "create the enrollment";

/// Arguments of `enroll create`.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("times").args(["schedule", "due"]).multiple(true)),
    after_help = "Examples:
  keepnet-etl enroll create --company aB3dE5gH7jK9 --training trn-0001 --group TgRp00000001 \\
      --name \"Phishing basics, autumn\" --dry-run
  keepnet-etl enroll create --company aB3dE5gH7jK9 --training trn-0001 \\
      --group TgRp00000001,TgRp00000002 --name \"Phishing basics, autumn\" \\
      --schedule 2026-12-01T09:00 --due 2026-12-24T18:00 --time-zone Europe/Istanbul --certificate

It shows what will be created and for how many people, then asks; --yes answers for scripts. The
request is sent once: if its answer is lost, the company's enrollments are searched for it.
What was done is recorded in sync.operator_actions."
)]
pub struct CreateArgs {
    /// The company (id)
    #[arg(long, value_name = "ID")]
    company: String,
    /// The training (see: enroll trainings)
    #[arg(long, value_name = "ID")]
    training: String,
    /// The groups of users (ids; repeat or separate with commas; see: enroll groups)
    #[arg(
        long = "group",
        value_name = "ID",
        value_delimiter = ',',
        required = true
    )]
    groups: Vec<String>,
    /// The name of the enrollment
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// When it begins, such as 2026-12-01T09:00 (with --time-zone) or 2026-12-01T09:00+03:00
    #[arg(long, value_name = "TIME")]
    schedule: Option<String>,
    /// When it is due
    #[arg(long, value_name = "TIME")]
    due: Option<String>,
    /// The zone of the times, such as Europe/Istanbul
    #[arg(long, value_name = "ZONE", value_parser = time::zone, requires = "times")]
    time_zone: Option<Tz>,
    /// Who completes it gets a certificate
    #[arg(long)]
    certificate: bool,
    /// Mark it as a test: it stays out of the vendor's executive reports
    #[arg(long)]
    test: bool,
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

/// Creates an enrollment.
pub async fn run(app: &App, args: &CreateArgs) -> Result<ExitCode, Failure> {
    let name = checked_name(&args.name)?;
    let scheduler = scheduler(args, app.clock.now())?;
    Consent::can_be_given(DOING, args.yes || args.dry_run)?;

    let customer = Customer::find(app, &args.company).await?;
    let records = Records::open_unless(args.dry_run, app, &customer).await?;
    let plan = Plan::check(&customer, DOING, &args.training, &args.groups).await?;
    let before = Namesakes::read(&customer, name).await?;
    let new = NewEnrollment {
        training_id: args.training.clone(),
        name: name.to_owned(),
        target_group_resource_ids: plan.group_ids(),
        enrollment_scheduler: scheduler,
        award_certificate: args.certificate,
        marked_as_test: args.test,
    };
    eprint!("{}", shown(&customer, &plan, &before, &new, args.time_zone));
    let write = customer.api.create_enrollment(&new);
    let Some(records) = records else {
        plan.print_request(&write, args.json);
        return Ok(ExitCode::SUCCESS);
    };
    let Some(consent) = Consent::obtain("create it?", args.yes)? else {
        eprintln!("nothing was created");
        return Ok(ExitCode::FAILURE);
    };
    let detail = json!({ "request": write.request()["body"], "people": plan.people() });
    let intent = records
        .begin("enroll create", &customer, None, detail)
        .await?;
    let id = match write.send(consent).await {
        Ok(id) => {
            intent.done(json!({ "enrollment_id": id })).await;
            id
        }
        Err(WriteError::NotDone(error)) => return Err(intent.refused(&error).await),
        Err(WriteError::Unknown(error)) => before.settle(&customer, &error, intent).await?,
    };
    if args.json {
        let json = json!({
            "version": 1, "company_id": customer.id(), "enrollment_id": id, "people": plan.people(),
        });
        println!("{json}");
    } else {
        println!("created enrollment {id}");
        eprintln!(
            "to send it now: keepnet-etl enroll send {id} --company {}",
            customer.id()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn checked_name(name: &str) -> Result<&str, Failure> {
    let name = name.trim();
    let refuse = |why: &str| Failure {
        message: format!("could not {DOING}: --name {why}"),
        remedy: format!("give a name of 1 to {MAX_NAME_CHARS} characters"),
        code: REFUSED,
    };
    match name.chars().count() {
        0 => Err(refuse("is empty")),
        count if count > MAX_NAME_CHARS => Err(refuse(&format!("has {count} characters"))),
        _ => Ok(name),
    }
}

fn scheduler(args: &CreateArgs, now: DateTime<Utc>) -> Result<Option<Scheduler>, Failure> {
    let read = |name, text: &Option<String>| {
        text.as_deref()
            .map(|text| time::future(name, text, args.time_zone, now))
            .transpose()
    };
    let (start, due) = (
        read("--schedule", &args.schedule)?,
        read("--due", &args.due)?,
    );
    if let (Some(start), Some(due)) = (start, due)
        && due <= start
    {
        return Err(Failure {
            message: format!("could not {DOING}: --due is not after --schedule"),
            remedy: "give a later --due".to_owned(),
            code: REFUSED,
        });
    }
    if start.or(due).is_none() {
        return Ok(None);
    }
    Ok(Some(Scheduler {
        scheduled_date: start,
        scheduled_time_zone_id: Some(args.time_zone.unwrap_or(Tz::UTC).name().to_owned()),
        use_own_time_zone: false,
        due_date: due,
    }))
}

/// What will be created, for the operator.
fn shown(
    customer: &Customer,
    plan: &Plan,
    before: &Namesakes,
    new: &NewEnrollment,
    zone: Option<Tz>,
) -> String {
    let yes_no = |flag| if flag { "yes" } else { "no" };
    let scheduler = new.enrollment_scheduler.as_ref();
    let at = |instant: Option<DateTime<Utc>>, none: &str| {
        instant.map_or_else(|| none.to_owned(), |instant| time::shown(instant, zone))
    };
    let mut text = format!(
        "create an enrollment for {} ({})\n",
        customer.name,
        customer.id()
    );
    text += &line("name", &new.name);
    text += &plan.lines();
    text += &line(
        "begins",
        &at(scheduler.and_then(|s| s.scheduled_date), "when it is sent"),
    );
    text += &line("due", &at(scheduler.and_then(|s| s.due_date), "never"));
    text += &line("certificate", yes_no(new.award_certificate));
    text += &line("test", yes_no(new.marked_as_test));
    text + &before.notes()
}
