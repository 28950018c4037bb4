//! The resources by name: one kind of thing that is pulled, as commands, tables and reports call it.

use std::fmt;
use std::str::FromStr;

/// One kind of thing that is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The companies of the reseller.
    Companies,
    /// The enrollments of a company, the archive included.
    Enrollments,
    /// The settings of one enrollment.
    Details,
    /// The counts of one enrollment.
    Summaries,
    /// The per-user report of one enrollment.
    Users,
}

impl Resource {
    /// All resources that this version pulls, in the order in which they depend on each other.
    pub const ALL: [Self; 5] = [
        Self::Companies,
        Self::Enrollments,
        Self::Details,
        Self::Summaries,
        Self::Users,
    ];

    /// The name used everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::Enrollments => "enrollments",
            Self::Details => "details",
            Self::Summaries => "summaries",
            Self::Users => "users",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no resource.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no resource of this version; give one of: companies, enrollments, details, summaries, users"
)]
pub struct UnknownResource(String);

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|resource| resource.name() == word)
            .ok_or_else(|| UnknownResource(word.to_owned()))
    }
}
