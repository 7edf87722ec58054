//! One source as configured by `[[sources]]`, `LOOM_SOURCES` or `--source`.

use std::{fmt, path::PathBuf, time::Duration};

use loom_base::redact;
use loom_source::{AssetNames, Scheme};
use url::Url;

use super::RawValue;

/// One source as configured. Nothing has been opened: [`Opener`](crate::sources::Opener) does that.
///
/// # Examples
/// ```
/// use loom_runtime::config::{SourceKind, SourceSpec};
/// use std::path::Path;
///
/// let spec = SourceSpec::shorthand("github:loom-os/loom", Path::new("/"))?;
/// assert!(matches!(&spec.kind, SourceKind::Github(github) if github.repo == "loom-os/loom"));
/// # Ok::<(), loom_runtime::config::SourceTextError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSpec {
    /// The name that messages use; the address where `None`.
    pub name: Option<String>,
    /// The type of the source and the settings that only this type has.
    pub kind: SourceKind,
    /// The longest time without progress.
    pub timeout: Duration,
    /// The longest time for a new connection; `timeout` where `None`.
    pub connect_timeout: Option<Duration>,
    /// The longest time for one file; no limit where `None`.
    pub total_timeout: Option<Duration>,
    /// Whether the next source is asked after this one has failed.
    pub on_error: OnFailure,
    /// Whether the next source is asked when this one does not have the release.
    pub on_absent: OnFailure,
    /// Whether the next source may be asked at the same time.
    pub race: bool,
    /// A file of certificates that are trusted in addition to the usual ones; absolute.
    pub ca: Option<PathBuf>,
    /// The proxy for this source.
    pub proxy: Option<Url>,
    /// Whether plain `http://` beyond loopback is allowed.
    pub allow_http: bool,
    /// Whether `latest` and ranges select pre-releases of this source.
    pub prerelease: bool,
}

/// Whether the next source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// `"next"`: the next source is asked.
    #[default]
    Next,
    /// `"stop"`: this source's answer is final.
    Stop,
}

/// How the files of a mirror are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `"store"`: the layout of Loom's own store.
    Store,
    /// `"release"`: a folder `v{version}/` for each release, with the release's assets in it.
    Release,
}

/// The type of a source, with the settings that only this type has.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    /// `mirror`: files under a URL.
    Mirror(MirrorSource),
    /// `github`: the releases of a repository.
    Github(GithubSource),
    /// `target`: cargo builds in the `target` folder of a checkout.
    Target(TargetSource),
    /// `oci`: a repository of an OCI registry, or an OCI image layout.
    Oci(OciSource),
    /// `plugin`: a program that serves releases.
    Plugin(PluginSource),
}

/// Files under a URL of the scheme `file`, `http`, `https`, `s3`, `gs` or `az`.
#[derive(Debug, Clone, PartialEq)]
pub struct MirrorSource {
    /// The URL; may hold a user and a password.
    pub url: Url,
    /// The layout of the files; detected where `None`.
    pub layout: Option<Layout>,
    /// Whether buckets are read without credentials.
    pub anonymous: bool,
    /// The region of a bucket.
    pub region: Option<String>,
    /// The endpoint of the object store, where it is not the provider's own.
    pub endpoint: Option<Url>,
    /// Whether buckets are addressed as `endpoint/bucket/…` instead of `bucket.endpoint/…`.
    pub path_style: bool,
    /// The names of the assets in the release layout.
    pub assets: AssetNames,
}

/// The releases of a repository on github.com or a GitHub Enterprise server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubSource {
    /// `owner/repository`.
    pub repo: String,
    /// The API of a GitHub Enterprise server.
    pub api_base: Option<Url>,
    /// The web pages of a GitHub Enterprise server.
    pub base_url: Option<Url>,
    /// The environment variable that holds the token, instead of the usual ones.
    pub token_env: Option<String>,
    /// The text before the version in a tag.
    pub tag_prefix: String,
    /// The names of the assets.
    pub assets: AssetNames,
}

/// A repository of an OCI registry, or an OCI image layout on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciSource {
    /// Where the images are.
    pub place: OciPlace,
    /// The registry that is asked instead, as `host/prefix`.
    pub mirror: Option<String>,
    /// The environment variable that holds the user, instead of the logins of docker and podman.
    pub username_env: Option<String>,
    /// The environment variable that holds the user's password.
    pub password_env: Option<String>,
    /// The environment variable that holds an identity token.
    pub token_env: Option<String>,
}

/// Where images are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OciPlace {
    /// `oci://host/repository`.
    Registry(Url),
    /// `oci-layout:path`: a folder or a tar archive; absolute.
    Layout(PathBuf),
}

/// Cargo builds in the `target` folder of a checkout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetSource {
    /// The checkout or its target folder, absolute; the linked checkout where `None`.
    pub path: Option<PathBuf>,
    /// The cargo profile; the newest build of all profiles where `None`.
    pub profile: Option<String>,
}

/// A program `loom-source-<name>` that serves releases.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginSource {
    /// The plugin's name.
    pub name: String,
    /// A JSON object that the program receives.
    pub options: Option<RawValue>,
}

impl SourceSpec {
    /// A source of this kind whose other settings have their defaults.
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
        }
    }

    /// The sources that are asked when none is configured: the builds of the linked checkout, then Loom's own
    /// releases.
    pub fn defaults() -> Vec<Self> {
        vec![
            Self::new(SourceKind::Target(TargetSource::default())),
            Self::new(SourceKind::Github(GithubSource::new("loom-os/loom"))),
        ]
    }
}

impl MirrorSource {
    /// A mirror at `url` whose other settings have their defaults.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            layout: None,
            anonymous: false,
            region: None,
            endpoint: None,
            path_style: false,
            assets: AssetNames::default(),
        }
    }

    /// The scheme of the URL; `None` if it is not one of a mirror.
    pub fn scheme(&self) -> Option<Scheme> {
        self.url.scheme().parse().ok().filter(|scheme: &Scheme| scheme.is_mirror())
    }
}

impl GithubSource {
    /// The repository `repo` (`owner/repository`) on github.com.
    pub fn new(repo: impl Into<String>) -> Self {
        Self {
            repo: repo.into(),
            api_base: None,
            base_url: None,
            token_env: None,
            tag_prefix: "v".to_owned(),
            assets: AssetNames::default(),
        }
    }
}

impl OciSource {
    /// The images at this place; the other settings have their defaults.
    pub fn new(place: OciPlace) -> Self {
        Self { place, mirror: None, username_env: None, password_env: None, token_env: None }
    }
}

impl fmt::Display for OciPlace {
    /// `oci://host/repository` or `oci-layout:path`, without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(url) => f.write_str(&redact::url(url)),
            Self::Layout(path) => write!(f, "oci-layout:{}", path.display()),
        }
    }
}

impl PluginSource {
    /// The plugin `name`, without options.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), options: None }
    }
}

impl SourceKind {
    /// `mirror`, `github`, `oci`, `target` or `plugin`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Mirror(_) => "mirror",
            Self::Github(_) => "github",
            Self::Oci(_) => "oci",
            Self::Target(_) => "target",
            Self::Plugin(_) => "plugin",
        }
    }
}

impl SourceKind {
    /// The ending of the name of a bundle, without the dot.
    pub const BUNDLE: &str = "loombundle";

    /// The shorthand of the source, without secrets. Sources on different servers can have the same.
    pub fn shorthand(&self) -> String {
        match self {
            Self::Mirror(MirrorSource { url, .. }) => redact::url(url),
            Self::Github(GithubSource { repo, .. }) => format!("github:{repo}"),
            Self::Oci(OciSource { place, .. }) => place.to_string(),
            Self::Target(TargetSource { path: Some(path), .. }) => {
                format!("target:{}", path.display())
            }
            Self::Target(TargetSource { path: None, .. }) => "target".to_owned(),
            Self::Plugin(PluginSource { name, .. }) => format!("plugin:{name}"),
        }
    }

    /// The path of the bundle, where the source is one.
    pub fn bundle(&self) -> Option<PathBuf> {
        let Self::Mirror(mirror) = self else { return None };
        let path = mirror.url.to_file_path().ok().filter(|_| mirror.url.scheme() == "file")?;
        (path.extension()? == Self::BUNDLE).then_some(path)
    }

    /// The server that the settings of the source name, where its shorthand does not.
    fn server(&self) -> Option<&Url> {
        match self {
            Self::Mirror(mirror) => mirror.endpoint.as_ref(),
            Self::Github(github) => github.base_url.as_ref().or(github.api_base.as_ref()),
            // The registry that is asked instead of the named one is part of what the opened source calls itself.
            Self::Oci(_) | Self::Target(_) | Self::Plugin(_) => None,
        }
    }
}

impl fmt::Display for SourceKind {
    /// The shorthand of the source and its server, without secrets: two servers never have the same text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shorthand())?;
        match self.server() {
            Some(server) => write!(f, " ({})", redact::url(server).trim_end_matches('/')),
            None => Ok(()),
        }
    }
}

impl fmt::Display for SourceSpec {
    /// The name, else the shorthand.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => self.kind.fmt(f),
        }
    }
}
