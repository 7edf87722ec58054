//! The connection to the sources: proxies, certificates, `.netrc`, the clock.

use std::time::Duration;

use indicatif::HumanDuration;
use loom_http::{Client, NetworkSettings, ProxySettings, Roots};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::check::DoctorCheck;
use crate::cli::{CommandError, Exit, context::Context, netrc, network, source::finding::Finding};
use loom_runtime::config::{
    Resolved,
    certificates::CertificatePaths,
    proxies::{Given, Proxies},
};

/// How wrong the clock may be: certificates are valid from some time to another.
const TOLERANCE: Duration = Duration::from_secs(60);

/// The checks of the settings, made without a connection.
pub(super) fn settings(context: &Context, resolved: &Resolved) -> Vec<DoctorCheck> {
    let mut checks = vec![if resolved.offline.value {
        let origin = &resolved.offline.origin;
        DoctorCheck::warning("network", format!("disabled, loopback only ({origin})"))
    } else {
        DoctorCheck::ok("network", "enabled")
    }];
    checks.extend([proxies(context), certificates(context)]);
    checks.extend(logins(context));
    checks
}

fn proxies(context: &Context) -> DoctorCheck {
    let found = Proxies::of(context.env());
    let Proxies { https, http, all, no_proxy, passed_over } = &found;
    let given = [("https", https), ("http", http), ("all", all)];
    let mut parts = Vec::new();
    for (scheme, proxy) in given {
        let Some(Given { variable, value }) = proxy else { continue };
        parts.push(format!("{scheme} through {} ({variable})", shown(value)));
    }
    let any = !parts.is_empty();
    if !any {
        parts.push("none".to_owned());
    }
    if let Some(Given { variable, value }) = no_proxy.as_ref().filter(|_| any) {
        parts.push(format!("directly to {value} ({variable})"));
    }
    let secret = |given: &Option<Given<SecretString>>| given.as_ref().map(|g| g.value.clone());
    let proxy = ProxySettings {
        https: secret(https),
        http: secret(http),
        all: secret(all),
        no_proxy: None,
    };
    let usable = Client::new(NetworkSettings { proxy, ..NetworkSettings::default() });
    match (usable, passed_over) {
        (Err(error), _) => DoctorCheck::error("proxy", CommandError::of(Exit::Usage, &error))
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

fn certificates(context: &Context) -> DoctorCheck {
    let paths = CertificatePaths::of(context.env());
    let roots = match network::roots(context) {
        Ok(roots) => roots,
        Err(error) => {
            return DoctorCheck::error("certificates", CommandError::of(Exit::Usage, &error))
                .hint("check SSL_CERT_FILE and SSL_CERT_DIR");
        }
    };
    let given = matches!(roots, Roots::Only(_));
    if let Err(error) = Client::new(NetworkSettings { roots, ..NetworkSettings::default() }) {
        return DoctorCheck::error("certificates", CommandError::of(Exit::Usage, &error))
            .hint("check SSL_CERT_FILE and SSL_CERT_DIR");
    }
    match (given, paths) {
        (true, Some(paths)) => DoctorCheck::ok(
            "certificates",
            format!("only those in {paths} ({})", paths.variables()),
        ),
        _ => match loom_http::roots::of_the_system() {
            0 => DoctorCheck::warning(
                "certificates",
                "the system has none; using those of Mozilla from when loom was built",
            )
            .hint("install your system's ca-certificates"),
            count => DoctorCheck::ok("certificates", format!("{count} from the system")),
        },
    }
}

/// The check of `.netrc`, where there is one.
fn logins(context: &Context) -> Option<DoctorCheck> {
    let found = netrc::found(context)?;
    let path = found.path.display();
    Some(match &found.netrc {
        Err(why) => DoctorCheck::failure("netrc", format!("{path} is not used: {why}"))
            .hint("fix that line; its text is not shown, because it may be a password"),
        Ok(_) if netrc::others_may_read(found) => {
            DoctorCheck::warning("netrc", format!("{path} is readable by other users"))
                .hint(format!("chmod 600 {path}"))
        }
        Ok(_) => DoctorCheck::ok("netrc", path.to_string()),
    })
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
