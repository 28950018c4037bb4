//! The trainings that a company can choose from.

use std::ops::Range;

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::words;
use crate::simulator::world::company::distinct;
use crate::simulator::world::{DAY, EnrollmentPlace, HOUR, Salt, World};

/// How many trainings a company has, of which the first are those that enrollments name.
const TRAININGS: u32 = 12;
const ENROLLED_TRAININGS: u32 = 9;

/// The trainings that are the same in every company come last.
const SHARED: Range<u32> = TRAININGS - 2..TRAININGS;

const TYPES: &[&str] = &["SCORM", "Poster", "Infographic", "Learning Path", "Survey"];
const COMPLIANCES: &[&str] = &["ISO 27001", "GDPR", "KVKK", "PCI DSS, 4.0"];
const AVAILABLE_FOR: &[&str] = &["All Companies", "My Companies"];
const VENDORS: &[&str] = &["Example Academy", "Örnek Yayıncılık"];
const LEVELS: &[&str] = &["Beginner", "Intermediate", "Advanced"];

/// One training of the library.
#[derive(Debug)]
pub struct Training {
    /// The id; the vendor's own trainings have the same one in every company.
    pub id: String,
    /// The name; not unique.
    pub name: String,
    /// What it is about.
    pub description: Option<&'static str>,
    /// The type as this listing spells it.
    pub type_text: &'static str,
    /// Category, if any.
    pub category: Option<&'static str>,
    /// The deprecated text of the audience.
    pub target_audience: Option<&'static str>,
    /// Difficulty.
    pub level: Option<&'static str>,
    /// Duration as displayed.
    pub duration: Option<String>,
    /// The vendor's mark of a survey.
    pub has_quiz: bool,
    /// Who made it.
    pub vendor_name: Option<&'static str>,
    /// Who added it.
    pub created_by: String,
    /// Whether the company added it itself.
    pub is_own: bool,
    /// Whether an enrollment names it.
    pub is_enrolled: bool,
    /// When it was added.
    pub created_at: Instant,
    /// Whether it is marked as new.
    pub is_new: bool,
    /// Whether it is a favourite.
    pub is_favourite: bool,
    /// Whether the company can change it.
    pub is_editable: bool,
    /// Language codes.
    pub languages: Vec<&'static str>,
    /// Tags; none where the member is left out.
    pub tags: Option<Vec<&'static str>>,
    /// Standards it helps to meet.
    pub compliances: Vec<&'static str>,
    /// Who can use it.
    pub available_for: Vec<&'static str>,
    /// Roles it is made for.
    pub roles: Vec<(i64, &'static str, &'static str)>,
    /// Where its picture is, if it has one.
    pub cover_image_url: Option<String>,
}

impl World {
    /// The trainings of a company, in order of creation. Those that enrollments name are among
    /// them, but not all.
    #[must_use]
    pub fn trainings(&self, company: u32) -> Vec<Training> {
        let changes = self.changed_company(company);
        let added = changes.map_or(0, |changes| changes.added_trainings);
        let mut trainings: Vec<Training> = (0..TRAININGS + added)
            .map(|training| self.training(company, training))
            .filter_map(|mut training| {
                let change = changes.and_then(|changes| changes.trainings.get(&training.id));
                if let Some(change) = change {
                    training.created_at = change.created_at.unwrap_or(training.created_at);
                    if change.edits > 0 {
                        training.name = format!("{}, v{}", training.name, change.edits + 1);
                        training.is_favourite ^= change.edits % 2 == 1;
                    }
                }
                let is_removed = change.is_some_and(|change| change.is_removed);
                (!is_removed).then_some(training)
            })
            .collect();
        trainings.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        // Enrollments of the same training name the same id.
        let mut seen = Vec::new();
        trainings.retain(|training| {
            let is_first = !seen.contains(&training.id);
            seen.push(training.id.clone());
            is_first
        });
        trainings
    }

    /// The id that the next training to be added will have.
    pub(in crate::simulator) fn next_training_id(&self, company: u32) -> String {
        let changes = self.changed_company(company);
        let added = changes.map_or(0, |changes| changes.added_trainings);
        own_id(company, TRAININGS + added)
    }

    fn training(&self, company: u32, training: u32) -> Training {
        let is_shared = SHARED.contains(&training);
        let dice = if is_shared {
            self.dice.on(Salt::Training).with(u64::from(training))
        } else {
            self.company_dice(company)
                .on(Salt::Training)
                .with(u64::from(training))
        };
        let is_enrolled = training < ENROLLED_TRAININGS.min(self.options.enrollments);
        let quirk = dice.on(Salt::Quirk);
        let subject = dice.on(Salt::Name).pick(words::SUBJECTS);
        let (id, name, type_text, has_quiz) = if is_enrolled {
            let facts = self.enrollment(EnrollmentPlace::whole(company, training));
            let name = facts.training_name.to_owned();
            (facts.training_id, name, facts.type_text, facts.has_quiz)
        } else if is_shared {
            let id = format!("trn-shared-{training:02}");
            (id, format!("{subject} (library)"), "SCORM", false)
        } else {
            let type_text = dice.on(Salt::Kind).pick(TYPES);
            let name = format!("{subject}, part {}", training + 1);
            (
                own_id(company, training),
                name,
                type_text,
                type_text == "Survey",
            )
        };
        let is_own = !is_shared && !quirk.one_in(3);
        Training {
            id,
            name,
            description: (!quirk.with(1).one_in(4)).then_some("What to know,\nand \"what to do\""),
            type_text,
            category: (!quirk.with(2).one_in(5)).then(|| quirk.with(3).pick(words::CATEGORIES)),
            target_audience: quirk.with(4).one_in(4).then_some("All Employees"),
            level: (!quirk.with(5).one_in(3)).then(|| quirk.with(6).pick(LEVELS)),
            duration: (!quirk.with(7).one_in(3))
                .then(|| format!("{} min", 5 + quirk.with(8).below(40))),
            has_quiz,
            vendor_name: (!is_own).then(|| quirk.with(9).pick(VENDORS)),
            created_by: if is_own {
                self.first_company_name(company)
            } else {
                "System".to_owned()
            },
            is_own,
            is_enrolled,
            created_at: self.training_created_at(company, training, dice.on(Salt::Created)),
            is_new: quirk.with(10).one_in(5),
            is_favourite: quirk.with(11).one_in(4),
            is_editable: is_own,
            languages: distinct(dice.on(Salt::Languages), words::LANGUAGES, 3),
            tags: (!quirk.with(12).one_in(4))
                .then(|| distinct(dice.on(Salt::Tags), words::TAGS, 2)),
            compliances: distinct(quirk.with(13), COMPLIANCES, 2),
            available_for: distinct(quirk.with(14), AVAILABLE_FOR, 2),
            roles: distinct(dice.on(Salt::Roles), words::ROLES, 2),
            cover_image_url: (!quirk.with(15).one_in(4))
                .then(|| format!("https://cdn.example.com/covers/{training}.png")),
        }
    }

    /// Neighbours are added in the same minute; shared ones are older than any company.
    fn training_created_at(&self, company: u32, training: u32, dice: Dice) -> Instant {
        if SHARED.contains(&training) {
            return self.minute(self.end - 1_200 * DAY + i64::from(training) * HOUR);
        }
        let added = self.founded_at(company) + i64::from(training / 2) * DAY;
        self.minute(added + dice.below(2) as i64 * HOUR)
    }
}

fn own_id(company: u32, training: u32) -> String {
    format!("trn-own-{company:06}-{training:02}")
}
