//! The steps of learning paths.

use crate::simulator::words;
use crate::simulator::world::{EnrollmentKind, Salt, World};

/// A step of a learning path.
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
        if self.kind(company, enrollment) != EnrollmentKind::LearningPath {
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
    pub fn steps(&self, company: u32, enrollment: u32) -> Vec<Step> {
        let count = self.step_count(company, enrollment);
        let dice = self.enrollment_dice(company, enrollment).on(Salt::Steps);
        let mut steps: Vec<Step> = (1..=count)
            .map(|number| {
                let throw = dice.with(16 + u64::from(number));
                let lacks_id = number == count && count > 2 && throw.one_in(3);
                Step {
                    number: i64::from(number),
                    id: (!lacks_id).then(|| self.guid(company, enrollment, number)),
                    // Two steps may share a name.
                    training_name: throw.pick(&words::SUBJECTS[..4]),
                    type_name: (!lacks_id)
                        .then(|| throw.with(1).pick(&["SCORM", "Poster", "SCORM"])),
                    awards_certificate: (!lacks_id).then(|| throw.with(2).one_in(2)),
                    has_quiz: (!lacks_id).then(|| throw.with(3).one_in(6)),
                }
            })
            .collect();
        if !steps.is_empty() {
            steps.rotate_left(1);
        }
        steps
    }

    /// The id a step of a learning path has, even where the summary leaves it out.
    pub(super) fn step_id(&self, company: u32, enrollment: u32, number: u8) -> String {
        self.guid(company, enrollment, number)
    }
}
