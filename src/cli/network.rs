//! How one source may use the network: its own settings, and the environment's proxies and certificates.

use loom_http::{NetworkSettings, ProxySettings, Roots};

use super::{CommandError, Exit, context::Context};
use loom_runtime::config::{
    Resolved, SourceSpec,
    certificates::{self, CertificateError, CertificatePaths},
    proxies::Proxies,
};

/// The settings that a source's client is built from.
pub(crate) fn network(
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
) -> Result<NetworkSettings, CommandError> {
    let ca = spec.ca.as_deref().map(certificates::read).transpose().map_err(|e| {
        CommandError::of(Exit::Usage, &e).hint(format!("check `ca` of the source {spec}"))
    })?;
    Ok(NetworkSettings {
        timeout: spec.timeout,
        connect_timeout: spec.connect_timeout,
        total_timeout: spec.total_timeout,
        allow_http: spec.allow_http,
        offline: resolved.offline.value,
        proxy: proxy(context, spec),
        roots: roots(context).map_err(|e| {
            CommandError::of(Exit::Usage, &e).hint("check SSL_CERT_FILE and SSL_CERT_DIR")
        })?,
        ca: ca.into_iter().collect(),
        journal: context.journal.borrow().clone(),
        ..NetworkSettings::default()
    })
}

/// The source's own proxy stands for it whatever the environment says, `NO_PROXY` too: it is the most special.
fn proxy(context: &Context, spec: &SourceSpec) -> ProxySettings {
    if let Some(url) = &spec.proxy {
        return ProxySettings { all: Some(url.to_string().into()), ..ProxySettings::default() };
    }
    let Proxies { https, http, all, no_proxy, .. } = Proxies::of(context.env());
    ProxySettings {
        https: https.map(|given| given.value),
        http: http.map(|given| given.value),
        all: all.map(|given| given.value),
        no_proxy: no_proxy.map(|given| given.value),
    }
}

/// Those that the environment names, else the system's.
pub(super) fn roots(context: &Context) -> Result<Roots, CertificateError> {
    match CertificatePaths::of(context.env()) {
        Some(paths) => paths.read().map(Roots::Only),
        None => Ok(Roots::System),
    }
}
