//! Who may look: token and host.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keepnet_etl::daemon::http::{self, HttpError, HttpState};
use keepnet_etl::daemon::liveness::Liveness;
use keepnet_etl::settings::HttpSettings;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{GUARDED, Served, settings};
use crate::support::database;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";

/// A file with a token.
fn file(token: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, format!("{token}\n")).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn the_token_opens_everything_as_bearer_or_as_password() {
    let (_folder, path) = file(TOKEN);
    let served = Served::on(database::migrated().await, &[("http.token_file", &path)]).await;
    for route in GUARDED {
        let is_there = if route == "/nothing" { 404 } else { 200 };
        for right in [bearer(TOKEN), basic("anybody", TOKEN), basic("", TOKEN)] {
            let answer = served.get_with(route, &[("Authorization", &right)]).await;
            assert_eq!(answer.status, is_there, "{route}");
        }
        let almost = TOKEN.to_uppercase();
        for wrong in [
            bearer(OTHER),
            bearer(&almost),
            bearer(&TOKEN[1..]),
            bearer(&format!("{TOKEN}0")),
            bearer(""),
            basic(TOKEN, ""),
            basic("anybody", OTHER),
            TOKEN.to_owned(),
            "Basic !".to_owned(),
        ] {
            let answer = served.get_with(route, &[("Authorization", &wrong)]).await;
            assert_eq!(answer.status, 401, "{route} {wrong}");
            assert!(!answer.body.contains(TOKEN));
        }
        let answer = served.get(route).await;
        assert_eq!(answer.status, 401, "{route}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
        let answer = served.ask("POST", route, &[]).await;
        assert_eq!(answer.status, 401, "{route}: other methods tell nothing");
    }
    // The probes do without, and tell nothing by it.
    assert_eq!(served.get("/livez").await.body, "alive\n");
    assert_eq!(served.get("/readyz").await.body, "ready: active\n");
    // With a token, the page may go by any name.
    let by_name = [("Host", "etl.example"), ("Authorization", &bearer(TOKEN))];
    assert_eq!(served.get_with("/", &by_name).await.status, 200);
}

#[tokio::test]
async fn the_page_s_own_files_need_the_token_too() {
    let (_folder, path) = file(TOKEN);
    let served = Served::on(database::migrated().await, &[("http.token_file", &path)]).await;
    let authorization = bearer(TOKEN);
    let authorized = [("Authorization", authorization.as_str())];
    let page = served.get_with("/", &authorized).await.body;
    let assets: Vec<&str> = page
        .split('"')
        .filter(|it| it.starts_with("/assets/"))
        .collect();
    assert_eq!(assets.len(), 3, "stylesheet, script and icon: {assets:?}");
    for asset in assets {
        assert_eq!(served.get(asset).await.status, 401);
        let answer = served.get_with(asset, &authorized).await;
        assert_eq!(answer.status, 200, "{asset}");
        let expected = match asset.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!(answer.header("content-type"), expected);
    }
}

#[tokio::test]
async fn a_rotated_token_counts_at_once() {
    let (_folder, path) = file(TOKEN);
    let served = Served::on(database::migrated().await, &[("http.token_file", &path)]).await;
    let status = async |token: &str| {
        let authorization = bearer(token);
        let headers = [("Authorization", authorization.as_str())];
        served.get_with("/", &headers).await.status
    };
    assert_eq!((status(TOKEN).await, status(OTHER).await), (200, 401));
    fs::write(&path, OTHER).unwrap();
    assert_eq!((status(TOKEN).await, status(OTHER).await), (401, 200));
    // Without a token that is one, nobody is let in, and nothing falls open.
    for broken in ["", "short"] {
        fs::write(&path, broken).unwrap();
        assert_eq!((status(OTHER).await, status(broken).await), (503, 503));
    }
    fs::remove_file(&path).unwrap();
    assert_eq!((status(OTHER).await, status("").await), (503, 503));
    assert_eq!(served.get("/livez").await.status, 200);
    fs::write(&path, TOKEN).unwrap();
    assert_eq!(status(TOKEN).await, 200);
}

#[tokio::test]
async fn without_a_token_the_page_goes_by_this_machine_s_own_name_only() {
    let served = Served::on(database::migrated().await, &[]).await;
    for own in ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080"] {
        for route in ["/", "/status.json"] {
            let answer = served.get_with(route, &[("Host", own)]).await;
            assert_eq!(answer.status, 200, "{own}{route}");
        }
    }
    for other in ["evil.example", "localhost.evil.example", "192.168.1.7", ""] {
        for route in GUARDED {
            let answer = served.get_with(route, &[("Host", other)]).await;
            assert_eq!(answer.status, 421, "{other}{route}");
            assert!(!answer.body.contains("companies"), "{}", answer.body);
        }
    }
    let absolute =
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(served.send(absolute).await.status, 421);
    let ancient = "GET / HTTP/1.0\r\n\r\n";
    assert_eq!(served.send(ancient).await.status, 421, "no host at all");
}

#[tokio::test]
async fn beyond_this_machine_it_does_not_begin_without_a_token() {
    for open in ["0.0.0.0:0", "[::]:0"] {
        let settings = settings(&[("http.listen", open)]);
        let error = http::listen(&settings.http).await.unwrap_err();
        assert!(matches!(error, HttpError::TokenMissing(_)), "{error}");
        assert!(error.to_string().contains("http.token_file"), "{error}");
        assert!(
            error.remedy().contains("openssl rand"),
            "{}",
            error.remedy()
        );
    }
    let (_folder, path) = file(TOKEN);
    let with_token = settings(&[("http.listen", "0.0.0.0:0"), ("http.token_file", &path)]);
    assert!(http::listen(&with_token.http).await.unwrap().is_some());
    let nowhere = HttpSettings {
        listen: None,
        token_file: None,
    };
    assert!(http::listen(&nowhere).await.unwrap().is_none());

    // A listener from elsewhere is judged by its own address.
    let state = HttpState {
        settings: settings(&[]).into(),
        pool: database::migrated().await,
        clock: keepnet_etl::clock::SystemClock::shared(),
        liveness: Liveness::default(),
        metrics: keepnet_etl::metrics::Metrics::default(),
    };
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = http::serve(listener, state, std::future::pending()).await;
    assert!(matches!(refused, Err(HttpError::TokenMissing(_))));
}

#[tokio::test]
async fn a_token_that_is_none_is_an_error_at_the_start() {
    let (_folder, path) = file("short");
    let short = settings(&[("http.token_file", &path)]);
    let error = http::listen(&short.http).await.unwrap_err();
    assert!(matches!(error, HttpError::TokenShort), "{error}");
    let missing = settings(&[("http.token_file", "/nowhere/token")]);
    let error = http::listen(&missing.http).await.unwrap_err();
    assert!(matches!(error, HttpError::TokenUnreadable(_)), "{error}");
    assert!(error.to_string().contains("/nowhere/token"), "{error}");

    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = http::listen(&settings(&[("http.listen", &address)]).http).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains(&address), "{error}");
    assert!(error.remedy().contains("http.listen"), "{}", error.remedy());
}
