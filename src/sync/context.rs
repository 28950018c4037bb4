//! What all parts of a run share.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::OnceCell;

use super::memory::Extent;
use super::report::Progress;
use super::rhythm::Rhythm;
use super::selection::{Selection, asks_users};
use crate::api::endpoints::enrollments::{Enrollment, EnrollmentList};
use crate::api::{ApiError, Client};
use crate::clock::SharedClock;
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::users::TrainingTypes;
use crate::extract::widgets::PeriodDialects;
use crate::privacy::Policy;
use crate::resource::Resource;
use crate::settings::Settings;
use crate::warehouse::leases::Holder;
use crate::warehouse::quarantine::UnknownField;

/// How long after its begin a run still walks through users: the first load takes days of that, and what is open must not
/// grow old meanwhile. The next run looks at that first, and then goes on.
const WALKS_FOR: Duration = Duration::from_mins(45);
/// How long after its begin a run reads reports again only because their counts changed, so that an hourly run fits its
/// hour when much changes at once.
const CHANGES_FOR: Duration = Duration::from_mins(30);

/// What all parts of a run share.
pub struct RunContext<'r> {
    /// The run as holder of claims.
    pub holder: Holder,
    /// The account; mostly the id of the reseller's own company.
    pub account_id: &'r str,
    /// The API.
    pub client: Client,
    /// The database.
    pub pool: &'r PgPool,
    /// The time.
    pub clock: SharedClock,
    /// Set when the run is to end.
    pub stop: &'r AtomicBool,
    /// Who watches.
    pub progress: &'r dyn Progress,
    /// What is pulled.
    pub selection: Selection,
    /// How much of it.
    pub extent: Extent,
    /// When it is due again.
    pub rhythm: Rhythm,
    /// Missing rows are marked deleted, however many they are.
    pub accepts_deletions: bool,
    /// What is configured.
    pub settings: &'r Settings,
    /// What is stored about people.
    pub policy: Arc<Policy>,
    /// Scopes of one company worked on at once.
    pub concurrency: usize,
    /// How training types are named.
    pub training_types: TrainingTypes,
    /// How periods are named.
    pub period_dialects: PeriodDialects,
    /// Members without a column that were reported.
    pub unknown_fields: Mutex<HashSet<UnknownField>>,
    /// Customers that left.
    pub offboarded: HashSet<String>,
    /// Companies that were forbidden before.
    pub forbidden_before: HashSet<String>,
    /// Since when it works, if it leaves something to the next run when that is long.
    pub(super) yields_since: Option<Instant>,
    /// It did.
    pub(super) has_more: AtomicBool,
    /// What the two listings of the reseller's own company show, once somebody had to know.
    pub(super) own_enrollments: [OnceCell<HashSet<String>>; 2],
}

impl RunContext<'_> {
    /// True when nothing is left out of any company.
    #[must_use]
    pub fn is_about_everything(&self) -> bool {
        self.selection.is_everything()
            && !matches!(
                self.extent,
                Extent::Backfill { from: Some(_), .. } | Extent::Backfill { to: Some(_), .. }
            )
    }

    /// Whether walks through the users of surveys are left to the next run.
    #[must_use]
    pub fn leaves_walks(&self) -> bool {
        self.has_worked_for(WALKS_FOR)
    }

    /// Whether reports whose counts changed are left to the next run.
    #[must_use]
    pub fn leaves_changes(&self) -> bool {
        self.has_worked_for(CHANGES_FOR)
    }

    fn has_worked_for(&self, time: Duration) -> bool {
        self.yields_since
            .is_some_and(|since| since.elapsed() >= time)
    }

    /// Takes note that something is left to the next run.
    pub fn leave_some(&self) {
        self.has_more.store(true, Ordering::Relaxed);
    }

    /// Whether users of an enrollment are asked for `resource` one by one.
    #[must_use]
    pub fn asks_users(&self, resource: Resource, enrollment: &EnrollmentRef) -> bool {
        asks_users(self.settings, &self.selection, resource, enrollment)
    }

    /// The enrollments that a listing of the reseller's own company shows; none when the service refuses it: then it has
    /// nothing that could be taken for another's.
    pub async fn own_enrollments(
        &self,
        list: EnrollmentList,
    ) -> Result<&HashSet<String>, ApiError> {
        let read = async || {
            let mut listing = self.client.company(self.account_id).enrollments(list);
            let mut ids = HashSet::new();
            loop {
                match listing.next().await {
                    Ok(Some(page)) => {
                        let enrollments: Vec<Enrollment> = page.items;
                        ids.extend(enrollments.into_iter().map(|enrollment| enrollment.id));
                    }
                    Ok(None) => return Ok(ids),
                    Err(error) if error.kind.is_refused() => return Ok(HashSet::new()),
                    Err(error) => return Err(error),
                }
            }
        };
        let [active, archive] = &self.own_enrollments;
        let of_list = match list {
            EnrollmentList::Active => active,
            EnrollmentList::Archive => archive,
        };
        of_list.get_or_try_init(read).await
    }
}
