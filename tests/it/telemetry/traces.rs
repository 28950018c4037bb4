//! Traces, as a collector receives them from a real process.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::support::database;
use crate::support::program::Program;
use crate::support::running::Running;
use crate::support::simulator::Simulator;

/// A collector of traces.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Bytes>>>);

impl Collector {
    /// Starts one. Gives where it listens.
    async fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let received = collector.clone();
        let take = async move |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            received.0.lock().unwrap().push(body);
            StatusCode::OK
        };
        let routes = axum::Router::new().route("/v1/traces", axum::routing::post(take));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (collector, address)
    }

    fn spans(&self) -> Vec<Span> {
        let received = self.0.lock().unwrap();
        let exports = received
            .iter()
            .map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        exports
            .flat_map(|export| export.resource_spans)
            .flat_map(|of_resource| of_resource.scope_spans)
            .flat_map(|of_scope| of_scope.spans)
            .collect()
    }
}

#[tokio::test]
async fn the_spans_of_a_sync_arrive_with_their_parents_and_without_people() {
    let simulator = Simulator::start(&["--companies", "2", "--users", "6"]);
    let (collector, address) = Collector::start().await;
    let program = Program::between(simulator.url(), &database::empty().await)
        .set("log.level", "warn")
        .set("telemetry.otlp_endpoint", &format!("http://{address}"));
    let output = Running::to_end(&program, "sync").await;
    assert_eq!(output.code, 0, "{}", output.stderr);

    let spans = collector.spans();
    let names: BTreeMap<&[u8], &str> = (spans.iter())
        .map(|span| (span.span_id.as_slice(), span.name.as_str()))
        .collect();
    assert_eq!(names.len(), spans.len(), "every span once");
    let mut edges = BTreeSet::new();
    for span in &spans {
        let parent = match span.parent_span_id.as_slice() {
            [] => "nothing",
            id => names[id],
        };
        edges.insert(format!("{} < {parent}", span.name));
    }
    let edges: Vec<String> = edges.into_iter().collect();
    insta::assert_snapshot!(edges.join("\n"), @r"
    api.request < sync.resource
    api.request < sync.run
    load.batch < sync.company
    load.batch < sync.run
    sync.company < sync.run
    sync.resource < sync.company
    sync.resource < sync.run
    sync.run < nothing
    ");
    let requests = spans.iter().filter(|span| span.name == "api.request");
    let sent = simulator.requests().await["total"].as_u64().unwrap();
    assert_eq!(requests.count() as u64, sent);
    let traces: BTreeSet<&[u8]> = (spans.iter())
        .filter(|span| names.get(span.parent_span_id.as_slice()) == Some(&"sync.company"))
        .map(|span| span.trace_id.as_slice())
        .collect();
    assert_eq!(traces.len(), 1, "a run is one trace");

    let said = format!("{spans:?}");
    assert!(said.contains("api/training-reports/{enrollment}/users/search"));
    assert!(said.contains("run.id"));
    for person in simulator.truth("enrollment_users").await {
        for member in ["email", "phone_number", "target_user_id"] {
            if let Some(word) = person[member].as_str().filter(|word| word.len() > 3) {
                assert!(!said.contains(word), "{word}");
            }
        }
    }
    for secret in ["demo-secret", "eyJ"] {
        assert!(!said.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_collector_that_is_down_is_said_once_and_harms_no_run() {
    let simulator = Simulator::start(&["--companies", "2", "--users", "6"]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = listener.local_addr().unwrap();
    drop(listener);
    let program = Program::between(simulator.url(), &database::empty().await)
        .set("telemetry.otlp_endpoint", &format!("http://{gone}"));
    let output = Running::to_end(&program, "sync").await;
    assert_eq!(output.code, 0, "{}", output.stderr);
    let said = output.stderr.matches("the collector does not take traces");
    assert_eq!(said.count(), 1, "{}", output.stderr);
}

#[tokio::test]
async fn a_collector_that_never_answers_harms_no_run() {
    let simulator = Simulator::start(&["--companies", "1", "--users", "2"]);
    // Connections are accepted by the system, and nobody reads them.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = listener.local_addr().unwrap();
    let program = Program::between(simulator.url(), &database::empty().await)
        .set("telemetry.otlp_endpoint", &format!("http://{mute}"));
    let output = Running::to_end(&program, "sync").await;
    assert_eq!(output.code, 0, "{}", output.stderr);
    drop(listener);
}
