//! The enrollments that clients created: the one thing about this vendor that a client can change.

use std::sync::{Mutex, PoisonError};

use crate::simulator::date::Instant;

/// An enrollment that a client created.
#[derive(Debug, Clone)]
pub struct Created {
    /// The company's index.
    pub company: u32,
    /// The GUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The training.
    pub training_id: String,
    /// The training's name.
    pub training_name: String,
    /// The training's type.
    pub type_text: &'static str,
    /// The vendor's mark of a survey.
    pub has_quiz: bool,
    /// Category, if any.
    pub category: Option<&'static str>,
    /// Language codes.
    pub languages: Vec<&'static str>,
    /// Target groups.
    pub groups: Vec<String>,
    /// Users of these groups.
    pub people: i64,
    /// When it was created.
    pub created_at: Instant,
    /// For when it is scheduled.
    pub scheduled_at: Option<Instant>,
    /// In which zone it was scheduled.
    pub scheduled_time_zone: Option<String>,
    /// By when users should be done.
    pub due_at: Option<Instant>,
    /// Whether a certificate is given.
    pub awards_certificate: bool,
    /// Whether it is a test.
    pub is_test: bool,
    /// How often it was sent.
    pub times_sent: u32,
}

impl Created {
    /// Its status as displayed.
    pub const fn status(&self) -> &'static str {
        if self.times_sent > 0 {
            "Sending"
        } else {
            "Scheduled"
        }
    }
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub struct CreatedBook(Mutex<Vec<Created>>);

impl CreatedBook {
    /// Adds one and gives it its id.
    pub fn add(&self, created: Created) -> Created {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = format!("c0ffee00-0000-4000-8000-{:012x}", book.len() + 1);
        let created = Created { id, ..created };
        book.push(created.clone());
        created
    }

    /// Those of a company.
    pub fn of(&self, company: u32) -> Vec<Created> {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_theirs = |created: &&Created| created.company == company;
        book.iter().filter(is_theirs).cloned().collect()
    }

    /// The one with this id, if it is the company's.
    pub fn find(&self, company: u32, id: &str) -> Option<Created> {
        self.of(company)
            .into_iter()
            .find(|created| created.id == id)
    }

    /// Notes that it was sent.
    pub fn send(&self, id: &str) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for created in book.iter_mut().filter(|created| created.id == id) {
            created.times_sent += 1;
        }
    }
}
