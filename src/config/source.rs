//! How a source is named: the values that `[[sources]]`, `LOOM_SOURCES` and `--source` give.

use std::{fmt, path::PathBuf, time::Duration};

use url::Url;

use super::RawValue;

/// One source as configured. Whether this build can open it is decided where sources are opened.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSpec {
    /// What people call it; its address where it has no name.
    pub name: Option<String>,
    /// Where it is.
    pub kind: SourceKind,
    /// The longest time without progress.
    pub timeout: Duration,
    /// The longest time for a new connection; like `timeout` where `None`.
    pub connect_timeout: Option<Duration>,
    /// The longest time altogether; no limit by default.
    pub total_timeout: Option<Duration>,
    /// What to do when it fails.
    pub on_error: OnFailure,
    /// What to do when it does not carry the release.
    pub on_absent: OnFailure,
    /// Whether it may be asked at the same time as the next one.
    pub race: bool,
    /// A file of certificates to trust beside the usual ones, absolute.
    pub ca: Option<PathBuf>,
    /// The proxy to reach it through.
    pub proxy: Option<Url>,
    /// Whether plain `http://` beyond this machine is allowed.
    pub allow_http: bool,
    /// Whether its pre-releases count as releases.
    pub prerelease: bool,
    /// How its files are laid out; found out by looking where `None`.
    pub layout: Option<Layout>,
}

/// Whether the next source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// `"next"`: go on.
    #[default]
    Next,
    /// `"stop"`: this source's answer is final.
    Stop,
}

/// How the files of a mirror are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `"store"`: as in our own store.
    Store,
    /// `"release"`: `v{version}/` and the release's assets in it.
    Release,
}

/// The kinds of sources and what belongs to each.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    /// Files under an address: `file`, `http`, `https`, `s3`, `gs`, `az`.
    Mirror {
        /// The address; its scheme is one of those above.
        url: Url,
        /// Ask without credentials.
        anonymous: bool,
        /// The region of a bucket.
        region: Option<String>,
        /// The address of the object store's service, where it is not the provider's own.
        endpoint: Option<Url>,
        /// `endpoint/bucket/…` instead of `bucket.endpoint/…`.
        path_style: bool,
    },
    /// The releases of a repository.
    Github {
        /// `owner/repository`
        repo: String,
        /// The API of a GitHub Enterprise server.
        api_base: Option<Url>,
        /// The pages of a GitHub Enterprise server.
        base_url: Option<Url>,
        /// The variable that holds the token, instead of the usual ones.
        token_env: Option<String>,
        /// What stands before the version in a tag.
        tag_prefix: String,
    },
    /// Cargo builds in the `target` folder of a checkout.
    Target {
        /// The checkout or its target folder, absolute; found by looking where `None`.
        path: Option<PathBuf>,
        /// The profile; the newest build among them where `None`.
        profile: Option<String>,
    },
    /// A third-party program.
    Plugin {
        /// The plugin's name.
        name: String,
        /// What it is told, as JSON.
        options: Option<RawValue>,
    },
}

impl SourceSpec {
    /// A source of this kind with nothing else said.
    pub fn new(kind: SourceKind) -> Self {
        Self {
            name: None,
            kind,
            timeout: Duration::from_secs(10),
            connect_timeout: None,
            total_timeout: None,
            on_error: OnFailure::Next,
            on_absent: OnFailure::Next,
            race: false,
            ca: None,
            proxy: None,
            allow_http: false,
            prerelease: false,
            layout: None,
        }
    }

    /// The sources that are asked when nothing is configured: a cargo build where a checkout is found
    /// or linked, then the project's own releases.
    pub fn defaults() -> Vec<Self> {
        let target = SourceKind::Target { path: None, profile: None };
        vec![Self::new(target), Self::new(SourceKind::github("loom-os/loom"))]
    }
}

impl SourceKind {
    pub(crate) fn github(repo: &str) -> Self {
        Self::Github {
            repo: repo.to_owned(),
            api_base: None,
            base_url: None,
            token_env: None,
            tag_prefix: "v".to_owned(),
        }
    }

    /// A mirror at `url` with the default settings.
    pub fn mirror(url: Url) -> Self {
        Self::Mirror { url, anonymous: false, region: None, endpoint: None, path_style: false }
    }

    /// `mirror`, `github`, `target` or `plugin`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Mirror { .. } => "mirror",
            Self::Github { .. } => "github",
            Self::Target { .. } => "target",
            Self::Plugin { .. } => "plugin",
        }
    }
}

/// An address without the user and password in it.
pub(crate) fn redacted(url: &Url) -> String {
    let mut shown = url.clone();
    if !shown.username().is_empty() || shown.password().is_some() {
        // Only addresses without a host refuse this, and those carry no user either.
        let _ = shown.set_password(None);
        let _ = shown.set_username("***");
    }
    shown.to_string()
}

impl fmt::Display for SourceKind {
    /// The shorthand that names it, without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mirror { url, .. } => f.write_str(&redacted(url)),
            Self::Github { repo, .. } => write!(f, "github:{repo}"),
            Self::Target { path: Some(path), .. } => write!(f, "target:{}", path.display()),
            Self::Target { path: None, .. } => f.write_str("target"),
            Self::Plugin { name, .. } => write!(f, "plugin:{name}"),
        }
    }
}

impl fmt::Display for SourceSpec {
    /// Its name, else its address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => self.kind.fmt(f),
        }
    }
}
