//! The status page, made on the server. It shows; to act, it names the command.
//!
//! Everything on it comes from `status`, so that page and command never disagree. It shows companies and counts, and no
//! person: what was received, where it failed item by item, and the service's own words stay with the commands.

mod aside;
mod companies;
mod moment;
mod picture;
mod plan;
mod runs;
mod standing;
mod trouble;
mod verdict;
mod wording;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};
use tracing::error;

use super::Shared;
use super::asset::{ICON, SCRIPT, STYLE};
use super::forecaster::{Patience, Prediction};
use super::snapshot::Snapshot;
use crate::daemon::liveness::Role;
use crate::settings::Settings;
use crate::warehouse::migrate;
use crate::warehouse::status::{CompanyStatus, RunStatus, Status};
use standing::Standing;
use verdict::{Tone, Verdict};

/// What the page is made of.
struct View<'v> {
    settings: &'v Settings,
    now: DateTime<Utc>,
    role: Role,
    snapshot: &'v Snapshot,
    prediction: &'v Prediction,
    /// How each company stands, in the order of `status.companies`.
    standings: Vec<Standing>,
}

impl<'v> View<'v> {
    fn status(&self) -> &'v Status {
        &self.snapshot.status
    }

    /// Every company and how it stands.
    fn companies(&self) -> impl Iterator<Item = (&'v CompanyStatus, Standing)> {
        let companies = self.snapshot.status.companies.iter();
        companies.zip(self.standings.iter().copied())
    }

    fn count(&self, standing: Standing) -> usize {
        self.standings.iter().filter(|it| **it == standing).count()
    }

    /// The run under way.
    fn running(&self) -> Option<&'v RunStatus> {
        self.status()
            .runs
            .iter()
            .find(|run| run.outcome == "running")
    }

    /// The last run that is over.
    fn last_run(&self) -> Option<&'v RunStatus> {
        self.status()
            .runs
            .iter()
            .find(|run| run.outcome != "running")
    }

    /// The name of a company, or its id.
    fn name(&self, company_id: &'v str) -> &'v str {
        let companies = &self.status().companies;
        let known = companies.iter().find(|it| it.company_id == company_id);
        known
            .and_then(|it| it.name.as_deref())
            .unwrap_or(company_id)
    }
}

/// Serves the page.
pub(super) async fn serve(State(shared): State<Shared>) -> Response {
    let state = &shared.state;
    let snapshot = match shared.snapshot().await {
        Ok(snapshot) => snapshot,
        Err(reason) => {
            error!(error = %reason, "could not read the status for the page");
            let verdict = match migrate::state(&state.pool).await {
                Ok(schema) if schema.applied < schema.known => Verdict::schema_missing(),
                Ok(_) | Err(_) => Verdict::unreachable(),
            };
            let now = state.clock.now();
            let body = document(&verdict, state.liveness.role(), now, &html! {});
            return (StatusCode::SERVICE_UNAVAILABLE, HTML, body.into_string()).into_response();
        }
    };
    let prediction = shared.forecaster.get(Patience::Short).await;
    let now = state.clock.now();
    let companies = snapshot.status.companies.iter();
    let standing = |company| Standing::of(company, &state.settings.sync, now);
    let view = View {
        settings: &state.settings,
        now,
        role: state.liveness.role(),
        standings: companies.map(standing).collect(),
        snapshot: &snapshot,
        prediction: &prediction,
    };
    (HTML, page(&view).into_string()).into_response()
}

const HTML: [(axum::http::HeaderName, &str); 1] = [(CONTENT_TYPE, "text/html; charset=utf-8")];

fn page(view: &View) -> Markup {
    let verdict = Verdict::of(view);
    let sections = html! {
        @if verdict.tone != Tone::Empty {
            @if verdict.tone == Tone::Trouble { (trouble::section(view)) }
            (runs::current(view))
            (picture::section(view))
            @if verdict.tone != Tone::Trouble { (trouble::section(view)) }
            div.columns {
                (plan::cycle(view))
                (plan::next(view))
                (plan::account(view))
            }
            (trouble::access(view))
            (aside::section(view))
            (runs::last(view))
            (companies::section(view))
        } @else {
            div.columns { (plan::next(view)) }
        }
    };
    document(&verdict, view.role, view.now, &sections)
}

/// The frame that every page has.
fn document(verdict: &Verdict, role: Role, now: DateTime<Utc>, sections: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (verdict.title) " · keepnet-etl" }
                link rel="icon" href=(ICON.path);
                link rel="stylesheet" href=(STYLE.path);
                script defer src=(SCRIPT.path) {}
            }
            body {
                header {
                    p.product { "keepnet-etl" }
                    p.as-of {
                        "as of "
                        time datetime=(now.format("%Y-%m-%dT%H:%M:%SZ")) {
                            (now.format("%Y-%m-%d %H:%M:%S UTC"))
                        }
                        " · this instance is " strong { (role) }
                    }
                }
                main {
                    section class={ "verdict " (verdict.tone.class()) } aria-labelledby="verdict" {
                        h1 #verdict { (verdict.sentence) }
                        @for line in &verdict.details { p { (line) } }
                    }
                    (sections)
                }
                footer {
                    p {
                        "keepnet-etl " (env!("CARGO_PKG_VERSION"))
                        ". This page shows, commands act: "
                        code { "keepnet-etl status" } " tells the same on a terminal, "
                        a href="/status.json" { "status.json" } " to machines."
                    }
                }
            }
        }
    }
}
