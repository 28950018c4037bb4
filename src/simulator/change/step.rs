//! Random changes of all kinds.

use crate::simulator::change::{Change, ChangeKind, apply, choose};
use crate::simulator::dice::Dice;
use crate::simulator::world::World;

/// What changes, those that change often several times.
const KINDS: &[ChangeKind] = {
    use ChangeKind as Kind;
    &[
        Kind::UserStatus,
        Kind::UserStatus,
        Kind::UserStatus,
        Kind::UserStatus,
        Kind::SurveyCompleted,
        Kind::SurveyCompleted,
        Kind::SecondSession,
        Kind::UserRemoved,
        Kind::UserRemoved,
        Kind::UserReturned,
        Kind::UserAdded,
        Kind::UserAdded,
        Kind::UserAddress,
        Kind::PersonRenamed,
        Kind::PersonMoved,
        Kind::EnrollmentAdded,
        Kind::EnrollmentArchived,
        Kind::EnrollmentRestored,
        Kind::EnrollmentPurged,
        Kind::EnrollmentReturned,
        Kind::EnrollmentRenamed,
        Kind::EnrollmentStatus,
        Kind::CompanyAdded,
        Kind::CompanyRenamed,
        Kind::CompanyGone,
        Kind::CompanyReturned,
        Kind::CompanyDenied,
        Kind::CompanyGranted,
        Kind::CompanyNumbers,
        Kind::TargetGroupAdded,
        Kind::TargetGroupChanged,
        Kind::TargetGroupRemoved,
        Kind::TrainingAdded,
        Kind::TrainingChanged,
        Kind::TrainingRemoved,
        Kind::WidgetValues,
        Kind::ReportRemoved,
    ]
};

/// Applies `count` changes. Which ones follows from the seed and the world; where a kind has
/// nothing to change, the next one is taken.
pub fn step(world: &mut World, seed: u64, count: u32) -> Result<Vec<Change>, String> {
    let mut applied = Vec::new();
    for nth in 0..count {
        let dice = Dice::new(seed).with(u64::from(nth));
        let possible = choose::around(KINDS.len() as u32, dice)
            .filter_map(|at| KINDS.get(at as usize))
            .filter(|&&kind| !takes_away_too_much(world, kind))
            .map(|&kind| Change::new(kind, dice.with(1).value()))
            .collect::<Vec<_>>();
        let done = possible.into_iter().find_map(|change| {
            let change = vary(world, change, dice.with(2));
            apply(world, &change).ok()
        });
        applied.push(done.ok_or("the world has nothing that could change")?);
    }
    Ok(applied)
}

/// What a change may or may not do, one way or the other.
fn vary(world: &World, mut change: Change, dice: Dice) -> Change {
    let is_about_status = matches!(
        change.kind,
        ChangeKind::UserStatus | ChangeKind::SurveyCompleted
    );
    if is_about_status {
        change.moves_last_interaction = Some(!dice.one_in(3));
    }
    let is_about_person = matches!(
        change.kind,
        ChangeKind::PersonRenamed | ChangeKind::PersonMoved
    );
    if is_about_person && dice.one_in(2) {
        let place = choose::row(world, &change, |_, _| true);
        change.enrollment = place.ok().map(|(place, _)| world.enrollment_id(place));
    }
    change
}

/// Whether fewer than half of the companies would be left to read.
fn takes_away_too_much(world: &World, kind: ChangeKind) -> bool {
    let takes = matches!(kind, ChangeKind::CompanyGone | ChangeKind::CompanyDenied);
    let readable = (0..world.company_indexes())
        .filter(|&company| choose::is_readable(world, company))
        .count() as u32;
    takes && readable * 2 <= world.company_indexes()
}
