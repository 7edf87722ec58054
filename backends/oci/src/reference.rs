//! [`RegistryReference`]: the registry and the repository that an `oci://` URL names.

use std::fmt;

use loom_base::loopback::is_loopback_host;
use loom_source::{Name, RepositoryNameError, repository_name};
use url::Url;

/// The name of Docker Hub, the host that its registry has, and the key of its login.
const DOCKER_HUB: [&str; 2] = ["docker.io", "index.docker.io"];
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";
const DOCKER_HUB_LOGIN: &str = "https://index.docker.io/v1/";

/// A registry and a repository of it, or the prefix of several.
///
/// # Examples
/// ```
/// use loom_oci::RegistryReference;
/// use loom_source::Name;
///
/// let reference = RegistryReference::of_url(&"oci://registry.example/loom".parse()?)?;
/// assert_eq!(reference.repository(&Name::default()), "loom/loom-bridge-server");
///
/// // A last component that is the name of the binary is the repository itself.
/// let whole = RegistryReference::of_url(&"oci://registry.example/x/loom-bridge-server".parse()?)?;
/// assert_eq!(whole.repository(&Name::default()), "x/loom-bridge-server");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryReference {
    /// The host with its port, in lower case.
    host: String,
    /// The repository; empty for the root of the registry.
    repository: String,
}

/// A text that names no repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The URL has no host.
    #[error("it has no host")]
    NoHost,
    /// The URL has a user or a password.
    #[error("it has a user or a password, which belong into username_env and password_env")]
    Login,
    /// The URL has a query or a fragment.
    #[error("it has a ? or a #")]
    Query,
    /// The URL has a tag or a digest.
    #[error("it has a tag or a digest; the version is chosen by --version")]
    Tag,
    /// Registries do not allow the name of the repository.
    #[error(transparent)]
    Repository(#[from] RepositoryNameError),
    /// The host cannot be part of a URL.
    #[error("{0:?} is not a host")]
    Host(String),
}

impl RegistryReference {
    /// The registry and repository of `oci://host/repository`.
    ///
    /// # Errors
    /// Where the URL has no host, or is more than that: with a login, a query, a tag or a digest.
    pub fn of_url(url: &Url) -> Result<Self, ReferenceError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ReferenceError::Login);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ReferenceError::Query);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ReferenceError::NoHost)?;
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Self::new(&host, url.path().trim_matches('/'))
    }

    /// The registry and prefix of `host/prefix`, without a scheme.
    ///
    /// # Errors
    /// As for [`of_url`](Self::of_url).
    pub fn of_prefix(text: &str) -> Result<Self, ReferenceError> {
        let (host, prefix) = text.split_once('/').unwrap_or((text, ""));
        if host.contains('@') {
            return Err(ReferenceError::Login);
        }
        if host.is_empty() {
            return Err(ReferenceError::NoHost);
        }
        Self::new(host, prefix.trim_end_matches('/'))
    }

    fn new(host: &str, repository: &str) -> Result<Self, ReferenceError> {
        check_repository(repository)?;
        let reference = Self { host: host.to_ascii_lowercase(), repository: repository.to_owned() };
        match reference.api_url(false) {
            Some(url) if url.path() == "/" && url.username().is_empty() => Ok(reference),
            _ => Err(ReferenceError::Host(host.to_owned())),
        }
    }

    /// The repository of a binary: this one where its last component is the name of the binary, else the one below it.
    pub fn repository(&self, binary: &Name) -> String {
        let last = self.repository.rsplit('/').next().unwrap_or_default();
        match (last == binary.as_ref(), self.repository.is_empty()) {
            (true, _) => self.repository.clone(),
            (false, true) => binary.to_string(),
            (false, false) => format!("{}/{binary}", self.repository),
        }
    }

    /// The repository that the reference names itself; `None` for the root of a registry.
    pub fn own_repository(&self) -> Option<String> {
        Some(self.repository.clone()).filter(|repository| !repository.is_empty())
    }

    /// Whether the repository belongs to this reference, whatever the binary is.
    pub fn contains(&self, repository: &str) -> bool {
        if repository == self.repository && !repository.is_empty() {
            return true;
        }
        let below = match self.repository.as_str() {
            "" => Some(repository),
            own => repository.strip_prefix(own).and_then(|rest| rest.strip_prefix('/')),
        };
        below.is_some_and(|name| name.parse::<Name>().is_ok() && check_repository(name).is_ok())
    }

    /// The host with its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name of a repository of `named` below this prefix.
    pub(crate) fn prefixed(&self, repository: &str) -> String {
        match self.repository.as_str() {
            "" => repository.to_owned(),
            prefix => format!("{prefix}/{repository}"),
        }
    }

    /// The same reference seen through a mirror: its host, and its prefix before the repository.
    pub(crate) fn through(&self, mirror: &Self) -> Self {
        let repository = match self.repository.as_str() {
            "" => mirror.repository.clone(),
            own => mirror.prefixed(own),
        };
        Self { host: mirror.host.clone(), repository }
    }

    /// Whether the registry is this machine.
    pub fn is_loopback(&self) -> bool {
        self.api_url(false).is_some_and(|url| url.host_str().is_some_and(is_loopback_host))
    }

    /// The root URL of the registry: over https, except on this machine and where plain http is allowed.
    pub(crate) fn api_url(&self, plain: bool) -> Option<Url> {
        let host =
            if DOCKER_HUB.contains(&self.host.as_str()) { DOCKER_HUB_HOST } else { &self.host };
        let url = Url::parse(&format!("https://{host}/")).ok()?;
        if plain || url.host_str().is_some_and(is_loopback_host) {
            return Url::parse(&format!("http://{host}/")).ok();
        }
        Some(url)
    }

    /// The name under which docker keeps the login for the registry.
    pub(crate) fn login_key(&self) -> &str {
        if DOCKER_HUB.contains(&self.host.as_str()) { DOCKER_HUB_LOGIN } else { &self.host }
    }
}

impl fmt::Display for RegistryReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.repository.as_str() {
            "" => write!(f, "oci://{}", self.host),
            repository => write!(f, "oci://{}/{repository}", self.host),
        }
    }
}

/// The rules of the OCI distribution specification for the name of a repository; the empty name is the root.
fn check_repository(repository: &str) -> Result<(), ReferenceError> {
    if repository.is_empty() {
        return Ok(());
    }
    if repository.contains([':', '@']) {
        return Err(ReferenceError::Tag);
    }
    Ok(repository_name::check(repository)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, ReferenceError> {
        RegistryReference::of_url(&text.parse().unwrap()).map(|reference| reference.to_string())
    }

    #[test]
    fn a_url_names_a_registry_and_a_repository() {
        for (text, expected) in [
            ("oci://registry.example/loom-os/loom", "oci://registry.example/loom-os/loom"),
            ("oci://Registry.Example:5000/a/", "oci://registry.example:5000/a"),
            ("oci://127.0.0.1:5051/loom", "oci://127.0.0.1:5051/loom"),
            ("oci://[::1]:5051/loom", "oci://[::1]:5051/loom"),
            ("oci://h", "oci://h"),
            ("oci://h/a.b_c__d---e/0", "oci://h/a.b_c__d---e/0"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn everything_more_is_refused() {
        let component = |text: &str| RepositoryNameError::Component(text.to_owned()).into();
        for (text, why) in [
            ("oci://user:secret@h/a", ReferenceError::Login),
            ("oci://h/a?x=y", ReferenceError::Query),
            ("oci://h/a#x", ReferenceError::Query),
            ("oci://h/a:0.2.0", ReferenceError::Tag),
            ("oci://h/a@sha256:00", ReferenceError::Tag),
            ("oci:///a", ReferenceError::NoHost),
            ("oci://h/A", component("A")),
            ("oci://h/a//b", component("")),
            ("oci://h/a..b", component("a..b")),
            ("oci://h/-a", component("-a")),
            ("oci://h/a%20b", component("a%20b")),
        ] {
            assert_eq!(parsed(text), Err(why), "{text}");
        }
        assert_eq!(
            parsed(&format!("oci://h/{}", "a".repeat(256))),
            Err(RepositoryNameError::Long.into())
        );
    }

    #[test]
    fn the_repository_of_a_binary_is_this_one_or_below() {
        let repository = |text: &str, binary: &str| {
            let reference = RegistryReference::of_url(&text.parse().unwrap()).unwrap();
            let repository = reference.repository(&binary.parse().unwrap());
            assert!(reference.contains(&repository), "{repository}");
            repository
        };
        assert_eq!(repository("oci://h/a/loom", "loom"), "a/loom");
        assert_eq!(repository("oci://h/loom", "loom"), "loom");
        assert_eq!(repository("oci://h/a", "loom"), "a/loom");
        assert_eq!(repository("oci://h", "loom"), "loom");
        let reference = RegistryReference::of_url(&"oci://h/a".parse().unwrap()).unwrap();
        for outside in ["b", "", "a/b/c", "a/../b", "ab", "a/"] {
            assert!(!reference.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_mirror_replaces_the_host_and_comes_before_the_repository() {
        let reference =
            RegistryReference::of_url(&"oci://ghcr.io/loom-os".parse().unwrap()).unwrap();
        let mirror = RegistryReference::of_prefix("harbor.example:8443/ghcr").unwrap();
        assert_eq!(
            reference.through(&mirror).to_string(),
            "oci://harbor.example:8443/ghcr/loom-os"
        );
        assert!(RegistryReference::of_prefix("").is_err());
        assert!(RegistryReference::of_prefix("https://h/x").is_err());
        assert!(RegistryReference::of_prefix("u:p@h/x").is_err());
    }

    #[test]
    fn only_this_machine_and_what_allows_it_is_asked_over_plain_http() {
        let url = |text: &str, plain| {
            let reference = RegistryReference::of_url(&text.parse().unwrap()).unwrap();
            reference.api_url(plain).unwrap().to_string()
        };
        assert_eq!(url("oci://h/a", false), "https://h/");
        assert_eq!(url("oci://h:5000/a", true), "http://h:5000/");
        assert_eq!(url("oci://127.0.0.1:1/a", false), "http://127.0.0.1:1/");
        assert_eq!(url("oci://localhost:1/a", false), "http://localhost:1/");
        assert_eq!(url("oci://docker.io/a", false), "https://registry-1.docker.io/");
    }
}
