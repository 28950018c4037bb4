//! The vendor's own export arrives whole or not at all.

use std::path::Path;

use keepnet_etl::api::ApiErrorKind;
use keepnet_etl::api::download::{DownloadError, FileKind};
use serde_json::Value;
use tokio::fs::File;
use wiremock::ResponseTemplate;

use crate::support::TestApp;
use crate::support::database;
use crate::support::program::Program;
use crate::support::simulator::Simulator;
use crate::support::vendor::{ALPHA, Vendor, export, ok};

const WORLD: &[&str] = &[
    "--companies",
    "2",
    "--enrollments",
    "30",
    "--users",
    "2",
    "--survey-share",
    "50%",
];

/// A vendor with these faults, the program before it, and the ids of a company's listed enrollments with their names.
async fn stage(faults: &[&str]) -> (Simulator, Program, String, Vec<Value>) {
    let simulator = Simulator::start(WORLD);
    let program = Program::between(simulator.url(), &database::empty().await);
    let rows = simulator.truth("enrollments").await;
    let company = rows[0]["company_id"].as_str().unwrap().to_owned();
    let is_listed = |row: &Value| {
        row["company_id"] == *company && row["is_archived"] == false && row["is_step"] != true
    };
    let listed = rows.into_iter().filter(is_listed).collect();
    for fault in faults {
        simulator.fault(fault).await;
    }
    (simulator, program, company, listed)
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn all_pages_are_saved_or_those_of_one_type() {
    let (simulator, program, company, listed) = stage(&[]).await;
    let program = program.set("api.page_size", "5");
    let line = format!("export-enrollments --company {company} --format");
    let output = program.run(&format!("{line} csv --out all.csv"));
    assert_eq!(output.code, 0, "{output:#?}");
    let csv = std::fs::read_to_string(program.folder().join("all.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + listed.len());
    assert!(listed.len() > 10, "there are several pages");
    assert_eq!(
        output.stdout,
        format!("wrote {} bytes to all.csv\n", thousands(csv.len()))
    );
    for enrollment in &listed {
        let name = enrollment["name"].as_str().unwrap().replace('"', "\"\"");
        assert!(csv.contains(&format!("\"{name}\",")), "{name}");
    }

    let output = program.run(&format!(
        "{line} csv --type survey --out surveys.csv --json"
    ));
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.json()["file"], "surveys.csv");
    let csv = std::fs::read_to_string(program.folder().join("surveys.csv")).unwrap();
    let surveys = listed.iter().filter(|row| row["type"] == "Survey").count();
    assert!(surveys > 0);
    assert_eq!(csv.lines().count(), 1 + surveys);

    let output = program.run(&format!("{line} excel --out all.xlsx"));
    assert_eq!(output.code, 0, "{output:#?}");
    let workbook = std::fs::read(program.folder().join("all.xlsx")).unwrap();
    assert!(workbook.starts_with(b"PK\x03\x04"));
    assert_eq!(
        files(program.folder()),
        ["all.csv", "all.xlsx", "surveys.csv"]
    );
    assert_eq!(simulator.contract().await["total"], 0);
}

fn thousands(number: usize) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{},{:03}", number / 1_000, number % 1_000)
    }
}

#[tokio::test]
async fn a_file_that_exists_is_overwritten_only_by_force() {
    let (simulator, program, company, _) = stage(&[]).await;
    let kept = program.folder().join("kept.csv");
    std::fs::write(&kept, "mine").unwrap();
    let line = format!("export-enrollments --company {company} --format csv --out kept.csv");
    let output = program.run(&line);
    assert_eq!(
        output.failure(),
        "error: could not write kept.csv: it exists\n  to do: give another --out, or add --force to overwrite it"
    );
    assert_eq!(output.code, 2);
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "mine");
    assert_eq!(
        simulator.requests().await["total"],
        0,
        "it is refused at once"
    );
    assert_eq!(program.run(&format!("{line} --force")).code, 0);
    assert!(
        std::fs::read_to_string(&kept)
            .unwrap()
            .starts_with("\"Name\",")
    );
    assert_eq!(files(program.folder()), ["kept.csv"]);
    for (out, why) in [
        ("none/a.csv", "its folder does not exist"),
        (".", "it is a folder"),
    ] {
        let line =
            format!("export-enrollments --company {company} --format csv --out {out} --force");
        let output = program.run(&line);
        assert_eq!(output.code, 2, "{output:#?}");
        assert!(output.failure().contains(why), "{output:#?}");
    }
}

#[tokio::test]
async fn a_refused_export_leaves_nothing_behind_and_keeps_what_was_there() {
    let (_simulator, program, company, _) = stage(&["export:400"]).await;
    std::fs::write(program.folder().join("kept.csv"), "mine").unwrap();
    let line =
        format!("export-enrollments --company {company} --format csv --out kept.csv --force");
    let output = program.run(&line);
    assert_ne!(output.code, 0, "{output:#?}");
    assert!(
        output.failure().starts_with(
            "error: could not export the enrollments: the service rejected the request (HTTP 400"
        ),
        "{output:#?}"
    );
    assert_eq!(files(program.folder()), ["kept.csv"]);
    let kept = std::fs::read_to_string(program.folder().join("kept.csv")).unwrap();
    assert_eq!(kept, "mine");
}

#[tokio::test]
async fn an_export_that_broke_off_is_received_again_from_its_beginning() {
    let (simulator, program, company, listed) = stage(&["export:reset:times=1"]).await;
    let line = format!("export-enrollments --company {company} --format csv --out all.csv");
    let output = program.run(&line);
    assert_eq!(output.code, 0, "{output:#?}");
    let csv = std::fs::read_to_string(program.folder().join("all.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + listed.len());
    assert_eq!(csv.matches("\"Name\",").count(), 1);
    assert_eq!(simulator.requests().await["endpoints"]["export"], 2);
}

#[tokio::test]
async fn what_is_no_file_is_an_error_whatever_the_status_says() {
    let csv = || ResponseTemplate::new(200);
    for (answer, status, what, message) in [
        (
            ok(r#"{"status":"FAILED","message":"Something failed"}"#),
            200,
            "JSON",
            "Something failed",
        ),
        (
            csv().set_body_raw(
                r#"{"isSuccess":false,"messages":["Not allowed"]}"#,
                "text/csv",
            ),
            200,
            "JSON",
            "Not allowed",
        ),
        (
            csv().set_body_raw("<html>down</html>", "text/html"),
            200,
            "a web page",
            "",
        ),
        (csv().set_body_raw("", "text/csv"), 200, "empty", ""),
        (
            ResponseTemplate::new(202).set_body_raw("Name,Type\r\n", "text/csv"),
            202,
            "only a promise",
            "",
        ),
    ] {
        let vendor = Vendor::start().await;
        vendor.on(export(), answer).await;
        let nowhere = sqlx::PgPool::connect_lazy("postgres://nobody@localhost/nothing").unwrap();
        let app = TestApp::with_pool(nowhere, &vendor.url(), &[]);
        let mut file = File::from_std(tempfile::tempfile().unwrap());
        let company = app.client().company(ALPHA);
        let received = company
            .export_enrollments(FileKind::Csv, None, &mut file)
            .await;
        let Err(DownloadError::Api(error)) = received else {
            panic!("{what} was taken for a file")
        };
        assert_eq!(
            error.kind,
            ApiErrorKind::NotAFile {
                status,
                what,
                expected: "a CSV file",
                message: message.to_owned(),
            }
        );
        assert_eq!(file.metadata().await.unwrap().len(), 0);
    }
}
