//! The connection to the sources: proxies, certificates, `.netrc`, the clock.

use std::time::Duration;

use indicatif::HumanDuration;
use loom_http::{Client, NetworkSettings, ProxySettings, Roots};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::check::DoctorCheck;
use crate::cli::{report::open, source::finding::Finding};
use loom_runtime::{
    config::Resolved,
    sources::{
        NetrcFile, NetworkDefaults, OpenError, Opener,
        proxies::{Proxies, VariableValue},
    },
};

/// How wrong the clock may be: certificates are valid from some time to another.
const TOLERANCE: Duration = Duration::from_secs(60);

/// The checks of the settings, made without a connection.
pub(super) fn settings(opener: &Opener, resolved: &Resolved) -> Vec<DoctorCheck> {
    let mut checks = vec![if resolved.offline.value {
        let origin = &resolved.offline.origin;
        DoctorCheck::warning("network", format!("disabled, loopback only ({origin})"))
    } else {
        DoctorCheck::ok("network", "enabled")
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
        (Err(error), _) => DoctorCheck::error("proxy", open::network_error(&error))
            .hint(format!("given: {}", parts.join("; "))),
        (Ok(_), Some(variable)) => DoctorCheck::warning("proxy", parts.join("; ")).hint(format!(
            "{variable} is ignored, because a web server started this program (REQUEST_METHOD)"
        )),
        (Ok(_), None) => DoctorCheck::ok("proxy", parts.join("; ")),
    }
}

/// The proxy without user and password; a text that is not a URL may contain a password anywhere.
fn shown(proxy: &SecretString) -> String {
    let text = proxy.expose_secret();
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    match whole.parse::<Url>() {
        Ok(url) => loom_base::redact::origin(&url),
        Err(_) => "a text that is not a URL".to_owned(),
    }
}

fn certificates(network: &NetworkDefaults) -> DoctorCheck {
    let roots = match network.roots() {
        Ok(roots) => roots,
        Err(error) => {
            return DoctorCheck::error("certificates", OpenError::Certificates(error).into());
        }
    };
    let given = matches!(roots, Roots::Only(_));
    if let Err(error) = Client::new(NetworkSettings { roots, ..NetworkSettings::default() }) {
        let error = open::network_error(&error).hint(open::CERTIFICATES_HINT);
        return DoctorCheck::error("certificates", error);
    }
    match (given, &network.certificates) {
        (true, Some(paths)) => DoctorCheck::ok(
            "certificates",
            format!("only those in {paths} ({})", paths.variables()),
        ),
        _ => match loom_http::roots::count_system_roots() {
            0 => DoctorCheck::warning(
                "certificates",
                "the system has none; using those of Mozilla from when loom was built",
            )
            .hint("install your system's ca-certificates"),
            count => DoctorCheck::ok("certificates", format!("{count} from the system")),
        },
    }
}

/// The check of `.netrc`.
fn logins(file: &NetrcFile) -> DoctorCheck {
    let path = file.path.display();
    match &file.netrc {
        Err(why) => DoctorCheck::failure("netrc", format!("{path} is not used: {why}"))
            .hint("fix that line; its text is not shown, because it may be a password"),
        Ok(_) if file.others_may_read() => {
            DoctorCheck::warning("netrc", format!("{path} is readable by other users"))
                .hint(format!("chmod 600 {path}"))
        }
        Ok(_) => DoctorCheck::ok("netrc", path.to_string()),
    }
}

/// The check of the clock, against the server whose time is closest.
pub(super) fn clock(findings: &[Finding]) -> Option<DoctorCheck> {
    let (origin, by, ahead) =
        findings.iter().filter_map(Finding::clock).min_by_key(|(_, by, _)| *by)?;
    if by <= TOLERANCE {
        return Some(DoctorCheck::ok("clock", format!("matches {origin}")));
    }
    let direction = if ahead { "ahead of" } else { "behind" };
    let hint = "set the clock of this machine: the validity of certificates depends on it";
    let message = format!("{} {direction} {origin}", HumanDuration(by));
    Some(DoctorCheck::failure("clock", message).hint(hint))
}
