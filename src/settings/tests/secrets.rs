//! Secrets: from where they come, and that they are never shown.

use proptest::prelude::*;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::{from_variables, load, message, url_of};
use crate::settings::*;

#[test]
fn the_file_of_a_secret_wins_over_the_secret_of_a_lower_layer() {
    let file = "[warehouse]\nurl = \"postgres://file/d\"\n[api]\nclient_secret_file = \"/s\"\n";
    let settings = load(
        file,
        &[
            ("DATABASE_URL", "postgres://database/d"),
            ("KEEPNET_ETL__WAREHOUSE__URL_FILE", "/run/url"),
            ("KEEPNET_ETL__API__CLIENT_SECRET", "007"),
        ],
    )
    .unwrap();
    assert!(matches!(&settings.warehouse.url, Some(Secret::File(path)) if path == "/run/url"));
    let secret = settings.api.client_secret.as_ref().unwrap().read().unwrap();
    assert_eq!(secret.expose_secret(), "007");

    let settings = load(
        "[warehouse]\nurl_file = \"/f\"",
        &[("DATABASE_URL", "postgres://d/d")],
    );
    assert_eq!(url_of(&settings.unwrap()), "postgres://d/d");
}

#[test]
fn a_secret_and_its_file_in_one_layer_are_one_too_many() {
    let file = "[api]\nclient_secret = \"a\"\nclient_secret_file = \"b\"\n";
    let text = message(load(
        file,
        &[
            ("KEEPNET_ETL__WAREHOUSE__URL", "postgres://h/d"),
            ("KEEPNET_ETL__WAREHOUSE__URL_FILE", "/f"),
        ],
    ));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].starts_with("`api.client_secret` and `api.client_secret_file` are both set (in")
    );
    assert!(
        lines[1]
            .contains("(by `KEEPNET_ETL__WAREHOUSE__URL` and `KEEPNET_ETL__WAREHOUSE__URL_FILE`)")
    );
}

#[test]
fn a_line_that_is_no_toml_is_not_quoted() {
    for line in [
        "client_secret = \"hunter22\" x",
        "client_secret: \"hunter22\"",
        "client_secret = \"hunter22",
        "client_secret = \"\\hunter22\"",
        "client_secret = 'hunter22\n'",
        "client_secret = hunter22",
        "client_secret = 0xhunter22",
        "client_secret = 1979-hunter22",
        "client_secret = [hunter22",
        "client_secret hunter22",
        "client_secret = \"a\"\nclient_secret = \"hunter22\"",
    ] {
        let text = message(load(&format!("[api]\n{line}\n"), &[]));
        assert!(
            text.contains("as TOML: ") && !text.contains("hunter22"),
            "{line}: {text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn a_secret_in_a_file_is_read_each_time() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("secret");
    let secret = Secret::File(path.clone());
    let text = secret.read().unwrap_err().to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    for (content, expected) in [("one\n", "one"), ("two\r\n", "two"), ("007", "007")] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(secret.read().unwrap().expose_secret(), expected);
    }
    std::fs::write(&path, "\n").unwrap();
    assert!(matches!(secret.read(), Err(SecretError::Empty { .. })));
}

#[test]
fn missing_credentials_are_named_by_key_and_variable() {
    let text = from_variables(&[])
        .unwrap()
        .api
        .credentials()
        .unwrap_err()
        .to_string();
    for name in [
        "api.client_id",
        "api.client_secret",
        "api.client_secret_file",
    ] {
        assert!(text.contains(&format!("`{name}`")), "{text}");
        assert!(text.contains(&format!("`{}`", variable(name))), "{text}");
    }
    let settings = from_variables(&[
        ("KEEPNET_ETL__API__CLIENT_ID", "me"),
        ("KEEPNET_ETL__API__CLIENT_SECRET", "s"),
    ]);
    assert_eq!(settings.unwrap().api.credentials().unwrap().client_id, "me");
}

#[test]
fn a_value_that_is_no_utf8_is_refused() {
    let text = message(from_variables(&[(
        "KEEPNET_ETL__API__CLIENT_SECRET",
        "hunter\u{fffd}",
    )]));
    assert!(
        text.contains("is not valid UTF-8") && !text.contains("hunter"),
        "{text}"
    );
}

fn everything_shown(result: &Result<Settings, SettingsError>) -> String {
    let Ok(settings) = result else {
        return format!("{result:?} {}", result.as_ref().unwrap_err());
    };
    let mut out = Vec::new();
    crate::cli::config::show(settings, false, &mut out).unwrap();
    crate::cli::config::show(settings, true, &mut out).unwrap();
    let credentials = settings.api.credentials();
    format!(
        "{settings:?} {credentials:?} {}",
        String::from_utf8(out).unwrap()
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_secret_is_never_shown(secret in "Z[a-zA-Z0-9@/?#:%.!-]{7,24}Q") {
        let plain = [
            ("KEEPNET_ETL__API__CLIENT_SECRET", secret.clone()),
            ("KEEPNET_ETL__API__CLIENT_ID", "me".to_owned()),
            ("DATABASE_URL", format!("postgres://u:{secret}@h:5432/d?sslpassword={secret}")),
            ("KEEPNET_ETL__API__PROXY", format!("http://u:{secret}@proxy:3128")),
        ];
        let sources = |environment: &[(&str, String)], broken: bool| Sources {
            config_file: None,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .chain(broken.then(|| ("KEEPNET_ETL__API__PAGE_SIZE".into(), "0".into())))
                .collect(),
        };
        for broken in [false, true] {
            let all = sources(&plain, broken);
            let debug = format!("{all:?}");
            prop_assert!(!debug.contains(&secret));
            let text = everything_shown(&Settings::load(all));
            prop_assert!(!text.contains(&secret), "{text}");
            // What precedes a delimiter in the password must not be taken for a host either.
            let start = secret.split(['@', '/', '?', '#', ':', '%']).next().unwrap();
            prop_assert!(start.len() < 4 || !text.contains(start), "{text}");
        }
        let only_secret = sources(&plain[..2], false);
        let settings = Settings::load(only_secret).unwrap();
        let read = settings.api.client_secret.as_ref().unwrap().read().unwrap();
        prop_assert_eq!(read.expose_secret(), secret.as_str());
        prop_assert!(!everything_shown(&Ok(settings)).contains(&secret));
    }
}
