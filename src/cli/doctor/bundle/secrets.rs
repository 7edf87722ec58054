//! The secrets that this machine knows, so that they are recognised wherever they occur.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use loom_base::bounded_file;
use loom_runtime::config::{Disk, Flags, effective};
use serde_json::Value;

use crate::cli::context::Context;

/// The size limit of a file that is searched for secrets, in bytes.
const LARGEST: u64 = 1 << 20;

/// Parts of the names of variables and keys whose values are secrets.
const SECRET_NAMES: [&str; 8] =
    ["KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL", "AUTH", "COOKIE", "SESSION"];

/// Parts of the lines of a project's file whose quoted strings may be secrets.
const SECRET_LINES: [&str; 4] = ["ENV", "HEADER", "URL", "API"];

/// Whether the value of a variable or key with this name is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_uppercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// Texts that may be secrets.
#[derive(Debug, Default)]
pub(super) struct KnownSecrets {
    /// The values of settings and variables that are secrets, and passwords.
    pub(super) values: BTreeSet<String>,
    /// What may be a secret, by the place where it is.
    pub(super) possible: BTreeSet<String>,
}

/// All secrets that are known: of the configuration, of variables, of `.env` files and of `.netrc`.
pub(super) fn known(context: &Context) -> KnownSecrets {
    let (mut values, mut found) = (BTreeSet::new(), BTreeSet::new());
    let configured = context.inputs(Flags::default()).ok();
    let configured = configured.and_then(|inputs| effective(&inputs, &Disk).ok());
    for setting in configured.iter().flat_map(|(_, settings)| settings) {
        let (mut shown, mut all) = (BTreeSet::new(), BTreeSet::new());
        strings(&setting.value.json(false), &mut shown);
        strings(&setting.value.json(true), &mut all);
        values.extend(all.difference(&shown).cloned());
        secret_arguments(&setting.value.json(true), &mut values);
        named_variables(&setting.value.json(true), &mut |name| {
            values.extend(context.env().get(name).map(str::to_owned));
        });
        all.iter().for_each(|text| url_queries(text, &mut found));
    }
    for name in context.env().names().filter(|name| is_secret_name(name)) {
        values.extend(context.env().get(name).map(str::to_owned));
    }
    for value in context.env().names().filter_map(|name| context.env().get(name)) {
        url_passwords(value, &mut found);
    }
    for name in context.env().names().filter(|name| name.starts_with("LOOM_")) {
        // Tables as JSON: what they hold may be secret.
        let value = context.env().get(name).and_then(|text| serde_json::from_str(text).ok());
        value.iter().for_each(|value| secret_strings(value, false, &mut values));
    }
    let netrc = context.env().path("NETRC");
    let home = std::env::home_dir().map(|home| home.join(".netrc"));
    netrc.iter().chain(&home).for_each(|file| passwords(file, &mut values, &mut found));
    let mut projects: Vec<PathBuf> = context.cwd().into_iter().collect();
    if let Some((resolved, _)) = &configured {
        resolved.files.iter().for_each(|file| quoted(file, &mut values, &mut found));
        projects.push(resolved.project.root.clone());
        projects.extend(projects_of(resolved.state_dir.value.path()));
    }
    for project in projects.iter().flat_map(|project| project.ancestors()) {
        assignments(&project.join(".env"), &mut values, &mut found);
        quoted(&project.join("loom.toml"), &mut values, &mut found);
    }
    KnownSecrets { values, possible: found }
}

/// Calls `found` with the variables that hold the credentials of sources: `token_env`, `password_env`, `username_env`.
fn named_variables(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                match value.as_str() {
                    Some(name) if key.ends_with("_env") => found(name),
                    _ => named_variables(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named_variables(item, found)),
        _ => {}
    }
}

/// The strings of a document.
fn strings(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => _ = found.insert(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(table) => table.values().for_each(|item| strings(item, found)),
        _ => {}
    }
}

/// The strings of a document below keys with the name of a secret, or in tables of variables and headers.
fn secret_strings(value: &Value, is_secret: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                let is_table = ["env", "headers"].contains(&key.as_str());
                secret_strings(value, is_secret || is_table || is_secret_name(key), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secret_strings(item, is_secret, found)),
        value if is_secret => strings(value, found),
        _ => {}
    }
}

/// The values of arguments with the name of a secret: `--token x`, `--api-key=x`.
fn secret_arguments(value: &Value, found: &mut BTreeSet<String>) {
    let Value::Array(items) = value else { return };
    let mut is_value = false;
    for item in items.iter().filter_map(Value::as_str) {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let is_named = name.starts_with('-') && is_secret_name(name);
        if is_value && !item.starts_with('-') {
            found.insert(item.to_owned());
        }
        if is_named && !value.is_empty() {
            found.insert(value.to_owned());
        }
        is_value = is_named && value.is_empty();
    }
}

/// The values in the query of a URL, and its decoded login.
fn url_queries(text: &str, found: &mut BTreeSet<String>) {
    let Ok(url) = url::Url::parse(text) else { return };
    found.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    for part in [Some(url.username()), url.password()].into_iter().flatten() {
        let decoded = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
        found.insert(decoded.into_owned());
    }
}

/// The projects of the instances.
fn projects_of(state: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(state.join("instances")).into_iter().flatten().flatten();
    let project = |folder: PathBuf| {
        let document = |name: &str| -> Option<Value> {
            serde_json::from_slice(&bounded_file::read(&folder.join(name), LARGEST).ok()?).ok()
        };
        let document = document("instance.json").or_else(|| document("end.json"))?;
        document["project"].as_str().map(PathBuf::from)
    };
    entries.filter_map(|entry| project(entry.path())).collect()
}

/// The values of a `.env` file.
fn assignments(file: &Path, values: &mut BTreeSet<String>, possible: &mut BTreeSet<String>) {
    let text = bounded_file::read_text(file, LARGEST).unwrap_or_default();
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let found = if is_secret_name(name) { &mut *values } else { &mut *possible };
        let value = value.trim();
        found.insert(value.to_owned());
        found.insert(value.trim_matches(['"', '\'']).to_owned());
    }
}

/// The quoted strings in those lines of a project's file that may hold secrets.
fn quoted(file: &Path, values: &mut BTreeSet<String>, possible: &mut BTreeSet<String>) {
    let text = bounded_file::read_text(file, LARGEST).unwrap_or_default();
    url_passwords(&text, possible);
    for line in text.lines() {
        let (key, value) = line.split_once('=').unwrap_or_default();
        let key = key.to_uppercase();
        if !is_secret_name(&key) && !SECRET_LINES.iter().any(|part| key.contains(part)) {
            continue;
        }
        let found = if is_secret_name(&key) { &mut *values } else { &mut *possible };
        for quote in ['"', '\''] {
            // Every second part is between quotes.
            let inner = value.split(quote).skip(1).step_by(2);
            found.extend(inner.filter(|text| !text.contains("://")).map(str::to_owned));
        }
    }
}

/// The passwords in URLs.
fn url_passwords(text: &str, found: &mut BTreeSet<String>) {
    for rest in text.split("://").skip(1) {
        let authority =
            rest.split(['/', '?', '#', '"', '\'', ' ', '\n']).next().unwrap_or_default();
        if let Some((login, _)) = authority.rsplit_once('@') {
            let password = login.split_once(':').map_or(login, |(_, password)| password);
            found.insert(password.to_owned());
        }
    }
}

/// The passwords of a `.netrc` file.
fn passwords(file: &Path, values: &mut BTreeSet<String>, possible: &mut BTreeSet<String>) {
    let text = bounded_file::read_text(file, LARGEST).unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    for pair in words.windows(2) {
        match pair[0] {
            "password" => _ = values.insert(pair[1].to_owned()),
            "login" | "account" => _ = possible.insert(pair[1].to_owned()),
            _ => {}
        }
    }
}
