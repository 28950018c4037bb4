//! The enrollments that have the name of a new one, before and after it is created.
//!
//! One that was not there before is the new one. That is surer than its creation time, which the vendor writes to the
//! minute and by its own clock.

use serde_json::json;

use super::customer::{Customer, LOOKS};
use super::record::Intent;
use crate::api::ApiError;
use crate::api::endpoints::offers::ListedEnrollment;
use crate::cli::Failure;

/// The enrollments of one name.
#[derive(Debug)]
pub struct Namesakes {
    name: String,
    listed: Vec<ListedEnrollment>,
    /// What may be missing among them.
    gap: Option<String>,
}

impl Namesakes {
    /// Those that a company has now.
    pub async fn read(customer: &Customer, name: &str) -> Result<Self, Failure> {
        let mut enrollments = customer.enrollments().await?;
        let has_name = |one: &ListedEnrollment| one.name.as_deref().map(str::trim) == Some(name);
        enrollments.items.retain(has_name);
        Ok(Self {
            name: name.to_owned(),
            listed: enrollments.items,
            gap: enrollments.gap,
        })
    }

    /// What the operator should know of them.
    pub fn notes(&self) -> String {
        let mut notes: String = self
            .listed
            .iter()
            .map(|one| {
                format!(
                    "note: an enrollment of this name exists already: {}, {}, created {}\n",
                    one.id,
                    one.status.as_deref().unwrap_or("status unknown"),
                    created(one),
                )
            })
            .collect();
        if let Some(gap) = &self.gap {
            notes += &format!("note: the list of the company's enrollments is not whole: {gap}\n");
        }
        notes
    }

    /// Looks whether a new one was created in spite of `lost`; gives its id.
    pub async fn settle(
        &self,
        customer: &Customer,
        lost: &ApiError,
        intent: Intent<'_>,
    ) -> Result<String, Failure> {
        eprintln!("{lost}; looking whether it was created");
        let mut seen = Self::read(customer, &self.name).await;
        for pause in LOOKS {
            if seen
                .as_ref()
                .is_ok_and(|now| self.new_in(now).next().is_some())
            {
                break;
            }
            tokio::time::sleep(pause).await;
            seen = Self::read(customer, &self.name).await;
        }
        let new: Vec<&ListedEnrollment> = seen.iter().flat_map(|now| self.new_in(now)).collect();
        let what = match (&seen, new.as_slice()) {
            // Where the earlier list had gaps, what is new may be old.
            (Ok(_), [one]) if self.gap.is_none() => {
                eprintln!(
                    "it was created: {} is listed, created {}",
                    one.id,
                    created(one)
                );
                let result = json!({ "enrollment_id": one.id, "lost_answer": lost.to_string() });
                intent.done(result).await;
                return Ok(one.id.clone());
            }
            (Ok(now), []) => {
                let gap = now
                    .gap
                    .as_ref()
                    .map(|gap| format!(" (as far as it is listed: {gap})"));
                format!(
                    "the company has no new enrollment of this name{}, so it was most likely not created",
                    gap.unwrap_or_default()
                )
            }
            (Ok(_), some) => {
                let ids: Vec<&str> = some.iter().map(|one| one.id.as_str()).collect();
                format!(
                    "it is not certain whether it was created; enrollments of this name that were not seen before: {}",
                    ids.join(", ")
                )
            }
            (Err(failure), _) => {
                format!(
                    "whether it was created could not be seen: {}",
                    failure.message
                )
            }
        };
        let remedy = format!(
            "before you create it again, look for it in the vendor's console, or in: keepnet-etl export-enrollments \
             --company {} --format csv --out FILE",
            customer.id()
        );
        Err(intent.unknown(format!("{lost}; {what}"), remedy).await)
    }

    /// Those of `now` that were not there before.
    fn new_in<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = &'a ListedEnrollment> {
        let is_new = |one: &&ListedEnrollment| self.listed.iter().all(|old| old.id != one.id);
        now.listed.iter().filter(is_new)
    }
}

fn created(enrollment: &ListedEnrollment) -> &str {
    enrollment
        .created
        .as_deref()
        .unwrap_or("at an unknown time")
}
