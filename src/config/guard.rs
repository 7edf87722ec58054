//! What the `loom.toml` of a project may set only once its user trusts it.
//!
//! Until then, a source, a program to run, a language model, an address to listen on beyond loopback and every value that
//! names a variable is withheld, and which release runs and what must be proven of it can only be made tighter. Which rule
//! a setting has is written in its row of the table of settings.

use super::{
    Withheld,
    any_key::AnyKey,
    candidates::{Candidates, KeyMatch},
    key_path::KeyPath,
    setting_type::MASK,
    table::TABLES,
    toml_text,
    tree::{TomlEntry, TomlTable, TomlValue},
    trust_rule::TrustVerdict,
};

/// A setting of a project's file that needs trust.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GuardedSetting {
    pub(crate) path: Vec<String>,
    /// The position of the setting in the file, among those that need trust.
    pub(crate) position: usize,
    /// Whether the setting takes effect where it is tighter than the layers below; else it has no effect.
    pub(crate) tighter: bool,
    /// Whether the value names variables.
    pub(crate) expands: bool,
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
    /// The value for display; `None` for a secret, unless it is the name of a variable.
    shown: Option<String>,
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
        self.shown.clone()
    }
}

fn key_path(path: &[String]) -> KeyPath {
    KeyPath::of(path.iter().map(String::as_str))
}

/// The settings of a project's file that need trust, sorted by key.
pub(crate) fn guarded(root: &TomlTable) -> Vec<GuardedSetting> {
    let mut found = Vec::new();
    collect(root, &Candidates::of_files(), &[], &mut found);
    for (position, setting) in found.iter_mut().enumerate() {
        setting.position = position;
    }
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
                    let tighter = verdict == TrustVerdict::Tighter;
                    let shown = masked(entry, Some(key));
                    let parts = vec![value(inner.clone(), entry, Some(key))];
                    found.push(setting(inner, entry, tighter, shown, parts));
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
            KeyMatch::Unknown(_) => {}
        }
    }
}

fn setting(
    path: Vec<String>,
    entry: &TomlEntry,
    tighter: bool,
    shown: String,
    parts: Vec<GuardedValue>,
) -> GuardedSetting {
    GuardedSetting {
        path,
        position: 0,
        tighter,
        expands: entry.node.value.has_variables(),
        line: entry.line,
        value: entry.node.value.clone(),
        shown,
        parts,
    }
}

fn value(path: Vec<String>, entry: &TomlEntry, key: Option<&dyn AnyKey>) -> GuardedValue {
    let value = entry.node.value.clone();
    let masked = key.map_or_else(|| value.clone(), |key| key.masked(value.clone()));
    let is_secret = key.is_some_and(AnyKey::is_secret);
    let is_hidden = is_secret && masked == TomlValue::Text(MASK.to_owned());
    let shown = (!is_hidden).then(|| displayed(&masked));
    GuardedValue { path, value, is_secret, shown }
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
        let shown = Some(displayed(&value));
        found.push(GuardedValue { path: path.to_vec(), value, is_secret: false, shown });
    }
    for entry in &table.0 {
        let inner: Vec<String> = path.iter().chain([&entry.key]).cloned().collect();
        match (candidates.step(&entry.key), &entry.node.value) {
            (KeyMatch::Table(candidates), TomlValue::Table(table)) => {
                values(table, &candidates, &inner, found);
            }
            (KeyMatch::Setting(key), _) => found.push(value(inner, entry, Some(key))),
            _ => found.push(value(inner, entry, None)),
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
                (KeyMatch::Setting(key), _) => masked(entry, Some(key)),
                _ => masked(entry, None),
            };
            format!("{}:{value}", toml_text::quoted(&entry.key))
        })
        .collect();
    fields.sort();
    format!("{{{}}}", fields.join(","))
}

/// The value for display, its secrets masked.
fn masked(entry: &TomlEntry, key: Option<&dyn AnyKey>) -> String {
    let value = entry.node.value.clone();
    displayed(&key.map_or_else(|| value.clone(), |key| key.masked(value.clone())))
}

fn displayed(value: &TomlValue) -> String {
    let mut out = String::new();
    toml_text::display(value, &mut out);
    out
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
            ("[update]\npolicy = 'off'\nchannel = 'stable'\n", &[]),
            ("[update]\npolicy = 'auto'\n", &[("update.policy", true)]),
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
            ("[dashboard]\ncontent = 'on'\n", &[("dashboard.content", false)]),
            ("[dashboard]\ncontent = 'off'\n", &[("dashboard.content", true)]),
            ("[history]\nfile = 'h.db'\n", &[("history.file", false)]),
            (
                "[history]\nfile = 'off'\nmax_size = '1GiB'\n",
                &[("history.file", true), ("history.max_size", true)],
            ),
            ("[bridge]\nallow_users = [33]\n", &[("bridge.allow_users", false)]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(key, tighter)| ((*key).to_owned(), *tighter)).collect();
            assert_eq!(keys(text), expected, "{text}");
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
