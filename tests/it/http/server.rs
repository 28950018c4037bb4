//! Headers, methods, limits and the end.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, ROUTES, Served};
use crate::support::database;
use crate::support::running::in_time;
use crate::support::scene::Scene;

fn assert_safe(answer: &Answer, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {answer:?}");
    }
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.split("; ").any(|it| it == part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn every_answer_has_safe_headers() {
    let served = Served::scene(Scene::Well, 8).await;
    let page = served.page().await;
    let assets = page.split('"').filter(|it| it.starts_with("/assets/"));
    for route in ROUTES.into_iter().chain(assets) {
        for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS"] {
            let answer = served.ask(method, route, &[]).await;
            assert_safe(&answer, &format!("{method} {route}"));
            if !matches!(method, "GET" | "HEAD") && route != "/nothing" {
                assert_eq!(answer.status, 405, "{method} {route}");
                assert_eq!(answer.header("allow"), "GET,HEAD");
            }
        }
    }
    let elsewhere = [("Host", "evil.example")];
    assert_safe(&served.get_with("/", &elsewhere).await, "another host");
    served
        .liveness
        .set_role(keepnet_etl::daemon::liveness::Role::Starting);
    let unready = served.get("/readyz").await;
    assert_eq!(unready.status, 503);
    assert_safe(&unready, "a failed probe");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let served = Served::on(database::migrated().await, &[]).await;
    for path in [
        "/nothing",
        "/assets/page.css",
        "/assets/",
        "/assets/..%2fpage.css",
        "/status.json/",
        "/livez/x",
    ] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn requests_are_as_small_as_they_need_to_be() {
    let served = Served::on(database::migrated().await, &[]).await;
    for body in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{body}");
        assert_eq!(served.send(&request).await.status, 413, "{body}");
    }
    let long = "x".repeat(64 * 1024);
    let answer = served.get_with("/", &[("X-Long", &long)]).await;
    assert_eq!(answer.status, 431);
}

#[tokio::test]
async fn several_requests_share_a_connection() {
    let served = Served::on(database::migrated().await, &[]).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let asked = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.unwrap();
    let answer = Answer::read(&mut stream).await;
    assert!(answer.body.contains("ready: active"), "{answer:?}");
}

#[tokio::test]
async fn it_ends_without_waiting_for_idle_connections() {
    let served = Served::on(database::migrated().await, &[]).await;
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    let asked = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    idle.write_all(asked.as_bytes()).await.unwrap();
    let mut begin = [0; 15];
    in_time("an answer", idle.read_exact(&mut begin))
        .await
        .unwrap();
    let address = served.address;
    served.shut_down().await;
    let mut rest = Vec::new();
    let ended = in_time("the connection ends", idle.read_to_end(&mut rest));
    ended.await.unwrap();
    assert!(rest.ends_with(b"alive\n"), "the answer came whole");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn requests_of_a_moment_share_what_is_read() {
    let served = Served::scene(Scene::Well, 8).await;
    let before = served.page().await;
    sqlx::query("update keepnet.companies set name = 'Changed Since'")
        .execute(&served.pool)
        .await
        .unwrap();
    let again = served.page().await;
    assert!(!again.contains("Changed Since"), "{before}");
    served.later();
    assert!(served.page().await.contains("Changed Since"));
}
