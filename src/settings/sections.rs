//! Every key with its form, and the checks across keys.

use crate::settings::reader::Reader;
use crate::settings::target::{http_url, is_loopback, postgres_url};
use crate::settings::value::{
    address, duration, list, log_filter, number, one_of, path, schedule, secret, share, size, text,
    time_zone, truth,
};
use crate::settings::{
    ApiSettings, CustomFields, DateFormatSetting, Embedded, HttpSettings, Interactions, LogFormat,
    LogSettings, PersonalData, PrivacySettings, Problem, RunSettings, ScheduleSettings, Settings,
    SurveyAnswers, SyncSettings, TelemetrySettings, WarehouseSettings, WidgetsSettings,
};

const PERSONAL_DATA: &[(&str, PersonalData)] = &[
    ("keep", PersonalData::Keep),
    ("hash", PersonalData::Hash),
    ("drop", PersonalData::Drop),
];

/// Reads all sections.
pub(crate) fn read(mut reader: Reader) -> Result<Settings, Vec<Problem>> {
    let from = &mut reader;
    let api = api(from);
    let warehouse = warehouse(from);
    let sync = sync(from);
    let widgets = WidgetsSettings {
        months: from.required("widgets.months", &number(0..=120, "12")),
    };
    let schedule = ScheduleSettings {
        sync: from.required("schedule.sync", &schedule()),
        full: from.required("schedule.full", &schedule()),
    };
    let http = HttpSettings {
        listen: from.optional("http.listen", &address()).flatten(),
        token_file: from.optional("http.token_file", &path("/run/secrets/http_token")),
    };
    let run = RunSettings {
        grace: from.required("run.grace", &duration("0s", "1h")),
        takeover: from.required("run.takeover", &duration("5s", "1h")),
    };
    let telemetry = TelemetrySettings {
        otlp_endpoint: from.optional(
            "telemetry.otlp_endpoint",
            &http_url("http://localhost:4318"),
        ),
    };
    let privacy = privacy(from);
    let log = LogSettings {
        format: from.required(
            "log.format",
            &one_of(&[("text", LogFormat::Text), ("json", LogFormat::Json)]),
        ),
        level: from.required("log.level", &log_filter()),
    };
    let entries = reader.finish()?;
    Ok(Settings {
        api,
        warehouse,
        sync,
        widgets,
        schedule,
        http,
        run,
        telemetry,
        privacy,
        log,
        entries,
    })
}

fn api(from: &mut Reader) -> ApiSettings {
    const DATE_FORMATS: &[(&str, DateFormatSetting)] = &[
        ("auto", DateFormatSetting::Auto),
        ("dmy", DateFormatSetting::Dmy),
        ("mdy", DateFormatSetting::Mdy),
        ("ymd", DateFormatSetting::Ymd),
        ("iso", DateFormatSetting::Iso),
    ];
    let api = ApiSettings {
        base_url: from.required("api.base_url", &http_url("https://api.keepnetlabs.com")),
        client_id: from.optional("api.client_id", &text("my-client")),
        client_secret: from.secret("api.client_secret", "api.client_secret_file", &secret()),
        page_size: from.required("api.page_size", &number(1..=10_000, "100")),
        max_concurrency: from.required("api.max_concurrency", &number(1..=256, "8")),
        max_requests_per_second: from
            .required("api.max_requests_per_second", &number(0.0..=10_000.0, "5")),
        daily_requests: from.optional("api.daily_requests", &number(1..=u64::MAX, "50000")),
        timeout: from.required("api.timeout", &duration("1s", "1h")),
        ca_file: from.optional("api.ca_file", &path("/etc/ssl/proxy.pem")),
        proxy: from.optional("api.proxy", &http_url("http://proxy:3128")),
        max_response_bytes: from.required("api.max_response_bytes", &size("1KiB", "4GiB")),
        date_format: from.required("api.date_format", &one_of(DATE_FORMATS)),
        time_zone: from.required("api.time_zone", &time_zone()),
    };
    let allow_http = from.required("api.allow_http", &truth());
    check_base_url(from, &api, allow_http);
    normalised(api)
}

fn check_base_url(from: &mut Reader, api: &ApiSettings, allow_http: bool) {
    let url = &api.base_url;
    if url.scheme() == "http" && !is_loopback(url) && !allow_http {
        from.refuse(
            "api.base_url",
            "would send the credentials over the network unencrypted",
            "use https, or set `api.allow_http = true` if that is meant",
        );
    }
    let has_extras = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if has_extras {
        from.refuse(
            "api.base_url",
            "holds more than an address (a user, a password, parameters or a fragment)",
            "leave that out, as in `https://api.keepnetlabs.com`",
        );
    }
}

/// Paths are joined to the base URL, which replaces what follows its last slash.
fn normalised(mut api: ApiSettings) -> ApiSettings {
    if !api.base_url.path().ends_with('/') {
        let path = format!("{}/", api.base_url.path());
        api.base_url.set_path(&path);
    }
    api
}

fn warehouse(from: &mut Reader) -> WarehouseSettings {
    const EMBEDDED: &[(&str, Embedded)] = &[
        ("auto", Embedded::Auto),
        ("true", Embedded::Always),
        ("false", Embedded::Never),
    ];
    WarehouseSettings {
        url: from.secret("warehouse.url", "warehouse.url_file", &postgres_url()),
        embedded: from.required("warehouse.embedded", &one_of(EMBEDDED)),
        data_dir: from.required("warehouse.data_dir", &path("./var/postgres")),
        max_connections: from.required("warehouse.max_connections", &number(1..=1000, "8")),
        allow_plaintext: from.required("warehouse.allow_plaintext", &truth()),
    }
}

fn sync(from: &mut Reader) -> SyncSettings {
    const INTERACTIONS: &[(&str, Interactions)] = &[
        ("surveys", Interactions::Surveys),
        ("all", Interactions::All),
        ("none", Interactions::None),
    ];
    let example = "0a1b2c3d4e5f,6a7b8c9d0e1f";
    let sync = SyncSettings {
        companies_include: from
            .optional("sync.companies.include", &list(example))
            .unwrap_or_default(),
        companies_exclude: from
            .optional("sync.companies.exclude", &list(example))
            .unwrap_or_default(),
        interactions: from.required("sync.interactions", &one_of(INTERACTIONS)),
        max_staleness: from.required("sync.max_staleness", &duration("1m", "365d")),
        settled_after: from.required("sync.settled_after", &duration("0s", "3650d")),
        full_every: from.required("sync.full_every", &duration("1h", "3650d")),
        max_deletions: from.required("sync.max_deletions", &share()),
        keep_runs_for: from.required("sync.keep_runs_for", &duration("1d", "3650d")),
        stall_timeout: from.required("sync.stall_timeout", &duration("1m", "24h")),
    };
    if let Some(id) = sync
        .companies_include
        .iter()
        .find(|id| sync.companies_exclude.contains(id))
    {
        from.refuse(
            "sync.companies.exclude",
            &format!("names company `{id}`, and so does `sync.companies.include`"),
            "remove it from one of them",
        );
    }
    sync
}

fn privacy(from: &mut Reader) -> PrivacySettings {
    const ANSWERS: &[(&str, SurveyAnswers)] = &[
        ("keep", SurveyAnswers::Keep),
        ("pseudonymise", SurveyAnswers::Pseudonymise),
        ("drop", SurveyAnswers::Drop),
    ];
    let mut personal = |key| from.required(key, &one_of(PERSONAL_DATA));
    let email = personal("privacy.email");
    let name = personal("privacy.name");
    let phone = personal("privacy.phone");
    let department = personal("privacy.department");
    let free_text = personal("privacy.free_text");
    let survey_answers = from.required("privacy.survey_answers", &one_of(ANSWERS));
    let names = from
        .optional("privacy.custom_fields", &list("Badge,Site"))
        .unwrap_or_default();
    let custom_fields = match names.as_slice() {
        [all] if all == "*" => CustomFields::All,
        _ => CustomFields::Only(names),
    };
    let tracking_info = from.required("privacy.tracking_info", &truth());
    PrivacySettings {
        email,
        name,
        phone,
        department,
        free_text,
        survey_answers,
        custom_fields,
        tracking_info,
        keep_leavers_for: from.optional("privacy.keep_leavers_for", &duration("1d", "36500d")),
        keep_history_for: from.optional("privacy.keep_history_for", &duration("1d", "36500d")),
        keep_quarantine_for: from
            .optional("privacy.keep_quarantine_for", &duration("1d", "36500d")),
        min_group: from.required("privacy.min_group", &number(1..=1000, "5")),
        key_file: from.optional("privacy.key_file", &path("/run/secrets/privacy_key")),
        erasure_log: from.optional("privacy.erasure_log", &path("/var/lib/keepnet/erasures")),
    }
}
