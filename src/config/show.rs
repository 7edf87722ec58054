//! Every setting with its origin, for `loom config show`.

use std::time::Duration;

use loom_base::redact;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::{
    LlmProviderSettings, OnFailure, RawValue, Resolved, Setting, SettingOrigin, SourceKind,
    SourceSpec, UpdatePolicy, read::quoted,
};

/// What stands where a secret is not shown.
const MASK: &str = "***";

/// One setting: where it stands in the tables, what holds, and who said so.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its key, from the outermost table inward.
    pub path: Vec<String>,
    /// What holds.
    pub value: Shown,
    /// Who said so.
    pub origin: SettingOrigin,
}

/// A value that may have to be hidden.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Nothing to hide.
    Plain(Value),
    /// Hidden unless asked for.
    Secret(SecretString),
    /// Shown as written, with its variables expanded when secrets are asked for.
    Free(RawValue),
}

impl Row {
    /// The key as TOML writes it: `llm.deepseek.model`.
    pub fn key(&self) -> String {
        self.path.iter().map(|key| quoted(key)).collect::<Vec<_>>().join(".")
    }

    /// The value, secrets masked unless `secrets`.
    pub fn json(&self, secrets: bool) -> Value {
        match &self.value {
            Shown::Plain(value) => value.clone(),
            Shown::Secret(text) if secrets => text.expose_secret().into(),
            Shown::Secret(_) => MASK.into(),
            Shown::Free(free) if secrets => free.value.clone(),
            Shown::Free(free) => free.written.clone(),
        }
    }
}

/// Rows as nested tables, as they would stand in a file.
pub fn tables(rows: &[Row], secrets: bool) -> Value {
    let mut root = Map::new();
    for row in rows {
        insert(&mut root, &row.path, row.json(secrets));
    }
    root.into()
}

fn insert(table: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let inner = table.entry(key.as_str()).or_insert_with(|| Map::new().into());
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// Where a value came from, for programs.
pub fn origin(origin: &SettingOrigin) -> Value {
    match origin {
        SettingOrigin::Default => json!({"from": "default"}),
        SettingOrigin::User { file, line } => json!({"from": "user", "file": file, "line": line}),
        SettingOrigin::Project { file, line } => {
            json!({"from": "project", "file": file, "line": line})
        }
        SettingOrigin::DotEnv { file, line, name } => {
            json!({"from": "dotenv", "file": file, "line": line, "name": name})
        }
        SettingOrigin::Env(name) => json!({"from": "environment", "name": name}),
        SettingOrigin::Flag(name) => json!({"from": "flag", "name": name}),
    }
}

impl Resolved {
    /// Every setting that holds, in the order of the document.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Rows(Vec::new());
        self.project_rows(&mut rows);
        self.runtime_rows(&mut rows);
        for provider in &self.llm.providers {
            provider_rows(provider, &mut rows);
        }
        self.mcp_rows(&mut rows);
        self.agent_rows(&mut rows);
        rows.plain(&["sources"], &self.sources, |list| list.iter().map(source).collect());
        self.policy_rows(&mut rows);
        rows.0
    }

    fn project_rows(&self, rows: &mut Rows) {
        let texts = [
            ("name", &self.project.name),
            ("version", &self.project.version),
            ("description", &self.project.description),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                rows.plain(&[key], text, |t| t.as_str().into());
            }
        }
    }

    fn runtime_rows(&self, rows: &mut Rows) {
        let (bridge, dashboard) = (&self.bridge, &self.dashboard);
        rows.plain(&["bridge", "address"], &bridge.address, |a| a.to_string().into());
        rows.plain(&["bridge", "mode"], &bridge.mode, |m| m.to_string().into());
        rows.plain(&["bridge", "version"], &bridge.version, |v| v.to_string().into());
        rows.plain(&["bridge", "timeout_sec"], &bridge.timeout, |t| t.as_secs().into());
        rows.plain(&["dashboard", "enabled"], &dashboard.enabled, |on| (*on).into());
        rows.plain(&["dashboard", "host"], &dashboard.host, |h| h.as_str().into());
        rows.plain(&["dashboard", "port"], &dashboard.port, |p| (*p).into());
        if let Some(default) = &self.llm.default {
            rows.plain(&["llm", "default"], default, |name| name.as_str().into());
        }
    }

    fn mcp_rows(&self, rows: &mut Rows) {
        for (name, server) in &self.mcp {
            rows.plain(&["mcp", name, "command"], &server.command, |c| c.as_str().into());
            rows.plain(&["mcp", name, "args"], &server.args, |args| args.clone().into());
            for (variable, Setting { value, origin }) in &server.env {
                rows.add(&["mcp", name, "env", variable], Shown::Secret(value.clone()), origin);
            }
        }
    }

    fn agent_rows(&self, rows: &mut Rows) {
        for (name, agent) in &self.agents {
            if agent.value.is_empty() {
                rows.plain(&["agents", name], agent, |_| json!({}));
            }
            for (key, Setting { value, origin }) in &agent.value {
                rows.add(&["agents", name, key], Shown::Free(value.clone()), origin);
            }
        }
    }

    fn policy_rows(&self, rows: &mut Rows) {
        let (trust, store, update) = (&self.trust, &self.store, &self.update);
        rows.plain(&["trust", "checksum"], &trust.checksum, |c| json!(c));
        rows.plain(&["trust", "signature"], &trust.signature, |s| json!(s));
        rows.plain(&["trust", "keys"], &trust.keys, |keys| json!(keys));
        rows.plain(&["trust", "minimum_release_age"], &trust.minimum_release_age, duration);
        rows.plain(&["store", "keep"], &store.keep, |n| (*n).into());
        rows.plain(&["store", "max_size"], &store.max_size, |n| (*n).into());
        rows.plain(&["store", "keep_archives"], &store.keep_archives, |on| (*on).into());
        rows.plain(&["update", "channel"], &update.channel, |c| c.as_str().into());
        rows.plain(&["update", "check_interval"], &update.check_interval, duration);
        rows.plain(&["update", "policy"], &update.policy, |policy| {
            match policy {
                UpdatePolicy::Notify => "notify",
                UpdatePolicy::Auto => "auto",
                UpdatePolicy::Off => "off",
            }
            .into()
        });
        rows.plain(&["offline"], &self.offline, |on| (*on).into());
        rows.plain(&["binary"], &self.binary, |name| name.as_ref().into());
        rows.plain(&["cache_dir"], &self.cache_dir, |dir| dir.to_string_lossy().into());
        rows.plain(&["state_dir"], &self.state_dir, |dir| dir.path().to_string_lossy().into());
    }
}

struct Rows(Vec<Row>);

impl Rows {
    fn add(&mut self, path: &[&str], value: Shown, origin: &SettingOrigin) {
        let path = path.iter().map(|key| (*key).to_owned()).collect();
        self.0.push(Row { path, value, origin: origin.clone() });
    }

    fn plain<T>(&mut self, path: &[&str], setting: &Setting<T>, json: impl FnOnce(&T) -> Value) {
        self.add(path, Shown::Plain(json(&setting.value)), &setting.origin);
    }
}

fn provider_rows(provider: &LlmProviderSettings, rows: &mut Rows) {
    let path = |key| ["llm", provider.name.as_str(), key];
    rows.plain(&path("type"), &provider.kind, |kind| kind.as_str().into());
    if let Some(key) = &provider.api_key {
        rows.add(&path("api_key"), Shown::Secret(key.value.clone()), &key.origin);
    }
    if let Some(base) = &provider.api_base {
        rows.plain(&path("api_base"), base, |base| base.as_str().into());
    }
    if let Some(model) = &provider.model {
        rows.plain(&path("model"), model, |model| model.as_str().into());
    }
    rows.plain(&path("max_tokens"), &provider.max_tokens, |n| (*n).into());
    rows.plain(&path("temperature"), &provider.temperature, |n| (*n).into());
    rows.plain(&path("timeout_sec"), &provider.timeout, |t| t.as_secs().into());
    if let Some(extra) = &provider.extra {
        rows.add(&path("extra"), Shown::Free(extra.value.clone()), &extra.origin);
    }
}

fn duration(duration: &Duration) -> Value {
    humantime::format_duration(*duration).to_string().into()
}

/// A source as its table, without what nobody said; addresses without passwords.
fn source(spec: &SourceSpec) -> Value {
    let plain = SourceSpec::new(spec.kind.clone());
    let mut table = Map::new();
    let mut set = |key: &str, value: Value| {
        if !matches!(value, Value::Null | Value::Bool(false)) {
            table.insert(key.to_owned(), value);
        }
    };
    set("type", spec.kind.type_name().into());
    set("name", json!(spec.name));
    match &spec.kind {
        SourceKind::Mirror(mirror) => {
            set("url", redact::url(&mirror.url).into());
            set("anonymous", mirror.anonymous.into());
            set("region", json!(mirror.region));
            set("endpoint", json!(mirror.endpoint.as_ref().map(redact::url)));
            set("path_style", mirror.path_style.into());
            set(
                "layout",
                json!(mirror.layout.map(|layout| match layout {
                    super::Layout::Store => "store",
                    super::Layout::Release => "release",
                })),
            );
        }
        SourceKind::Github(github) => {
            set("repo", github.repo.as_str().into());
            set("api_base", json!(github.api_base.as_ref().map(redact::url)));
            set("base_url", json!(github.base_url.as_ref().map(redact::url)));
            set("token_env", json!(github.token_env));
            set("tag_prefix", github.tag_prefix.as_str().into());
        }
        SourceKind::Target(target) => {
            set("path", json!(target.path.as_ref().map(|p| p.to_string_lossy())));
            set("profile", json!(target.profile));
        }
        SourceKind::Plugin(plugin) => {
            set("name", plugin.name.as_str().into());
            set("options", json!(plugin.options.as_ref().map(|o| o.written.clone())));
        }
    }
    set("timeout", duration(&spec.timeout));
    set("connect_timeout", spec.connect_timeout.as_ref().map_or(Value::Null, duration));
    set("total_timeout", spec.total_timeout.as_ref().map_or(Value::Null, duration));
    set("on_error", then(spec.on_error, plain.on_error));
    set("on_absent", then(spec.on_absent, plain.on_absent));
    set("race", spec.race.into());
    set("ca", json!(spec.ca.as_ref().map(|p| p.to_string_lossy())));
    set("proxy", json!(spec.proxy.as_ref().map(redact::url)));
    set("allow_http", spec.allow_http.into());
    set("prerelease", spec.prerelease.into());
    table.into()
}

fn then(then: OnFailure, default: OnFailure) -> Value {
    match then {
        _ if then == default => Value::Null,
        OnFailure::Next => "next".into(),
        OnFailure::Stop => "stop".into(),
    }
}
