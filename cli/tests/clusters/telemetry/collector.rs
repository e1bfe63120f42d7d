//! An OpenTelemetry collector for tests: takes OTLP over HTTP with the messages of OpenTelemetry's own crate, and keeps the spans.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use prost::Message;

/// A running collector. Its thread ends with the test.
pub(crate) struct Collector {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("an address"))
    }

    pub(crate) fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().expect("bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                take(stream.expect("a connection"), &kept);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The spans that have come since the last call, by their begin. All must be of `lugus`.
    pub(crate) fn take_spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for request in self.requests.lock().expect("no panic").drain(..) {
            for of_resource in request.resource_spans {
                let resource = of_resource.resource.expect("a resource");
                assert_eq!(text(&resource.attributes, "service.name"), "lugus");
                spans.extend(of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans));
            }
        }
        spans.sort_by_key(|span| (span.start_time_unix_nano, std::cmp::Reverse(span.end_time_unix_nano)));
        spans
    }
}

/// An attribute that is a number.
#[track_caller]
pub(crate) fn number(attributes: &[KeyValue], key: &str) -> i64 {
    match value(attributes, key) {
        any_value::Value::IntValue(number) => *number,
        other => panic!("{key}: {other:?}"),
    }
}

/// An attribute that is text.
#[track_caller]
pub(crate) fn text<'a>(attributes: &'a [KeyValue], key: &str) -> &'a str {
    match value(attributes, key) {
        any_value::Value::StringValue(text) => text,
        other => panic!("{key}: {other:?}"),
    }
}

/// The only attribute of this key.
#[track_caller]
pub(crate) fn value<'a>(attributes: &'a [KeyValue], key: &str) -> &'a any_value::Value {
    let of_key: Vec<&KeyValue> = attributes.iter().filter(|attribute| attribute.key == key).collect();
    match of_key[..] {
        [KeyValue { value: Some(AnyValue { value: Some(value) }), .. }] => value,
        _ => panic!("{key} in {attributes:?}"),
    }
}

/// Code and description of a span's status.
pub(crate) fn status(span: &Span) -> (StatusCode, &str) {
    span.status.as_ref().map_or((StatusCode::Unset, ""), |status| (status.code(), status.message.as_str()))
}

/// Keeps the request of a connection, and answers that it was taken.
fn take(mut stream: TcpStream, kept: &Mutex<Vec<ExportTraceServiceRequest>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_ascii_lowercase());
    }
    assert_eq!(head[0], "post /v1/traces http/1.1");
    assert!(head.contains(&String::from("content-type: application/x-protobuf")), "{head:?}");
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    reader.read_exact(&mut body).expect("a body");
    kept.lock().expect("no panic").push(ExportTraceServiceRequest::decode(&body[..]).expect("OTLP"));
    let answer = ExportTraceServiceResponse::default().encode_to_vec();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nConnection: close\r\nContent-Length:";
    stream.write_all(format!("{head} {}\r\n\r\n", answer.len()).as_bytes()).expect("answered");
    stream.write_all(&answer).expect("answered");
}
