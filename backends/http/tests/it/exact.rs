//! What the client makes of exact bytes, and of none.

use std::time::Duration;

use crate::support::{Act, Server, client, failure, read, with};
use loom_http::GetRequest;
use loom_source::{RangeRequest, SourceErrorKind, Validator};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\nhello";

fn resume(from: u64, tag: Option<&str>) -> RangeRequest {
    let strong = |tag: &str| Validator::Strong(tag.to_owned());
    let weak = |tag: &str| Validator::Weak(tag.to_owned());
    let validator = tag.map(|tag| if tag.starts_with('"') { strong(tag) } else { weak(tag) });
    RangeRequest { from, validator }
}

#[tokio::test]
async fn a_file_arrives_with_its_size_and_validator() {
    let server = Server::answering(&[OK]).await;
    let answer = client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap();
    let opened = answer.opened;
    assert_eq!((opened.start, opened.total), (0, Some(5)));
    assert_eq!(opened.validator, Some(Validator::Strong("\"a\"".into())));
    assert_eq!(read(opened).await.0, b"hello");
    let request = &server.requests()[0];
    assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
    assert!(request.contains("user-agent: loom-rt/"), "{request}");
    assert!(!request.contains("range:"), "{request}");
}

#[tokio::test]
async fn a_body_that_breaks_off_says_how_much_came() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n",
    ] {
        let server = Server::answering(&[answer]).await;
        let answer = client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap();
        let (bytes, error) = read(answer.opened).await;
        assert_eq!(bytes, b"hell");
        assert!(
            matches!(
                error.as_ref().map(|error| &error.kind),
                Some(SourceErrorKind::Interrupted { received: 4, .. })
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_part_of_the_rest_is_not_the_rest() {
    let part =
        "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/10\r\n\r\nllo";
    let server = Server::answering(&[part]).await;
    let get = GetRequest::new(server.url("/x")).resume(resume(2, None));
    let opened = client().get(&get).await.unwrap().unwrap().opened;
    assert_eq!((opened.start, opened.total), (2, Some(10)));
    let (bytes, error) = read(opened).await;
    assert_eq!(bytes, b"llo");
    assert!(
        matches!(
            error.as_ref().map(|error| &error.kind),
            Some(SourceErrorKind::Interrupted { received: 3, .. })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_costs_one_budget() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Le".to_vec();
    for acts in
        [vec![Act::Hold], vec![Act::Read, Act::Hold], vec![Act::Read, Act::Send(half), Act::Hold]]
    {
        let server = Server::new(vec![acts.clone(), acts]).await;
        let client = with(|network| network.timeout = Duration::from_millis(150));
        let error = failure(&client, GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::Stalled { .. }), "{error:?}");
        assert!(server.requests().len() < 2, "it was asked again");
    }
}

#[tokio::test]
async fn a_body_that_stops_moving_is_a_stall() {
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell".to_vec();
    let server = Server::new(vec![vec![Act::Read, Act::Send(begun), Act::Hold]]).await;
    let client = with(|network| network.timeout = Duration::from_millis(150));
    let answer = client.get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap();
    let (bytes, error) = read(answer.opened).await;
    assert_eq!(bytes, b"hell");
    assert!(
        matches!(error.as_ref().map(|error| &error.kind), Some(SourceErrorKind::Stalled { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn dripping_bytes_are_progress_but_not_without_end() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_vec();
    let server = Server::new(vec![vec![Act::Read, Act::Send(head), Act::Drip]]).await;
    let client = with(|network| network.total_timeout = Some(Duration::from_millis(300)));
    let answer = client.get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap();
    let (bytes, error) = read(answer.opened).await;
    assert!(!bytes.is_empty());
    assert!(
        matches!(
            error.as_ref().map(|error| &error.kind),
            Some(SourceErrorKind::TotalTimeout { .. })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_range_continues_under_a_strong_tag_only() {
    let rest = "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/5\r\nETag: \"a\"\r\n\r\nllo";
    for (tag, if_range) in [(Some("\"a\""), true), (None, false)] {
        let server = Server::answering(&[rest]).await;
        let get = GetRequest::new(server.url("/x")).resume(resume(2, tag));
        let opened = client().get(&get).await.unwrap().unwrap().opened;
        assert_eq!((opened.start, opened.total), (2, Some(5)));
        assert_eq!(read(opened).await.0, b"llo");
        let request = &server.requests()[0];
        assert!(request.contains("range: bytes=2-\r\n"), "{request}");
        assert_eq!(request.contains("if-range: \"a\"\r\n"), if_range, "{request}");
    }
}

#[tokio::test]
async fn a_rest_of_other_bytes_is_asked_for_again_as_a_whole() {
    let other = "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/5\r\nETag: W/\"b\"\r\nConnection: close\r\n\r\nxxx";
    let server = Server::answering(&[other, OK]).await;
    let get = GetRequest::new(server.url("/x")).resume(resume(2, Some("W/\"a\"")));
    let opened = client().get(&get).await.unwrap().unwrap().opened;
    assert_eq!(opened.start, 0);
    assert_eq!(read(opened).await.0, b"hello");
    assert!(!server.requests()[1].contains("range:"));
}

#[tokio::test]
async fn a_server_without_ranges_starts_again() {
    let server = Server::answering(&[OK]).await;
    let get = GetRequest::new(server.url("/x")).resume(resume(2, None));
    let opened = client().get(&get).await.unwrap().unwrap().opened;
    assert_eq!((opened.start, opened.total), (0, Some(5)));
    assert_eq!(read(opened).await.0, b"hello");
}

#[tokio::test]
async fn another_range_than_the_one_asked_for_is_an_error() {
    let wrong =
        "HTTP/1.1 206 Partial\r\nContent-Length: 4\r\nContent-Range: bytes 1-4/5\r\n\r\nello";
    let server = Server::answering(&[wrong]).await;
    let get = GetRequest::new(server.url("/x")).resume(resume(2, None));
    let error = failure(&client(), get).await;
    assert!(matches!(error.kind, SourceErrorKind::RangeMismatch { requested: 2, .. }), "{error:?}");
}

#[tokio::test]
async fn no_range_left_is_the_end_or_a_new_beginning() {
    let end = "HTTP/1.1 416 No\r\nContent-Length: 0\r\nContent-Range: bytes */5\r\nConnection: close\r\n\r\n";
    let server = Server::answering(&[end, end, OK]).await;
    let get = GetRequest::new(server.url("/x")).resume(resume(5, None));
    let opened = client().get(&get).await.unwrap().unwrap().opened;
    assert_eq!((opened.start, opened.total), (5, Some(5)));
    assert!(matches!(read(opened).await, (bytes, None) if bytes.is_empty()));
    let get = GetRequest::new(server.url("/x")).resume(resume(7, None));
    let opened = client().get(&get).await.unwrap().unwrap().opened;
    assert_eq!((opened.start, opened.total), (0, Some(5)));
    assert_eq!(read(opened).await.0, b"hello");
}

#[tokio::test]
async fn a_page_is_no_file() {
    let typed = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello";
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n\n<!DOCTYPE html><p>hi ";
    let server = Server::answering(&[typed, begun, typed]).await;
    for _ in 0..2 {
        let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::HtmlPage), "{error:?}");
    }
    let get = GetRequest::new(server.url("/x")).may_be_page();
    let opened = client().get(&get).await.unwrap().unwrap().opened;
    assert_eq!(read(opened).await.0, b"hello");
}

#[tokio::test]
async fn a_page_in_pieces_is_no_file_and_a_file_in_pieces_is_no_page() {
    let pieces = |pieces: &[&str]| {
        let mut acts = vec![Act::Read];
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_bytes();
        acts.push(Act::Send(head.to_vec()));
        let chunk = |piece: &&str| Act::Send(format!("{:x}\r\n{piece}\r\n", piece.len()).into());
        acts.extend(pieces.iter().map(chunk));
        acts.push(Act::Send(b"0\r\n\r\n".to_vec()));
        acts
    };
    let page = pieces(&["  ", "<", "HT", "ML>"]);
    let file = pieces(&["<", "ht", "xx>", "rest"]);
    let short = pieces(&["<", "ht"]);
    let server = Server::new(vec![page, file, short]).await;
    let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
    assert!(matches!(error.kind, SourceErrorKind::HtmlPage), "{error:?}");
    for expected in ["<htxx>rest", "<ht"] {
        let opened =
            client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().opened;
        let (bytes, error) = read(opened).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(bytes, expected.as_bytes());
    }
}

#[tokio::test]
async fn transformed_bytes_are_refused() {
    let gzip = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello";
    let server = Server::answering(&[gzip]).await;
    let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
    assert!(matches!(error.kind, SourceErrorKind::ContentEncoding { .. }), "{error:?}");
}

#[tokio::test]
async fn refusals_and_absence_are_told_apart() {
    for status in [401, 403, 407] {
        let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
        let server = Server::answering(&[&answer]).await;
        let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::AccessDenied(_)), "{error:?}");
    }
    for status in [404, 410] {
        let answer = format!(
            "HTTP/1.1 {status} No\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
        );
        let server = Server::answering(&[&answer]).await;
        assert!(client().get(&GetRequest::new(server.url("/x"))).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_may_pass_is_asked_again() {
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let limited =
        "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let server = Server::answering(&[busy, limited, OK]).await;
    let opened = client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().opened;
    assert_eq!(read(opened).await.0, b"hello");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_asked_again() {
    let server = Server::new(vec![vec![Act::Read], vec![Act::Read, Act::Send(OK.into())]]).await;
    let opened = client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().opened;
    assert_eq!(read(opened).await.0, b"hello");
}

#[tokio::test]
async fn small_files_are_asked_again_when_they_break_off() {
    let torn = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhel";
    let server = Server::answering(&[torn, OK]).await;
    let bytes = client().get_bytes(&GetRequest::new(server.url("/x")), 5).await.unwrap().unwrap();
    assert_eq!(bytes, "hello");
}

#[tokio::test]
async fn small_files_are_small() {
    let server = Server::answering(&[OK]).await;
    let error = client().get_bytes(&GetRequest::new(server.url("/x")), 4).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_asks_for_long_patience_is_left() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n";
    let server = Server::answering(&[busy, OK]).await;
    let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
    let asked = Some(Duration::from_secs(3600));
    assert!(
        matches!(error.kind, SourceErrorKind::HttpStatus { status: 503, retry_after, .. } if retry_after == asked)
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_a_failure_to_connect() {
    let server = Server::answering(&[]).await;
    let url = server.url("/x");
    drop(server);
    let error = failure(&client(), GetRequest::new(url)).await;
    assert!(matches!(error.kind, SourceErrorKind::Connect { .. }), "{error:?}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("refused"), "{cause}");
}

#[tokio::test]
async fn a_refused_name_leaves_the_connection_usable() {
    let absent = "HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nnot here\n";
    let acts = vec![Act::Read, Act::Send(absent.into()), Act::Read, Act::Send(OK.into())];
    let server = Server::new(vec![acts]).await;
    let client = client();
    assert!(client.get(&GetRequest::new(server.url("/x"))).await.unwrap().is_none());
    let opened = client.get(&GetRequest::new(server.url("/y"))).await.unwrap().unwrap().opened;
    assert_eq!(read(opened).await.0, b"hello");
}

#[tokio::test]
async fn secrets_show_in_no_error() {
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhell";
    let busy = "HTTP/1.1 418 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let server = Server::answering(&[broken, busy, "nonsense\r\n\r\n"]).await;
    let text = format!("http://user:pa%73sword@{}/x?key=password", server.address);
    let client = with(|network| network.retry = loom_http::RequestRetry::NEVER);
    for _ in 0..4 {
        let error = failure(&client, GetRequest::new(text.parse().unwrap())).await;
        let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(!shown.contains("password") && !shown.contains("user"), "{shown}");
        assert!(shown.contains("/x"), "{shown}");
    }
    let request = &server.requests()[0];
    // «user:password» in base64, in lower case as the log has it
    assert!(request.contains("authorization: basic dxnlcjpwyxnzd29yza=="), "{request}");
    assert!(request.starts_with("get /x?key=password http/1.1"), "{request}");
    let get = format!("{:?}", GetRequest::new(text.parse().unwrap()));
    assert!(!get.contains("password") && !get.contains("dXNl"), "{get}");
}
