//! Which rows stand where: the computed ones in their order, without those that left, with those
//! that came in between. What is kept grows with the comings and goings, not with the rows.

use std::collections::BTreeSet;

use crate::simulator::world::changes::Address;

/// The rows that are there, in order.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    runs: Vec<Run>,
    count: u32,
}

/// Neighbours in the order whose positions are neighbours too.
#[derive(Debug, Clone, Copy)]
struct Run {
    rank: u32,
    position: u32,
}

impl Roster {
    /// The rows `0..count` without the absent ones, and with the placed ones: each with the row it
    /// stands before, its address, which decides among those before the same row, and its position.
    pub fn new(
        count: u32,
        absent: impl Iterator<Item = u32>,
        placed: &[(u32, Address, u32)],
    ) -> Self {
        let absent: BTreeSet<u32> = absent.collect();
        let mut roster = Self::default();
        let mut absent = absent.into_iter().peekable();
        let mut next = 0;
        let mut fill = |roster: &mut Self, end: u32| {
            while let Some(gap) = absent.next_if(|&gap| gap < end) {
                roster.push(next, gap - next);
                next = gap + 1;
            }
            if next < end {
                roster.push(next, end - next);
                next = end;
            }
        };
        for &(before, _, position) in placed {
            fill(&mut roster, before.min(count));
            roster.push(position, 1);
        }
        fill(&mut roster, count);
        roster
    }

    fn push(&mut self, position: u32, length: u32) {
        if length > 0 {
            self.runs.push(Run {
                rank: self.count,
                position,
            });
            self.count += length;
        }
    }

    /// How many rows there are.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The position of the row that stands at `rank`, counted from zero.
    pub fn position(&self, rank: u32) -> u32 {
        let behind = self.runs.partition_point(|run| run.rank <= rank);
        let run = self.runs[behind.saturating_sub(1)];
        run.position + (rank - run.rank)
    }
}

#[cfg(test)]
mod tests {
    use std::iter::empty;

    use super::*;

    fn rows(roster: &Roster) -> Vec<u32> {
        (0..roster.count())
            .map(|rank| roster.position(rank))
            .collect()
    }

    fn behind(anchor: u32, number: u32) -> Address {
        Address { anchor, number }
    }

    #[test]
    fn rows_leave_and_come_in_between_and_the_others_keep_their_order() {
        assert_eq!(rows(&Roster::new(0, empty(), &[])), [0; 0]);
        assert_eq!(rows(&Roster::new(3, empty(), &[])), [0, 1, 2]);
        assert_eq!(rows(&Roster::new(4, [0, 3].into_iter(), &[])), [1, 2]);
        let placed = [
            (0, behind(0, 1), 7),
            (2, behind(1, 1), 5),
            (2, behind(1, 2), 6),
            (4, behind(9, 1), 2),
        ];
        let roster = Roster::new(4, [2, 1].into_iter(), &placed);
        assert_eq!(rows(&roster), [7, 0, 5, 6, 3, 2]);
        assert_eq!(roster.count(), 6);
    }
}
