//! `enroll trainings`, `enroll groups`, `enroll options`: what there is to choose from.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;

use super::customer::Customer;
use crate::api::endpoints::form_details::{Choice, FormDetails};
use crate::api::{ApiError, UnreadableItem};
use crate::app::App;
use crate::cli::Failure;
use crate::cli::table::{grouped, table};

/// Arguments of `enroll trainings`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl enroll trainings --company aB3dE5gH7jK9
  keepnet-etl enroll trainings --company aB3dE5gH7jK9 --search phishing
  keepnet-etl enroll trainings --company aB3dE5gH7jK9 --json | jq '.trainings[].training_id'")]
pub struct TrainingsArgs {
    /// The company (id)
    #[arg(long, value_name = "ID")]
    company: String,
    /// Only those with this text in name, type, category or level
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `enroll groups`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl enroll groups --company aB3dE5gH7jK9
  keepnet-etl enroll groups --company aB3dE5gH7jK9 --json | jq '.groups[].group_id'")]
pub struct GroupsArgs {
    /// The company (id)
    #[arg(long, value_name = "ID")]
    company: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `enroll options`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl enroll options --company aB3dE5gH7jK9
  keepnet-etl enroll options --company aB3dE5gH7jK9 --json | jq .lists.enrollmentStatus")]
pub struct OptionsArgs {
    /// The company (id)
    #[arg(long, value_name = "ID")]
    company: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists trainings.
pub async fn trainings(app: &App, args: &TrainingsArgs) -> Result<ExitCode, Failure> {
    let customer = Customer::find(app, &args.company).await?;
    let mut found = customer.trainings().await?;
    if let Some(wanted) = args.search.as_deref().map(str::to_lowercase) {
        found.items.retain(|training| {
            [
                &training.name,
                &training.r#type,
                &training.category,
                &training.level,
            ]
            .into_iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(&wanted))
        });
    }
    if args.json {
        let json = json!({
            "version": 1, "company_id": customer.id(), "trainings": found.items, "is_complete": found.gap.is_none(),
        });
        println!("{json:#}");
    } else {
        let mut table = table(
            ["training", "name", "type", "category", "level", "languages"],
            6,
        );
        for training in &found.items {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            table.add_row([
                training.id.clone(),
                text(&training.name),
                text(&training.r#type),
                text(&training.category),
                text(&training.level),
                training.languages.join(", "),
            ]);
        }
        println!("{table}");
    }
    Ok(ExitCode::from(found.warn_of_gap()))
}

/// Lists groups.
pub async fn groups(app: &App, args: &GroupsArgs) -> Result<ExitCode, Failure> {
    let customer = Customer::find(app, &args.company).await?;
    let found = customer.groups().await?;
    if args.json {
        let json = json!({
            "version": 1, "company_id": customer.id(), "groups": found.items, "is_complete": found.gap.is_none(),
        });
        println!("{json:#}");
    } else {
        let mut table = table(["group", "name", "priority", "users"], 3);
        for group in &found.items {
            table.add_row([
                group.id.clone(),
                group.name.clone().unwrap_or_default(),
                group.priority.clone().unwrap_or_default(),
                group.user_count.map_or_else(
                    || "?".to_owned(),
                    |count| grouped(u64::try_from(count).unwrap_or(0)),
                ),
            ]);
        }
        println!("{table}");
    }
    Ok(ExitCode::from(found.warn_of_gap()))
}

/// Shows the form details of enrollments and of their reports.
pub async fn options(app: &App, args: &OptionsArgs) -> Result<ExitCode, Failure> {
    let customer = Customer::find(app, &args.company).await?;
    let mut lists: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
    for answer in [
        customer.api.enrollment_form().await,
        customer.api.report_form().await,
    ] {
        for list in understood(answer)?.lists {
            // Both may have a list; they differ in the casing of its name.
            let known = lists.entry(list.name).or_default();
            for choice in list.choices {
                if !known.contains(&choice) {
                    known.push(choice);
                }
            }
        }
    }
    if args.json {
        let json = json!({ "version": 1, "company_id": customer.id(), "lists": lists });
        println!("{json:#}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = table(["list", "id", "name", "shown as"], 4);
    for (name, choices) in &lists {
        for choice in choices {
            table.add_row(row(name, choice));
            for result in &choice.results {
                let of = choice.name.as_deref().unwrap_or_default();
                table.add_row(row(&format!("{name}, {of}"), result));
            }
        }
    }
    println!("{table}");
    Ok(ExitCode::SUCCESS)
}

fn row(list: &str, choice: &Choice) -> [String; 4] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        list.to_owned(),
        text(&choice.id),
        text(&choice.name),
        text(&choice.display_name),
    ]
}

fn understood(
    answer: Result<Result<FormDetails, UnreadableItem>, ApiError>,
) -> Result<FormDetails, Failure> {
    answer?.map_err(|item| Failure {
        message: format!("could not understand the form details: {}", item.error),
        remedy: "the service answers in a shape that this version does not know: report it with this message"
            .to_owned(),
        code: 1,
    })
}
