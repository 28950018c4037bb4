//! Changes of enrollments as a whole.

use crate::simulator::change::choose::{self, nothing};
use crate::simulator::change::{Change, ChangeKind};
use crate::simulator::world::{EnrollmentKind, EnrollmentPlace, World};

const KINDS: &[(&str, EnrollmentKind)] = &[
    ("training", EnrollmentKind::Training),
    ("survey", EnrollmentKind::Survey),
    ("hidden-survey", EnrollmentKind::HiddenSurvey),
    ("poster", EnrollmentKind::Poster),
    ("infographic", EnrollmentKind::Infographic),
    ("screensaver", EnrollmentKind::Screensaver),
    ("learning-path", EnrollmentKind::LearningPath),
];

const STATUSES: &[&str] = &["Finished", "Auto-Enroll", "Sending", "Stopped", "Paused"];

fn about(world: &World, asked: &Change, place: EnrollmentPlace) -> Change {
    Change {
        company: Some(world.company_id(place.company)),
        enrollment: Some(world.enrollment_id(place)),
        ..asked.clone()
    }
}

/// A new enrollment.
pub fn add(world: &mut World, asked: &Change) -> Result<Change, String> {
    let company = choose::company(world, asked, |company| choose::is_readable(world, company))?;
    let (type_name, kind) = match &asked.type_name {
        None => asked.dice().with(3).pick(KINDS),
        Some(name) => *KINDS
            .iter()
            .find(|(known, _)| known == name)
            .ok_or_else(|| {
                let known: Vec<&str> = KINDS.iter().map(|&(known, _)| known).collect();
                format!("`{name}` is no type; known are {}", known.join(", "))
            })?,
    };
    let now = world.now();
    let place = EnrollmentPlace::whole(company, world.enrollment_indexes(company));
    let changes = world.enrollment_changes(place);
    changes.added = Some((now, kind));
    changes.is_archived = asked.archived;
    changes.name.clone_from(&asked.name);
    world.company_changes(company).added_enrollments += 1;
    Ok(Change {
        type_name: Some(type_name.to_owned()),
        ..about(world, asked, place)
    })
}

/// A purged enrollment comes back.
pub fn bring_back(world: &mut World, asked: &Change) -> Result<Change, String> {
    let place = choose::places(world, asked, |company| world.purged(company))?
        .find(|&place| world.is_purged(place))
        .ok_or_else(|| nothing(asked))?;
    world.enrollment_changes(place).is_purged = false;
    Ok(about(world, asked, place))
}

/// An enrollment that is there changes.
pub fn change(world: &mut World, asked: &Change) -> Result<Change, String> {
    let wanted = match asked.status.as_deref() {
        Some(status) if asked.kind == ChangeKind::EnrollmentStatus => {
            let known = STATUSES.iter().find(|known| **known == status);
            Some(*known.ok_or_else(|| {
                format!("`{status}` is no status; known are {}", STATUSES.join(", "))
            })?)
        }
        _ => None,
    };
    let place = choose::places(world, asked, |company| world.enrollments(company))?
        .find(|&place| {
            let facts = world.enrollment(place);
            let fits = match asked.kind {
                ChangeKind::EnrollmentArchived => !facts.is_archived,
                ChangeKind::EnrollmentRestored => facts.is_archived,
                ChangeKind::EnrollmentStatus => {
                    !facts.is_archived && !facts.is_anonymous && wanted != Some(facts.status)
                }
                // The archive and the active listing have an order each.
                _ => asked
                    .archived
                    .is_none_or(|archived| archived == facts.is_archived),
            };
            fits && !place.is_step() && !world.is_purged(place)
        })
        .ok_or_else(|| nothing(asked))?;
    let facts = world.enrollment(place);
    let mut applied = about(world, asked, place);
    let dice = asked.dice().with(3);
    match asked.kind {
        ChangeKind::EnrollmentArchived => {
            world.enrollment_changes(place).is_archived = Some(true);
        }
        ChangeKind::EnrollmentRestored => {
            world.enrollment_changes(place).is_archived = Some(false);
        }
        ChangeKind::EnrollmentPurged => world.enrollment_changes(place).is_purged = true,
        ChangeKind::EnrollmentRenamed => {
            let name = asked.name.clone();
            let name = name.unwrap_or_else(|| format!("{} ({})", facts.name, dice.below(1_000)));
            world.enrollment_changes(place).name = Some(name.clone());
            applied.name = Some(name);
        }
        ChangeKind::EnrollmentStatus => {
            let status = wanted.unwrap_or_else(|| choose::other(STATUSES, facts.status, dice));
            world.enrollment_changes(place).status = Some(status);
            applied.status = Some(status.to_owned());
        }
        _ => {
            let listed: Vec<EnrollmentPlace> = world
                .enrollments(place.company)
                .into_iter()
                .filter(|other| {
                    world.is_archived(other.company, other.enrollment) == facts.is_archived
                })
                .collect();
            let times: Vec<_> = listed
                .iter()
                .map(|other| world.created_at(other.company, other.enrollment))
                .collect();
            let rank = listed.iter().position(|other| *other == place);
            let created_at = world.moved(&times, rank.unwrap_or(0));
            world.enrollment_changes(place).created_at = Some(created_at);
        }
    }
    Ok(applied)
}
