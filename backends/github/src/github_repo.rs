//! [`GithubRepo`]: a repository, with the URLs of its web pages and its API.

use std::fmt;

use loom_base::{loopback::is_loopback_url, redact};
use url::{Host, Url};

/// A repository on github.com, on a tenant of ghe.com or on an Enterprise server.
///
/// # Examples
/// ```
/// use loom_github::GithubRepo;
///
/// let repo = GithubRepo::new("o/r", Some(&"https://ghe.example".parse()?), None)?;
/// assert_eq!(repo.to_string(), "https://ghe.example/o/r");
/// assert_eq!(GithubRepo::new("o/r", None, None)?.to_string(), "github:o/r");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubRepo {
    repo: String,
    /// The base URL of the web pages.
    web: Url,
    /// The base URL of the API.
    api: Url,
}

/// The settings of a repository cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubRepoError {
    /// The name of the repository has another form.
    #[error("expected owner/repository, got {0:?}")]
    Repo(String),
    /// A base URL cannot be used.
    #[error("not the URL of a GitHub server: {at} ({reason})")]
    Url {
        /// The URL without secrets.
        at: String,
        /// What is wrong with the URL.
        reason: &'static str,
    },
}

impl GithubRepo {
    /// The repository `repo` (`owner/repository`), by the base URL of the web pages or that of the API. One of them is
    /// enough, and github.com needs none: the API of `https://HOST` is `https://HOST/api/v3`, that of
    /// `https://SUB.ghe.com` is `https://api.SUB.ghe.com`.
    ///
    /// # Errors
    /// Where the name or a URL cannot be used.
    pub fn new(
        repo: &str,
        base_url: Option<&Url>,
        api_base: Option<&Url>,
    ) -> Result<Self, GithubRepoError> {
        check_repo(repo)?;
        for url in [base_url, api_base].into_iter().flatten() {
            check_url(url)
                .map_err(|reason| GithubRepoError::Url { at: redact::url(url), reason })?;
        }
        let (web, api) = match (base_url, api_base) {
            (None, None) => return Self::on("https://github.com", "https://api.github.com", repo),
            (Some(web), Some(api)) => (web.clone(), api.clone()),
            (Some(web), None) => (web.clone(), api_of(web)?),
            (None, Some(api)) => (web_of(api)?, api.clone()),
        };
        Ok(Self { repo: repo.to_owned(), web, api })
    }

    fn on(web: &str, api: &str, repo: &str) -> Result<Self, GithubRepoError> {
        Ok(Self { repo: repo.to_owned(), web: parse(web)?, api: parse(api)? })
    }

    /// The name of the repository, `owner/repository`.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// Whether both the web pages and the API are those of github.com.
    pub fn is_github_com(&self) -> bool {
        let is = |url: &Url, host: &str| {
            url.scheme() == "https" && url.host_str() == Some(host) && url.port().is_none()
        };
        is(&self.web, "github.com") && is(&self.api, "api.github.com")
    }

    /// The host of the web pages, with its port where that is not the default one.
    pub fn host(&self) -> String {
        let host = self.web.host_str().unwrap_or_default();
        self.web.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether both the web pages and the API are on this machine.
    pub fn is_local(&self) -> bool {
        is_loopback_url(&self.web) && is_loopback_url(&self.api)
    }

    /// Whether the web pages or the API are requested over plain `http` beyond this machine.
    pub fn is_insecure(&self) -> bool {
        [&self.web, &self.api].iter().any(|url| url.scheme() == "http" && !is_loopback_url(url))
    }

    /// The base URL of the API, for errors.
    pub(crate) fn api_name(&self) -> String {
        redact::url(&self.api).trim_end_matches('/').to_owned()
    }

    /// The base URL of the web pages, for errors.
    pub(crate) fn web_name(&self) -> String {
        redact::url(&self.web).trim_end_matches('/').to_owned()
    }

    /// A URL below the web page of the repository.
    pub(crate) fn page(&self, parts: &[&str]) -> Url {
        below(&self.web, self.repo.split('/').chain(parts.iter().copied()))
    }

    /// A URL of the API below that of the repository.
    pub(crate) fn api(&self, parts: &[&str]) -> Url {
        let repo = ["repos"].into_iter().chain(self.repo.split('/'));
        below(&self.api, repo.chain(parts.iter().copied()))
    }

    /// Whether a URL belongs to the server of the API.
    pub(crate) fn is_api(&self, url: &Url) -> bool {
        url.origin() == self.api.origin()
    }

    /// Whether a URL is one for uploads of the API's server: at `uploads.…` beside `api.…`, else at the same origin.
    pub(crate) fn is_upload(&self, url: &Url) -> bool {
        let host = self.api.host_str().unwrap_or_default();
        match host.strip_prefix("api.") {
            Some(rest) if url.host_str() == Some(&format!("uploads.{rest}")) => {
                url.scheme() == self.api.scheme() && url.port() == self.api.port()
            }
            _ => self.is_api(url),
        }
    }

    /// Whether a URL belongs to the server of the web pages.
    pub(crate) fn is_page(&self, url: &Url) -> bool {
        url.origin() == self.web.origin()
    }
}

impl fmt::Display for GithubRepo {
    /// `github:owner/repository` on github.com, else the URL of the repository's web page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_github_com() {
            write!(f, "github:{}", self.repo)
        } else {
            f.write_str(&redact::url(&self.page(&[])))
        }
    }
}

/// The URL `base` with further path segments.
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

fn check_url(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("expected http or https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a token is given by an environment variable, not in the URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a query or fragment is not allowed");
    }
    Ok(())
}

/// The base URL of the API that belongs to that of the web pages.
fn api_of(web: &Url) -> Result<Url, GithubRepoError> {
    let mut api = web.clone();
    match web.host() {
        Some(Host::Domain(name)) if name == "github.com" || name.ends_with(".ghe.com") => {
            set_host(&mut api, &format!("api.{name}"))?;
            Ok(api)
        }
        _ => Ok(below(web, ["api", "v3"].into_iter())),
    }
}

/// The base URL of the web pages that belongs to that of the API.
fn web_of(api: &Url) -> Result<Url, GithubRepoError> {
    let mut web = api.clone();
    match api.host() {
        Some(Host::Domain(name)) if name == "api.github.com" || name.ends_with(".ghe.com") => {
            let name = name.strip_prefix("api.").unwrap_or(name).to_owned();
            set_host(&mut web, &name)?;
            web.set_path("");
        }
        _ => {
            let path = api.path().trim_end_matches('/');
            let path = path.strip_suffix("/api/v3").unwrap_or_default().to_owned();
            web.set_path(&path);
        }
    }
    Ok(web)
}

fn set_host(url: &mut Url, host: &str) -> Result<(), GithubRepoError> {
    let reason = "the host has no API host beside it";
    url.set_host(Some(host)).map_err(|_| GithubRepoError::Url { at: redact::url(url), reason })
}

fn parse(text: &str) -> Result<Url, GithubRepoError> {
    let reason = "not a URL";
    text.parse().map_err(|_| GithubRepoError::Url { at: text.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn uploads_go_to_the_server_of_the_api_only() {
        for (api, upload, expected) in [
            (None, "https://uploads.github.com/repos/o/r/releases/1/assets", true),
            (None, "https://api.github.com/x", true),
            (None, "http://uploads.github.com/x", false),
            (None, "https://uploads.github.com:8443/x", false),
            (None, "https://uploads.github.com.evil.example/x", false),
            (None, "https://evil.example/x", false),
            (Some("https://api.sub.ghe.com"), "https://uploads.sub.ghe.com/x", true),
            (Some("https://api.sub.ghe.com"), "https://uploads.other.ghe.com/x", false),
            (Some("https://ghe.example/api/v3"), "https://ghe.example/api/uploads/x", true),
            (Some("https://ghe.example/api/v3"), "https://uploads.ghe.example/x", false),
            (Some("http://127.0.0.1:1/api/v3"), "http://127.0.0.1:2/api/uploads/x", false),
        ] {
            let repo = GithubRepo::new("o/r", None, api.map(url).as_ref()).unwrap();
            assert_eq!(repo.is_upload(&url(upload)), expected, "{api:?} {upload}");
        }
    }

    #[test]
    fn one_base_url_gives_the_other() {
        for (web, api, page, api_url) in [
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
            let repo =
                GithubRepo::new("o/r", web.map(url).as_ref(), api.map(url).as_ref()).unwrap();
            assert_eq!(repo.page(&[]).as_str(), page);
            assert_eq!(repo.api(&[]).as_str(), api_url);
        }
    }

    #[test]
    fn a_repository_has_a_short_name() {
        let name = |base: Option<&str>| {
            GithubRepo::new("o/r", base.map(url).as_ref(), None).unwrap().to_string()
        };
        assert_eq!(name(None), "github:o/r");
        assert_eq!(name(Some("https://github.com/")), "github:o/r");
        assert_eq!(name(Some("https://ghe.example:8443")), "https://ghe.example:8443/o/r");
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
        let web = url("https://github.com");
        let api = url("https://evil.example");
        assert!(!GithubRepo::new("o/r", Some(&web), Some(&api)).unwrap().is_github_com());
    }

    #[test]
    fn invalid_settings_are_errors_without_secrets() {
        for repo in ["", "o", "o/", "/r", "o/r/x", "o/..", "o r/x"] {
            assert!(GithubRepo::new(repo, None, None).is_err(), "{repo:?}");
        }
        for base in ["ftp://h", "https://u:secret@h", "https://h/?token=secret"] {
            let error = GithubRepo::new("o/r", Some(&url(base)), None).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
