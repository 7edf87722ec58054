//! A repository, and where its pages and its API are.

use std::fmt;

use loom_base::{loopback::is_loopback_url, redact};
use url::{Host, Url};

/// A repository on github.com, on a tenant of ghe.com or on an Enterprise server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubRepo {
    repo: String,
    pages: Url,
    api: Url,
}

/// What cannot be the place of a repository: a mistake in the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubRepoError {
    /// Not `owner/repository`.
    #[error("{0:?} is not owner/repository")]
    Repo(String),
    /// Not an address of a server.
    #[error("{at} cannot be the address of a GitHub server: {why}")]
    Address {
        /// What was given, without secrets.
        at: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl GithubRepo {
    /// The place of `repo` (`owner/repository`). One of the two addresses is enough, and for github.com none:
    /// `https://HOST` has its API at `https://HOST/api/v3`, `https://SUB.ghe.com` at `https://api.SUB.ghe.com`.
    pub fn new(
        repo: &str,
        base_url: Option<&Url>,
        api_base: Option<&Url>,
    ) -> Result<Self, GithubRepoError> {
        check_repo(repo)?;
        for given in [base_url, api_base].into_iter().flatten() {
            check(given).map_err(|why| GithubRepoError::Address { at: redact::url(given), why })?;
        }
        let (pages, api) = match (base_url, api_base) {
            (None, None) => return Self::on("https://github.com", "https://api.github.com", repo),
            (Some(pages), Some(api)) => (pages.clone(), api.clone()),
            (Some(pages), None) => (pages.clone(), api_of(pages)?),
            (None, Some(api)) => (pages_of(api)?, api.clone()),
        };
        Ok(Self { repo: repo.to_owned(), pages, api })
    }

    fn on(pages: &str, api: &str, repo: &str) -> Result<Self, GithubRepoError> {
        Ok(Self { repo: repo.to_owned(), pages: parse(pages)?, api: parse(api)? })
    }

    /// `owner/repository`
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// Whether this is github.com itself, pages and API both.
    pub fn is_github_com(&self) -> bool {
        let is = |url: &Url, host: &str| {
            url.scheme() == "https" && url.host_str() == Some(host) && url.port().is_none()
        };
        is(&self.pages, "github.com") && is(&self.api, "api.github.com")
    }

    /// The server that people know it by: a host, and its port where that is not the usual one.
    pub fn host(&self) -> String {
        let host = self.pages.host_str().unwrap_or_default();
        self.pages.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether pages and API are on this machine.
    pub fn is_local(&self) -> bool {
        is_loopback_url(&self.pages) && is_loopback_url(&self.api)
    }

    /// Whether something of it would be asked over plain `http://` beyond this machine.
    pub fn is_plain(&self) -> bool {
        [&self.pages, &self.api].iter().any(|url| url.scheme() == "http" && !is_loopback_url(url))
    }

    /// The API's address, for people.
    pub(crate) fn api_shown(&self) -> String {
        redact::url(&self.api).trim_end_matches('/').to_owned()
    }

    /// The pages' address, for people.
    pub(crate) fn pages_shown(&self) -> String {
        redact::url(&self.pages).trim_end_matches('/').to_owned()
    }

    /// An address below the repository's page.
    pub(crate) fn page(&self, parts: &[&str]) -> Url {
        below(&self.pages, self.repo.split('/').chain(parts.iter().copied()))
    }

    /// An address of the API below the repository's.
    pub(crate) fn api(&self, parts: &[&str]) -> Url {
        let repo = ["repos"].into_iter().chain(self.repo.split('/'));
        below(&self.api, repo.chain(parts.iter().copied()))
    }

    /// Whether an address belongs to the API's server.
    pub(crate) fn is_api(&self, url: &Url) -> bool {
        url.origin() == self.api.origin()
    }

    /// Whether an address belongs to the pages' server.
    pub(crate) fn is_page(&self, url: &Url) -> bool {
        url.origin() == self.pages.origin()
    }
}

impl fmt::Display for GithubRepo {
    /// `github:owner/repository`; the address of its page where that is elsewhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_github_com() {
            write!(f, "github:{}", self.repo)
        } else {
            f.write_str(&redact::url(&self.page(&[])))
        }
    }
}

fn below<'a>(base: &Url, parts: impl Iterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

fn check_repo(repo: &str) -> Result<(), GithubRepoError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(allowed);
    match repo.split_once('/') {
        Some((owner, name)) if part(owner) && part(name) => Ok(()),
        _ => Err(GithubRepoError::Repo(repo.to_owned())),
    }
}

fn check(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("it must be an http or https address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a token is given by a variable, never in an address");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has no ? and no #");
    }
    Ok(())
}

fn api_of(pages: &Url) -> Result<Url, GithubRepoError> {
    let mut api = pages.clone();
    match pages.host() {
        Some(Host::Domain(name)) if name == "github.com" || name.ends_with(".ghe.com") => {
            set_host(&mut api, &format!("api.{name}"))?;
            Ok(api)
        }
        _ => Ok(below(pages, ["api", "v3"].into_iter())),
    }
}

fn pages_of(api: &Url) -> Result<Url, GithubRepoError> {
    let mut pages = api.clone();
    match api.host() {
        Some(Host::Domain(name)) if name == "api.github.com" || name.ends_with(".ghe.com") => {
            let name = name.strip_prefix("api.").unwrap_or(name).to_owned();
            set_host(&mut pages, &name)?;
            pages.set_path("");
        }
        _ => {
            let path = api.path().trim_end_matches('/');
            let path = path.strip_suffix("/api/v3").unwrap_or_default().to_owned();
            pages.set_path(&path);
        }
    }
    Ok(pages)
}

fn set_host(url: &mut Url, host: &str) -> Result<(), GithubRepoError> {
    let why = "its host cannot be understood";
    url.set_host(Some(host)).map_err(|_| GithubRepoError::Address { at: redact::url(url), why })
}

fn parse(text: &str) -> Result<Url, GithubRepoError> {
    let why = "it is no address";
    text.parse().map_err(|_| GithubRepoError::Address { at: text.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_tells_the_other() {
        for (pages, api, at, api_at) in [
            (None, None, "https://github.com/o/r", "https://api.github.com/repos/o/r"),
            (
                Some("https://ghe.example"),
                None,
                "https://ghe.example/o/r",
                "https://ghe.example/api/v3/repos/o/r",
            ),
            (
                None,
                Some("https://ghe.example:8443/api/v3/"),
                "https://ghe.example:8443/o/r",
                "https://ghe.example:8443/api/v3/repos/o/r",
            ),
            (
                Some("https://corp.ghe.com/"),
                None,
                "https://corp.ghe.com/o/r",
                "https://api.corp.ghe.com/repos/o/r",
            ),
            (
                None,
                Some("https://api.corp.ghe.com"),
                "https://corp.ghe.com/o/r",
                "https://api.corp.ghe.com/repos/o/r",
            ),
            (
                None,
                Some("https://api.github.com"),
                "https://github.com/o/r",
                "https://api.github.com/repos/o/r",
            ),
            (
                Some("http://127.0.0.1:1"),
                Some("http://127.0.0.1:2/x"),
                "http://127.0.0.1:1/o/r",
                "http://127.0.0.1:2/x/repos/o/r",
            ),
        ] {
            let place =
                GithubRepo::new("o/r", pages.map(url).as_ref(), api.map(url).as_ref()).unwrap();
            assert_eq!(place.page(&[]).as_str(), at);
            assert_eq!(place.api(&[]).as_str(), api_at);
        }
    }

    #[test]
    fn a_place_is_named_as_people_write_it() {
        let named = |base: Option<&str>| {
            GithubRepo::new("o/r", base.map(url).as_ref(), None).unwrap().to_string()
        };
        assert_eq!(named(None), "github:o/r");
        assert_eq!(named(Some("https://github.com/")), "github:o/r");
        assert_eq!(named(Some("https://ghe.example:8443")), "https://ghe.example:8443/o/r");
    }

    #[test]
    fn only_github_com_itself_is_github_com() {
        let is =
            |base: &str| GithubRepo::new("o/r", Some(&url(base)), None).unwrap().is_github_com();
        assert!(is("https://github.com"));
        for other in ["http://github.com", "https://github.com:8443", "https://github.com.example"]
        {
            assert!(!is(other), "{other}");
        }
        let mixed =
            GithubRepo::new("o/r", None, Some(&url("https://evil.example/api/v3"))).unwrap();
        assert!(!mixed.is_github_com());
        let both = (url("https://github.com"), url("https://evil.example"));
        assert!(!GithubRepo::new("o/r", Some(&both.0), Some(&both.1)).unwrap().is_github_com());
    }

    #[test]
    fn what_is_no_place_is_refused_without_its_secrets() {
        for repo in ["", "o", "o/", "/r", "o/r/x", "o/..", "o r/x"] {
            assert!(GithubRepo::new(repo, None, None).is_err(), "{repo:?}");
        }
        for base in ["ftp://h", "https://u:secret@h", "https://h/?token=secret"] {
            let error = GithubRepo::new("o/r", Some(&url(base)), None).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
