//! The shorthand of a source: `github:owner/repository`, `s3://…`, `file:///…`, a path, `oci://…`, `oci-layout:/path`,
//! `target:/path`, `plugin:name`.

use std::path::{Component, Path, PathBuf};

use loom_base::redact;
use loom_source::{Name, Scheme};
use url::Url;

use super::{
    GithubSource, MirrorSource, OciPlace, OciSource, PluginSource, SourceKind, SourceSpec,
    TargetSource,
};

/// A text that does not name a source. Passwords in it are not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceTextError {
    /// None of the forms of a source.
    #[error("{text:?} does not name a source")]
    Unknown {
        /// The text.
        text: String,
        /// Whether a folder of this name exists: a path begins with `/` or `.`.
        is_folder: bool,
    },
    /// Not `owner/repository`.
    #[error("expected owner/repository, got {0:?}")]
    Repository(String),
    /// Not the name of a plugin.
    #[error("{0:?} is not a name of a plugin")]
    PluginName(String),
    /// Not a URL.
    #[error("{url:?} is not a URL: {why}")]
    Url {
        /// The text, without secrets.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A URL with a scheme that no source has.
    #[error("no source has the scheme {0}://")]
    Scheme(String),
    /// `file://host/…`.
    #[error("expected file:///path, got the host of {0:?}")]
    FileHost(String),
    /// A `file` URL that is not a path on this machine.
    #[error("{0:?} is not a path on this machine")]
    FilePath(String),
    /// A URL without a host or a bucket.
    #[error("{0:?} names no host or bucket")]
    NoHost(String),
    /// The URL of a registry with more than host and repository.
    #[error("expected oci://host/repository, got {0:?}")]
    Registry(String),
    /// The URL of a registry with a repository that no registry has.
    #[error("{url:?} does not name a repository of a registry: {why}")]
    RegistryName {
        /// The URL, without secrets.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A URL with `?` or `#`.
    #[error("the URL of a mirror has no ? and no #: {0:?}")]
    Query(String),
}

impl SourceSpec {
    /// The source that a shorthand names. Relative paths begin at `base`.
    ///
    /// # Errors
    /// If the text does not name a source.
    pub fn shorthand(text: &str, base: &Path) -> Result<Self, SourceTextError> {
        kind(text, base).map(Self::new)
    }

    /// The sources that shorthands separated by commas name.
    pub(crate) fn list(text: &str, base: &Path) -> Result<Vec<Self>, SourceTextError> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Self::shorthand(part, base))
            .collect()
    }
}

fn mirror(url: Url) -> SourceKind {
    SourceKind::Mirror(MirrorSource::new(url))
}

fn oci(place: OciPlace) -> SourceKind {
    SourceKind::Oci(OciSource::new(place))
}

fn github(repo: &str) -> SourceKind {
    SourceKind::Github(GithubSource::new(repo))
}

fn kind(text: &str, base: &Path) -> Result<SourceKind, SourceTextError> {
    if text == Scheme::Target.as_str() {
        return Ok(SourceKind::Target(TargetSource::default()));
    }
    // No other source has a name that ends like that of a bundle.
    let is_bundle = Path::new(text).extension().is_some_and(|ending| ending == SourceKind::BUNDLE)
        && !text.contains(':');
    if is_bundle || Path::new(text).is_absolute() || text.starts_with('.') {
        return path_url(&base.join(text)).map(mirror);
    }
    let Some((scheme, rest)) = text.split_once(':') else { return Err(unknown(text, base)) };
    // The case of a scheme has no meaning (RFC 3986, section 3.1).
    match scheme.to_ascii_lowercase().parse() {
        Ok(Scheme::Github) => repository(rest).map(github),
        Ok(Scheme::Oci) => registry_url(text).map(oci),
        Ok(Scheme::OciLayout) if !rest.is_empty() && !rest.starts_with("//") => {
            Ok(oci(OciPlace::Layout(clean(&base.join(rest)))))
        }
        Ok(Scheme::Target) if !rest.is_empty() => {
            let path = Some(clean(&base.join(rest)));
            Ok(SourceKind::Target(TargetSource { path, profile: None }))
        }
        Ok(Scheme::Plugin) => plugin(rest).map(|name| SourceKind::Plugin(PluginSource::new(name))),
        _ if rest.starts_with("//") => mirror_url(text).map(mirror),
        _ => Err(unknown(text, base)),
    }
}

fn unknown(text: &str, base: &Path) -> SourceTextError {
    SourceTextError::Unknown { text: redact::unusable(text), is_folder: base.join(text).is_dir() }
}

/// `owner/repository`, as GitHub allows it.
pub(crate) fn repository(text: &str) -> Result<&str, SourceTextError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let part = |p: &str| {
        !p.is_empty() && p.len() <= 100 && p.bytes().all(allowed) && p != "." && p != ".."
    };
    match text.split_once('/') {
        Some((owner, repo)) if part(owner) && part(repo) => Ok(text),
        _ => Err(SourceTextError::Repository(redact::unusable(text))),
    }
}

/// The name of a plugin, which is part of the name of its program.
pub(crate) fn plugin(text: &str) -> Result<String, SourceTextError> {
    let invalid = |_| SourceTextError::PluginName(redact::unusable(text));
    text.parse::<Name>().map(String::from).map_err(invalid)
}

/// The URL of a registry and a repository of it. Neither a user nor a tag belongs into it. It is not opened.
fn registry_url(text: &str) -> Result<OciPlace, SourceTextError> {
    let shown = || redact::unusable(text);
    let url = Url::parse(text)
        .map_err(|why| SourceTextError::Url { url: shown(), why: why.to_string() })?;
    if !url.has_host() || url.host_str().is_none_or(str::is_empty) {
        return Err(SourceTextError::NoHost(shown()));
    }
    let has_login = !url.username().is_empty() || url.password().is_some();
    let has_more = url.query().is_some() || url.fragment().is_some();
    if has_login || has_more || url.path().contains([':', '@']) {
        return Err(SourceTextError::Registry(shown()));
    }
    match url.path().chars().find(|character| !is_of_repository(*character)) {
        None => Ok(OciPlace::Registry(url)),
        Some(character) => {
            let why = format!(
                "expected lower case letters, digits, '.', '_', '-' and '/', got {character:?}"
            );
            Err(SourceTextError::RegistryName { url: shown(), why })
        }
    }
}

/// Whether a character is one of the names of repositories, as the distribution specification has them.
fn is_of_repository(character: char) -> bool {
    matches!(character, 'a'..='z' | '0'..='9' | '.' | '_' | '-' | '/')
}

/// The URL of a mirror. It is not opened.
pub(crate) fn mirror_url(text: &str) -> Result<Url, SourceTextError> {
    let shown = || redact::unusable(text);
    let url = Url::parse(text)
        .map_err(|why| SourceTextError::Url { url: shown(), why: why.to_string() })?;
    let scheme = url.scheme().parse().ok().filter(|scheme: &Scheme| scheme.is_mirror());
    let Some(scheme) = scheme else {
        return Err(SourceTextError::Scheme(url.scheme().to_owned()));
    };
    if scheme == Scheme::File {
        if url.host().is_some() {
            return Err(SourceTextError::FileHost(shown()));
        }
        let path = url.to_file_path().map_err(|()| SourceTextError::FilePath(shown()))?;
        return path_url(&path);
    }
    if !url.has_host() {
        return Err(SourceTextError::NoHost(shown()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SourceTextError::Query(shown()));
    }
    Ok(url)
}

/// The `file` URL of an absolute path.
fn path_url(path: &Path) -> Result<Url, SourceTextError> {
    let shown = || path.display().to_string();
    Url::from_file_path(clean(path)).map_err(|()| SourceTextError::FilePath(shown()))
}

/// The path without `.` and `..`. The file system is not asked.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        SourceSpec::shorthand(text, Path::new("/base/dir"))
            .map(|spec| format!("{} {spec}", spec.kind.type_name()))
            .map_err(|e| e.to_string())
    }

    #[cfg(unix)]
    #[test]
    fn each_shorthand_names_its_source() {
        for (text, expected) in [
            ("github:loom-os/loom", "github github:loom-os/loom"),
            ("file:///m/x", "mirror file:///m/x"),
            ("file:///m/../n/", "mirror file:///n"),
            ("/m/a b", "mirror file:///m/a%20b"),
            ("./m", "mirror file:///base/dir/m"),
            ("../m", "mirror file:///base/m"),
            (".", "mirror file:///base/dir"),
            ("m/x.loombundle", "mirror file:///base/dir/m/x.loombundle"),
            ("http://127.0.0.1:80/x", "mirror http://127.0.0.1/x"),
            ("https://u:p@h/x", "mirror https://h/x"),
            ("s3://bucket/prefix", "mirror s3://bucket/prefix"),
            ("gs://b", "mirror gs://b"),
            ("az://c/p", "mirror az://c/p"),
            ("oci://registry.example/loom", "oci oci://registry.example/loom"),
            ("oci://127.0.0.1:5000/loom", "oci oci://127.0.0.1:5000/loom"),
            ("OCI://registry.example/loom", "oci oci://registry.example/loom"),
            ("oci-layout:images", "oci oci-layout:/base/dir/images"),
            ("oci-layout:/m/x.tar", "oci oci-layout:/m/x.tar"),
            ("target", "target target"),
            ("target:/c", "target target:/c"),
            ("target:../c", "target target:/base/c"),
            ("plugin:corp", "plugin plugin:corp"),
        ] {
            assert_eq!(shown(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_errors_that_show_no_password() {
        for (text, why) in [
            ("", "does not name a source"),
            ("mirror", "does not name a source"),
            ("target:", "does not name a source"),
            ("mailto:x", "does not name a source"),
            ("github:loom", "owner/repository"),
            ("github:a/b/c", "owner/repository"),
            ("github:a/..", "owner/repository"),
            ("plugin:../x", "not a name"),
            ("oci:x", "names no host"),
            ("oci:///x", "names no host"),
            ("oci://u:secret@h/x", "oci://host/repository"),
            ("oci://h/x:0.2.0", "oci://host/repository"),
            ("oci-layout:", "does not name a source"),
            ("ftp://h/x", "ftp://"),
            ("file://m/x", "file:///path"),
            ("s3:///x", "names no host"),
            ("https://u:secret@h h/x", "not a URL"),
            ("https://u:secret@h/x?y", "no ?"),
            ("https://u:sec?ret@h/secret", "not a URL"),
            ("https://u:secret", "not a URL"),
            ("htps:/u:secret@h", "does not name a source"),
            ("u:secret", "does not name a source"),
            ("github:u:secret@h", "owner/repository"),
            ("plugin:u:secret@h", "not a name"),
            ("file://u:secret@h/x", "not a URL"),
        ] {
            let error = shown(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_list_is_separated_by_commas() {
        let list = SourceSpec::list("target, github:a/b,", Path::new("/")).unwrap();
        assert_eq!(
            list.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["target", "github:a/b"]
        );
        assert!(SourceSpec::list("target,x", Path::new("/")).is_err());
    }
}
