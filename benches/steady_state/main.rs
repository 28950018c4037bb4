//! Hourly syncs of a large account, in virtual time and by the rules of the real ones: what a run asks for, whether that
//! fits its hour, and how old things get. `cargo bench --bench steady_state -- [COMPANIES [DAYS [PER_SECOND]]]`.

mod dice;
mod simulation;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use keepnet_etl::resource::Resource;
use keepnet_etl::settings::{Settings, Sources};

use simulation::{Oldest, Run, Simulation};
use world::Size;

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().filter_map(|word| word.parse::<f64>().ok());
    let mut word = |default: f64| words.next().unwrap_or(default);
    let (companies, days, per_second) = (word(800.0), word(60.0), word(5.0));
    let size = Size {
        companies: companies as u32,
        enrollments: 20,
        users: 500,
        open_share: 0.2,
        survey_share: 0.15,
    };
    let settings = Settings::load(Sources::from_variables(&[
        ("KEEPNET_ETL__API__CLIENT_ID", "demo"),
        ("KEEPNET_ETL__API__CLIENT_SECRET", "demo"),
    ]))?;
    let begin = "2026-03-02T06:00:00Z".parse::<DateTime<Utc>>()?;
    let mut simulation = Simulation::new(&size, &settings.sync, per_second, begin);
    println!(
        "{companies} companies x {} enrollments x {} users, {:.0} % open, {:.0} % surveys, {per_second} requests/s",
        size.enrollments,
        size.users,
        100.0 * size.open_share,
        100.0 * size.survey_share
    );

    let mut first = vec![simulation.sync()];
    println!(
        "\nfirst load: {} requests, {:.1} hours before users are asked one by one",
        first[0].total(),
        in_days(simulation.now() - begin) * 24.0
    );
    while first.last().is_some_and(|run| run.has_more) {
        first.push(simulation.sync());
    }
    println!(
        "{} runs, {} requests, {:.1} days; meanwhile the oldest of what is open: {:.1} h",
        first.len(),
        first.iter().map(Run::total).sum::<u64>(),
        in_days(simulation.now() - begin),
        in_days(simulation.oldest.open) * 24.0
    );
    table(&first);
    simulation.oldest = Oldest::default();

    let end = simulation.now() + TimeDelta::days(days as i64);
    let mut runs = Vec::new();
    while simulation.now() < end {
        runs.push(simulation.sync());
    }
    let per_hour = (per_second * 3_600.0) as u64;
    report("from then on", &runs, per_hour);
    let steady = runs
        .iter()
        .filter(|run| run.begun_at >= end - TimeDelta::days(days as i64 / 2));
    report(
        "in the second half of it",
        &steady.cloned().collect::<Vec<_>>(),
        per_hour,
    );
    let oldest = simulation.oldest;
    println!(
        "\noldest summary or user report of what is open: {:.1} h",
        in_days(oldest.open) * 24.0
    );
    println!("oldest of all: {:.1} days", in_days(oldest.any));
    Ok(())
}

fn in_days(time: TimeDelta) -> f64 {
    time.as_seconds_f64() / 86_400.0
}

fn report(what: &str, runs: &[Run], per_hour: u64) {
    let fit = runs.iter().filter(|run| run.total() <= per_hour).count();
    println!(
        "\n{what}: {} runs, {:.2} % of them fit {per_hour} requests",
        runs.len(),
        100.0 * fit as f64 / runs.len() as f64
    );
    table(runs);
    let late = (runs.iter()).filter(|run| run.total() > per_hour);
    let at_work = late.filter(|run| world::is_at_work(run.begun_at)).count();
    println!(
        "of those that do not fit, {at_work} of {} begin in working hours",
        runs.len() - fit
    );
    let follow = runs.iter().filter(|run| run.has_more).count();
    println!("{follow} of them leave walks to the next one; those with the most requests:");
    let mut worst: Vec<&Run> = runs.iter().collect();
    worst.sort_by_key(|run| std::cmp::Reverse(run.total()));
    for run in worst.into_iter().take(5) {
        let requests: Vec<String> = (run.requests.iter())
            .filter(|(_, requests)| **requests > 0)
            .map(|(resource, requests)| format!("{} {requests}", resource.name()))
            .collect();
        println!(
            "{}: {}; {} of them in walks",
            run.begun_at
                .with_timezone(&world::ZONE)
                .format("%a %d %b %H:%M"),
            requests.join(", "),
            run.walked
        );
    }
}

fn table(runs: &[Run]) {
    println!("{:<16}{:>10}{:>10}{:>10}", "requests", "mean", "p95", "max");
    let line = |name: &str, of: &dyn Fn(&Run) -> u64| {
        let mut counts: Vec<u64> = runs.iter().map(of).collect();
        counts.sort_unstable();
        let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
        let at = |share: usize| counts[(counts.len() - 1) * share / 100];
        println!("{name:<16}{mean:>10.0}{:>10}{:>10}", at(95), at(100));
    };
    let mut resources: Vec<Resource> = runs
        .iter()
        .flat_map(|run| run.requests.keys().copied())
        .collect();
    resources.sort_unstable();
    resources.dedup();
    for resource in resources {
        line(resource.name(), &|run| {
            run.requests.get(&resource).copied().unwrap_or(0)
        });
    }
    line("(in walks)", &|run| run.walked);
    line("all", &Run::total);
    line("(rolling full)", &|run| run.rolling);
}
