//! The TLS set-up of the clients of both programs: cryptography by ring, and the authorities that the system trusts, or
//! those that Mozilla trusted at the time of the build where the system has none, as in a container image with one program.
//!
//! # Examples
//! ```
//! let client = loom_tls::client(reqwest::Client::builder, &[])?;
//! assert!(client.get("https://registry.example/").build().is_ok());
//! # Ok::<(), reqwest::Error>(())
//! ```

use std::sync::Once;

use reqwest::{Certificate, Client, ClientBuilder};
use rustls::{RootCertStore, pki_types::TrustAnchor};

/// Builds a client that trusts the authorities of the system and `extra`.
///
/// Where the system has none, those of Mozilla stand in, unless `SSL_CERT_FILE` or `SSL_CERT_DIR` names others: what is to
/// replace authorities must not add some where it is missing.
///
/// # Errors
/// Where the settings of `builder` cannot be used, and where no authority is trusted.
pub fn client(
    builder: impl Fn() -> ClientBuilder,
    extra: &[Certificate],
) -> reqwest::Result<Client> {
    install_provider();
    let built_in = || only(builder(), &built_in_roots(), extra);
    if extra.is_empty() {
        // This fails where the system has no authorities.
        let built = builder().build();
        return if built.is_err() && !is_replaced() { built_in() } else { built };
    }
    // The builder would trust `extra` alone.
    if count_system_roots() == 0 && !is_replaced() {
        return built_in();
    }
    builder().tls_certs_merge(extra.iter().cloned()).build()
}

/// Builds a client that trusts `roots` and `extra`, and no authority of the system.
///
/// # Errors
/// Where the settings of `builder` cannot be used.
pub fn only(
    builder: ClientBuilder,
    roots: &[Certificate],
    extra: &[Certificate],
) -> reqwest::Result<Client> {
    install_provider();
    builder.tls_certs_only(roots.iter().chain(extra).cloned()).build()
}

/// The authorities that a client of gRPC trusts: those of the system, or those of Mozilla as for [`client`].
///
/// # Examples
/// ```
/// assert!(!loom_tls::trust_anchors().is_empty() || std::env::var_os("SSL_CERT_FILE").is_some());
/// ```
pub fn trust_anchors() -> Vec<TrustAnchor<'static>> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() && !is_replaced() {
        store.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    store.roots
}

/// The number of authorities that the system trusts.
pub fn count_system_roots() -> usize {
    rustls_native_certs::load_native_certs().certs.len()
}

/// Installs ring as the process's provider of cryptography, unless one is installed.
pub fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that another provider is installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// The authorities that Mozilla trusted at the time of the build.
fn built_in_roots() -> Vec<Certificate> {
    let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    // All of them are well-formed.
    certificates.filter_map(|der| Certificate::from_der(der).ok()).collect()
}

/// Whether the environment names authorities that replace those of the system.
fn is_replaced() -> bool {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(is_set)
}
