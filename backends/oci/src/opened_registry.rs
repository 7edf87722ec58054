//! [`OpenedRegistry`]: a registry, opened with its options.

use loom_http::Client;
use url::Url;

use crate::{
    error::OciError,
    options::OciOptions,
    reference::{ReferenceError, RegistryReference},
    registry::{LoginSource, RegistryTransport},
};

/// A registry, and what is known of it before the first request.
pub(crate) struct OpenedRegistry {
    pub(crate) transport: RegistryTransport,
    /// The URL, and through which other registry it is asked.
    pub(crate) name: String,
    /// Whether it is on this machine.
    pub(crate) local: bool,
    /// Whether requests are sent over plain http beyond this machine.
    pub(crate) insecure: bool,
}

impl OpenedRegistry {
    /// Opens the registry at an `oci://` URL. No request is sent.
    ///
    /// # Errors
    /// Where the URL or an option cannot be used.
    pub(crate) fn open(url: &Url, options: OciOptions) -> Result<Self, OciError> {
        let shown = loom_base::redact::url(url);
        let named = RegistryReference::of_url(url)
            .map_err(|source| OciError::Reference { location: shown, source })?;
        let OciOptions { mirror, login, files, evidence: _, network } = options;
        let asked = match mirror {
            Some(mirror) => match RegistryReference::of_prefix(&mirror) {
                Ok(prefix) => named.through(&prefix),
                Err(source) => {
                    let mirror = loom_base::redact::unusable(&mirror);
                    return Err(OciError::Mirror { mirror, source });
                }
            },
            None => named.clone(),
        };
        let location = named.to_string();
        let local = asked.is_loopback();
        let insecure = network.allow_http && !local;
        let root = asked.api_url(network.allow_http).ok_or_else(|| OciError::Reference {
            location: location.clone(),
            source: ReferenceError::Host(asked.host().to_owned()),
        })?;
        let client = Client::new(network)
            .map_err(|source| OciError::Network { location: location.clone(), source })?;
        let name = match asked == named {
            true => location,
            false => format!("{location} (through {asked})"),
        };
        let login = LoginSource { given: login, files };
        let transport = RegistryTransport::new(asked, root, client, login);
        Ok(Self { transport, name, local, insecure })
    }
}
