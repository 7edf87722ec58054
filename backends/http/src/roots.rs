//! The certificates of authorities that are trusted.

use reqwest::Certificate;

use crate::{
    client_error,
    network_settings::{NetworkError, NetworkSettings, Roots},
};

pub use loom_tls::count_system_roots;

/// The certificates that a client trusts.
#[derive(Debug)]
pub(crate) struct TrustedRoots {
    /// The certificates that replace those of the system, if given.
    pub(crate) only: Option<Vec<Certificate>>,
    /// Further certificates.
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
            .map_err(|error| NetworkError::Ca(client_error::causes_of(error).to_string()))?;
        if certificates.is_empty() {
            return Err(NetworkError::Ca("a file has no certificate in PEM".to_owned()));
        }
        all.extend(certificates);
    }
    Ok(all)
}
