//! Whose certificates are trusted.

use reqwest::Certificate;

use crate::{NetworkError, NetworkSettings, Roots, fault};

/// How many certificates the system has, to tell people. Which directories it looks in is the system's matter.
pub fn of_the_system() -> usize {
    rustls_native_certs::load_native_certs().certs.len()
}

/// Mozilla's certificates, as they were when loom was built.
pub(crate) fn built_in() -> Vec<Certificate> {
    let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    // All of them are well-formed.
    certificates.filter_map(|der| Certificate::from_der(der).ok()).collect()
}

/// What a client is to trust.
#[derive(Debug)]
pub(crate) struct TrustedRoots {
    /// Instead of the system's.
    pub(crate) only: Option<Vec<Certificate>>,
    /// Besides.
    pub(crate) extra: Vec<Certificate>,
}

impl TrustedRoots {
    pub(crate) fn new(network: &NetworkSettings) -> Result<Self, NetworkError> {
        let only = match &network.roots {
            Roots::System => None,
            Roots::Only(bundles) => Some(parse(bundles)?),
        };
        Ok(Self { only, extra: parse(&network.ca)? })
    }
}

fn parse(bundles: &[Vec<u8>]) -> Result<Vec<Certificate>, NetworkError> {
    let mut all = Vec::new();
    for bundle in bundles {
        let certificates = Certificate::from_pem_bundle(bundle)
            .map_err(|error| NetworkError::Ca(fault::why(error).to_string()))?;
        if certificates.is_empty() {
            return Err(NetworkError::Ca("a file holds no certificate in PEM form".to_owned()));
        }
        all.extend(certificates);
    }
    Ok(all)
}
