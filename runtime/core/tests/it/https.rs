//! Providers over https on a system without authorities, as in a container image that holds the server alone.

use std::{process::Command, sync::Arc, time::Duration};

use loom_base::error_chain;
use loom_core::llm::{ChatRequest, GenerateArguments, LlmClient, LlmProvider};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// The variable that makes a process of this test request a completion of the address in it.
const ADDRESS: &str = "LOOM_TEST_HTTPS_PROVIDER";

/// The address of a server on loopback whose certificate no authority has signed.
async fn self_signed() -> String {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            // The client ends the handshake.
            tokio::spawn(async move { acceptor.accept(stream).await.map(drop) });
        }
    });
    format!("https://localhost:{port}")
}

/// Runs the other test of this file in a process whose system has no authorities; returns what it says.
async fn without_authorities(address: &str, variables: &[(&str, &str)]) -> String {
    let bare = "mount -t tmpfs none /etc/ssl && exec \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "--", "sh", "-c", bare, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "https::a_completion_is_requested", "--nocapture"])
        .env_remove("SSL_CERT_FILE")
        .env_remove("SSL_CERT_DIR")
        .env(ADDRESS, address)
        .envs(variables.iter().copied());
    let run = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = [run.stdout, run.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// What the processes of the test below do.
#[tokio::test]
async fn a_completion_is_requested() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let provider = LlmProvider {
        api_base: Some(address),
        model: Some("m".to_owned()),
        ..LlmProvider::new("remote")
    };
    let arguments = GenerateArguments::read(r#"{"prompt": "hello"}"#).unwrap();
    let request = ChatRequest::new(&provider, &arguments).unwrap();
    let limit = Duration::from_secs(20);
    let client = LlmClient::default();
    let error = client.complete(&provider, &request, limit, &mut |_| {}).await.unwrap_err();
    println!("{}", error_chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_of_the_build_stand_in_for_those_of_the_system() {
    let address = self_signed().await;
    let said = without_authorities(&address, &[]).await;
    assert!(said.contains("certificate") && !said.contains("HTTPS is unavailable"), "{said}");
    // What is to replace the authorities of the system is not replaced itself.
    let said = without_authorities(&address, &[("SSL_CERT_DIR", "/etc/ssl")]).await;
    assert!(said.contains("HTTPS is unavailable") && said.contains("certificate"), "{said}");
}
