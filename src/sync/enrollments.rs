//! The enrollments of one company: what its listings show, whose it is, what is no longer there, and then one by one.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use futures::StreamExt;

use tracing::Instrument;

use super::company::CompanyPass;
use super::enrollment::{self, Fetched, unless_it_ends_the_company};
use crate::api::endpoints::enrollments::EnrollmentList;
use crate::extract::enrollments::{self, EnrollmentRef, ListedEnrollments, scope_of};
use crate::extract::steps::{self, KnownEnrollments, StepRef};
use crate::extract::{Delivery, PullError, Pulled, Scope};
use crate::resource::Resource;
use crate::telemetry::span;
use crate::verdict::Verdict;
use crate::warehouse::cursors::{CursorMove, CursorState, Step};
use crate::warehouse::load::sweep::Sweep;
use crate::warehouse::load::tuple::Row;
use crate::warehouse::stored_enrollments::{self, StoredStep};
use crate::warehouse::tables::enrollments::EnrollmentRow;

const LISTS: [EnrollmentList; 2] = [EnrollmentList::Active, EnrollmentList::Archive];

/// All enrollments that are known of a company.
#[derive(Default)]
struct Found {
    /// Newest first: persons are taken from their newest enrollment, so later ones rarely have to be overwritten.
    enrollments: Vec<EnrollmentRef>,
    /// The listings are whole.
    is_complete: bool,
}

/// Fetches what is due of the enrollments, steps of learning paths that no listing shows included. Gives all that are
/// known. An error ends the company.
pub async fn fetch(pass: &CompanyPass<'_>) -> Result<Vec<EnrollmentRef>, PullError> {
    if !pass.run.selection.includes(Resource::Enrollments) {
        return Ok(Vec::new());
    }
    let (client, begun) = (pass.client(), Instant::now());
    let mut found = Found::default();
    let result = list(pass, &client, &mut found)
        .instrument(span::resource(Resource::Enrollments))
        .await;
    let has_failed = result.is_err();
    pass.tallies
        .note(Resource::Enrollments, &result, &client, begun);
    unless_it_ends_the_company(result)?;
    if has_failed {
        return Ok(Vec::new());
    }
    let stored = stored_enrollments::steps(pass.run.pool, &pass.company.id).await?;
    fetch_each(pass, found, &stored).await
}

/// Fetches enrollments that a deletion elsewhere asked for while they were fetched.
pub async fn fetch_again(
    pass: &CompanyPass<'_>,
    enrollments: &[&EnrollmentRef],
) -> Result<(), PullError> {
    for enrollment in enrollments {
        enrollment::fetch(pass, enrollment).await?;
    }
    Ok(())
}

/// Reads both listings. Nothing is delivered before it is certain whose they are.
async fn list(
    pass: &CompanyPass<'_>,
    client: &crate::api::CompanyClient,
    found: &mut Found,
) -> Result<Pulled, PullError> {
    let mut lists: Vec<ListedEnrollments> = Vec::new();
    let scopes = LISTS.map(|list| Scope::begin(pass.shared, Resource::Enrollments, scope_of(list)));
    for (list, scope) in LISTS.into_iter().zip(&scopes) {
        let pages = pass.memory.pages(Resource::Enrollments, scope.id);
        lists.push(enrollments::pull(scope, client, list, pages).await?);
    }
    guard(pass, &lists).await?;

    let mut all = Pulled::default();
    let mut enrollments: HashMap<String, EnrollmentRef> = HashMap::new();
    let mut end = Delivery::default();
    let mut may_delete = true;
    for (listed, scope) in lists.into_iter().zip(&scopes) {
        for delivery in listed.deliveries {
            scope.deliver(delivery).await?;
        }
        let pulled = listed.pulled;
        let state = CursorState {
            pages: Some(pulled.listing.pages),
            ..CursorState::default()
        };
        end.cursors.push(scope.step(state, pulled.step()));
        may_delete &= pulled.may_delete();
        all.verdict = all.verdict.max(pulled.verdict);
        all.pages += pulled.pages;
        all.listing.seen.merge(pulled.listing.seen);
        for enrollment in listed.enrollments {
            enrollments.insert(enrollment.id.clone(), enrollment);
        }
    }
    let [active, _] = &scopes;
    if may_delete {
        end.sweep = Some(Sweep {
            only: Some("t.is_listed"),
            ..pass.sweep(active, EnrollmentRow::TABLE, &all.listing.seen)
        });
    }
    active.deliver(end).await?;
    found.enrollments = enrollments.into_values().collect();
    found
        .enrollments
        .sort_unstable_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    found.is_complete = all.verdict == Verdict::Complete;
    Ok(all)
}

/// Stops a company one of whose listings is another tenant's: a request whose headers were lost on the way is answered with
/// HTTP 200 and the data of the token's own company. Only new enrollments are looked at: those stored were looked at then.
async fn guard(pass: &CompanyPass<'_>, lists: &[ListedEnrollments]) -> Result<(), PullError> {
    let (run, company_id) = (pass.run, pass.company.id.as_str());
    let ids: HashSet<&str> = (lists.iter())
        .flat_map(|list| &list.enrollments)
        .map(|enrollment| enrollment.id.as_str())
        .collect();
    let new = stored_enrollments::not_stored(run.pool, company_id, &ids).await?;
    if new.is_empty() {
        return Ok(());
    }
    let owner = stored_enrollments::other_owner(run.pool, company_id, &new).await?;
    if let Some(owner) = owner {
        return Err(PullError::OtherTenant(format!(
            "they contain an enrollment of company {owner}"
        )));
    }
    if company_id == run.account_id {
        return Ok(());
    }
    let new: HashSet<String> = new.into_iter().collect();
    for (list, listed) in LISTS.into_iter().zip(lists) {
        let ids: HashSet<String> = (listed.enrollments.iter())
            .map(|enrollment| enrollment.id.clone())
            .collect();
        // Either listing may have lost its headers alone.
        if !ids.is_empty() && ids.is_subset(&new) && *run.own_enrollments(list).await? == ids {
            return Err(PullError::OtherTenant(
                "they are those of the reseller's own company".to_owned(),
            ));
        }
    }
    Ok(())
}

/// Fetches listed enrollments and the steps that are stored, then the steps that their summaries name for the first time.
async fn fetch_each(
    pass: &CompanyPass<'_>,
    found: Found,
    stored: &[StoredStep],
) -> Result<Vec<EnrollmentRef>, PullError> {
    let mut known: HashSet<String> = (found.enrollments.iter())
        .map(|one| one.id.clone())
        .collect();
    let listed = known.clone();
    let mut wave = found.enrollments;
    let paths: HashMap<&str, &EnrollmentRef> =
        wave.iter().map(|path| (path.id.as_str(), path)).collect();
    let steps: Vec<EnrollmentRef> = stored
        .iter()
        .filter(|step| !listed.contains(&step.enrollment_id))
        .filter_map(|step| {
            let path = paths.get(step.parent_enrollment_id.as_deref()?)?;
            Some(path.step(&step.enrollment_id, step.r#type.clone(), step.is_survey))
        })
        .collect();
    known.extend(steps.iter().map(|step| step.id.clone()));
    wave.extend(steps);
    let place: HashMap<String, usize> = (wave.iter().enumerate())
        .map(|(place, one)| (one.id.clone(), place))
        .collect();

    let scope = &Scope::begin(pass.shared, Resource::Enrollments, "");
    let mut all = Vec::new();
    let mut claimed = HashSet::new();
    while !wave.is_empty() {
        let mut found_steps: Vec<(usize, StepRef)> = Vec::new();
        let mut summaries: Vec<CursorMove> = Vec::new();
        let mut read = HashSet::new();
        // The first error that ends the company keeps later enrollments from being begun.
        let mut pulls = futures::stream::iter(wave.iter().enumerate())
            .map(|(place, path)| async move {
                let fetched = enrollment::fetch(pass, path).await;
                fetched.map(|fetched| (place, fetched))
            })
            .buffer_unordered(pass.run.concurrency);
        while let Some(fetched) = pulls.next().await {
            let (place, Fetched { steps, summary }) = fetched?;
            summaries.extend(summary);
            if !steps.is_empty() {
                read.insert(wave[place].id.clone());
            }
            found_steps.extend(steps.into_iter().map(|step| (place, step)));
        }
        drop(pulls);
        all.append(&mut wave);
        // Paths may share a step: it belongs to the newest, whichever was read first, and whether it was read now.
        found_steps.sort_by_key(|(place, _)| *place);
        let belongs_elsewhere = |at: usize, step: &StepRef| {
            let parent = stored
                .iter()
                .find(|stored| stored.enrollment_id == step.enrollment.id)
                .and_then(|stored| stored.parent_enrollment_id.as_ref());
            parent.is_some_and(|parent| {
                !read.contains(parent) && place.get(parent).is_some_and(|newer| *newer < at)
            })
        };
        let mut steps: Vec<StepRef> = found_steps
            .into_iter()
            .filter(|(at, step)| !belongs_elsewhere(*at, step))
            .map(|(_, step)| step)
            .collect();
        steps.retain(|step| claimed.insert(step.enrollment.id.clone()));
        if !steps.is_empty() {
            let listed = KnownEnrollments {
                ids: &listed,
                are_complete: found.is_complete,
            };
            steps::deliver(scope, &pass.company.id, &steps, listed).await?;
        }
        if !found.is_complete {
            // Steps that no listing shows were left out.
            for summary in &mut summaries {
                summary.step = Step::Ended(Verdict::Short);
            }
        }
        if !summaries.is_empty() {
            let delivery = Delivery {
                cursors: summaries,
                ..Delivery::default()
            };
            scope.deliver(delivery).await?;
        }
        wave = (steps.into_iter().map(|step| step.enrollment))
            .filter(|step| known.insert(step.id.clone()))
            .collect();
    }
    Ok(all)
}
