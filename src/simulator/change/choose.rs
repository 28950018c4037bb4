//! Finding what a change is about: what it names, or the first thing that fits from a place that
//! its seed chooses.

use crate::simulator::change::Change;
use crate::simulator::dice::Dice;
use crate::simulator::world::{EnrollmentPlace, ReportBase, World};

/// All numbers below `count`, beginning anywhere.
pub fn around(count: u32, dice: Dice) -> impl Iterator<Item = u32> {
    let first = dice.below(u64::from(count)) as u32;
    (first..count).chain(0..first)
}

/// One of `items` that is not `current`, which some item must differ from.
pub fn other<T: Copy + PartialEq>(items: &[T], current: T, dice: Dice) -> T {
    around(items.len() as u32, dice)
        .map(|nth| items[nth as usize])
        .find(|item| *item != current)
        .unwrap_or(current)
}

/// The error when nothing fits.
pub fn nothing(change: &Change) -> String {
    format!("nothing that is there fits {}", change.to_json())
}

/// Whether the data of a company can be read.
pub fn is_readable(world: &World, company: u32) -> bool {
    company != world.root() && !world.is_gone(company) && !world.is_denied(company)
}

/// The companies a change may be about.
pub fn companies(world: &World, change: &Change) -> Result<Vec<u32>, String> {
    match &change.company {
        Some(id) => world
            .company_index(id)
            .map(|company| vec![company])
            .ok_or_else(|| format!("there is no company {id}")),
        None => {
            let indexes = around(world.company_indexes(), change.dice());
            Ok(indexes.filter(|&index| index != world.root()).collect())
        }
    }
}

/// A company that fits.
pub fn company(world: &World, change: &Change, fits: impl Fn(u32) -> bool) -> Result<u32, String> {
    companies(world, change)?
        .into_iter()
        .find(|&company| company != world.root() && fits(company))
        .ok_or_else(|| nothing(change))
}

/// The enrollments of readable companies a change may be about: those that `of_company` gives, or
/// the one it names.
pub fn places<'a>(
    world: &'a World,
    change: &Change,
    of_company: impl Fn(u32) -> Vec<EnrollmentPlace> + 'a,
) -> Result<Box<dyn Iterator<Item = EnrollmentPlace> + 'a>, String> {
    if let Some(id) = &change.enrollment {
        let place = world
            .place(id)
            .filter(|&place| world.is_known(place))
            .ok_or_else(|| format!("there is no enrollment {id}"))?;
        let company = world.company_id(place.company);
        if change.company.as_ref().is_some_and(|id| *id != company) {
            return Err(format!("enrollment {id} is not one of that company"));
        }
        return Ok(Box::new([place].into_iter()));
    }
    let dice = change.dice().with(1);
    let companies = companies(world, change)?.into_iter();
    let readable = companies.filter(|&company| is_readable(world, company));
    Ok(Box::new(readable.flat_map(move |company| {
        let places = of_company(company);
        let order: Vec<u32> = around(places.len() as u32, dice).collect();
        order.into_iter().map(move |nth| places[nth as usize])
    })))
}

/// A row that fits, with the place whose report has it.
pub fn row(
    world: &World,
    change: &Change,
    fits: impl Fn(&ReportBase, u32) -> bool,
) -> Result<(EnrollmentPlace, u32), String> {
    let dice = change.dice().with(2);
    let of_company = |company| world.places(company).collect();
    for place in places(world, change, of_company)? {
        if world.is_purged(place) {
            continue;
        }
        let base = world.report_base(place);
        let found = match &change.user {
            Some(id) => world
                .person_index(place.company, id)
                .and_then(|person| world.position_of(place, person))
                .filter(|&position| fits(&base, position)),
            None => around(base.count(), dice)
                .map(|rank| base.position(rank))
                .find(|&position| fits(&base, position)),
        };
        if let Some(position) = found {
            return Ok((place, position));
        }
    }
    Err(nothing(change))
}
