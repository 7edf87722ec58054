//! What the `loom.toml` of a project may set only once its user trusts it.
//!
//! Until then, a source, a program to run, a language model, an address to listen on beyond loopback and every value that
//! names a variable is withheld, and which release runs and what must be proven of it can only be made tighter. Which rule
//! a setting has is written in its row of the table of settings.

use std::{fmt, path::PathBuf};

use loom_source::Digest;
use serde_json::Value;

use super::{
    candidates::{Candidates, KeyMatch},
    key_path::KeyPath,
    table::TABLES,
    tree::{TomlEntry, TomlTable, TomlValue},
    trust_rule::TrustVerdict,
};

/// The settings of an untrusted project that have no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrusted {
    /// The project's `loom.toml`, as a canonical path.
    pub file: PathBuf,
    /// The digest of all settings of the file that need trust: what [`Trusted::trust`](super::Trusted::trust) takes.
    pub digest: Digest,
    /// The settings that have no effect.
    pub withheld: Vec<Withheld>,
}

impl fmt::Display for Untrusted {
    /// The file and the keys, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.withheld.iter().map(|item| item.key.as_str()).collect();
        write!(f, "{} is not trusted to set {}", self.file.display(), keys.join(", "))
    }
}

/// One setting that needs trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The line of the key, from 1.
    pub line: usize,
    /// The key, such as `mcp.web`.
    pub key: String,
    /// The value as JSON, for display; secrets are masked.
    pub value: String,
}

/// A setting of a project's file that needs trust.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GuardedSetting {
    pub(crate) path: Vec<String>,
    /// Whether the setting takes effect where it is tighter than the layers below; else it has no effect.
    pub(crate) tighter: bool,
    /// Whether the value names variables.
    pub(crate) expands: bool,
    line: usize,
    /// The value as written: nothing is expanded.
    value: Value,
    /// The value with its secrets masked.
    shown: Value,
}

impl GuardedSetting {
    /// The setting for display.
    pub(crate) fn withheld(&self) -> Withheld {
        Withheld {
            line: self.line,
            key: self.key_path().to_string(),
            value: self.shown.to_string(),
        }
    }

    pub(crate) fn line(&self) -> usize {
        self.line
    }

    pub(crate) fn key_path(&self) -> KeyPath {
        KeyPath::of(self.path.iter().map(String::as_str))
    }
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
                let verdict = key.verdict(&entry.key, &entry.node);
                if verdict != TrustVerdict::Free {
                    let shown = key.masked(entry.node.value.json());
                    let tighter = verdict == TrustVerdict::Tighter;
                    found.push(setting(inner, entry, tighter, shown));
                }
            }
            KeyMatch::Table(candidates) => {
                let TomlValue::Table(table) = &entry.node.value else { continue };
                let rows = TABLES.iter().filter(|row| row.path == candidates.pattern());
                if rows.into_iter().any(|row| row.trusted) {
                    found.push(setting(inner, entry, false, masked_table(table, &candidates)));
                } else {
                    collect(table, &candidates, &inner, found);
                }
            }
            KeyMatch::Reserved | KeyMatch::Unknown(_) => {}
        }
    }
}

fn setting(path: Vec<String>, entry: &TomlEntry, tighter: bool, shown: Value) -> GuardedSetting {
    let value = &entry.node.value;
    let (expands, value) = (value.has_variables(), value.json());
    GuardedSetting { path, tighter, expands, line: entry.line, value, shown }
}

/// The table as JSON, with its secrets masked.
fn masked_table(table: &TomlTable, candidates: &Candidates) -> Value {
    let fields = table.0.iter().map(|entry| {
        let value = match (candidates.step(&entry.key), &entry.node.value) {
            (KeyMatch::Table(inner), TomlValue::Table(table)) => masked_table(table, &inner),
            (KeyMatch::Setting(key), value) => key.masked(value.json()),
            (_, value) => value.json(),
        };
        (entry.key.clone(), value)
    });
    Value::Object(fields.collect())
}

/// The digest of the settings: the SHA-256 of a line for each, with its path and its value as JSON without spaces and
/// with sorted keys.
pub(crate) fn digest(settings: &[GuardedSetting]) -> Digest {
    let mut text = String::from("loom-trust 1\n");
    for setting in settings {
        canonical(&Value::from(setting.path.clone()), &mut text);
        text.push(' ');
        canonical(&setting.value, &mut text);
        text.push('\n');
    }
    Digest::of(text.as_bytes())
}

/// Appends JSON without spaces, with the keys of each object sorted.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                canonical(&Value::from(key.as_str()), out);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::parse;

    fn keys(text: &str) -> Vec<(String, bool)> {
        let items = guarded(&parse(text).unwrap());
        items.iter().map(|item| (item.withheld().key, item.tighter)).collect()
    }

    #[test]
    fn the_settings_that_need_trust_are_found() {
        for (text, expected) in [
            ("name = 'x'\n[bridge]\naddress = '127.0.0.1:1'\nversion = 'latest'\n", &[][..]),
            ("[bridge]\nversion = '0.2.0'\n", &[("bridge.version", true)]),
            (
                "[bridge]\nversion = '^0.2'\ntimeout_sec = 5\n",
                &[("bridge.timeout_sec", true), ("bridge.version", true)],
            ),
            ("[bridge]\nversion = 'dev'\n", &[("bridge.version", false)]),
            ("[agents.a]\ntopics = ['t']\ntimeout_sec = 3\nrefresh_interval_sec = 1\n", &[]),
            (
                "[agents.a]\ntopics = ['${T}']\nllm_provider = 'x'\n",
                &[("agents.a.llm_provider", false), ("agents.a.topics", false)],
            ),
            ("name = '${HOME}'\n", &[("name", false)]),
            ("[bridge]\nmode = '${MODE:-full}'\n", &[("bridge.mode", false)]),
            ("[update]\ncheck_interval = '1h'\n", &[("update.check_interval", false)]),
            ("[store]\nkeep_archives = true\n", &[("store.keep_archives", false)]),
            (
                "[llm]\ndefault = 'd'\n[llm.d]\nmodel = 'm'\n",
                &[("llm.d", false), ("llm.default", false)],
            ),
            ("[trust]\nchecksum = 'required'\nsignature = 'required'\n", &[]),
            ("[trust]\nchecksum = 'if-available'\n", &[("trust.checksum", true)]),
            ("[trust]\nchecksum = '${C}'\n", &[("trust.checksum", false)]),
            ("[trust]\nminimum_release_age = '0s'\n", &[("trust.minimum_release_age", true)]),
            ("sources = ['target']\n", &[("sources", false)]),
            ("[[sources]]\ntype = 'target'\n", &[("sources", false)]),
            ("[mcp.a]\n[mcp.'b.c']\n", &[("mcp.a", false), ("mcp.\"b.c\"", false)]),
            ("[llm.d]\napi_base = 'x'\n", &[("llm.d", false)]),
            ("[bridge]\naddress = '0.0.0.0:1'\n", &[("bridge.address", false)]),
            ("[bridge]\naddress = '${X}'\n", &[("bridge.address", false)]),
            ("[dashboard]\nhost = '::'\n", &[("dashboard.host", false)]),
            ("[dashboard]\nhost = '::1'\n", &[]),
            ("[dashboard]\nallowed_hosts = ['a']\n", &[("dashboard.allowed_hosts", false)]),
            ("[bridge]\nallow_users = [33]\n", &[("bridge.allow_users", false)]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(key, tighter)| ((*key).to_owned(), *tighter)).collect();
            assert_eq!(keys(text), expected, "{text}");
        }
    }

    #[test]
    fn only_settings_that_need_trust_are_digested() {
        let of = |text: &str| digest(&guarded(&parse(text).unwrap()));
        let base = of("name = 'a'\n[mcp.m]\ncommand = 'c'\nargs = ['1']\n[mcp.n]\ncommand = 'd'\n");
        let same = "[mcp.n]\ncommand = 'd'\n# moved\n[mcp.m]\nargs = ['1']\ncommand = 'c'\n";
        assert_eq!(of(same), base);
        for other in ["[mcp.m]\ncommand = 'c'\nargs = ['2']\n[mcp.n]\ncommand = 'd'\n", "[mcp.m]\n"]
        {
            assert_ne!(of(other), base, "{other}");
        }
    }

    #[test]
    fn secrets_are_masked() {
        let text = "[mcp.m]\ncommand = 'c'\nenv = { KEY = 'secret', OTHER = '${MINE}', D = '${X:-secret}' }\n\
            [llm.d]\napi_key = 'x${Y}secret'\napi_base = 'https://u:secret@h/v1?secret'\n\
            [[sources]]\nurl = 'https://u:secret@h/x'\n";
        let items = guarded(&parse(text).unwrap());
        let shown: Vec<_> = items.iter().map(|item| item.withheld().value).collect();
        assert_eq!(
            shown,
            [
                r#"{"api_base":"https://***@h/v1?***","api_key":"***"}"#,
                r#"{"command":"c","env":{"D":"***","KEY":"***","OTHER":"${MINE}"}}"#,
                r#"[{"url":"https://***@h/x"}]"#,
            ]
        );
    }
}
