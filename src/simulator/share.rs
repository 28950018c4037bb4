//! A part of a whole, written as a percentage.

use std::fmt;
use std::str::FromStr;

/// A share between `0%` and `100%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share(u32);

impl Share {
    /// `percent` of the whole, at most all of it.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self(if percent > 100 { 10_000 } else { percent * 100 })
    }

    /// The share in ten-thousandths.
    #[must_use]
    pub const fn per_ten_thousand(self) -> u32 {
        self.0
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix('%').unwrap_or(text).trim();
        match number.parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => {
                Ok(Self((percent * 100.0).round() as u32))
            }
            _ => Err(format!("`{text}` is not a share such as 20%")),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}%", f64::from(self.0) / 100.0)
    }
}
