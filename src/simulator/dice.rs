//! Hashing in place of memory: every value of the world is a function of its coordinates.

use crate::simulator::Share;

/// A point in the hash space; derive children with [`Dice::with`], read it with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    /// The root of everything that is computed from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(finalize(seed ^ 0x6b65_6570_6e65_7421))
    }

    /// The child of this point along `part`.
    pub const fn with(self, part: u64) -> Self {
        let step = part.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self(finalize(self.0 ^ step))
    }

    /// The 64 bits of this point.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// A number from `0` to `count - 1`; zero when there is nothing to choose from.
    pub const fn below(self, count: u64) -> u64 {
        ((self.0 as u128 * count as u128) >> 64) as u64
    }

    /// True once in `count` points.
    pub const fn one_in(self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// True in this share of the points.
    pub const fn hits(self, share: Share) -> bool {
        self.below(10_000) < share.per_ten_thousand() as u64
    }

    /// One of `items`, which must not be empty.
    pub const fn pick<T: Copy>(self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }
}

/// The finalizer of splitmix64.
pub const fn finalize(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
