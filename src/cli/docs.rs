//! `keepnet-etl docs`: writes the documents that come from code and catalog.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::Failure;
use crate::app::App;
use crate::documents;

/// Arguments of `docs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl docs                     rewrite docs/ and dbt/ of this folder
  keepnet-etl docs --check             only say which files are out of date; ends with 1 if some are
  keepnet-etl docs --out /tmp/keepnet  write them elsewhere

Tables and views are described as the database describes them, after it was migrated.")]
pub struct DocsArgs {
    /// The folder in which they are written
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Write nothing; say what is out of date
    #[arg(long)]
    check: bool,
}

/// Writes the documents, or compares them.
pub async fn run(app: &App, args: &DocsArgs) -> Result<ExitCode, Failure> {
    let warehouse = app.open().await?;
    warehouse.migrate().await?;
    let documents = documents::all(&warehouse.pool).await;
    warehouse.pool.close().await;
    let mut stale = 0;
    for document in documents? {
        let path = args.out.join(document.path);
        if std::fs::read_to_string(&path).is_ok_and(|stored| stored == document.text) {
            continue;
        }
        stale += 1;
        if args.check {
            println!("{} is out of date", path.display());
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("could not create {}", folder.display()))?;
        }
        std::fs::write(&path, document.text)
            .with_context(|| format!("could not write {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    if stale == 0 {
        println!("all documents are up to date");
    }
    Ok(ExitCode::from(u8::from(args.check && stale > 0)))
}
