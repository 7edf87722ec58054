//! How sources use the network: their own settings, and the proxies and certificates of the environment.

use loom_http::{Journal, NetworkSettings, ProxySettings, Roots};

use super::{
    OpenError,
    certificates::{self, CertificateError, CertificatePaths},
    proxies::Proxies,
};
use crate::config::{Env, SourceSpec};

/// The settings of the network for sources without settings of their own.
#[derive(Debug, Clone, Default)]
pub struct NetworkDefaults {
    /// Whether requests beyond loopback are disabled.
    pub offline: bool,
    /// The proxies that the environment names.
    pub proxies: Proxies,
    /// The certificates that the environment names; those of the system where `None`.
    pub certificates: Option<CertificatePaths>,
}

impl NetworkDefaults {
    /// The proxies and certificates that `env` names. No file is read.
    pub fn from_env(env: &Env, offline: bool) -> Self {
        Self { offline, proxies: Proxies::of(env), certificates: CertificatePaths::of(env) }
    }

    /// The certificate authorities that are trusted.
    ///
    /// # Errors
    /// If the files that the environment names cannot be read.
    pub fn roots(&self) -> Result<Roots, CertificateError> {
        match &self.certificates {
            Some(paths) => paths.read().map(Roots::Only),
            None => Ok(Roots::System),
        }
    }

    /// Whether a source may be requested: offline none beyond this machine.
    pub(super) fn reaches(&self, is_local: bool) -> bool {
        is_local || !self.offline
    }

    /// The settings for the HTTP client of one source; where `is_reached` is false, of one that only refuses requests:
    /// nothing that serves the network is read or checked for it.
    pub(super) fn settings(
        &self,
        spec: &SourceSpec,
        journal: Journal,
        is_reached: bool,
    ) -> Result<NetworkSettings, OpenError> {
        if !is_reached {
            return Ok(NetworkSettings {
                allow_http: spec.allow_http,
                offline: self.offline,
                journal: Some(journal),
                ..NetworkSettings::default()
            });
        }
        let ca = spec.ca.as_deref().map(certificates::read).transpose();
        let ca = ca.map_err(|source| OpenError::Ca { source_name: spec.to_string(), source })?;
        Ok(NetworkSettings {
            timeout: spec.timeout,
            connect_timeout: spec.connect_timeout,
            total_timeout: spec.total_timeout,
            allow_http: spec.allow_http,
            offline: self.offline,
            proxy: self.proxy(spec),
            roots: self.roots().map_err(OpenError::Certificates)?,
            ca: ca.into_iter().collect(),
            journal: Some(journal),
            ..NetworkSettings::default()
        })
    }

    /// The proxy of the source, which as the more specific setting replaces all variables of the environment, `NO_PROXY`
    /// included; else the proxies of the environment.
    fn proxy(&self, spec: &SourceSpec) -> ProxySettings {
        match &spec.proxy {
            Some(url) => {
                ProxySettings { all: Some(url.to_string().into()), ..ProxySettings::default() }
            }
            None => self.proxies.settings(),
        }
    }
}
