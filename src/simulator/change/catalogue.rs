//! Changes of what a company has as a whole: target groups, trainings, widgets, executive reports.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::simulator::change::choose::{self, nothing};
use crate::simulator::change::{Change, ChangeKind};
use crate::simulator::date::Instant;
use crate::simulator::world::{ItemChange, Period, World};

/// The changes that are tried before a widget is given up that shows the same after each.
const TRIES: u64 = 8;

fn is_about_groups(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::TargetGroupAdded
            | ChangeKind::TargetGroupChanged
            | ChangeKind::TargetGroupRemoved
            | ChangeKind::TargetGroupRedated
    )
}

/// The ids of the items of a company, with their times of creation, in order.
fn items(world: &World, company: u32, kind: ChangeKind) -> Vec<(String, Instant)> {
    if is_about_groups(kind) {
        let groups = world.target_groups(company).into_iter();
        groups.map(|group| (group.id, group.created_at)).collect()
    } else {
        let trainings = world.trainings(company).into_iter();
        let listed = trainings.map(|training| (training.id, training.created_at));
        listed.collect()
    }
}

/// A target group or a training comes, changes or goes.
pub fn change(world: &mut World, asked: &Change) -> Result<Change, String> {
    let is_added = matches!(
        asked.kind,
        ChangeKind::TargetGroupAdded | ChangeKind::TrainingAdded
    );
    let company = choose::company(world, asked, |company| {
        choose::is_readable(world, company)
            && (is_added || !items(world, company, asked.kind).is_empty())
    })?;
    let now = world.minute(world.now());
    let listed = items(world, company, asked.kind);
    let id = if is_added {
        next_id(world, company, asked.kind)
    } else {
        choose::around(listed.len() as u32, asked.dice().with(2))
            .map(|nth| listed[nth as usize].0.clone())
            .find(|id| asked.item.as_ref().is_none_or(|wanted| wanted == id))
            .ok_or_else(|| nothing(asked))?
    };
    let times: Vec<Instant> = listed.iter().map(|&(_, at)| at).collect();
    let rank = listed.iter().position(|(other, _)| *other == id);
    let moved = world.moved(&times, rank.unwrap_or(0));
    let changes = world.company_changes(company);
    let (of_kind, added): (&mut BTreeMap<String, ItemChange>, &mut u32) =
        if is_about_groups(asked.kind) {
            (&mut changes.groups, &mut changes.added_groups)
        } else {
            (&mut changes.trainings, &mut changes.added_trainings)
        };
    let item = of_kind.entry(id.clone()).or_default();
    match asked.kind {
        ChangeKind::TargetGroupAdded | ChangeKind::TrainingAdded => {
            *added += 1;
            item.created_at = Some(now);
        }
        ChangeKind::TargetGroupRemoved | ChangeKind::TrainingRemoved => item.is_removed = true,
        ChangeKind::TargetGroupRedated | ChangeKind::TrainingRedated => {
            item.created_at = Some(moved);
        }
        _ => {
            item.edits += 1;
            item.edited_at = Some(now);
        }
    }
    Ok(Change {
        company: Some(world.company_id(company)),
        item: Some(id),
        ..asked.clone()
    })
}

fn next_id(world: &World, company: u32, kind: ChangeKind) -> String {
    if is_about_groups(kind) {
        world.next_target_group_id(company)
    } else {
        world.next_training_id(company)
    }
}

/// A widget shows something else of one month.
pub fn revalue_widget(world: &mut World, asked: &Change) -> Result<Change, String> {
    let month = match &asked.month {
        None => Period::month_of(world.last_day()),
        Some(text) => NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
            .map(Period::month_of)
            .map_err(|_| format!("`{text}` is not a month such as 2026-06"))?,
    };
    for company in choose::companies(world, asked)? {
        if !choose::is_readable(world, company) {
            continue;
        }
        let widgets = world.widgets(company);
        for nth in choose::around(widgets.len() as u32, asked.dice().with(2)) {
            let kind = widgets[nth as usize].kind;
            let wanted = asked.item.as_deref();
            if wanted.is_some_and(|wanted| wanted != kind.widget_type) {
                continue;
            }
            let shown = |world: &World| format!("{:?}", world.widget_rows(company, kind, month));
            let before = shown(world);
            for edits in 1..=TRIES {
                let mut next = world.clone();
                let changes = next.company_changes(company);
                *changes
                    .widgets
                    .entry((kind.widget_type, month.start))
                    .or_default() += edits;
                if shown(&next) != before {
                    *world = next;
                    return Ok(Change {
                        company: Some(world.company_id(company)),
                        item: Some(kind.widget_type.to_owned()),
                        month: Some(month.start.format("%Y-%m").to_string()),
                        ..asked.clone()
                    });
                }
            }
        }
    }
    Err(nothing(asked))
}

/// An executive report goes.
pub fn remove_report(world: &mut World, asked: &Change) -> Result<Change, String> {
    for company in choose::companies(world, asked)? {
        if !choose::is_readable(world, company) {
            continue;
        }
        let reports = world.executive_reports(company);
        for nth in choose::around(reports.len() as u32, asked.dice().with(2)) {
            let report = reports[nth as usize];
            let id = world.executive_report(company, report).id;
            if asked.item.as_ref().is_none_or(|wanted| *wanted == id) {
                let changes = world.company_changes(company);
                changes.removed_reports.insert(report);
                return Ok(Change {
                    company: Some(world.company_id(company)),
                    item: Some(id),
                    ..asked.clone()
                });
            }
        }
    }
    Err(nothing(asked))
}
