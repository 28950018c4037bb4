//! `enroll create`: checks, shows, asks, records, sends once, and looks whether it happened if the answer was lost.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::consent::Consent;
use super::customer::Customer;
use super::plan::{Plan, line};
use super::record::{Intent, Records};
use super::time;
use crate::api::ApiError;
use crate::api::endpoints::offers::ListedEnrollment;
use crate::api::writes::{NewEnrollment, Scheduler, Write, WriteError};
use crate::app::App;
use crate::cli::Failure;
use crate::cli::failure::REFUSED;

/// The vendor publishes no limit; what is longer is no name.
const MAX_NAME_CHARS: usize = 255;
/// Pauses before each look for an enrollment whose answer was lost: the service may be slow to list it.
pub const LOOKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
];
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
    let before = Before::read(&customer, name).await?;
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
        print_request(&write, &plan, args.json);
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
    before: &Before,
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
    for namesake in &before.namesakes {
        text += &format!(
            "note: an enrollment of this name exists already: {}, {}, created {}\n",
            namesake.id,
            namesake.status.as_deref().unwrap_or("status unknown"),
            namesake.created.as_deref().unwrap_or("at an unknown time"),
        );
    }
    text
}

/// The enrollments before the write: what is there afterwards and was not before, is new. That is surer than creation
/// times, which the vendor writes to the minute, by its own clock.
#[derive(Debug)]
struct Before {
    name: String,
    ids: HashSet<String>,
    /// Those that have the name of the new one.
    namesakes: Vec<ListedEnrollment>,
}

impl Before {
    async fn read(customer: &Customer, name: &str) -> Result<Self, Failure> {
        let listed = customer.enrollments().await?;
        if let Some(gap) = listed.gap {
            return Err(Failure {
                message: format!(
                    "could not {DOING}: the list of the company's enrollments is not whole ({gap}), so it could not be \
                     looked up afterwards"
                ),
                remedy: "run the command again".to_owned(),
                code: 1,
            });
        }
        Ok(Self {
            name: name.to_owned(),
            ids: listed.items.iter().map(|one| one.id.clone()).collect(),
            namesakes: listed
                .items
                .into_iter()
                .filter(|one| has_name(one, name))
                .collect(),
        })
    }

    /// Looks whether the enrollment was created in spite of `lost`; gives its id.
    async fn settle(
        &self,
        customer: &Customer,
        lost: &ApiError,
        intent: Intent<'_>,
    ) -> Result<String, Failure> {
        eprintln!("{lost}; looking whether it was created");
        let mut found = Ok(Vec::new());
        for pause in LOOKS {
            tokio::time::sleep(pause).await;
            found = self.appeared(customer).await;
            if found.as_ref().is_ok_and(|found| !found.is_empty()) {
                break;
            }
        }
        let what = match found {
            Ok(mut found) if found.len() == 1 => {
                let one = found.swap_remove(0);
                eprintln!(
                    "it was created: {} is listed, created {}",
                    one.id,
                    one.created.as_deref().unwrap_or("at an unknown time")
                );
                let result = json!({ "enrollment_id": one.id, "lost_answer": lost.to_string() });
                intent.done(result).await;
                return Ok(one.id);
            }
            Ok(found) if found.is_empty() => {
                "the company has no new enrollment of this name, so it was most likely not created"
                    .to_owned()
            }
            Ok(found) => {
                let ids: Vec<String> = found.into_iter().map(|one| one.id).collect();
                format!(
                    "the company has several new enrollments of this name, of which one may be this: {}",
                    ids.join(", ")
                )
            }
            Err(failure) => format!(
                "whether it was created could not be seen: {}",
                failure.message
            ),
        };
        let remedy = format!(
            "before you create it again, look for it in the vendor's console, or in: keepnet-etl export-enrollments \
             --company {} --format csv --out FILE",
            customer.id()
        );
        Err(intent.unknown(format!("{lost}; {what}"), remedy).await)
    }

    /// The enrollments of this name that are there now and were not before.
    async fn appeared(&self, customer: &Customer) -> Result<Vec<ListedEnrollment>, Failure> {
        let mut listed = customer.enrollments().await?.items;
        listed.retain(|one| has_name(one, &self.name) && !self.ids.contains(&one.id));
        Ok(listed)
    }
}

fn has_name(enrollment: &ListedEnrollment, name: &str) -> bool {
    enrollment
        .name
        .as_deref()
        .is_some_and(|known| known.trim() == name)
}

/// The request of a dry run.
pub fn print_request(write: &Write, plan: &Plan, is_json: bool) {
    let mut request = write.request();
    if is_json {
        request["version"] = 1.into();
        request["people"] = plan.people().into();
        println!("{request:#}");
        return;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    println!("{} {}", text(&request["method"]), text(&request["url"]));
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        println!("{name}: {}", text(value));
    }
    if !request["body"].is_null() {
        println!("\n{:#}", request["body"]);
    }
    eprintln!("nothing was sent");
}
