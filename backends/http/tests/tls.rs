//! Whom the client trusts, against a real TLS server.

#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use loom_http::{Client, Get, Network, NetworkError};
use loom_source::{Advice, SourceError};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use support::{failure, read, with};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// A server that gives every connection one answer; its address, and its certificate.
async fn serve(names: &[&str], answer: &'static str) -> (u16, Vec<u8>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust us ends the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, cert.pem().into_bytes())
}

fn url(port: u16) -> Url {
    format!("https://localhost:{port}/x").parse().unwrap()
}

fn trusting(ca: Vec<u8>) -> Client {
    with(|network| network.ca = vec![ca])
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

#[tokio::test]
async fn an_extra_authority_is_trusted_and_no_other() {
    let (port, ca) = serve(&["localhost"], OK).await;
    let answer = trusting(ca).get(&Get::new(url(port))).await.unwrap().unwrap();
    assert_eq!(read(answer.opened).await.0, b"hello");
    let (_, another) = serve(&["localhost"], OK).await;
    for client in [with(|_| {}), trusting(another)] {
        let error = failure(&client, Get::new(url(port))).await;
        assert!(matches!(error, SourceError::Tls { .. }), "{error:?}");
        assert_eq!(error.advice(), Advice::Next);
        assert!(error.hint().unwrap().contains("ca ="), "{:?}", error.hint());
    }
}

#[tokio::test]
async fn a_certificate_counts_for_its_name_only() {
    let (port, ca) = serve(&["elsewhere.example"], OK).await;
    let error = failure(&trusting(ca), Get::new(url(port))).await;
    assert!(matches!(error, SourceError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn https_is_never_left_for_plain_http() {
    let to = "HTTP/1.1 302 Found\r\nLocation: http://localhost:1/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (port, ca) = serve(&["localhost"], to).await;
    let client = with(|network| (network.ca, network.allow_http) = (vec![ca], true));
    let error = failure(&client, Get::new(url(port))).await;
    assert!(matches!(error, SourceError::Redirect { .. }), "{error:?}");
    assert!(error.to_string().contains("never left for plain http"), "{error}");
}

#[test]
fn what_is_no_certificate_is_said_at_once() {
    let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    for bad in ["", "not a certificate", broken] {
        let network = Network { ca: vec![bad.into()], ..Network::default() };
        assert!(matches!(Client::new(network), Err(NetworkError::Ca(_))), "{bad:?}");
    }
}
