//! The operator's consent to a write.

use std::io::{self, IsTerminal, Write};

use crate::cli::Failure;
use crate::cli::failure::REFUSED;

/// That the operator wants the write that was shown. Its field is private to this file and its constructor to
/// `cli::enroll`, so nothing else in this program can send a write: `api::writes` asks for one.
///
/// ```compile_fail
/// let consent = keepnet_etl::cli::enroll::Consent(());
/// ```
#[derive(Debug)]
pub struct Consent(());

impl Consent {
    /// Fails at once where nobody could be asked later.
    pub(super) fn can_be_given(doing: &str, yes: bool) -> Result<(), Failure> {
        if yes || io::stdin().is_terminal() {
            return Ok(());
        }
        Err(Failure {
            message: format!(
                "could not {doing}: it needs your consent, and standard input is no terminal to ask on"
            ),
            remedy: "look at it with --dry-run, then add --yes".to_owned(),
            code: REFUSED,
        })
    }

    /// By `--yes`, or by the answer to `question`; `None`: refused.
    pub(super) fn obtain(question: &str, yes: bool) -> Result<Option<Self>, Failure> {
        if yes {
            return Ok(Some(Self(())));
        }
        eprint!("{question} [y/N] ");
        io::stderr().flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        let is_yes = ["y", "yes"]
            .iter()
            .any(|word| answer.trim().eq_ignore_ascii_case(word));
        Ok(is_yes.then_some(Self(())))
    }
}
