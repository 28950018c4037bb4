//! What would be enrolled, and whom: checked against what the company has, and shown before anything is written.

use std::fmt::Write as _;

use serde_json::Value;

use super::customer::{Customer, Items};
use crate::api::endpoints::offers::{OfferedGroup, OfferedTraining};
use crate::api::writes::Write;
use crate::cli::Failure;
use crate::cli::failure::REFUSED;
use crate::cli::table::grouped;

/// The training and the groups of an enrollment. All of them belong to the company.
#[derive(Debug)]
pub struct Plan {
    training: OfferedTraining,
    groups: Vec<OfferedGroup>,
}

impl Plan {
    /// Looks training and groups up among the company's. `doing` begins the error if one is not there.
    pub async fn check(
        customer: &Customer,
        doing: &str,
        training_id: &str,
        group_ids: &[String],
    ) -> Result<Self, Failure> {
        let company = customer.id();
        let missing = |what: &str, ids: &str, gap: Option<String>| Failure {
            message: format!(
                "could not {doing}: {what} {ids} is not among those of company {company}{}",
                gap.map(|gap| format!(" (the list is not whole: {gap})"))
                    .unwrap_or_default()
            ),
            remedy: format!("see: keepnet-etl enroll {what}s --company {company}"),
            code: REFUSED,
        };
        let Items { items, gap } = customer.trainings().await?;
        let training = items
            .into_iter()
            .find(|training| training.id == training_id);
        let training = training.ok_or_else(|| missing("training", training_id, gap))?;
        let Items { items, gap } = customer.groups().await?;
        let mut groups: Vec<OfferedGroup> = Vec::new();
        for id in group_ids {
            let group = items.iter().find(|group| group.id == *id);
            let group = group.ok_or_else(|| missing("group", id, gap.clone()))?;
            if group.user_count.is_some_and(|count| count <= 0) {
                return Err(Failure {
                    message: format!("could not {doing}: group {id} has no users"),
                    remedy: "leave it out, or add users to it in the vendor's console".to_owned(),
                    code: REFUSED,
                });
            }
            if !groups.iter().any(|known| known.id == *id) {
                groups.push(group.clone());
            }
        }
        Ok(Self { training, groups })
    }

    /// The ids of the groups, each once.
    pub fn group_ids(&self) -> Vec<String> {
        self.groups.iter().map(|group| group.id.clone()).collect()
    }

    /// The people in the groups, if all of them say how many they have; somebody in several is counted several times.
    pub fn people(&self) -> Option<u64> {
        let count = |group: &OfferedGroup| u64::try_from(group.user_count?).ok();
        self.groups.iter().map(count).sum()
    }

    /// The same in words.
    pub fn people_in_words(&self) -> String {
        match (self.people(), self.groups.len()) {
            (Some(people), 1) => grouped(people),
            (Some(people), _) => format!(
                "at most {} (some may be in several groups)",
                grouped(people)
            ),
            (None, _) => "an unknown number".to_owned(),
        }
    }

    /// The request of a dry run.
    pub fn print_request(&self, write: &Write, is_json: bool) {
        let mut request = write.request();
        if is_json {
            request["version"] = 1.into();
            request["people"] = self.people().into();
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

    /// Lines for the operator.
    pub fn lines(&self) -> String {
        let training = &self.training;
        let about: Vec<&str> = [&training.name, &training.r#type, &training.level]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let mut lines = line(
            "training",
            &format!("{}  {}", training.id, about.join(", ")),
        );
        for (index, group) in self.groups.iter().enumerate() {
            let label = if index == 0 { "groups" } else { "" };
            let users = group.user_count.map_or_else(
                || "?".to_owned(),
                |count| grouped(u64::try_from(count).unwrap_or(0)),
            );
            let name = group.name.as_deref().unwrap_or_default();
            lines += &line(label, &format!("{}  {name}: {users} users", group.id));
        }
        lines + &line("people", &self.people_in_words())
    }
}

/// A line of what is shown before a write.
pub fn line(label: &str, text: &str) -> String {
    let mut line = String::new();
    let _ = writeln!(line, "  {label:<13}{text}");
    line
}
