//! `keepnet-etl export-enrollments`: the API's own CSV or Excel export of a company's enrollment list.
//!
//! The file is received beside its place and moved there when it is whole, so a broken export leaves nothing behind,
//! and what is there already stays unless `--force` says otherwise.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use tempfile::NamedTempFile;
use tokio::fs::File;

use super::Failure;
use super::enroll::Customer;
use super::failure::REFUSED;
use super::table::grouped;
use crate::api::CompanyClient;
use crate::api::download::{DownloadError, FileKind};
use crate::app::App;

/// Arguments of `export-enrollments`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl export-enrollments --company aB3dE5gH7jK9 --format csv --out all.csv
  keepnet-etl export-enrollments --company aB3dE5gH7jK9 --format excel --type survey \\
      --out surveys.xlsx --force")]
pub struct ExportEnrollmentsArgs {
    /// The company (id)
    #[arg(long, value_name = "ID")]
    company: String,
    /// The format of the file
    #[arg(long, value_enum)]
    format: Format,
    /// Only enrollments of this type
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    kind: Option<Kind>,
    /// Where to save it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Excel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Training,
    Survey,
    Poster,
    Infographic,
    LearningPath,
}

impl Kind {
    /// The name in requests.
    const fn wire(self) -> &'static str {
        match self {
            Self::Training => "SCORM",
            Self::Survey => "Survey",
            Self::Poster => "Poster",
            Self::Infographic => "Infographic",
            Self::LearningPath => "LearningPath",
        }
    }
}

/// Saves the export.
pub async fn run(app: &App, args: &ExportEnrollmentsArgs) -> Result<ExitCode, Failure> {
    let target = Target::reserve(&args.out, args.force)?;
    let customer = Customer::find(app, &args.company).await?;
    let kind = match args.format {
        Format::Csv => FileKind::Csv,
        Format::Excel => FileKind::Excel,
    };
    let bytes = target
        .fill(&customer.api, kind, args.kind.map(Kind::wire))
        .await?;
    let file = args.out.display().to_string();
    if args.json {
        let json = serde_json::json!({
            "version": 1, "company_id": customer.id(), "file": file, "bytes": bytes,
        });
        println!("{json}");
    } else {
        println!("wrote {} bytes to {file}", grouped(bytes));
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a file will be, and the temporary one beside it.
struct Target<'a> {
    path: &'a Path,
    part: NamedTempFile,
    is_forced: bool,
}

impl<'a> Target<'a> {
    fn reserve(path: &'a Path, is_forced: bool) -> Result<Self, Failure> {
        if path.is_dir() {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(unwritable(path, &error));
        }
        if !is_forced && path.symlink_metadata().is_ok() {
            return Err(unwritable(path, &io::ErrorKind::AlreadyExists.into()));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let part = tempfile::Builder::new()
            .prefix(".keepnet-etl-")
            .suffix(".part")
            // As any file of this user; the library's own choice is private files.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(|error| unwritable(path, &error))?;
        Ok(Self {
            path,
            part,
            is_forced,
        })
    }

    async fn fill(
        self,
        api: &CompanyClient,
        kind: FileKind,
        enrollment_type: Option<&str>,
    ) -> Result<u64, Failure> {
        let Self {
            path,
            part,
            is_forced,
        } = self;
        let handle = part.reopen().map_err(|error| unwritable(path, &error))?;
        let mut file = File::from_std(handle);
        let bytes = api
            .export_enrollments(kind, enrollment_type, &mut file)
            .await
            .map_err(|error| match error {
                DownloadError::Api(error) => error.into(),
                DownloadError::File(error) => unwritable(path, &error),
            })?;
        let moved = if is_forced {
            part.persist(path)
        } else {
            part.persist_noclobber(path)
        };
        moved.map_err(|error| unwritable(path, &error.error))?;
        Ok(bytes)
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let (why, remedy) = match error.kind() {
        io::ErrorKind::AlreadyExists => (
            "it exists".to_owned(),
            "give another --out, or add --force to overwrite it",
        ),
        io::ErrorKind::IsADirectory => (
            "it is a folder".to_owned(),
            "give the name of a file as --out",
        ),
        io::ErrorKind::NotFound => (
            "its folder does not exist".to_owned(),
            "create the folder, or give another --out",
        ),
        _ => (
            error.to_string(),
            "give an --out that this user may write, on a disk with free space",
        ),
    };
    Failure {
        message: format!("could not write {}: {why}", path.display()),
        remedy: remedy.to_owned(),
        code: REFUSED,
    }
}
