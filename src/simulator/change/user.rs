//! Changes of what reports say of users.

use crate::simulator::change::choose::{self, nothing};
use crate::simulator::change::{Change, ChangeKind};
use crate::simulator::words;
use crate::simulator::world::{
    AddedRow, Address, EnrollmentPlace, PersonChange, StatusChange, World, is_done, known_status,
};

/// The way of most users, from one status to a later one.
const WAY: &[&str] = &[
    "Not Responded",
    "Opened Email",
    "Clicked Link",
    "In Progress",
    "Completed",
];

/// How far on that way a user with this status is.
fn progress(status: &str) -> usize {
    match status {
        "Opened Email" | "OpenedEmail" => 1,
        "Clicked Link" => 2,
        "In Progress" | "InProgress" | "Incomplete" | "Not Completed" | "Downloaded" => 3,
        status if is_done(status) => WAY.len() - 1,
        _ => 0,
    }
}

/// The change with the ids of what it is about.
fn about(world: &World, asked: &Change, place: EnrollmentPlace, person: u32) -> Change {
    Change {
        company: Some(world.company_id(place.company)),
        enrollment: Some(world.enrollment_id(place)),
        user: Some(world.person_id(place.company, person)),
        ..asked.clone()
    }
}

/// A user gets a later status, or the one that is named.
pub fn set_status(world: &mut World, asked: &Change) -> Result<Change, String> {
    let is_survey = asked.kind == ChangeKind::SurveyCompleted;
    let wanted = match asked.status.as_deref() {
        Some(status) => {
            Some(known_status(status).ok_or_else(|| format!("`{status}` is no status"))?)
        }
        None => is_survey.then_some("Completed"),
    };
    let (place, position) = choose::row(world, asked, |base, position| {
        let status = world.user_report(base, position).status.text;
        let fits = match wanted {
            Some(wanted) => wanted != status && (is_done(wanted) || !is_done(status)),
            None => !is_done(status),
        };
        fits && (!is_survey || (base.is_survey() && !is_done(status)))
    })?;
    let report = world.user_report(&world.report_base(place), position);
    let status = wanted.unwrap_or_else(|| {
        let later = &WAY[progress(report.status.text) + 1..];
        asked.dice().with(3).pick(later)
    });
    let moves_last_interaction = asked.moves_last_interaction != Some(false);
    let at = world.now();
    world.change_rows(place, |changes| {
        changes.row_mut(position).statuses.push(StatusChange {
            status,
            at,
            moves_last_interaction,
        });
    });
    let person = world.person_at(place, position);
    Ok(Change {
        status: Some(status.to_owned()),
        moves_last_interaction: Some(moves_last_interaction),
        ..about(world, asked, place, person)
    })
}

/// Who completed a survey gets one session more.
pub fn answer_again(world: &mut World, asked: &Change) -> Result<Change, String> {
    let (place, position) = choose::row(world, asked, |base, position| {
        base.is_survey() && world.user_report(base, position).is_done()
    })?;
    let at = world.now();
    world.change_rows(place, |changes| changes.row_mut(position).sessions.push(at));
    let person = world.person_at(place, position);
    Ok(about(world, asked, place, person))
}

/// A row goes.
pub fn remove(world: &mut World, asked: &Change) -> Result<Change, String> {
    let (place, position) = choose::row(world, asked, |_, _| true)?;
    world.change_rows(place, |changes| changes.row_mut(position).is_removed = true);
    let person = world.person_at(place, position);
    Ok(about(world, asked, place, person))
}

/// A row that went comes back.
pub fn bring_back(world: &mut World, asked: &Change) -> Result<Change, String> {
    let wanted = |place: EnrollmentPlace, position: u32| {
        let id = world.person_id(place.company, world.person_at(place, position));
        asked.user.as_ref().is_none_or(|wanted| *wanted == id)
    };
    let of_company = |company| world.places(company).collect();
    let found = choose::places(world, asked, of_company)?.find_map(|place| {
        let mut removed = world.removed_rows(place).into_iter();
        let position = removed.find(|&position| wanted(place, position))?;
        Some((place, position))
    });
    let (place, position) = found.ok_or_else(|| nothing(asked))?;
    world.change_rows(place, |changes| {
        changes.row_mut(position).is_removed = false;
    });
    let person = world.person_at(place, position);
    Ok(about(world, asked, place, person))
}

/// A row comes: of the person that is named, else of a new one.
pub fn add(world: &mut World, asked: &Change) -> Result<Change, String> {
    let of_company = |company| world.places(company).collect();
    let place = choose::places(world, asked, of_company)?
        .find(|&place| {
            let is_free = |id: &String| {
                world
                    .person_index(place.company, id)
                    .is_some_and(|person| world.any_position_of(place, person).is_none())
            };
            world.has_users(place) && asked.user.as_ref().is_none_or(is_free)
        })
        .ok_or_else(|| nothing(asked))?;
    let company = place.company;
    let named = asked.user.as_ref();
    let person = match named.and_then(|id| world.person_index(company, id)) {
        Some(person) => person,
        None => {
            let anchors = u64::from(world.person_count());
            let anchor = asked.dice().with(3).below(anchors) as u32;
            let address = next_address(world, company, anchor);
            let person = world.people_count(company);
            world.company_changes(company).added_people.push(address);
            person
        }
    };
    let at = world.now();
    world.change_rows(place, |changes| changes.add(AddedRow { person, at }));
    Ok(about(world, asked, place, person))
}

/// An address that nobody has, behind that of `anchor`.
fn next_address(world: &mut World, company: u32, anchor: u32) -> Address {
    let changes = world.company_changes(company);
    changes.addresses += 1;
    Address {
        anchor,
        number: changes.addresses,
    }
}

/// A row moves by half the listing.
pub fn readdress(world: &mut World, asked: &Change) -> Result<Change, String> {
    let (place, position) = choose::row(world, asked, |base, _| base.count() > 1)?;
    let base = world.report_base(place);
    let count = base.count();
    let rank = (0..count).find(|&rank| base.position(rank) == position);
    let far = base.position((rank.unwrap_or(0) + count / 2) % count);
    let anchor = world.anchor_of(place, far);
    let address = next_address(world, place.company, anchor);
    world.change_rows(place, |changes| {
        changes.row_mut(position).person.address = Some(address);
    });
    let person = world.person_at(place, position);
    Ok(about(world, asked, place, person))
}

/// A person gets another last name or department.
pub fn redescribe(world: &mut World, asked: &Change) -> Result<Change, String> {
    let (place, position) = choose::row(world, asked, |_, _| true)?;
    let person = world.person_at(place, position);
    let said = world.person(place, position);
    let dice = asked.dice().with(3);
    let change = if asked.kind == ChangeKind::PersonRenamed {
        let names: Vec<&'static str> = words::LAST_NAMES.iter().map(|&(_, name)| name).collect();
        PersonChange {
            last_name: Some(choose::other(&names, said.last_name, dice)),
            ..PersonChange::default()
        }
    } else {
        let current = said.department.unwrap_or_default();
        PersonChange {
            department: Some(choose::other(words::DEPARTMENTS, current, dice)),
            ..PersonChange::default()
        }
    };
    let applied = about(world, asked, place, person);
    if asked.enrollment.is_some() {
        world.change_rows(place, |changes| {
            let row = changes.row_mut(position);
            row.person = change.or(row.person);
        });
        return Ok(applied);
    }
    let first = world.enrollment_indexes(place.company);
    let people = &mut world.company_changes(place.company).people;
    people.entry(person).or_default().push((first, change));
    Ok(Change {
        enrollment: None,
        ..applied
    })
}
