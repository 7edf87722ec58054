//! Which certificates are trusted, with a real TLS server.

use crate::support::{failure, read, tls::serve, with};
use loom_http::{Client, GetRequest, NetworkError, NetworkSettings, Roots};
use loom_source::{Advice, SourceErrorKind};
use url::Url;

fn url(port: u16) -> Url {
    format!("https://localhost:{port}/x").parse().unwrap()
}

fn trusting(ca: Vec<u8>) -> Client {
    with(|network| network.ca = vec![ca])
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

#[tokio::test]
async fn only_the_given_authority_is_trusted() {
    let (port, ca) = serve(&["localhost"], OK).await;
    let response = trusting(ca).get(&GetRequest::new(url(port))).await.unwrap().unwrap();
    assert_eq!(read(response.download).await.0, b"hello");
    let (_, another) = serve(&["localhost"], OK).await;
    for client in [with(|_| {}), trusting(another)] {
        let error = failure(&client, GetRequest::new(url(port))).await;
        assert!(matches!(error.kind, SourceErrorKind::Tls), "{error:?}");
        assert_eq!(error.kind.advice(), Advice::Next);
    }
}

#[tokio::test]
async fn given_roots_replace_those_of_the_system() {
    let (port, ca) = serve(&["localhost"], OK).await;
    let (_, another) = serve(&["localhost"], OK).await;
    let rooted = |roots: &[&Vec<u8>], ca: &[&Vec<u8>]| {
        let all = |these: &[&Vec<u8>]| these.iter().map(|pem| (*pem).clone()).collect();
        with(|network| (network.roots, network.ca) = (Roots::Only(all(roots)), all(ca)))
    };
    for (client, trusted) in [
        (rooted(&[&ca], &[]), true),
        (rooted(&[&another, &ca], &[]), true),
        (rooted(&[&another], &[&ca]), true),
        (rooted(&[&another], &[]), false),
        (rooted(&[], &[]), false),
    ] {
        let response = client.get(&GetRequest::new(url(port))).await;
        assert_eq!(response.is_ok(), trusted, "{:?}", response.err());
    }
}

#[tokio::test]
async fn a_certificate_is_valid_for_its_names_only() {
    let (port, ca) = serve(&["elsewhere.example"], OK).await;
    let error = failure(&trusting(ca), GetRequest::new(url(port))).await;
    assert!(matches!(error.kind, SourceErrorKind::Tls), "{error:?}");
}

#[tokio::test]
async fn https_is_never_redirected_to_http() {
    let to = "HTTP/1.1 302 Found\r\nLocation: http://localhost:1/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (port, ca) = serve(&["localhost"], to).await;
    let client = with(|network| (network.ca, network.allow_http) = (vec![ca], true));
    let error = failure(&client, GetRequest::new(url(port))).await;
    assert!(matches!(error.kind, SourceErrorKind::Redirect { .. }), "{error:?}");
    assert!(error.to_string().contains("https must not redirect to http"), "{error}");
}

#[test]
fn an_invalid_certificate_is_an_error_of_the_settings() {
    let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    for bad in ["", "not a certificate", broken] {
        let network = NetworkSettings { ca: vec![bad.into()], ..NetworkSettings::default() };
        assert!(matches!(Client::new(network), Err(NetworkError::Ca(_))), "{bad:?}");
    }
}
