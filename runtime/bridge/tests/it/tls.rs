//! TLS, and what can be wrong with its files.

use std::{fs, path::Path};

use crate::support::{self, Server, command};
use loom_bridge::proto::{HeartbeatRequest, bridge_client::BridgeClient};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

/// Writes a certificate for `localhost` and its key. Returns the certificate.
pub(crate) fn certificate(folder: &Path) -> String {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    cert.pem()
}

#[tokio::test]
async fn a_server_with_a_certificate_speaks_tls_only() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = certificate(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let server = Server::start(&[
        ("LOOM_BRIDGE_TLS_CERT", &path("cert.pem")),
        ("LOOM_BRIDGE_TLS_KEY", &path("key.pem")),
    ]);
    let endpoint = |scheme| {
        let address = format!("{scheme}://localhost:{}", server.bridge.port());
        Endpoint::from_shared(address).unwrap().timeout(support::DEADLINE)
    };
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(trusted));
    let channel = endpoint("https").tls_config(tls).unwrap().connect().await.unwrap();
    let request = HeartbeatRequest { timestamp_ms: 7 };
    let response = BridgeClient::new(channel).heartbeat(request).await.unwrap();
    assert_eq!(response.into_inner().timestamp_ms, 7);

    let is_answered = match endpoint("http").connect().await {
        Ok(channel) => BridgeClient::new(channel).heartbeat(request).await.is_ok(),
        Err(_) => false,
    };
    assert!(!is_answered, "plain HTTP/2 is refused");
    let other = Certificate::from_pem(certificate(folder.path()));
    let tls = ClientTlsConfig::new().ca_certificate(other);
    let refused = endpoint("https").tls_config(tls).unwrap().connect().await;
    assert!(refused.is_err(), "the server has another certificate");
}

#[test]
fn invalid_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("empty.pem"), "").unwrap();
    for (cert, key, named) in [
        ("missing.pem", "key.pem", "missing.pem"),
        ("cert.pem", "missing.pem", "LOOM_BRIDGE_TLS_KEY"),
        ("cert.pem", "empty.pem", "empty.pem"),
        ("key.pem", "key.pem", "LOOM_BRIDGE_TLS_CERT"),
    ] {
        let ended = command()
            .env("LOOM_BRIDGE_ADDR", "127.0.0.1:0")
            .env("LOOM_BRIDGE_TLS_CERT", path(cert))
            .env("LOOM_BRIDGE_TLS_KEY", path(key))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{cert} {key}: {stderr}");
        assert!(stderr.contains(named), "{stderr}");
        assert!(!stderr.contains("PRIVATE KEY"), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn devices_fifos_and_huge_files_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let made = std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap();
    assert!(made.success());
    fs::write(path("huge.pem"), vec![b'\n'; (1 << 20) + 1]).unwrap();
    let key = path("key.pem");
    for (cert, key, variable, why) in [
        ("/dev/zero", key.as_str(), "LOOM_BRIDGE_TLS_CERT", "not a regular file"),
        (&path("fifo"), &key, "LOOM_BRIDGE_TLS_CERT", "not a regular file"),
        (&path("huge.pem"), &key, "LOOM_BRIDGE_TLS_CERT", "larger than 1 MiB"),
        (&path("cert.pem"), &path("fifo"), "LOOM_BRIDGE_TLS_KEY", "not a regular file"),
        (&path("cert.pem"), "/dev/zero", "LOOM_BRIDGE_TLS_KEY", "not a regular file"),
    ] {
        let ended = command()
            .env("LOOM_BRIDGE_ADDR", "127.0.0.1:0")
            .env("LOOM_BRIDGE_TLS_CERT", cert)
            .env("LOOM_BRIDGE_TLS_KEY", key)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{cert} {key}: {stderr}");
        assert!(stderr.contains(variable) && stderr.contains(why), "{stderr}");
    }
    // The file of certificate authorities, which is read at the first connection to a provider.
    for file in ["/dev/zero", &path("fifo")] {
        let ended = command()
            .env("LOOM_BRIDGE_ADDR", "127.0.0.1:0")
            .env("SSL_CERT_FILE", file)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{file}: {stderr}");
        assert!(stderr.contains(&format!("{file} (SSL_CERT_FILE)")), "{stderr}");
    }
}
