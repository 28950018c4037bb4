//! Offboards a customer: leaves it out of every sync, exports everything of it, deletes it, and certifies that.
//!
//! That it is left out is committed first, so that no sync that begins later loads it again. Export and deletion are one
//! transaction: what was killed in between is begun anew, and the files of the first try are written over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};

use crate::clock::SharedClock;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::transaction::Transaction;
use crate::warehouse::{offboarding, people, persons, runs};

/// The file that says what was done.
pub const CERTIFICATE: &str = "certificate.json";
/// The file by which a folder with an export that has not ended is known.
const MARKER: &str = "export-of";

/// Why a customer could not be offboarded.
#[derive(Debug, thiserror::Error)]
pub enum OffboardError {
    /// The database failed or refused.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The export could not be written.
    #[error("could not write the export to `{}`: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds something else.
    #[error("could not export to `{}`: it is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The company is not there.
    #[error("could not offboard company {0}: nothing of it is stored")]
    NoCompany(String),
    /// It is the reseller itself.
    #[error("could not offboard company {0}: it is the reseller's own")]
    Reseller(String),
    /// A run is under way.
    #[error("could not offboard the company: run {0} is under way")]
    Running(i64),
    /// It is not offboarded.
    #[error("could not take company {0} back: it is not offboarded")]
    NotOffboarded(String),
}

impl OffboardError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Warehouse(error) => error.remedy(),
            Self::Folder { .. } => {
                "check the path and that this user may write there; nothing was deleted"
            }
            Self::NotEmpty(_) => "name a new or an empty folder with --out",
            Self::NoCompany(_) => "check the id; ids are case-sensitive (see keepnet.companies)",
            Self::Reseller(_) => "name one of its customers",
            Self::Running(_) => "wait for its end, then run it again",
            Self::NotOffboarded(_) => "see keepnet-etl status",
        }
    }
}

/// What is stored of a company, as a plan.
pub async fn plan(
    pool: &PgPool,
    company_id: &str,
) -> Result<(Option<String>, BTreeMap<String, u64>), OffboardError> {
    let mut db = pool.acquire().await.map_err(database)?;
    let account: Option<String> =
        sqlx::query_scalar("select account_id from sync.accounts where account_id = $1")
            .bind(company_id)
            .fetch_optional(&mut *db)
            .await
            .map_err(database)?;
    if account.is_some() {
        return Err(OffboardError::Reseller(company_id.to_owned()));
    }
    let name: Option<Option<String>> =
        sqlx::query_scalar("select name from keepnet.companies where company_id = $1")
            .bind(company_id)
            .fetch_optional(&mut *db)
            .await
            .map_err(database)?;
    let known = offboarding::lookup(pool, company_id)
        .await
        .map_err(database)?;
    if name.is_none() && known.is_none() {
        return Err(OffboardError::NoCompany(company_id.to_owned()));
    }
    let rows = offboarding::count(&mut db, company_id)
        .await
        .map_err(database)?;
    Ok((name.flatten(), rows))
}

/// Offboards the company; gives the certificate. One that was offboarded already gets its certificate again.
pub async fn offboard(
    pool: &PgPool,
    clock: &SharedClock,
    company_id: &str,
    name: Option<&str>,
    actor: &str,
    folder: &Path,
) -> Result<Value, OffboardError> {
    let failed = |source| OffboardError::Folder {
        folder: folder.to_owned(),
        source,
    };
    open_folder(folder, company_id)?;
    let before = offboarding::lookup(pool, company_id)
        .await
        .map_err(database)?;
    if let Some(certificate) = before.and_then(|before| before.certificate) {
        write_certificate(folder, &certificate).map_err(failed)?;
        return Ok(certificate);
    }
    let at = clock.now();
    let is_new = offboarding::exclude(pool, company_id, actor, at)
        .await
        .map_err(database)?;
    if let Some(run) = runs::find_living(pool).await.map_err(database)? {
        if is_new {
            offboarding::include(pool, company_id)
                .await
                .map_err(database)?;
        }
        return Err(OffboardError::Running(run));
    }
    let mut tx = Transaction::begin(pool).await.map_err(database)?;
    persons::take_company(&mut tx, company_id)
        .await
        .map_err(database)?;
    let files = export(&mut tx, company_id, folder).await?;
    let mut deleted = BTreeMap::new();
    for table in offboarding::tables(&mut tx).await.map_err(database)? {
        let rows = offboarding::delete(&mut tx, company_id, &table)
            .await
            .map_err(database)?;
        if rows > 0 {
            deleted.insert(table, rows);
        }
    }
    // The list of companies belongs to the account.
    let missing =
        "delete from sync.missing_rows where resource = 'companies' and $1 = any(row_key)";
    people::execute(&mut tx, company_id, missing)
        .await
        .map_err(database)?;
    let mut all = Sha256::new();
    for file in &files {
        all.update(file["sha256"].as_str().unwrap_or_default());
    }
    let certificate = json!({
        "version": 1,
        "company_id": company_id,
        "name": name,
        "offboarded_at": at,
        "by": actor,
        "deleted": deleted,
        "export": { "files": files, "sha256": hex(&all.finalize()) },
    });
    offboarding::certify(&mut tx, company_id, &certificate)
        .await
        .map_err(database)?;
    tx.commit().await.map_err(database)?;
    write_certificate(folder, &certificate).map_err(failed)?;
    Ok(certificate)
}

/// Lets the next sync load the company again.
pub async fn take_back(pool: &PgPool, company_id: &str) -> Result<(), OffboardError> {
    let was = offboarding::include(pool, company_id)
        .await
        .map_err(database)?;
    was.then_some(())
        .ok_or_else(|| OffboardError::NotOffboarded(company_id.to_owned()))
}

fn database(error: sqlx::Error) -> WarehouseError {
    WarehouseError::from_sqlx("offboard a company", error)
}

/// A new or empty folder, or one with an export of this company that has not ended.
fn open_folder(folder: &Path, company_id: &str) -> Result<(), OffboardError> {
    let failed = |source| OffboardError::Folder {
        folder: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let marker = folder.join(MARKER);
    let is_ours = std::fs::read_to_string(&marker).is_ok_and(|text| text == company_id);
    let is_empty = std::fs::read_dir(folder).map_err(failed)?.next().is_none();
    if !is_ours && !is_empty {
        return Err(OffboardError::NotEmpty(folder.to_owned()));
    }
    std::fs::write(&marker, company_id).map_err(failed)
}

/// One file per table, one row per line; gives name, rows and hash of each.
async fn export(
    db: &mut PgConnection,
    company_id: &str,
    folder: &Path,
) -> Result<Vec<Value>, OffboardError> {
    let failed = |source| OffboardError::Folder {
        folder: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for table in offboarding::tables(db).await.map_err(database)? {
        let name = format!("{table}.jsonl");
        let mut file = BufWriter::new(File::create(folder.join(&name)).map_err(failed)?);
        let mut hash = Sha256::new();
        let rows = offboarding::read(db, company_id, &table, |row| {
            hash.update(row);
            hash.update("\n");
            writeln!(file, "{row}").map_err(|source| Failed(failed(source)))
        })
        .await
        .map_err(|Failed(error)| error)?;
        let file = file
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        if rows == 0 {
            std::fs::remove_file(folder.join(&name)).map_err(failed)?;
            continue;
        }
        files.push(json!({ "file": name, "rows": rows, "sha256": hex(&hash.finalize()) }));
    }
    // The names of the files, too, are on the disk before anything is deleted.
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Ok(files)
}

/// Either kind of failure in the middle of a table.
struct Failed(OffboardError);

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self(database(error).into())
    }
}

fn write_certificate(folder: &Path, certificate: &Value) -> io::Result<()> {
    std::fs::write(folder.join(CERTIFICATE), format!("{certificate:#}\n"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
