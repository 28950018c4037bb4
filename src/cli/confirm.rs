//! Asking before something that cannot be undone. What is sent to the vendor has a consent of its own, see `enroll`.

use std::io::{self, IsTerminal, Write};

use super::Failure;
use super::failure::REFUSED;

/// Fails at once where nobody could be asked later.
pub fn can_be_asked(doing: &str, yes: bool) -> Result<(), Failure> {
    if yes || io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure {
        message: format!(
            "could not {doing}: it has to be confirmed, and standard input is no terminal to ask on"
        ),
        remedy: "look at it with --dry-run, then add --yes".to_owned(),
        code: REFUSED,
    })
}

/// Whether it is to be done: by `--yes`, or by the answer to `question`.
pub fn confirm(question: &str, yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"]
        .iter()
        .any(|word| answer.trim().eq_ignore_ascii_case(word)))
}
