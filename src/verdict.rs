//! How a pull ended, in the words that tables and reports use.

use std::fmt;

/// How a pull ended, from best to worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Everything that the API said it holds was read.
    #[default]
    Complete,
    /// The account cannot be given this.
    Unsupported,
    /// More distinct rows were read than the API said it holds.
    Over,
    /// The API's count changed, or a row came twice, while the listing was read.
    Drifted,
    /// Fewer distinct rows were read than the API said it holds.
    Short,
    /// Too many deletions at once; waiting for the operator.
    Held,
    /// The customer or the vendor denies access.
    Forbidden,
    /// It could not be read to the end.
    Failed,
}

impl Verdict {
    /// All of them, from best to worst.
    pub const ALL: [Self; 8] = [
        Self::Complete,
        Self::Unsupported,
        Self::Over,
        Self::Drifted,
        Self::Short,
        Self::Held,
        Self::Forbidden,
        Self::Failed,
    ];

    /// The word used everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Unsupported => "unsupported",
            Self::Over => "over",
            Self::Drifted => "drifted",
            Self::Short => "short",
            Self::Held => "held",
            Self::Forbidden => "forbidden",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
