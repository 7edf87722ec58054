//! What the `loom.toml` of a project may set only once its user trusts it.
//!
//! Until then, a source, a program to run, an address to send secrets to or to listen on beyond loopback is withheld, and
//! what must be proven before a release enters the store can only be made stricter. Which rule a setting has is written in
//! its row of the table of settings.

use super::{
    Withheld,
    candidates::{Candidates, KeyMatch},
    key_path::KeyPath,
    table::TABLES,
    toml_text,
    tree::{TomlEntry, TomlTable, TomlValue},
    trust_rule::TrustVerdict,
};

/// A setting of a project's file that needs trust.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GuardedSetting {
    pub(crate) path: Vec<String>,
    /// Whether the setting takes effect where it is stricter than the layers below; else it has no effect.
    pub(crate) stricter: bool,
    line: usize,
    /// The value as written: nothing is expanded.
    pub(crate) value: TomlValue,
    /// The value for display, with its secrets masked.
    shown: String,
    /// Its values one by one.
    pub(crate) parts: Vec<GuardedValue>,
}

/// One value of a setting that needs trust; that of a table has several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GuardedValue {
    path: Vec<String>,
    pub(crate) value: TomlValue,
    pub(crate) is_secret: bool,
}

impl GuardedSetting {
    /// The setting for display.
    pub(crate) fn withheld(&self) -> Withheld {
        Withheld { line: self.line, key: self.key_path().to_string(), value: self.shown.clone() }
    }

    pub(crate) fn line(&self) -> usize {
        self.line
    }

    pub(crate) fn key_path(&self) -> KeyPath {
        key_path(&self.path)
    }
}

impl GuardedValue {
    pub(crate) fn key_path(&self) -> KeyPath {
        key_path(&self.path)
    }

    /// The value for display; `None` for a secret.
    pub(crate) fn shown(&self) -> Option<String> {
        shown(&self.value, self.is_secret)
    }
}

fn key_path(path: &[String]) -> KeyPath {
    KeyPath::of(path.iter().map(String::as_str))
}

/// The settings of a project's file that need trust, sorted by key.
pub(crate) fn guarded(root: &TomlTable) -> Vec<GuardedSetting> {
    let mut found = Vec::new();
    collect(root, &Candidates::of_files(), &[], &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(
    table: &TomlTable,
    candidates: &Candidates,
    path: &[String],
    found: &mut Vec<GuardedSetting>,
) {
    for entry in &table.0 {
        let inner: Vec<String> = path.iter().chain([&entry.key]).cloned().collect();
        match candidates.step(&entry.key) {
            KeyMatch::Setting(key) => {
                let verdict = key.verdict(&entry.node);
                if verdict != TrustVerdict::Free {
                    let stricter = verdict == TrustVerdict::Stricter;
                    let shown = masked(entry, key.is_secret());
                    let parts = vec![value(inner.clone(), entry, key.is_secret())];
                    found.push(setting(inner, entry, stricter, shown, parts));
                }
            }
            KeyMatch::Table(candidates) => {
                let TomlValue::Table(table) = &entry.node.value else { continue };
                let rows = TABLES.iter().filter(|row| row.path == candidates.pattern());
                if rows.into_iter().any(|row| row.trusted) {
                    let shown = masked_table(table, &candidates);
                    let mut parts = Vec::new();
                    values(table, &candidates, &inner, &mut parts);
                    found.push(setting(inner, entry, false, shown, parts));
                } else {
                    collect(table, &candidates, &inner, found);
                }
            }
            KeyMatch::Reserved | KeyMatch::Unknown(_) => {}
        }
    }
}

fn setting(
    path: Vec<String>,
    entry: &TomlEntry,
    stricter: bool,
    shown: String,
    parts: Vec<GuardedValue>,
) -> GuardedSetting {
    GuardedSetting {
        path,
        stricter,
        line: entry.line,
        value: entry.node.value.clone(),
        shown,
        parts,
    }
}

fn value(path: Vec<String>, entry: &TomlEntry, is_secret: bool) -> GuardedValue {
    GuardedValue { path, value: entry.node.value.clone(), is_secret }
}

/// The values of a table, one by one. A table without any is one value.
fn values(
    table: &TomlTable,
    candidates: &Candidates,
    path: &[String],
    found: &mut Vec<GuardedValue>,
) {
    if table.0.is_empty() {
        let value = TomlValue::Table(TomlTable::default());
        found.push(GuardedValue { path: path.to_vec(), value, is_secret: false });
    }
    for entry in &table.0 {
        let inner: Vec<String> = path.iter().chain([&entry.key]).cloned().collect();
        match (candidates.step(&entry.key), &entry.node.value) {
            (KeyMatch::Table(candidates), TomlValue::Table(table)) => {
                values(table, &candidates, &inner, found);
            }
            (KeyMatch::Setting(key), _) => found.push(value(inner, entry, key.is_secret())),
            _ => found.push(value(inner, entry, false)),
        }
    }
}

/// The table for display, with its secrets masked.
fn masked_table(table: &TomlTable, candidates: &Candidates) -> String {
    let mut fields: Vec<_> = table
        .0
        .iter()
        .map(|entry| {
            let value = match (candidates.step(&entry.key), &entry.node.value) {
                (KeyMatch::Table(inner), TomlValue::Table(table)) => masked_table(table, &inner),
                (KeyMatch::Setting(key), _) => masked(entry, key.is_secret()),
                _ => masked(entry, false),
            };
            format!("{}:{value}", toml_text::quoted(&entry.key))
        })
        .collect();
    fields.sort();
    format!("{{{}}}", fields.join(","))
}

/// The value for display. A secret is masked.
fn masked(entry: &TomlEntry, is_secret: bool) -> String {
    shown(&entry.node.value, is_secret).unwrap_or_else(|| r#""***""#.to_owned())
}

/// The value for display; `None` for a secret, unless it is the name of a variable.
fn shown(value: &TomlValue, is_secret: bool) -> Option<String> {
    let is_name = matches!(value, TomlValue::Text(text) if names_variable(text));
    let mut out = String::new();
    toml_text::display(value, &mut out);
    (!is_secret || is_name).then_some(out)
}

/// Whether the text is `${NAME}` and nothing else.
fn names_variable(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::parse;

    fn keys(text: &str) -> Vec<(String, bool)> {
        let items = guarded(&parse(text).unwrap());
        items.iter().map(|item| (item.withheld().key, item.stricter)).collect()
    }

    #[test]
    fn the_settings_that_need_trust_are_found() {
        for (text, expected) in [
            ("name = 'x'\n[bridge]\naddress = '127.0.0.1:1'\nversion = '0.2.0'\n", &[][..]),
            ("[agents.a]\nx = '${HOME}'\n[llm.d]\nmodel = 'm'\napi_key = 'k'\n", &[]),
            ("[trust]\nchecksum = 'required'\nsignature = 'required'\n", &[]),
            ("[trust]\nchecksum = 'if-available'\n", &[("trust.checksum", true)]),
            ("[trust]\nminimum_release_age = '0s'\n", &[("trust.minimum_release_age", true)]),
            ("sources = ['target']\n", &[("sources", false)]),
            ("[[sources]]\ntype = 'target'\n", &[("sources", false)]),
            ("[mcp.a]\n[mcp.'b.c']\n", &[("mcp.a", false), ("mcp.\"b.c\"", false)]),
            ("[llm.d]\napi_base = 'x'\n", &[("llm.d.api_base", false)]),
            ("[llm.d]\napi_key = '${GITHUB_TOKEN}'\n", &[("llm.d.api_key", false)]),
            ("[bridge]\naddress = '0.0.0.0:1'\n", &[("bridge.address", false)]),
            ("[bridge]\naddress = '${X}'\n", &[("bridge.address", false)]),
            ("[dashboard]\nhost = '::'\n", &[("dashboard.host", false)]),
            ("[dashboard]\nhost = '::1'\n", &[]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(key, stricter)| ((*key).to_owned(), *stricter)).collect();
            assert_eq!(keys(text), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_masked() {
        let text = "[mcp.m]\ncommand = 'c'\nenv = { KEY = 'secret', OTHER = '${MINE}', D = '${X:-secret}' }\n\
            [llm.d]\napi_key = 'x${Y}secret'\n";
        let items = guarded(&parse(text).unwrap());
        let shown: Vec<_> = items.iter().map(|item| item.withheld().value).collect();
        assert_eq!(
            shown,
            [r#""***""#, r#"{"command":"c","env":{"D":"***","KEY":"***","OTHER":"${MINE}"}}"#,]
        );
    }
}
