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
fn on_average_a_sync_fits_its_hour_and_nothing_grows_older_than_full_every() {
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
    let begin: DateTime<Utc> = "2026-03-02T06:00:00Z".parse().expect("an instant");
    let per_second = PER_HOUR as f64 / 3_600.0;
    let mut simulation = Simulation::new(&size, &settings.sync, per_second, begin);
    let first = simulation.sync();
    assert_eq!(first.requests[&Resource::Users], 50 * 20 * 5);
    let mut walked = 0;
    // What became due during the first load.
    let second = simulation.sync();
    assert!(second.begun_at > begin);
    simulation.oldest = Oldest::default();

    let (mut runs, mut fit, mut rolling) = (0, 0, 0);
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
    let full_every = TimeDelta::from_std(settings.sync.full_every).expect("a period");
    assert!(oldest.any <= full_every, "{} h", oldest.any.num_hours());
    let hours = (simulation.now() - begin).num_hours().unsigned_abs();
    let mean = requests / hours;
    assert!(walked > 0 && rolling > 50 * 20);
    assert!(
        mean < PER_HOUR * 8 / 10,
        "{mean} of {PER_HOUR} requests an hour"
    );
    assert!(fit * 10 > runs * 7, "{fit} of {runs} fit");
}
