//! A certificate for clients that require https.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// A self-signed certificate for `localhost` and `127.0.0.1`, with its key.
#[derive(Debug, Clone)]
pub struct TestCertificate {
    /// The certificate in PEM, for the clients that are to trust it.
    pub pem: String,
    pub(super) config: Arc<ServerConfig>,
}

impl Default for TestCertificate {
    /// A new certificate.
    fn default() -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        Self { pem: cert.pem(), config: Arc::new(config) }
    }
}
