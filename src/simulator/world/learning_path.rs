//! The steps of learning paths. Each is an enrollment of its own, sent to the people of its path.

use crate::simulator::dice::Dice;
use crate::simulator::words;
use crate::simulator::world::{Enrollment, EnrollmentKind, EnrollmentPlace, Salt, World};

/// A step of a learning path, as the path's summary tells it.
#[derive(Debug)]
pub struct Step {
    /// Its number, from 1.
    pub number: i64,
    /// Its own enrollment id; one in some steps has none.
    pub id: Option<String>,
    /// What is taught.
    pub training_name: &'static str,
    /// Type of the training; missing where the id is.
    pub type_name: Option<&'static str>,
    /// Whether a certificate is given.
    pub awards_certificate: Option<bool>,
    /// The vendor's mark of a survey.
    pub has_quiz: Option<bool>,
}

impl World {
    /// The number of steps of an enrollment; zero unless it is a learning path.
    pub(super) fn step_count(&self, company: u32, enrollment: u32) -> u8 {
        if self.kind(EnrollmentPlace::whole(company, enrollment)) != EnrollmentKind::LearningPath {
            return 0;
        }
        2 + self
            .enrollment_dice(company, enrollment)
            .on(Salt::Steps)
            .with(1)
            .below(3) as u8
    }

    /// The steps of an enrollment in the vendor's order, which is not that of their numbers.
    #[must_use]
    pub fn steps(&self, place: EnrollmentPlace) -> Vec<Step> {
        if place.is_step() {
            return Vec::new();
        }
        let count = self.step_count(place.company, place.enrollment);
        let mut steps: Vec<Step> = (1..=count)
            .map(|number| {
                let place = place.with_step(number);
                let facts = self.step_enrollment(place);
                let has_id = !self.lacks_id(place, count);
                Step {
                    number: i64::from(number),
                    id: has_id.then_some(facts.id),
                    training_name: facts.training_name,
                    type_name: has_id.then_some(facts.type_text),
                    awards_certificate: has_id.then_some(facts.awards_certificate),
                    has_quiz: has_id.then_some(facts.has_quiz),
                }
            })
            .collect();
        if !steps.is_empty() {
            steps.rotate_left(1);
        }
        steps
    }

    /// The steps of a learning path whose id the summary names.
    pub(super) fn step_places(
        &self,
        path: EnrollmentPlace,
    ) -> impl Iterator<Item = EnrollmentPlace> + '_ {
        let count = self.step_count(path.company, path.enrollment);
        (1..=count)
            .map(move |number| path.with_step(number))
            .filter(move |&place| !self.lacks_id(place, count))
    }

    /// Whether the summary names this enrollment by its id, if it is a step.
    #[must_use]
    pub fn is_known(&self, place: EnrollmentPlace) -> bool {
        let count = self.step_count(place.company, place.enrollment);
        !place.is_step() || !self.lacks_id(place, count)
    }

    fn step_dice(&self, place: EnrollmentPlace) -> Dice {
        self.enrollment_dice(place.company, place.enrollment)
            .on(Salt::Steps)
            .with(16 + u64::from(place.step))
    }

    fn lacks_id(&self, place: EnrollmentPlace, count: u8) -> bool {
        place.step == count && count > 2 && self.step_dice(place).one_in(3)
    }

    pub(super) fn step_kind(&self, place: EnrollmentPlace) -> EnrollmentKind {
        let dice = self.step_dice(place);
        match dice.with(1).below(6) {
            0 | 1 => EnrollmentKind::Poster,
            2 => EnrollmentKind::Survey,
            _ if dice.with(3).one_in(4) => EnrollmentKind::HiddenSurvey,
            _ => EnrollmentKind::Training,
        }
    }

    /// A step as an enrollment: what it does not say of itself is as its path has it.
    pub(super) fn step_enrollment(&self, place: EnrollmentPlace) -> Enrollment {
        let path = self.enrollment(place.with_step(0));
        let kind = self.step_kind(place);
        let dice = self.step_dice(place);
        // Two steps may share a name.
        let training_name = dice.pick(&words::SUBJECTS[..4]);
        Enrollment {
            id: self.enrollment_id(place),
            kind,
            type_text: kind.name(),
            has_quiz: kind.is_survey(),
            name: format!("{} / {}: {training_name}", path.name, place.step),
            training_name,
            training_id: format!("trn-{:06}", dice.with(4).below(1_000_000)),
            training_order: Some(i64::from(place.step)),
            awards_certificate: dice.with(2).one_in(2),
            detail_lacks_test: dice.with(5).one_in(12),
            ..path
        }
    }
}
