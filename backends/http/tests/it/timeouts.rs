//! Timeouts and retries.

use std::time::{Duration, Instant};

use crate::support::{ScriptStep, Server, client, failure, read, with};
use futures::StreamExt as _;
use loom_base::Backoff;
use loom_http::{Client, GetRequest, Redirects, RequestRetry};
use loom_source::{SourceErrorKind, TransferPhase};

const SHORT: Duration = Duration::from_millis(150);
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn short() -> Client {
    with(|network| network.timeout = SHORT)
}

#[tokio::test]
async fn a_connection_has_its_own_timeout() {
    // The port accepts connections and never answers the TLS handshake.
    let server = Server::new(vec![vec![ScriptStep::Hold]; 2]).await;
    let url = format!("https://{}/x", server.address);
    let client = with(|network| network.connect_timeout = Some(SHORT));
    let error = failure(&client, GetRequest::new(url.parse().unwrap())).await;
    let message = error.to_string();
    assert!(
        message.starts_with("no connection to https://") && message.contains("150ms"),
        "{message}"
    );
    assert!(matches!(error.kind, SourceErrorKind::Stalled { timeout: SHORT, .. }), "{error:?}");
}

#[tokio::test]
async fn the_timeout_of_the_response_begins_after_the_connection() {
    let server = Server::new(vec![vec![ScriptStep::Read, ScriptStep::Hold]]).await;
    let client = with(|network| {
        (network.timeout, network.connect_timeout) = (SHORT, Some(Duration::from_secs(60)));
    });
    let begun = Instant::now();
    let error = failure(&client, GetRequest::new(server.url("/x"))).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(matches!(error.kind, SourceErrorKind::Stalled { timeout: SHORT, .. }), "{error:?}");
    assert!(!error.to_string().contains("connection"), "{error}");
}

#[tokio::test]
async fn a_silent_proxy_takes_the_timeout_of_the_connection() {
    let proxy = Server::new(vec![vec![ScriptStep::Read, ScriptStep::Hold]]).await;
    let client = with(|network| {
        network.connect_timeout = Some(SHORT);
        network.proxy.all = Some(format!("http://{}", proxy.address).into());
    });
    let error =
        failure(&client, GetRequest::new("https://mirror.invalid/x".parse().unwrap())).await;
    assert!(error.to_string().starts_with("no connection to https://mirror.invalid/x"), "{error}");
}

#[tokio::test]
async fn slow_headers_are_no_response() {
    let begun = b"HTTP/1.1 200 OK\r\nX-Slow: ".to_vec();
    let server =
        Server::new(vec![vec![ScriptStep::Read, ScriptStep::Send(begun), ScriptStep::Drip]]).await;
    let error = failure(&short(), GetRequest::new(server.url("/x"))).await;
    assert!(matches!(error.kind, SourceErrorKind::Stalled { .. }), "{error:?}");
}

#[tokio::test]
async fn a_byte_now_and_then_is_no_progress() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    let mut steps = vec![ScriptStep::Read, ScriptStep::Send(head.into())];
    // Each byte arrives within the timeout, and all together are slower than the lowest rate.
    for _ in 0..20 {
        steps.extend([ScriptStep::Pause(SHORT / 2), ScriptStep::Send(b"x".to_vec())]);
    }
    let server = Server::new(vec![steps]).await;
    let download = short().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().download;
    let (bytes, error) = read(download).await;
    assert!(
        matches!(error.as_ref().map(|error| &error.kind), Some(SourceErrorKind::Stalled { .. })),
        "{error:?}"
    );
    assert!(bytes.len() < 10, "{}", bytes.len());
}

#[tokio::test]
async fn a_small_document_has_one_timeout_as_a_whole() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n";
    // A byte every five milliseconds is enough for a file of any size.
    let steps = vec![ScriptStep::Read, ScriptStep::Send(head.into()), ScriptStep::Drip];
    let server = Server::new(vec![steps; 3]).await;
    let request = GetRequest::new(server.url("/x"));
    let client = with(|network| network.timeout = SHORT * 4);
    let begun = Instant::now();
    let whole = client.get_bytes(&request, 1 << 20).await.unwrap_err();
    let small = client.get_small(&request, Redirects::Follow, 1 << 20).await.unwrap_err();
    assert!(begun.elapsed() < SHORT * 20, "{:?}", begun.elapsed());
    for error in [whole, small] {
        let document = TransferPhase::Document;
        assert!(
            matches!(error.kind, SourceErrorKind::Stalled { phase, .. } if phase == document),
            "{error:?}"
        );
    }
    let mut download = client.get(&request).await.unwrap().unwrap().download;
    let limit = Instant::now() + SHORT * 8;
    while Instant::now() < limit {
        assert!(download.body.next().await.unwrap().is_ok(), "a file may be slow");
    }
}

#[tokio::test]
async fn a_slow_reader_causes_no_timeout() {
    let server = Server::responding(&[OK]).await;
    let mut download =
        short().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().download;
    tokio::time::sleep(SHORT * 2).await;
    let body = std::mem::replace(&mut download.body, Box::pin(futures::stream::empty()));
    let whole = read(loom_source::Download { body, ..download }).await;
    assert_eq!(whole.0, b"hello");
    assert!(whole.1.is_none(), "{:?}", whole.1);
}

#[tokio::test]
async fn each_error_is_retried_by_its_kind() {
    for (what, steps, requested) in [
        ("500", vec![ScriptStep::Read, ScriptStep::Send(BUSY.replace("503", "500").into())], 3),
        ("503", vec![ScriptStep::Read, ScriptStep::Send(BUSY.into())], 3),
        ("hang-up", vec![ScriptStep::Read], 3),
        ("404", vec![ScriptStep::Read, ScriptStep::Send(BUSY.replace("503", "404").into())], 1),
        ("403", vec![ScriptStep::Read, ScriptStep::Send(BUSY.replace("503", "403").into())], 1),
        ("501", vec![ScriptStep::Read, ScriptStep::Send(BUSY.replace("503", "501").into())], 1),
        ("511", vec![ScriptStep::Read, ScriptStep::Send(BUSY.replace("503", "511").into())], 1),
        ("silence", vec![ScriptStep::Read, ScriptStep::Hold], 1),
    ] {
        let server = Server::new(vec![steps; 5]).await;
        let client = if what == "silence" { short() } else { client() };
        let _ = client.get(&GetRequest::new(server.url("/x"))).await;
        assert_eq!(server.requests().len(), requested, "{what}");
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_within_the_timeout_only() {
    let asks = |seconds: &str| {
        BUSY.replace("Content-Length", &format!("Retry-After: {seconds}\r\nContent-Length"))
    };
    for (seconds, requested) in [("0", 2), ("2", 1), ("3600", 1)] {
        let server = Server::responding(&[&asks(seconds), OK]).await;
        let client = with(|network| network.timeout = Duration::from_secs(2));
        let response = client.get(&GetRequest::new(server.url("/x"))).await;
        assert_eq!(
            (server.requests().len(), response.is_ok()),
            (requested, requested == 2),
            "{seconds}"
        );
    }
    let server = Server::responding(&[&asks("1"), OK]).await;
    let begun = Instant::now();
    assert!(client().get(&GetRequest::new(server.url("/x"))).await.unwrap().is_some());
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn all_attempts_together_have_one_timeout() {
    let busy = vec![ScriptStep::Read, ScriptStep::Send(BUSY.into())];
    let silent = vec![ScriptStep::Read, ScriptStep::Hold];
    let server = Server::new(vec![busy, silent]).await;
    let (timeout, pause) = (Duration::from_millis(600), Duration::from_millis(500));
    let client = with(|network| {
        network.timeout = timeout;
        network.retry =
            RequestRetry { attempts: 3, backoff: Backoff { first: pause, longest: pause } };
    });
    let begun = Instant::now();
    let error = failure(&client, GetRequest::new(server.url("/x"))).await;
    assert!(
        matches!(error.kind, SourceErrorKind::Stalled { .. } | SourceErrorKind::HttpStatus { .. }),
        "{error:?}"
    );
    assert!(begun.elapsed() < timeout + pause, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn html_is_recognised_with_any_status_and_type() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nContent-Type: application/gzip\r\nContent-Length: 15\r\n\r\n<script>go()...",
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 14\r\n\r\n<!-- login -->",
        "HTTP/1.1 511 Log In\r\nContent-Length: 0\r\n\r\n",
    ] {
        let server = Server::responding(&[response]).await;
        let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::HtmlPage), "{response}: {error:?}");
        assert!(error.to_string().contains("proxy or login page"), "{error}");
    }
    // The page that nginx sends with status 416 is still the end of the file.
    let end = "HTTP/1.1 416 No\r\nContent-Type: text/html\r\nContent-Range: bytes */5\r\nContent-Length: 6\r\n\r\n<html>";
    let server = Server::responding(&[end]).await;
    let resume = loom_source::RangeRequest { from: 5, validator: None };
    let get = GetRequest::new(server.url("/x")).range(resume);
    assert_eq!(client().get(&get).await.unwrap().unwrap().download.total, Some(5));
}
