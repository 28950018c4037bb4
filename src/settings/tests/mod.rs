//! The settings as a whole: layers, unknown and malformed keys, secrets.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

mod secrets;

/// Loads a configuration file of this text below these variables.
fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("keepnet.toml");
    std::fs::write(&path, toml).unwrap();
    Settings::load(Sources {
        config_file: Some(path),
        ..Sources::from_variables(variables)
    })
}

fn from_variables(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::load(Sources::from_variables(variables))
}

fn message(result: Result<Settings, SettingsError>) -> String {
    result.unwrap_err().to_string()
}

fn url_of(settings: &Settings) -> String {
    settings
        .warehouse
        .url
        .as_ref()
        .unwrap()
        .read()
        .unwrap()
        .expose_secret()
        .to_owned()
}

fn source_of(settings: &Settings, key: &str) -> String {
    settings
        .entries()
        .find(|entry| entry.key == key)
        .unwrap()
        .source
        .clone()
}

#[test]
fn the_defaults_alone_load() {
    let settings = from_variables(&[]).unwrap();
    assert_eq!(
        settings.api.base_url.as_str(),
        "https://api.keepnetlabs.com/"
    );
    assert_eq!(settings.api.page_size, 100);
    assert_eq!(settings.api.max_concurrency, 8);
    assert!((settings.api.max_requests_per_second - 5.0).abs() < f64::EPSILON);
    assert_eq!(settings.api.daily_requests, None);
    assert_eq!(settings.api.timeout, Duration::from_secs(100));
    assert_eq!(settings.api.max_response_bytes, 64 << 20);
    assert_eq!(settings.api.date_format, DateFormatSetting::Auto);
    assert_eq!(settings.api.time_zone, chrono_tz::UTC);
    assert!(settings.warehouse.url.is_none());
    assert_eq!(settings.warehouse.embedded, Embedded::Auto);
    assert_eq!(settings.warehouse.data_dir, PathBuf::from("./var/postgres"));
    assert_eq!(settings.warehouse.max_connections, 8);
    assert!(!settings.warehouse.allow_plaintext);
    assert!(settings.sync.companies_include.is_empty());
    assert!((settings.sync.max_deletions - 0.2).abs() < f64::EPSILON);
    assert_eq!(settings.sync.max_staleness, Duration::from_secs(24 * 3600));
    assert_eq!(settings.schedule.sync.as_deref(), Some("0 0 * * * *"));
    assert_eq!(settings.schedule.full, None);
    assert_eq!(settings.privacy.custom_fields, CustomFields::All);
    assert_eq!(settings.log.level, "info");
    assert!(
        settings
            .entries()
            .all(|entry| entry.source == "default" && !entry.is_changed)
    );
}

#[test]
fn what_the_daemon_need_not_do_can_be_switched_off() {
    let off = ["schedule.sync", "http.listen"].map(variable);
    let settings = from_variables(&[(&off[0], "off"), (&off[1], "off")]).unwrap();
    assert_eq!(settings.schedule.sync, None);
    assert_eq!(settings.http.listen, None);
}

#[test]
fn every_promised_key_is_known() {
    let promised = "api.base_url api.client_id api.client_secret api.client_secret_file \
        api.page_size api.max_concurrency api.max_requests_per_second api.daily_requests \
        api.timeout api.ca_file api.proxy api.max_response_bytes api.date_format api.time_zone \
        api.allow_http warehouse.url warehouse.url_file warehouse.embedded warehouse.data_dir \
        warehouse.max_connections warehouse.allow_plaintext sync.companies.include \
        sync.companies.exclude sync.interactions sync.max_staleness sync.settled_after \
        sync.full_every sync.max_deletions sync.keep_runs_for widgets.months schedule.sync \
        schedule.full http.listen http.token_file run.grace run.takeover sync.stall_timeout \
        telemetry.otlp_endpoint privacy.key_file privacy.erasure_log privacy.min_group \
        privacy.email privacy.name privacy.phone privacy.department privacy.free_text \
        privacy.survey_answers privacy.custom_fields privacy.tracking_info \
        privacy.keep_leavers_for privacy.keep_history_for privacy.keep_quarantine_for log.format log.level";
    let settings = from_variables(&[]).unwrap();
    let mut known: Vec<_> = settings.entries().map(|entry| entry.key).collect();
    let mut promised: Vec<_> = promised.split_whitespace().collect();
    known.sort_unstable();
    promised.sort_unstable();
    assert_eq!(known, promised);
}

#[test]
fn a_higher_layer_wins() {
    let file = "[api]\npage_size = 20\nmax_concurrency = 2\n";
    let settings = load(file, &[("KEEPNET_ETL__API__PAGE_SIZE", "30")]).unwrap();
    assert_eq!(
        (settings.api.page_size, settings.api.max_concurrency),
        (30, 2)
    );
    assert_eq!(
        source_of(&settings, "api.page_size"),
        "KEEPNET_ETL__API__PAGE_SIZE"
    );
    assert!(source_of(&settings, "api.max_concurrency").ends_with("keepnet.toml"));
    assert_eq!(source_of(&settings, "api.timeout"), "default");
}

#[test]
fn database_url_stands_above_the_file_and_below_the_variable_of_the_key() {
    let file = "[warehouse]\nurl = \"postgres://file/d\"\n";
    let database = ("DATABASE_URL", "postgresql://database/d");
    let own = ("KEEPNET_ETL__WAREHOUSE__URL", "postgres://own/d");
    assert_eq!(url_of(&load(file, &[]).unwrap()), "postgres://file/d");
    assert_eq!(
        url_of(&load(file, &[database]).unwrap()),
        "postgresql://database/d"
    );
    assert_eq!(
        url_of(&load(file, &[database, own]).unwrap()),
        "postgres://own/d"
    );
    assert_eq!(
        url_of(&load(file, &[("DATABASE_URL", "")]).unwrap()),
        "postgres://file/d"
    );
}

#[test]
fn the_file_is_named_by_the_argument_or_the_variable() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("by variable.toml");
    std::fs::write(&path, "[widgets]\nmonths = 3\n").unwrap();
    let settings = from_variables(&[("KEEPNET_ETL_CONFIG", path.to_str().unwrap())]).unwrap();
    assert_eq!(settings.widgets.months, 3);

    let settings = load(
        "[widgets]\nmonths = 4\n[privacy]\nerasure_log = \"erased\"",
        &[("KEEPNET_ETL_CONFIG", "/nowhere")],
    )
    .unwrap();
    assert_eq!(settings.widgets.months, 4);

    let text = message(from_variables(&[("KEEPNET_ETL_CONFIG", "/no/such.toml")]));
    assert!(
        text.starts_with("could not read the configuration file `/no/such.toml`: "),
        "{text}"
    );
}

#[test]
fn an_empty_variable_is_not_set() {
    let settings = from_variables(&[
        ("KEEPNET_ETL__API__PAGE_SIZE", ""),
        ("KEEPNET_ETL__API__CLIENT_ID", " "),
        ("KEEPNET_ETL_CONFIG", ""),
        ("PATH", "/bin"),
        ("OTHER__API__PAGE_SIZE", "x"),
    ])
    .unwrap();
    assert_eq!(settings.api.page_size, 100);
    assert_eq!(settings.api.client_id, None);
}

#[test]
fn text_stays_text() {
    let variable = [("KEEPNET_ETL__API__CLIENT_ID", "007")];
    assert_eq!(
        from_variables(&variable).unwrap().api.client_id.as_deref(),
        Some("007")
    );
    let quoted = load("[api]\nclient_id = \"007\"", &[]).unwrap();
    assert_eq!(quoted.api.client_id.as_deref(), Some("007"));
    let text = message(load("[api]\nclient_id = 7\nclient_secret = 47110815", &[]));
    assert!(text.contains("is a number without quotes"), "{text}");
    assert!(text.contains("`client_id = \"7\"`"), "{text}");
    assert!(
        text.contains("`api.client_secret`") && !text.contains("47110815"),
        "{text}"
    );
}

#[test]
fn companies_are_listed_with_commas_or_as_an_array() {
    let variable = [("KEEPNET_ETL__SYNC__COMPANIES__INCLUDE", "a1, 007,b2")];
    assert_eq!(
        from_variables(&variable).unwrap().sync.companies_include,
        ["a1", "007", "b2"]
    );
    let settings = load("[sync.companies]\nexclude = [\"a1\", \"b2\"]", &[]).unwrap();
    assert_eq!(settings.sync.companies_exclude, ["a1", "b2"]);
    let text = message(load("[sync.companies]\nexclude = [1]", &[]));
    assert!(text.contains("write it in quotes"), "{text}");
    let text = message(load(
        "sync.companies = { include = \"a\", exclude = \"b,a\" }",
        &[],
    ));
    assert!(text.contains("names company `a`"), "{text}");
}

#[test]
fn what_is_unknown_in_a_file_is_named_with_its_remedy() {
    for (toml, expected) in [
        ("[api]\npage_sise = 1", "unknown key `api.page_sise` in `"),
        (
            "[api]\npage_sise = 1",
            "keepnet.toml`: the nearest known key is `api.page_size`",
        ),
        ("page_size = 1", "unknown key `page_size`"),
        (
            "[database]\nurl = \"x\"",
            "nearest known key is `warehouse.url`",
        ),
        (
            "[api.page_size]\nmax = 1",
            "unknown key `api.page_size.max`",
        ),
        ("[api.page_size]", "`api.page_size` in"),
        ("[nothing]", "unknown key `nothing`"),
        ("api = 1", "expected a section, `[api]`"),
        ("[Api]\npage_size = 1", "unknown key `Api.page_size`"),
        (
            "[api]\npage_size = ",
            "as TOML: TOML parse error at line 2, column 13: ",
        ),
        ("[api]\nclient_secret = \"hunter22", "as TOML"),
        ("[api]\nclient_secret = hunter22", "as TOML"),
    ] {
        let text = message(load(toml, &[]));
        assert!(text.contains(expected), "{toml}\n{text}");
        assert_eq!(text.lines().count(), 1, "{toml}\n{text}");
        assert!(!text.contains("hunter22"), "{text}");
    }
}

#[test]
fn what_is_unknown_in_the_environment_is_named_with_its_remedy() {
    for (name, nearest) in [
        ("KEEPNET_ETL__API__PAGE_SISE", "KEEPNET_ETL__API__PAGE_SIZE"),
        ("KEEPNET_ETL_API_PAGE_SIZE", "KEEPNET_ETL__API__PAGE_SIZE"),
        ("KEEPNET_ETL__api__page_size", "KEEPNET_ETL__API__PAGE_SIZE"),
        ("keepnet_etl__api__page_size", "KEEPNET_ETL__API__PAGE_SIZE"),
        ("KEEPNET_ETL__API", "KEEPNET_ETL__API__BASE_URL"),
        (
            "KEEPNET_ETL__SYNC_COMPANIES_INCLUDE",
            "KEEPNET_ETL__SYNC__COMPANIES__INCLUDE",
        ),
        ("KEEPNET_ETL_DATABASE_URL", "KEEPNET_ETL__WAREHOUSE__URL"),
        (
            "KEEPNET_ETL__API__PAGE_SIZE__",
            "KEEPNET_ETL__API__PAGE_SIZE",
        ),
    ] {
        let text = message(from_variables(&[(name, "hunter22")]));
        assert!(
            text.contains(&format!("unknown environment variable `{name}`")),
            "{text}"
        );
        assert!(
            text.contains(&format!("known variable is `{nearest}")),
            "{text}"
        );
        assert!(!text.contains("hunter22"), "{text}");
    }
}

#[test]
fn a_malformed_value_is_named_with_what_is_expected() {
    for (key, value, expected) in [
        ("api.base_url", "keepnet", "a URL that begins with https://"),
        (
            "api.base_url",
            "ftp://keepnet",
            "a URL that begins with https://",
        ),
        (
            "api.page_size",
            "0",
            "is `0`, expected a whole number from 1 to 10000, for example `100`",
        ),
        ("api.page_size", "10001", "from 1 to 10000"),
        ("api.page_size", "many", "is `many`"),
        ("api.max_concurrency", "0", "from 1 to 256"),
        (
            "api.max_requests_per_second",
            "NaN",
            "a number from 0 to 10000",
        ),
        ("api.daily_requests", "-1", "a whole number from 1"),
        ("api.timeout", "100", "a whole number and its unit"),
        ("api.max_response_bytes", "64MB", "a whole number of bytes"),
        (
            "api.date_format",
            "us",
            "one of `auto`, `dmy`, `mdy`, `ymd`, `iso`",
        ),
        ("api.time_zone", "Mars", "the IANA name of a time zone"),
        ("api.allow_http", "yes", "`true` or `false`"),
        (
            "warehouse.embedded",
            "maybe",
            "one of `auto`, `true`, `false`",
        ),
        ("warehouse.url", "mysql://h/d", "postgres://"),
        ("sync.max_deletions", "0.2", "a share from 0% to 100%"),
        (
            "sync.interactions",
            "some",
            "one of `surveys`, `all`, `none`",
        ),
        ("schedule.sync", "0 * * * *", "six fields"),
        ("schedule.full", "never", "or `off`"),
        ("http.listen", "8080", "an IP address and a port, or `off`"),
        ("telemetry.otlp_endpoint", "otel", "a URL"),
        ("privacy.email", "hide", "one of `keep`, `hash`, `drop`"),
        ("log.format", "xml", "one of `text`, `json`"),
        ("log.level", "inof", "a log filter"),
        ("log.level", "a\nb", "is `a\\nb`"),
    ] {
        let name = variable(key);
        let text = message(from_variables(&[(&name, value)]));
        assert!(
            text.starts_with(&format!("`{key}` (from `{name}`) ")),
            "{text}"
        );
        assert!(text.contains(expected), "{key}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    let text = message(load(
        "[api]\npage_size = \"\"\ntimeout = 100\nallow_http = [1]",
        &[],
    ));
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = message(load(
        "[api]\nbogus = 1\npage_size = 0\n[log]\nlevel = 3\n",
        &[
            ("KEEPNET_ETL__BOGUS", "1"),
            ("KEEPNET_ETL__PRIVACY__EMAIL", "mask"),
        ],
    ));
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn plain_http_is_only_for_this_machine_unless_allowed() {
    let key = "KEEPNET_ETL__API__BASE_URL";
    for near in [
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:1/root",
    ] {
        from_variables(&[(key, near)]).unwrap();
    }
    let text = message(from_variables(&[(key, "http://api.example.com")]));
    assert!(text.contains("set `api.allow_http = true`"), "{text}");
    let allowed = [
        (key, "http://example.com/a"),
        ("KEEPNET_ETL__API__ALLOW_HTTP", "true"),
    ];
    assert_eq!(
        from_variables(&allowed).unwrap().api.base_url.as_str(),
        "http://example.com/a/"
    );
    for extra in [
        "https://u:hunter22@h",
        "https://h?hunter22=1",
        "https://h#hunter22",
    ] {
        let text = message(from_variables(&[(key, extra)]));
        assert!(
            text.contains("holds more than an address") && !text.contains("hunter22"),
            "{text}"
        );
    }
}

#[test]
fn custom_fields_are_all_some_or_none() {
    let names = |file| load(file, &[]).unwrap().privacy.custom_fields;
    let only = |names: &[&str]| CustomFields::Only(names.iter().map(|&name| name.into()).collect());
    assert_eq!(
        names("[privacy]\ncustom_fields = [\"*\"]"),
        CustomFields::All
    );
    assert_eq!(
        names("[privacy]\ncustom_fields = \"Badge,Site\""),
        only(&["Badge", "Site"])
    );
    assert_eq!(names("[privacy]\ncustom_fields = []"), only(&[]));
}
