//! Erases one person: hashes first into the log of erasures, then, in one transaction per company, into `sync.erasures`,
//! with everything that is stored of the person taken out. Whoever works on the company loses the right to write it, so
//! nothing that was received before comes after.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};

use crate::clock::SharedClock;
use crate::privacy::log::{self, LogError, LoggedErasure};
use crate::privacy::{Erased, Field, Guard, Identity, Key, KeyError, Policy};
use crate::settings::PersonalData;
use crate::warehouse::erasures::{self, Erasure};
use crate::warehouse::error::WarehouseError;
use crate::warehouse::persons::{self, Person, Rows};
use crate::warehouse::transaction::Transaction;

/// Who is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Who has, or had, this e-mail address, in whatever case.
    Email(String),
    /// The target user of this id.
    TargetUser(String),
}

/// Why somebody could not be erased.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The database failed or refused.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The log of erasures failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A masked address names nobody.
    #[error("could not find the person: a masked address may be that of several people")]
    Masked,
    /// The address is none.
    #[error("could not find the person: this is no e-mail address")]
    NoAddress,
    /// No addresses are stored.
    #[error("could not find the person by the address: with privacy.email = drop none is stored")]
    NoAddresses,
    /// The company is not there.
    #[error("could not find company {0}: nothing of it is stored")]
    NoCompany(String),
    /// Hashes of the log, or of the database, were made with another key.
    #[error(
        "could not use the key of privacy.key_file: {0} hashes of erased people were made with another one"
    )]
    OtherKey(i64),
}

impl ForgetError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Warehouse(error) => error.remedy(),
            Self::Key(error) => error.remedy(),
            Self::Log(_) => {
                "check the path of privacy.erasure_log and that this user may write it; nothing was erased"
            }
            Self::Masked | Self::NoAddresses => "name the person by --target-user",
            Self::NoAddress => "write it as name@example.com, or name the person by --target-user",
            Self::NoCompany(_) => "check --company; ids are case-sensitive (see keepnet.companies)",
            Self::OtherKey(_) => "configure the key that they were erased with",
        }
    }
}

/// What is, or was, stored of a person in one company.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Found {
    /// The company.
    pub company_id: String,
    /// The ids of the vendor under which the person is stored.
    pub target_users: BTreeSet<String>,
    /// Rows per table, with its schema.
    pub rows: BTreeMap<String, u64>,
}

/// Erases one person, or says what is stored.
pub struct Forgetting<'f> {
    /// The database.
    pub pool: &'f PgPool,
    /// The settings.
    pub policy: &'f Arc<Policy>,
    /// The time.
    pub clock: &'f SharedClock,
    /// The log of erasures, if one is kept.
    pub log: Option<&'f Path>,
}

impl Forgetting<'_> {
    fn key(&self) -> Result<&Key, ForgetError> {
        let missing = || KeyError::Missing {
            doing: "forget a person".to_owned(),
        };
        Ok(self.policy.key().ok_or_else(missing)?)
    }

    /// The companies that `asked` names; all, when it names none.
    pub async fn companies(&self, asked: &[String]) -> Result<Vec<String>, ForgetError> {
        let known: Vec<String> =
            sqlx::query_scalar("select company_id from keepnet.companies order by company_id")
                .fetch_all(self.pool)
                .await
                .map_err(database)?;
        if let Some(unknown) = asked.iter().find(|company| !known.contains(company)) {
            return Err(ForgetError::NoCompany(unknown.clone()));
        }
        Ok(known
            .into_iter()
            .filter(|company| asked.is_empty() || asked.contains(company))
            .collect())
    }

    /// Fails when the person cannot be found like this.
    pub async fn check(&self, whom: &Whom) -> Result<(), ForgetError> {
        let check = self.key()?.check();
        let others = erasures::count_of_other_keys(self.pool, Some(&check)).await?;
        if others > 0 {
            return Err(ForgetError::OtherKey(others));
        }
        match whom {
            Whom::Email(address) if address.contains('*') => Err(ForgetError::Masked),
            Whom::Email(address) if !address.contains('@') => Err(ForgetError::NoAddress),
            Whom::Email(_) if self.policy.choice(Field::Email) == PersonalData::Drop => {
                Err(ForgetError::NoAddresses)
            }
            Whom::Email(_) | Whom::TargetUser(_) => Ok(()),
        }
    }

    /// Finds the person in a company, with the guard that knows them.
    async fn find(
        &self,
        db: &mut PgConnection,
        company_id: &str,
        whom: &Whom,
    ) -> Result<(Person, Vec<(Identity, String)>), sqlx::Error> {
        let wanted = match whom {
            Whom::Email(address) => (Identity::Email, address.as_str()),
            Whom::TargetUser(id) => (Identity::Id, id.as_str()),
        };
        let erased = Erased::new(self.policy.erasure(company_id, wanted.0, wanted.1));
        let person = persons::find(db, company_id, |id, email| match whom {
            Whom::Email(_) => erased.has_person(self.policy, company_id, None, email),
            Whom::TargetUser(wanted) => id == wanted,
        })
        .await?;
        let mut known_by: Vec<(Identity, String)> = persons::identities(&person)
            .into_iter()
            .map(|(identity, value)| (identity, value.to_owned()))
            .collect();
        known_by.push((wanted.0, wanted.1.to_owned()));
        Ok((person, known_by))
    }

    fn hashes(&self, company_id: &str, known_by: &[(Identity, String)]) -> Vec<(Identity, String)> {
        let hashes = known_by.iter().filter_map(|(identity, value)| {
            let hash = self.policy.erasure(company_id, *identity, value)?;
            Some((*identity, hash))
        });
        let unique: BTreeMap<String, Identity> =
            hashes.map(|(identity, hash)| (hash, identity)).collect();
        unique
            .into_iter()
            .map(|(hash, identity)| (identity, hash))
            .collect()
    }

    fn guard(&self, company_id: &str, hashes: &[(Identity, String)]) -> Guard {
        let erased = Erased::new(hashes.iter().map(|(_, hash)| hash.clone()));
        Guard::new(Arc::clone(self.policy), company_id, erased)
    }

    /// Everything that is stored of the person in a company.
    pub async fn read(&self, company_id: &str, whom: &Whom) -> Result<(Found, Rows), ForgetError> {
        let read = async {
            let mut tx = Transaction::begin(self.pool).await?;
            let (person, known_by) = self.find(&mut tx, company_id, whom).await?;
            let guard = self.guard(company_id, &self.hashes(company_id, &known_by));
            let rows = person.read(&mut tx, company_id, &guard).await?;
            tx.rollback().await?;
            Ok((person, rows))
        };
        let (person, rows) = read.await.map_err(database)?;
        let count = |rows: &Vec<serde_json::Value>| rows.len() as u64;
        let found = Found {
            company_id: company_id.to_owned(),
            target_users: person.ids,
            rows: rows
                .iter()
                .map(|(table, rows)| (table.clone(), count(rows)))
                .collect(),
        };
        Ok((found, rows))
    }

    /// Erases the person in a company.
    pub async fn forget(&self, company_id: &str, whom: &Whom) -> Result<Found, ForgetError> {
        let key_check = self.key()?.check();
        let at = self.clock.now();
        let mut tx = Transaction::begin(self.pool).await.map_err(database)?;
        persons::take_company(&mut tx, company_id)
            .await
            .map_err(database)?;
        let (person, known_by) = self
            .find(&mut tx, company_id, whom)
            .await
            .map_err(database)?;
        let hashes = self.hashes(company_id, &known_by);
        let logged: Vec<LoggedErasure> = hashes
            .iter()
            .map(|(identity, hash)| LoggedErasure {
                at,
                company_id: company_id.to_owned(),
                identity: identity.name().to_owned(),
                hash: hash.clone(),
                key_check: key_check.clone(),
            })
            .collect();
        // The log first: what is in it and was not done is done by the next replay.
        if let Some(file) = self.log {
            log::append(file, &logged)?;
        }
        let rows = self
            .take_out(&mut tx, company_id, &person, &hashes, &key_check, at)
            .await
            .map_err(database)?;
        tx.commit().await.map_err(database)?;
        Ok(Found {
            company_id: company_id.to_owned(),
            target_users: person.ids,
            rows,
        })
    }

    async fn take_out(
        &self,
        db: &mut PgConnection,
        company_id: &str,
        person: &Person,
        hashes: &[(Identity, String)],
        key_check: &str,
        at: DateTime<Utc>,
    ) -> Result<BTreeMap<String, u64>, sqlx::Error> {
        let erased: Vec<Erasure> = hashes
            .iter()
            .map(|(identity, hash)| Erasure {
                company_id: company_id.to_owned(),
                identity: *identity,
                hash: hash.clone(),
                key_check: key_check.to_owned(),
                at,
            })
            .collect();
        erasures::record(db, &erased).await?;
        let guard = self.guard(company_id, hashes);
        person.delete(db, company_id, &guard).await
    }

    /// Erases again whom the log names: after a backup was restored they are back. Gives what was found, per company.
    pub async fn replay(&self, file: &Path) -> Result<Vec<Found>, ForgetError> {
        let key_check = self.key()?.check();
        let logged = log::read(file)?;
        let others = logged
            .iter()
            .filter(|one| one.key_check != key_check)
            .count();
        if others > 0 {
            return Err(ForgetError::OtherKey(
                i64::try_from(others).unwrap_or(i64::MAX),
            ));
        }
        let mut by_company: BTreeMap<&str, Vec<(Identity, String)>> = BTreeMap::new();
        for one in &logged {
            if let Some(identity) = one.identity() {
                let hashes = by_company.entry(&one.company_id).or_default();
                hashes.push((identity, one.hash.clone()));
            }
        }
        let at = self.clock.now();
        let mut all = Vec::new();
        for (company_id, hashes) in by_company {
            let erased = Erased::new(hashes.iter().map(|(_, hash)| hash.clone()));
            let replay = async {
                let mut tx = Transaction::begin(self.pool).await?;
                persons::take_company(&mut tx, company_id).await?;
                let person = persons::find(&mut tx, company_id, |id, email| {
                    erased.has_person(self.policy, company_id, Some(id), email)
                })
                .await?;
                let rows = self
                    .take_out(&mut tx, company_id, &person, &hashes, &key_check, at)
                    .await?;
                tx.commit().await?;
                Ok(Found {
                    company_id: company_id.to_owned(),
                    target_users: person.ids,
                    rows,
                })
            };
            all.push(replay.await.map_err(database)?);
        }
        Ok(all)
    }
}

fn database(error: sqlx::Error) -> WarehouseError {
    WarehouseError::from_sqlx("forget a person", error)
}
