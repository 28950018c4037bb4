//! `keepnet-etl config`: shows the settings in force.

use std::io::Write;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::settings::{Entry, Settings};

/// Version of the JSON output.
const VERSION: u32 = 1;
const NOT_SET: &str = "(not set)";

/// Arguments of `config`.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What `config` can do.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting, its value in force and where it comes from; secrets are not shown
    #[command(after_help = "Examples:
  keepnet-etl config show
  keepnet-etl --config /etc/keepnet-etl.toml config show --json")]
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl ConfigArgs {
    /// Carries the command out.
    pub fn execute(&self, settings: &Settings, out: &mut dyn Write) -> anyhow::Result<()> {
        match self.command {
            ConfigCommand::Show { json } => show(settings, json, out),
        }
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    version: u32,
    settings: Vec<ShownEntry<'a>>,
}

#[derive(Serialize)]
struct ShownEntry<'a> {
    key: &'a str,
    value: Option<&'a str>,
    source: &'a str,
    secret: bool,
}

/// Writes every key with its value in force and where it comes from, secrets redacted.
pub fn show(settings: &Settings, json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    if json {
        let settings = settings.entries().map(shown).collect();
        serde_json::to_writer_pretty(
            &mut *out,
            &Shown {
                version: VERSION,
                settings,
            },
        )?;
        writeln!(out)?;
        return Ok(());
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["KEY", "VALUE", "FROM"]);
    for entry in settings.entries() {
        let value = entry.value.as_deref().unwrap_or(NOT_SET);
        table.add_row([entry.key, value, &entry.source]);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim())?;
    }
    Ok(())
}

fn shown(entry: &Entry) -> ShownEntry<'_> {
    ShownEntry {
        key: entry.key,
        value: entry.value.as_deref(),
        source: &entry.source,
        secret: entry.is_secret,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Sources;

    fn shown_as(json: bool) -> String {
        let sources = Sources::from_variables(&[
            (
                "DATABASE_URL",
                "postgres://etl:hunter22@db:5432/keepnet?sslpassword=hunter22",
            ),
            ("KEEPNET_ETL__API__CLIENT_SECRET", "hunter22"),
            ("KEEPNET_ETL__PRIVACY__MIN_GROUP", "24"),
            ("KEEPNET_ETL__PRIVACY__ERASURE_LOG", "erased"),
        ]);
        let mut out = Vec::new();
        show(&Settings::load(sources).unwrap(), json, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_says_what_is_in_force_and_from_where() {
        let text = shown_as(false);
        let words = |key: &str| {
            let line = text.lines().find(|line| line.starts_with(key)).unwrap();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words("KEY"), "KEY VALUE FROM");
        assert_eq!(words("api.page_size"), "api.page_size 100 default");
        assert_eq!(words("api.client_id"), "api.client_id (not set) default");
        assert_eq!(
            words("api.client_secret "),
            "api.client_secret (set, not shown) KEEPNET_ETL__API__CLIENT_SECRET"
        );
        assert_eq!(
            words("warehouse.url "),
            "warehouse.url postgres://db:5432/keepnet DATABASE_URL"
        );
        assert_eq!(
            words("privacy.min_group"),
            "privacy.min_group 24 KEEPNET_ETL__PRIVACY__MIN_GROUP"
        );
        assert_eq!(
            words("privacy.erasure_log"),
            "privacy.erasure_log erased KEEPNET_ETL__PRIVACY__ERASURE_LOG"
        );
        assert!(!text.contains("hunter22"));
    }

    #[test]
    fn the_json_carries_its_version() {
        let text = shown_as(true);
        assert!(!text.contains("hunter22"));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["version"], 1);
        let find = |key: &str| {
            let settings = value["settings"].as_array().unwrap();
            settings
                .iter()
                .find(|entry| entry["key"] == key)
                .unwrap()
                .clone()
        };
        assert_eq!(
            find("api.client_secret"),
            serde_json::json!({
                "key": "api.client_secret",
                "value": "(set, not shown)",
                "source": "KEEPNET_ETL__API__CLIENT_SECRET",
                "secret": true,
            })
        );
        assert_eq!(find("api.client_id")["value"], serde_json::Value::Null);
    }
}
