//! How long the client waits, for what, and how often it asks again.

use std::time::{Duration, Instant};

use crate::support::{Act, Server, client, failure, read, with};
use loom_http::{Client, GetRequest, RequestRetry};
use loom_source::SourceErrorKind;

const SHORT: Duration = Duration::from_millis(150);
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn short() -> Client {
    with(|network| network.timeout = SHORT)
}

#[tokio::test]
async fn a_connection_has_a_time_of_its_own() {
    // TCP answers, TLS never does.
    let server = Server::new(vec![vec![Act::Hold]; 2]).await;
    let url = format!("https://{}/x", server.address);
    let client = with(|network| network.connect_timeout = Some(SHORT));
    let error = failure(&client, GetRequest::new(url.parse().unwrap())).await;
    let said = error.to_string();
    assert!(said.starts_with("no connection to https://") && said.contains("150ms"), "{said}");
    assert!(matches!(error.kind, SourceErrorKind::Stalled { timeout: SHORT, .. }), "{error:?}");
}

#[tokio::test]
async fn time_for_the_connection_is_none_for_the_answer() {
    let server = Server::new(vec![vec![Act::Read, Act::Hold]]).await;
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
async fn a_proxy_that_never_answers_is_a_connection_that_never_stands() {
    let proxy = Server::new(vec![vec![Act::Read, Act::Hold]]).await;
    let client = with(|network| {
        network.connect_timeout = Some(SHORT);
        network.proxy.all = Some(format!("http://{}", proxy.address).into());
    });
    let error =
        failure(&client, GetRequest::new("https://mirror.invalid/x".parse().unwrap())).await;
    assert!(error.to_string().starts_with("no connection to https://mirror.invalid/x"), "{error}");
}

#[tokio::test]
async fn headers_that_drip_are_no_answer() {
    let begun = b"HTTP/1.1 200 OK\r\nX-Slow: ".to_vec();
    let server = Server::new(vec![vec![Act::Read, Act::Send(begun), Act::Drip]]).await;
    let error = failure(&short(), GetRequest::new(server.url("/x"))).await;
    assert!(matches!(error.kind, SourceErrorKind::Stalled { .. }), "{error:?}");
}

#[tokio::test]
async fn a_body_of_a_byte_now_and_then_makes_no_progress() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    let mut acts = vec![Act::Read, Act::Send(head.into())];
    // Each well within the longest time without a byte, and together never enough.
    for _ in 0..20 {
        acts.extend([Act::Pause(SHORT / 2), Act::Send(b"x".to_vec())]);
    }
    let server = Server::new(vec![acts]).await;
    let opened = short().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().opened;
    let (bytes, error) = read(opened).await;
    assert!(
        matches!(error.as_ref().map(|error| &error.kind), Some(SourceErrorKind::Stalled { .. })),
        "{error:?}"
    );
    assert!(bytes.len() < 10, "{}", bytes.len());
}

#[tokio::test]
async fn a_slow_reader_is_not_a_slow_server() {
    let server = Server::answering(&[OK]).await;
    let mut opened = short().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().opened;
    tokio::time::sleep(SHORT * 2).await;
    let body = std::mem::replace(&mut opened.body, Box::pin(futures::stream::empty()));
    let whole = read(loom_source::Download { body, ..opened }).await;
    assert_eq!(whole.0, b"hello");
    assert!(whole.1.is_none(), "{:?}", whole.1);
}

#[tokio::test]
async fn each_failure_is_asked_for_as_often_as_it_may_help() {
    for (what, acts, asked) in [
        ("500", vec![Act::Read, Act::Send(BUSY.replace("503", "500").into())], 3),
        ("503", vec![Act::Read, Act::Send(BUSY.into())], 3),
        ("hang-up", vec![Act::Read], 3),
        ("404", vec![Act::Read, Act::Send(BUSY.replace("503", "404").into())], 1),
        ("403", vec![Act::Read, Act::Send(BUSY.replace("503", "403").into())], 1),
        ("501", vec![Act::Read, Act::Send(BUSY.replace("503", "501").into())], 1),
        ("511", vec![Act::Read, Act::Send(BUSY.replace("503", "511").into())], 1),
        ("silence", vec![Act::Read, Act::Hold], 1),
    ] {
        let server = Server::new(vec![acts; 5]).await;
        let client = if what == "silence" { short() } else { client() };
        let _ = client.get(&GetRequest::new(server.url("/x"))).await;
        assert_eq!(server.requests().len(), asked, "{what}");
    }
}

#[tokio::test]
async fn what_a_server_asks_for_is_waited_for_within_the_budget_only() {
    let asks = |seconds: &str| {
        BUSY.replace("Content-Length", &format!("Retry-After: {seconds}\r\nContent-Length"))
    };
    for (seconds, asked) in [("0", 2), ("2", 1), ("3600", 1)] {
        let server = Server::answering(&[&asks(seconds), OK]).await;
        let client = with(|network| network.timeout = Duration::from_secs(2));
        let answer = client.get(&GetRequest::new(server.url("/x"))).await;
        assert_eq!((server.requests().len(), answer.is_ok()), (asked, asked == 2), "{seconds}");
    }
    let server = Server::answering(&[&asks("1"), OK]).await;
    let begun = Instant::now();
    assert!(client().get(&GetRequest::new(server.url("/x"))).await.unwrap().is_some());
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn all_attempts_together_have_the_budget_of_one() {
    let busy = vec![Act::Read, Act::Send(BUSY.into())];
    let silent = vec![Act::Read, Act::Hold];
    let server = Server::new(vec![busy, silent]).await;
    let (timeout, pause) = (Duration::from_millis(600), Duration::from_millis(500));
    let client = with(|network| {
        network.timeout = timeout;
        network.retry = RequestRetry { attempts: 3, base: pause, cap: pause };
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
async fn a_page_is_a_page_however_it_is_dressed() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nContent-Type: application/gzip\r\nContent-Length: 15\r\n\r\n<script>go()...",
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 14\r\n\r\n<!-- login -->",
        "HTTP/1.1 511 Log In\r\nContent-Length: 0\r\n\r\n",
    ] {
        let server = Server::answering(&[answer]).await;
        let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::HtmlPage), "{answer}: {error:?}");
        assert!(error.to_string().contains("proxy or login page"), "{error}");
    }
    // nginx says 416 with a page of its own; that is still the end of the file.
    let end = "HTTP/1.1 416 No\r\nContent-Type: text/html\r\nContent-Range: bytes */5\r\nContent-Length: 6\r\n\r\n<html>";
    let server = Server::answering(&[end]).await;
    let resume = loom_source::RangeRequest { from: 5, validator: None };
    let get = GetRequest::new(server.url("/x")).resume(resume);
    assert_eq!(client().get(&get).await.unwrap().unwrap().opened.total, Some(5));
}
