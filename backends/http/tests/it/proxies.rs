//! Proxies, and the journal.

use crate::support::{Server, failure, read, tls, with};
use loom_http::{Client, GetRequest, Journal, ProxySettings};
use loom_source::{RefusedBy, SourceErrorKind};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
const WHO: &str = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn through(proxy: &str) -> Client {
    with(|network| {
        network.allow_http = true;
        let all = Some(proxy.to_owned().into());
        network.proxy = ProxySettings { all, ..ProxySettings::default() };
    })
}

#[tokio::test]
async fn this_machine_is_requested_without_a_proxy() {
    let (proxy, near) = (Server::responding(&[OK]).await, Server::responding(&[OK]).await);
    let address = format!("http://user:s3cret@{}", proxy.address);
    let client = with(|network| {
        network.allow_http = true;
        network.proxy = ProxySettings { all: Some(address.into()), ..ProxySettings::default() };
    });
    assert!(!format!("{client:?}").contains("s3cret"), "{client:?}");
    for url in ["http://mirror.invalid/x".parse().unwrap(), near.url("/y")] {
        let download = client.get(&GetRequest::new(url)).await.unwrap().unwrap().download;
        assert_eq!(read(download).await.0, b"hello");
    }
    let requested =
        |server: &Server| server.requests()[0].lines().next().unwrap_or_default().to_owned();
    assert_eq!(requested(&proxy), "get http://mirror.invalid/x http/1.1");
    assert_eq!(requested(&near), "get /y http/1.1");
}

#[tokio::test]
async fn a_proxy_that_requires_a_login_is_an_access_denial() {
    for url in ["http://mirror.invalid/x", "https://mirror.invalid/x"] {
        let proxy = Server::responding(&[WHO]).await;
        let client = through(&format!("http://{}", proxy.address));
        let error = failure(&client, GetRequest::new(url.parse().unwrap())).await;
        let SourceErrorKind::AccessDenied(denial) = error.kind else { panic!("{error:?}") };
        assert_eq!(denial.by, RefusedBy::Proxy { status: Some(407) });
        assert_eq!(proxy.requests().len(), 1, "asking again gives no other response");
    }
}

#[tokio::test]
async fn a_tunnel_is_requested_with_the_login_of_the_proxy_only() {
    let proxy = Server::responding(&["HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"; 2]).await;
    let client = through(&format!("http://user:s3cret@{}", proxy.address));
    let get = GetRequest::new("https://me:mine@mirror.invalid/x".parse().unwrap());
    let error = failure(&client, get).await;
    assert!(matches!(error.kind, SourceErrorKind::Connect { .. }), "{error:?}");
    let request = &proxy.requests()[0];
    assert!(request.starts_with("connect mirror.invalid:443 http/1.1"), "{request}");
    // user:s3cret in base64, in lower case as in the log
    assert!(request.contains("proxy-authorization: basic dxnlcjpzm2nyzxq="), "{request}");
    assert!(!request.contains("\nauthorization:"), "{request}");
}

#[tokio::test]
async fn a_proxy_can_be_reached_over_tls() {
    let (port, ca) = tls::serve(&["localhost"], OK).await;
    let proxy = ProxySettings {
        all: Some(format!("https://localhost:{port}").into()),
        ..ProxySettings::default()
    };
    let client = with(|n| (n.allow_http, n.ca, n.proxy) = (true, vec![ca], proxy.clone()));
    let get = GetRequest::new("http://mirror.invalid/x".parse().unwrap());
    let download = client.get(&get).await.unwrap().unwrap().download;
    assert_eq!(read(download).await.0, b"hello");
    let distrusting = with(|n| (n.allow_http, n.proxy) = (true, proxy));
    let error = failure(&distrusting, get).await;
    assert!(matches!(error.kind, SourceErrorKind::Tls), "{error:?}");
}

#[tokio::test]
async fn the_journal_records_requests_without_secrets() {
    let proxy = Server::responding(&[OK]).await;
    let there = Server::responding(&[
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
    ])
    .await;
    let to = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        there.url("/y")
    );
    let here = Server::responding(&[&to]).await;
    let journal = Journal::default();
    let client = with(|network| {
        network.allow_http = true;
        network.journal = Some(journal.clone());
        network.proxy.all = Some(format!("http://user:s3cret@{}", proxy.address).into());
    });
    let mine = format!("http://me:mine@localhost:{}/x?key=k", here.address.port());
    for url in [mine.as_str(), "http://mirror.invalid/z"] {
        client.get(&GetRequest::new(url.parse().unwrap())).await.unwrap().unwrap();
    }
    let [first, second, third] = &journal.exchanges()[..] else { panic!("{journal:?}") };
    let near = format!("http://localhost:{}", here.address.port());
    assert_eq!((&first.origin, first.status, first.redirected), (&near, Some(302), false));
    assert!(first.authorized && first.dns.is_some() && first.connect.is_some(), "{first:?}");
    assert!(first.answer.is_some() && first.via.is_none(), "{first:?}");
    assert!(second.redirected && !second.authorized && second.dns.is_none(), "{second:?}");
    let message = second.clocks.unwrap().1.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(message.as_secs(), 784_111_777);
    assert_eq!(third.via.as_deref(), Some(format!("http://{}", proxy.address).as_str()));
    let shown = format!("{journal:?}");
    for secret in ["s3cret", "mine", "key=k"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
