//! Chance that is the same in every run.

/// A seeded sequence (splitmix64).
pub struct Dice(u64);

impl Dice {
    /// Starts the sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Anything from 0 up to, but not including, 1.
    pub fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How often something happens that happens `mean` times on average (Poisson).
    pub fn times(&mut self, mean: f64) -> u64 {
        if mean > 30.0 {
            let angle = std::f64::consts::TAU * self.share();
            let normal = (-2.0 * (1.0 - self.share()).ln()).sqrt() * angle.cos();
            return mean.sqrt().mul_add(normal, mean).round().max(0.0) as u64;
        }
        let (limit, mut product, mut times) = ((-mean).exp(), self.share(), 0);
        while product > limit {
            product *= self.share();
            times += 1;
        }
        times
    }
}
