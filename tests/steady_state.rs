//! What the rules ask of the service in the long run, counted in virtual time for a small account of the usual make-up.

#[path = "../benches/steady_state/dice.rs"]
mod dice;
#[path = "../benches/steady_state/simulation.rs"]
mod simulation;
#[path = "../benches/steady_state/world.rs"]
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use keepnet_etl::resource::Resource;
use keepnet_etl::settings::{Settings, Sources};

use simulation::{Oldest, Simulation};
use world::Size;

/// Of the 18,000 requests of an hour, the share of 50 companies of 800.
const PER_HOUR: u64 = 18_000 / 16;

#[test]
fn nearly_all_syncs_fit_their_hour_and_nothing_grows_older_than_promised() {
    let size = Size {
        companies: 50,
        enrollments: 20,
        users: 500,
        open_share: 0.2,
        survey_share: 0.15,
    };
    let settings = Settings::load(Sources::from_variables(&[
        ("KEEPNET_ETL__API__CLIENT_ID", "demo"),
        ("KEEPNET_ETL__API__CLIENT_SECRET", "demo"),
    ]))
    .expect("settings");
    let delta = |period| TimeDelta::from_std(period).expect("a period");
    let max_staleness = delta(settings.sync.max_staleness);
    let begin: DateTime<Utc> = "2026-03-02T06:00:00Z".parse().expect("an instant");
    let per_second = PER_HOUR as f64 / 3_600.0;
    let mut simulation = Simulation::new(&size, &settings.sync, per_second, begin);
    let first = simulation.sync();
    assert_eq!(first.requests[&Resource::Users], 50 * 20 * 5);
    // Users are asked one by one when everything else is there, in several runs.
    assert!(first.has_more && first.walked == 0);
    while simulation.sync().has_more {}
    let open = simulation.oldest.open;
    assert!(open <= max_staleness, "{} min", open.num_minutes());
    simulation.oldest = Oldest::default();

    let (mut runs, mut fit, mut walked, mut rolling) = (0, 0, 0, 0);
    let (begin, mut requests) = (simulation.now(), 0);
    while simulation.now() < begin + TimeDelta::days(40) {
        let run = simulation.sync();
        runs += 1;
        fit += u64::from(run.total() <= PER_HOUR);
        requests += run.total();
        walked += run.walked;
        rolling += run.rolling;
    }
    let oldest = simulation.oldest;
    let (any, open) = (oldest.any, oldest.open);
    assert!(
        any <= delta(settings.sync.full_every),
        "{} h",
        any.num_hours()
    );
    assert!(open <= max_staleness, "{} min", open.num_minutes());
    let hours = (simulation.now() - begin).num_hours().unsigned_abs();
    let mean = requests / hours;
    assert!(walked > 0 && rolling > 50 * 20);
    assert!(
        mean < PER_HOUR * 3 / 4,
        "{mean} of {PER_HOUR} requests an hour"
    );
    assert!(fit * 100 > runs * 98, "{fit} of {runs} fit");
}
