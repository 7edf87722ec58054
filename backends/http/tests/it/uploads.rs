//! Uploads of files.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use crate::support::{ScriptStep, Server, with};
use bytes::Bytes;
use loom_http::{Client, HttpCall, Method, UploadBody, header::HeaderMap};
use loom_source::{SourceErrorKind, TransferPhase};

const TIMEOUT: Duration = Duration::from_secs(1);
const CREATED: &str = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

/// More than the buffers of a connection hold.
const SIZE: usize = 48 * 1024 * 1024;

fn client() -> Client {
    with(|network| network.timeout = TIMEOUT)
}

fn body(size: usize) -> UploadBody {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&vec![7; size]).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    UploadBody { file, length: size as u64 }
}

fn call(server: &Server) -> HttpCall {
    HttpCall::new(Method::POST, server.url("/assets?name=a"), HeaderMap::new(), Bytes::new())
}

#[tokio::test]
async fn a_slow_upload_has_time_as_long_as_it_goes_on() {
    // All pauses together are far longer than the timeout; what the buffers of the connection hold is taken within it.
    let pause = Duration::from_millis(2);
    let steps = vec![
        ScriptStep::Read,
        ScriptStep::ReadBody(SIZE, pause),
        ScriptStep::Send(CREATED.as_bytes().to_vec()),
    ];
    let server = Server::new(vec![steps]).await;
    let begun = Instant::now();
    let response = client().upload(&call(&server), body(SIZE)).await.unwrap();
    assert_eq!(response.status, 201);
    assert!(begun.elapsed() > TIMEOUT, "{:?}", begun.elapsed());
    let head = server.requests()[0].clone();
    assert!(head.contains(&format!("content-length: {SIZE}\r\n")), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
}

#[tokio::test]
async fn an_upload_that_nobody_takes_stalls() {
    let server = Server::new(vec![vec![ScriptStep::Read, ScriptStep::Hold]]).await;
    let begun = Instant::now();
    let error = client().upload(&call(&server), body(SIZE)).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let SourceErrorKind::Stalled { phase: TransferPhase::Response, timeout: TIMEOUT } = error.kind
    else {
        panic!("{error}")
    };
}

#[tokio::test]
async fn an_upload_is_sent_once() {
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let steps = |response: &str| {
        let body = ScriptStep::ReadBody(5, Duration::ZERO);
        vec![ScriptStep::Read, body, ScriptStep::Send(response.as_bytes().to_vec())]
    };
    let server = Server::new(vec![steps(busy), steps(CREATED)]).await;
    let error = with(|_| {}).upload(&call(&server), body(5)).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::HttpStatus { status: 503, .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_file_that_became_shorter_is_an_error() {
    let server = Server::new(vec![vec![ScriptStep::Read, ScriptStep::Hold]]).await;
    let short = UploadBody { file: body(5).file, length: 6 };
    assert!(client().upload(&call(&server), short).await.is_err());
}
