//! The way to the sources: proxies, certificates, `.netrc`, the clock.

use std::time::Duration;

use indicatif::HumanDuration;
use loom_http::{Client, NetworkSettings, ProxySettings, Roots};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::check::DoctorCheck;
use crate::cli::{CommandError, Exit, source::finding::Finding};
use loom_runtime::{
    config::Resolved,
    sources::{
        NetrcFile, NetworkDefaults, Opener,
        proxies::{Proxies, VariableValue},
    },
};

/// Certificates are judged by the clock; within this nobody notices.
const OFF: Duration = Duration::from_secs(60);

/// What holds before anybody is asked.
pub(super) fn settings(opener: &Opener, resolved: &Resolved) -> Vec<DoctorCheck> {
    let mut checks = vec![match resolved.offline.value {
        true => {
            let origin = &resolved.offline.origin;
            DoctorCheck::warning("network", format!("off: only this machine is asked ({origin})"))
        }
        false => DoctorCheck::well("network", "may be used"),
    }];
    checks.extend([proxies(&opener.network.proxies), certificates(&opener.network)]);
    checks.extend(opener.netrc().as_ref().map(logins));
    checks
}

fn proxies(found: &Proxies) -> DoctorCheck {
    let Proxies { https, http, all, no_proxy, ignored } = found;
    let given = [("https", https), ("http", http), ("all", all)];
    let mut parts = Vec::new();
    for (scheme, proxy) in given {
        let Some(VariableValue { variable, value }) = proxy else { continue };
        parts.push(format!("{scheme} through {} ({variable})", shown(value)));
    }
    let any = !parts.is_empty();
    if !any {
        parts.push("none".to_owned());
    }
    if let Some(VariableValue { variable, value }) = no_proxy.as_ref().filter(|_| any) {
        parts.push(format!("directly to {value} ({variable})"));
    }
    let proxy = ProxySettings { no_proxy: None, ..found.settings() };
    let usable = Client::new(NetworkSettings { proxy, ..NetworkSettings::default() });
    match (usable, ignored) {
        (Err(error), _) => DoctorCheck::failed("proxy", CommandError::of(Exit::Usage, &error))
            .hint(format!("given: {}", parts.join("; "))),
        (Ok(_), Some(variable)) => DoctorCheck::warning("proxy", parts.join("; ")).hint(format!(
            "{variable} is not used: a web server started this program (REQUEST_METHOD)"
        )),
        (Ok(_), None) => DoctorCheck::well("proxy", parts.join("; ")),
    }
}

/// A proxy without user and password; what cannot be read may be all password.
fn shown(proxy: &SecretString) -> String {
    let text = proxy.expose_secret();
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    match whole.parse::<Url>() {
        Ok(url) => loom_base::redact::origin(&url),
        Err(_) => "what is no address".to_owned(),
    }
}

fn certificates(network: &NetworkDefaults) -> DoctorCheck {
    let roots = match network.roots() {
        Ok(roots) => roots,
        Err(error) => {
            return DoctorCheck::failed("certificates", CommandError::of(Exit::Usage, &error))
                .hint("check SSL_CERT_FILE and SSL_CERT_DIR");
        }
    };
    let given = matches!(roots, Roots::Only(_));
    if let Err(error) = Client::new(NetworkSettings { roots, ..NetworkSettings::default() }) {
        return DoctorCheck::failed("certificates", CommandError::of(Exit::Usage, &error))
            .hint("check SSL_CERT_FILE and SSL_CERT_DIR");
    }
    match (given, &network.certificates) {
        (true, Some(paths)) => DoctorCheck::well(
            "certificates",
            format!("those in {paths} ({}), and no others", paths.variables()),
        ),
        _ => match loom_http::roots::count_system_roots() {
            0 => DoctorCheck::warning(
                "certificates",
                "the system has none; Mozilla's, as they were when loom was built, are used",
            )
            .hint("install your system's ca-certificates"),
            count => DoctorCheck::well("certificates", format!("{count} of the system")),
        },
    }
}

/// `.netrc`, where there is one.
fn logins(file: &NetrcFile) -> DoctorCheck {
    let path = file.path.display();
    match &file.netrc {
        Err(why) => DoctorCheck::failure("netrc", format!("{path} is not used: {why}"))
            .hint("mend that line; its text is not shown here, it may be a password"),
        Ok(_) if file.others_may_read() => {
            DoctorCheck::warning("netrc", format!("{path} can be read by other users"))
                .hint(format!("chmod 600 {path}"))
        }
        Ok(_) => DoctorCheck::well("netrc", path.to_string()),
    }
}

/// The clock, by what the servers say; the one that is nearest to ours.
pub(super) fn clock(findings: &[Finding]) -> Option<DoctorCheck> {
    let (origin, by, ahead) =
        findings.iter().filter_map(Finding::clock).min_by_key(|(_, by, _)| *by)?;
    if by <= OFF {
        return Some(DoctorCheck::well("clock", format!("agrees with {origin}")));
    }
    let (by, which) = (HumanDuration(by), if ahead { "ahead of" } else { "behind" });
    let hint = "set this machine's clock: certificates and freshness are judged by it";
    Some(DoctorCheck::failure("clock", format!("{by} {which} {origin}")).hint(hint))
}
