//! The short way to name a source: `github:o/r`, `s3://…`, `file:///…`, a path, `target:/path`, `plugin:name`.

use std::path::{Component, Path, PathBuf};

use loom_source::{Name, Scheme};
use url::Url;

use super::{SourceKind, SourceSpec};

/// A text that names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct SourceTextError {
    why: String,
    hint: Option<String>,
}

impl SourceTextError {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), hint: None }
    }

    /// What could be written instead.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// The forms that a source can be named in.
const FORMS: &str = "a source is named as file:///path, ./path, https://…, s3://bucket/prefix, gs://…, az://…, github:owner/repo, target:/path or plugin:name";

impl SourceSpec {
    /// The source that a shorthand names; relative paths begin at `base`.
    pub fn shorthand(text: &str, base: &Path) -> Result<Self, SourceTextError> {
        kind(text, base).map(Self::new)
    }

    /// The sources of a comma list.
    pub(crate) fn list(text: &str, base: &Path) -> Result<Vec<Self>, SourceTextError> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Self::shorthand(part, base))
            .collect()
    }
}

fn kind(text: &str, base: &Path) -> Result<SourceKind, SourceTextError> {
    if text == Scheme::Target.as_str() {
        return Ok(SourceKind::Target { path: None, profile: None });
    }
    if Path::new(text).is_absolute() || text.starts_with('.') {
        return path_url(&base.join(text)).map(SourceKind::mirror);
    }
    let Some((scheme, rest)) = text.split_once(':') else { return Err(no_source(text, base)) };
    match scheme.parse() {
        Ok(Scheme::Github) => repository(rest).map(SourceKind::github),
        Ok(Scheme::Target) if !rest.is_empty() => {
            Ok(SourceKind::Target { path: Some(clean(&base.join(rest))), profile: None })
        }
        Ok(Scheme::Plugin) => plugin(rest).map(|name| SourceKind::Plugin { name, options: None }),
        _ if rest.starts_with("//") => mirror_url(text).map(SourceKind::mirror),
        _ => Err(no_source(text, base)),
    }
}

fn no_source(text: &str, base: &Path) -> SourceTextError {
    SourceTextError {
        why: format!("{text:?} names no source"),
        hint: Some(if base.join(text).is_dir() {
            format!("for the folder write ./{text}")
        } else {
            FORMS.to_owned()
        }),
    }
}

/// `owner/repository`, as GitHub allows it.
pub(crate) fn repository(text: &str) -> Result<&str, SourceTextError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let part = |p: &str| {
        !p.is_empty() && p.len() <= 100 && p.bytes().all(allowed) && p != "." && p != ".."
    };
    match text.split_once('/') {
        Some((owner, repo)) if part(owner) && part(repo) => Ok(text),
        _ => Err(SourceTextError::new(format!("expected owner/repository, got {text:?}"))),
    }
}

/// The name of a plugin, which becomes part of a program's name.
pub(crate) fn plugin(text: &str) -> Result<String, SourceTextError> {
    text.parse::<Name>().map(String::from).map_err(|e| SourceTextError::new(e.to_string()))
}

/// The address of a mirror, checked as far as that goes without opening it.
pub(crate) fn mirror_url(text: &str) -> Result<Url, SourceTextError> {
    let shown = without_secrets(text);
    let url = Url::parse(text)
        .map_err(|why| SourceTextError::new(format!("{shown:?} is no address: {why}")))?;
    let scheme = url.scheme().parse().ok().filter(|scheme: &Scheme| scheme.is_mirror());
    let Some(scheme) = scheme else {
        return Err(SourceTextError {
            why: format!("no source is opened by {}://", url.scheme()),
            hint: Some(FORMS.to_owned()),
        });
    };
    if scheme == Scheme::File {
        if url.host().is_some() {
            return Err(SourceTextError {
                why: format!("{shown:?} names a host"),
                hint: Some("write three slashes before an absolute path: file:///path".to_owned()),
            });
        }
        let path = url
            .to_file_path()
            .map_err(|()| SourceTextError::new(format!("{shown:?} is no path here")))?;
        return path_url(&path);
    }
    if !url.has_host() {
        return Err(SourceTextError::new(format!("{shown:?} names no host or bucket")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SourceTextError::new(format!(
            "the address of a mirror has no ? and no #: {shown:?}"
        )));
    }
    Ok(url)
}

/// The address of an absolute path.
fn path_url(path: &Path) -> Result<Url, SourceTextError> {
    Url::from_file_path(clean(path))
        .map_err(|()| SourceTextError::new(format!("{path:?} is not an absolute path")))
}

/// The path without `.` and `..`, by its text alone.
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

/// An address for a message, whether or not it is one: what stands before an `@` may be a password, and what
/// stands behind a `?` a token.
fn without_secrets(text: &str) -> String {
    let (text, query) = match text.split_once('?') {
        Some((text, _)) => (text, "?***"),
        None => (text, ""),
    };
    let shown = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}***{}", &text[..scheme + 3], &text[at..])
        }
        _ => text.to_owned(),
    };
    shown + query
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
    fn every_shorthand_names_its_source() {
        for (text, expected) in [
            ("github:loom-os/loom", "github github:loom-os/loom"),
            ("file:///m/x", "mirror file:///m/x"),
            ("file:///m/../n/", "mirror file:///n"),
            ("/m/a b", "mirror file:///m/a%20b"),
            ("./m", "mirror file:///base/dir/m"),
            ("../m", "mirror file:///base/m"),
            (".", "mirror file:///base/dir"),
            ("http://127.0.0.1:80/x", "mirror http://127.0.0.1/x"),
            ("https://u:p@h/x", "mirror https://***@h/x"),
            ("s3://bucket/prefix", "mirror s3://bucket/prefix"),
            ("gs://b", "mirror gs://b"),
            ("az://c/p", "mirror az://c/p"),
            ("target", "target target"),
            ("target:/c", "target target:/c"),
            ("target:../c", "target target:/base/c"),
            ("plugin:corp", "plugin plugin:corp"),
        ] {
            assert_eq!(shown(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_names_no_source_is_refused_without_its_password() {
        for (text, why) in [
            ("", "names no source"),
            ("mirror", "names no source"),
            ("target:", "names no source"),
            ("mailto:x", "names no source"),
            ("github:loom", "owner/repository"),
            ("github:a/b/c", "owner/repository"),
            ("github:a/..", "owner/repository"),
            ("plugin:../x", "cannot be a name"),
            ("ftp://h/x", "ftp://"),
            ("file://m/x", "names a host"),
            ("s3:///x", "names no host"),
            ("https://u:secret@h h/x", "no address"),
            ("https://u:secret@h/x?y", "no ?"),
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
