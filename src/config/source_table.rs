//! `[[sources]]`: one source, as a table or as its shorthand.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value as Json, json};
use url::Url;

use super::{
    GithubSource, Layout, MirrorSource, OnFailure, PluginSource, RawValue, SourceKind, SourceSpec,
    TargetSource,
    kinds::Literal,
    read::{KeyPath, Layer, Read, Reader, Spanned, table},
    shorthand::{SourceTextError, mirror_url, plugin, repository},
    tree::{Node, Value},
};

table! {
    /// Where releases come from.
    SourceTable {
        /// mirror, github, target or plugin; where absent, url says it.
        kind as "type": Literal,
        /// The address of a mirror: file, http, https, s3, gs or az. Without a type: any shorthand.
        url: Literal,
        /// What people call it; for a plugin: which one.
        name: Literal,
        /// The longest time without progress. Default 10s.
        timeout: Duration,
        /// The longest time for a new connection: name, TCP, proxy and TLS. Default as timeout.
        connect_timeout: Duration,
        /// The longest time altogether. No limit by default.
        total_timeout: Duration,
        /// What to do when it fails: next (the default) or stop.
        on_error: OnFailure,
        /// What to do when it does not carry the release: next (the default) or stop.
        on_absent: OnFailure,
        /// Whether it may be asked at the same time as the next one. Default false.
        race: bool,
        /// A file of certificates to trust beside the usual ones.
        ca: PathBuf,
        /// The proxy to reach it through.
        proxy: Url,
        /// Whether plain http beyond this machine is allowed. Default false.
        allow_http: bool,
        /// Whether its pre-releases count as releases. Default false.
        prerelease: bool,
        /// store or release; found out by looking where absent.
        layout: Layout,
        /// Mirror: ask without credentials.
        anonymous: bool,
        /// Mirror: the region of a bucket.
        region: Literal,
        /// Mirror: the address of the object store's service.
        endpoint: Url,
        /// Mirror: endpoint/bucket instead of bucket.endpoint.
        path_style: bool,
        /// GitHub: owner/repository.
        repo: Literal,
        /// GitHub: the API of an Enterprise server.
        api_base: Url,
        /// GitHub: the pages of an Enterprise server.
        base_url: Url,
        /// GitHub: the variable that holds the token.
        token_env: Literal,
        /// GitHub: what stands before the version in a tag. Default v.
        tag_prefix: Tag,
        /// Target: the checkout; found by looking where absent.
        path: PathBuf,
        /// Target: the cargo profile; the newest build where absent.
        profile: Literal,
        /// Plugin: what it is told.
        options: RawValue,
    }
}

/// What stands before a version in a tag; may be nothing.
#[derive(Debug, Clone)]
pub(crate) struct Tag(String);

impl Read for Tag {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        reader.literal(node, path, "text").map(Self)
    }
    fn schema() -> Json {
        json!({"type": "string"})
    }
}

/// The keys that only one type of source has.
const OWN: [(&str, &[&str]); 4] = [
    ("mirror", &["url", "layout", "anonymous", "region", "endpoint", "path_style"]),
    ("github", &["repo", "api_base", "base_url", "token_env", "tag_prefix"]),
    ("target", &["path", "profile"]),
    ("plugin", &["options"]),
];

impl Read for SourceSpec {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let spec = match &node.value {
            Value::Text(_) => {
                let text = reader.literal(node, path, "a source")?;
                let spec = SourceSpec::shorthand(&text, &reader.folder());
                accept(spec, path, node.line, reader)?
            }
            Value::Table(written) => {
                let before = reader.mistakes.len();
                let table = SourceTable::read(node, path, reader)?;
                if reader.mistakes.len() > before {
                    return None;
                }
                let kind = kind(&table, node.line, path, reader)?;
                for entry in &written.0 {
                    // Without a type, `url` is the shorthand that told us which it is.
                    if table.kind.is_some() || entry.key != "url" {
                        belongs(&kind, &entry.key, entry.line, path, reader);
                    }
                }
                if reader.mistakes.len() > before {
                    return None;
                }
                spec(table, kind, path, reader)?
            }
            _ => {
                reader.wrong_type(path, node, "a table or a source's shorthand");
                return None;
            }
        };
        if reader.layer == Layer::Project && matches!(spec.kind, SourceKind::Plugin(_)) {
            reader.mistake(path, node.line, "plugins are named in your own config.toml only");
            return None;
        }
        Some(spec)
    }

    fn schema() -> Json {
        let mut table = SourceTable::schema();
        table["properties"]["type"]["enum"] = OWN.iter().map(|(name, _)| *name).collect();
        json!({"anyOf": [{"type": "string"}, table]})
    }
}

/// The value, or `None` after the mistake was recorded.
fn accept<T>(
    parsed: Result<T, SourceTextError>,
    path: &KeyPath,
    line: usize,
    reader: &mut Reader<'_>,
) -> Option<T> {
    parsed
        .map_err(|error| {
            reader.mistake(path, line, error.to_string());
            if let (Some(mistake), Some(hint)) = (reader.mistakes.last_mut(), error.hint()) {
                mistake.hint = Some(hint.to_owned());
            }
        })
        .ok()
}

fn belongs(kind: &SourceKind, key: &str, line: usize, path: &KeyPath, reader: &mut Reader<'_>) {
    let owner = OWN.iter().find(|(_, keys)| keys.contains(&key)).map(|(owner, _)| *owner);
    let here = kind.type_name();
    if let Some(owner) = owner
        && owner != here
    {
        let message = format!("belongs to sources of type {owner}; this one is of type {here}");
        reader.mistake(&path.key(key), line, message);
    }
}

/// What a table is about, without the keys that all types share.
fn kind(
    table: &SourceTable,
    line: usize,
    path: &KeyPath,
    reader: &mut Reader<'_>,
) -> Option<SourceKind> {
    let Some(Spanned { value: Literal(kind), line: at }) = &table.kind else {
        let Some(url) = &table.url else {
            reader.mistake(path, line, "needs a type (mirror, github, target or plugin) or a url");
            return None;
        };
        let kind = SourceSpec::shorthand(&url.value.0, &reader.folder()).map(|spec| spec.kind);
        return accept(kind, &path.key("url"), url.line, reader);
    };
    let mut need = |value: &Option<Spanned<Literal>>, key: &str| match value {
        Some(Spanned { value: Literal(text), line }) => Some((text.clone(), path.key(key), *line)),
        None => {
            reader.mistake(path, line, format!("a source of type {kind} needs {key}"));
            None
        }
    };
    match kind.as_str() {
        "mirror" => {
            let (text, path, line) = need(&table.url, "url")?;
            let url = match SourceSpec::shorthand(&text, &reader.folder()) {
                Ok(SourceSpec { kind: SourceKind::Mirror(mirror), .. }) => Ok(mirror.url),
                Ok(_) => mirror_url(&text),
                Err(error) => Err(error),
            };
            accept(url, &path, line, reader).map(|url| SourceKind::Mirror(MirrorSource::new(url)))
        }
        "github" => {
            let (text, path, line) = need(&table.repo, "repo")?;
            accept(repository(&text), &path, line, reader)
                .map(|repo| SourceKind::Github(GithubSource::new(repo)))
        }
        "target" => Some(SourceKind::Target(TargetSource::default())),
        "plugin" => {
            let (text, path, line) = need(&table.name, "name")?;
            let name = accept(plugin(&text), &path, line, reader)?;
            Some(SourceKind::Plugin(PluginSource::new(name)))
        }
        other => {
            let message = format!("expected mirror, github, target or plugin, got {other:?}");
            reader.mistake(&path.key("type"), *at, message);
            None
        }
    }
}

/// The source that a table without mistakes describes.
fn spec(
    table: SourceTable,
    kind: SourceKind,
    path: &KeyPath,
    reader: &mut Reader<'_>,
) -> Option<SourceSpec> {
    for (timeout, key) in [
        (&table.timeout, "timeout"),
        (&table.connect_timeout, "connect_timeout"),
        (&table.total_timeout, "total_timeout"),
    ] {
        if let Some(Spanned { value: Duration::ZERO, line }) = timeout {
            reader.mistake(&path.key(key), *line, "it must be longer than nothing");
            return None;
        }
    }
    let mut spec = SourceSpec::new(kind);
    let fill = |at: Option<Spanned<bool>>| at.is_some_and(|at| at.value);
    let text = |at: Option<Spanned<Literal>>| at.map(|at| at.value.0);
    match &mut spec.kind {
        SourceKind::Mirror(mirror) => {
            mirror.anonymous = fill(table.anonymous);
            mirror.path_style = fill(table.path_style);
            mirror.region = text(table.region);
            mirror.endpoint = table.endpoint.map(|at| at.value);
            mirror.layout = table.layout.map(|at| at.value);
        }
        SourceKind::Github(GithubSource { api_base, base_url, token_env, tag_prefix, .. }) => {
            *api_base = table.api_base.map(|at| at.value);
            *base_url = table.base_url.map(|at| at.value);
            *token_env = text(table.token_env);
            if let Some(Spanned { value: Tag(prefix), .. }) = table.tag_prefix {
                *tag_prefix = prefix;
            }
        }
        SourceKind::Target(TargetSource { path, profile }) => {
            *path = table.path.map(|at| at.value).or(path.take());
            *profile = text(table.profile);
        }
        SourceKind::Plugin(PluginSource { options, .. }) => {
            *options = table.options.map(|at| at.value);
        }
    }
    spec.name = match spec.kind {
        SourceKind::Plugin(_) => None,
        _ => text(table.name),
    };
    spec.timeout = table.timeout.map_or(spec.timeout, |at| at.value);
    spec.connect_timeout = table.connect_timeout.map(|at| at.value);
    spec.total_timeout = table.total_timeout.map(|at| at.value);
    spec.on_error = table.on_error.map_or(spec.on_error, |at| at.value);
    spec.on_absent = table.on_absent.map_or(spec.on_absent, |at| at.value);
    spec.ca = table.ca.map(|at| at.value);
    spec.proxy = table.proxy.map(|at| at.value);
    spec.race = fill(table.race);
    spec.allow_http = fill(table.allow_http);
    spec.prerelease = fill(table.prerelease);
    Some(spec)
}
