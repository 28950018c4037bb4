//! Changes of the world: what can change, and how a change that leaves something open is made
//! definite. A change stays until its inverse.

mod catalogue;
mod choose;
mod company;
mod enrollment;
mod step;
mod user;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use step::step;

use crate::simulator::dice::Dice;
use crate::simulator::world::World;

/// What can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A user's status in one enrollment; who came to the end does not go back.
    UserStatus,
    /// A user completes a survey.
    SurveyCompleted,
    /// A user who completed a survey answers it again.
    SecondSession,
    /// A user leaves one enrollment.
    UserRemoved,
    /// A user who left an enrollment is in it again, as before.
    UserReturned,
    /// A user is in one enrollment who was not: the one that is named, else a new one.
    UserAdded,
    /// A user's e-mail becomes another one in one enrollment, and stands elsewhere in its order.
    UserAddress,
    /// A person's last name: in one enrollment if it is named, else in those created from now on.
    PersonRenamed,
    /// A person's department, likewise.
    PersonMoved,
    /// A new enrollment, the newest one, to which nobody has responded.
    EnrollmentAdded,
    /// From the active listing to the archive.
    EnrollmentArchived,
    /// From the archive to the active listing.
    EnrollmentRestored,
    /// Gone from both, with its reports.
    EnrollmentPurged,
    /// There again after a purge.
    EnrollmentReturned,
    /// Another name.
    EnrollmentRenamed,
    /// Another status in the listing.
    EnrollmentStatus,
    /// Another time of creation, and with it another place in the listing.
    EnrollmentRedated,
    /// A new company.
    CompanyAdded,
    /// Another name.
    CompanyRenamed,
    /// The reseller no longer has it: not listed, every call in its scope answers 403.
    CompanyGone,
    /// The reseller has it again.
    CompanyReturned,
    /// It denies access.
    CompanyDenied,
    /// It grants access again.
    CompanyGranted,
    /// Its licensed and counted users.
    CompanyNumbers,
    /// Another time of creation, and with it another place in the listing.
    CompanyRedated,
    /// A new target group.
    TargetGroupAdded,
    /// Its number of users.
    TargetGroupChanged,
    /// It is gone.
    TargetGroupRemoved,
    /// Another time of creation, and with it another place in the listing.
    TargetGroupRedated,
    /// A new training.
    TrainingAdded,
    /// Its name, and whether it is a favourite.
    TrainingChanged,
    /// It is gone.
    TrainingRemoved,
    /// Another time of creation, and with it another place in the listing.
    TrainingRedated,
    /// What a widget shows of one month.
    WidgetValues,
    /// An executive report is gone.
    ReportRemoved,
}

impl ChangeKind {
    /// Whether it is about something in a company, or a company that is there.
    pub const fn is_in_company(self) -> bool {
        !matches!(self, Self::CompanyAdded)
    }

    /// Whether it is about an enrollment that is there, or about a user of one.
    pub const fn is_in_enrollment(self) -> bool {
        matches!(
            self,
            Self::UserStatus
                | Self::SurveyCompleted
                | Self::SecondSession
                | Self::UserRemoved
                | Self::UserReturned
                | Self::UserAdded
                | Self::UserAddress
                | Self::PersonRenamed
                | Self::PersonMoved
                | Self::EnrollmentArchived
                | Self::EnrollmentRestored
                | Self::EnrollmentPurged
                | Self::EnrollmentReturned
                | Self::EnrollmentRenamed
                | Self::EnrollmentStatus
                | Self::EnrollmentRedated
        )
    }
}

/// One change. What it leaves open is chosen by its seed from whatever fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What changes.
    pub kind: ChangeKind,
    /// The company's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The id of the enrollment, or of a step that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment: Option<String>,
    /// The user's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The id of the target group, training or executive report, or the type of the widget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The new name of an enrollment or a company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The type of a new enrollment.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// The month of widget values, such as 2026-06.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Whether a new enrollment is in the archive from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Whether the report tells a new status as the last interaction; it does unless this is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_last_interaction: Option<bool>,
    /// Chooses what is left open.
    #[serde(default)]
    pub seed: u64,
}

impl Change {
    /// A change of this kind that leaves everything open.
    pub const fn new(kind: ChangeKind, seed: u64) -> Self {
        Self {
            kind,
            company: None,
            enrollment: None,
            user: None,
            item: None,
            name: None,
            status: None,
            type_name: None,
            month: None,
            archived: None,
            moves_last_interaction: None,
            seed,
        }
    }

    /// Reads a change; the error says what is wrong with it.
    pub fn read(value: &Value) -> Result<Self, String> {
        Self::deserialize(value).map_err(|error| error.to_string())
    }

    /// The change as it was read.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What is thrown to choose what is left open.
    const fn dice(&self) -> Dice {
        Dice::new(self.seed).with(self.kind as u64)
    }
}

/// Applies a change and gives it with what was left open filled in. The world is as before if the
/// change cannot be applied.
pub fn apply(world: &mut World, asked: &Change) -> Result<Change, String> {
    use ChangeKind as Kind;

    match asked.kind {
        Kind::UserStatus | Kind::SurveyCompleted => user::set_status(world, asked),
        Kind::SecondSession => user::answer_again(world, asked),
        Kind::UserRemoved => user::remove(world, asked),
        Kind::UserReturned => user::bring_back(world, asked),
        Kind::UserAdded => user::add(world, asked),
        Kind::UserAddress => user::readdress(world, asked),
        Kind::PersonRenamed | Kind::PersonMoved => user::redescribe(world, asked),
        Kind::EnrollmentAdded => enrollment::add(world, asked),
        Kind::EnrollmentReturned => enrollment::bring_back(world, asked),
        Kind::EnrollmentArchived
        | Kind::EnrollmentRestored
        | Kind::EnrollmentPurged
        | Kind::EnrollmentRenamed
        | Kind::EnrollmentStatus
        | Kind::EnrollmentRedated => enrollment::change(world, asked),
        Kind::CompanyAdded => company::add(world, asked),
        Kind::CompanyRenamed
        | Kind::CompanyGone
        | Kind::CompanyReturned
        | Kind::CompanyDenied
        | Kind::CompanyGranted
        | Kind::CompanyNumbers
        | Kind::CompanyRedated => company::change(world, asked),
        Kind::TargetGroupAdded
        | Kind::TargetGroupChanged
        | Kind::TargetGroupRemoved
        | Kind::TargetGroupRedated
        | Kind::TrainingAdded
        | Kind::TrainingChanged
        | Kind::TrainingRemoved
        | Kind::TrainingRedated => catalogue::change(world, asked),
        Kind::WidgetValues => catalogue::revalue_widget(world, asked),
        Kind::ReportRemoved => catalogue::remove_report(world, asked),
    }
}
