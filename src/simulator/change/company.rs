//! Changes of companies.

use crate::simulator::change::choose;
use crate::simulator::change::{Change, ChangeKind};
use crate::simulator::words;
use crate::simulator::world::World;

/// A new company, with the data that every company has.
pub fn add(world: &mut World, asked: &Change) -> Result<Change, String> {
    let company = world.company_indexes();
    let now = world.now();
    let changes = world.changes_mut();
    changes.added_companies += 1;
    changes.are_companies_other = true;
    let changes = world.company_changes(company);
    changes.added_at = Some(now);
    changes.is_denied = Some(false);
    changes.name.clone_from(&asked.name);
    Ok(Change {
        company: Some(world.company_id(company)),
        ..asked.clone()
    })
}

/// A company changes.
pub fn change(world: &mut World, asked: &Change) -> Result<Change, String> {
    let company = choose::company(world, asked, |company| match asked.kind {
        ChangeKind::CompanyReturned => world.is_gone(company),
        ChangeKind::CompanyGranted => !world.is_gone(company) && world.is_denied(company),
        ChangeKind::CompanyDenied => !world.is_gone(company) && !world.is_denied(company),
        _ => !world.is_gone(company),
    })?;
    let mut applied = Change {
        company: Some(world.company_id(company)),
        ..asked.clone()
    };
    match asked.kind {
        ChangeKind::CompanyGone | ChangeKind::CompanyReturned => {
            world.changes_mut().are_companies_other = true;
            let is_gone = asked.kind == ChangeKind::CompanyGone;
            world.company_changes(company).is_gone = is_gone;
        }
        ChangeKind::CompanyDenied => world.company_changes(company).is_denied = Some(true),
        ChangeKind::CompanyGranted => world.company_changes(company).is_denied = Some(false),
        ChangeKind::CompanyNumbers => world.company_changes(company).numbers += 1,
        ChangeKind::CompanyRedated => {
            let listed = world.companies_by_creation();
            let times: Vec<_> = listed
                .iter()
                .map(|&other| world.company(other).created_at)
                .collect();
            let rank = listed.iter().position(|&other| other == company);
            let created_at = world.moved(&times, rank.unwrap_or(0));
            world.changes_mut().are_companies_other = true;
            world.company_changes(company).created_at = Some(created_at);
        }
        _ => {
            let name = asked.name.clone().unwrap_or_else(|| {
                let dice = asked.dice().with(3);
                let first = dice.pick(words::COMPANY_NAMES);
                format!("{first} Renamed {}", dice.with(1).below(1_000))
            });
            world.company_changes(company).name = Some(name.clone());
            applied.name = Some(name);
        }
    }
    Ok(applied)
}
