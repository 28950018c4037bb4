//! `docs/cli.md`: the help of every command.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::cli::Cli;

/// Columns of the help texts.
const WIDTH: usize = 100;

/// The document.
pub fn document() -> String {
    let mut text = String::from(
        "# Commands\n\n<!-- Made from the program's own help: `keepnet-etl docs`. -->\n",
    );
    let mut command = Cli::command().term_width(WIDTH);
    command.build();
    describe(&mut text, &command, "keepnet-etl");
    text
}

fn describe(text: &mut String, command: &Command, name: &str) {
    let help = command.clone().term_width(WIDTH).render_long_help();
    let lines: Vec<String> = help
        .to_string()
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    let _ = write!(
        text,
        "\n## {name}\n\n```text\n{}\n```\n",
        lines.join("\n").trim_end()
    );
    for child in command.get_subcommands() {
        if child.get_name() != "help" {
            describe(text, child, &format!("{name} {}", child.get_name()));
        }
    }
}
