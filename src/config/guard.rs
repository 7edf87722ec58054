//! What a project's `loom.toml` may only do once its user trusts it.
//!
//! Until then it may tighten: what adds a source, a key, a program to run, an address to send
//! secrets to or a door to the network is withheld, and what would lower the bar is not let through.

use std::path::PathBuf;

use loom_source::Digest;
use serde_json::Value as Json;

use super::{
    Address,
    expand::has_variables,
    read::quoted,
    resolved::is_loopback,
    tree::{Node, Table, Value},
};

/// What an untrusted project asked for and did not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrusted {
    /// The project's `loom.toml`, canonical.
    pub file: PathBuf,
    /// The digest of the tables that trust is about: what [`Trusted::trust`](super::Trusted::trust) takes.
    pub digest: Digest,
    /// What was withheld.
    pub what: Vec<Withheld>,
}

impl Untrusted {
    /// What the person in front of the screen can do.
    pub fn hint(&self) -> String {
        "read it, then run `loom trust` (LOOM_TRUST_PROJECT=1 in CI)".to_owned()
    }
}

impl std::fmt::Display for Untrusted {
    /// One line: the file and the keys withheld.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&str> = self.what.iter().map(|w| w.key.as_str()).collect();
        write!(f, "{} is not trusted to set {}", self.file.display(), keys.join(", "))
    }
}

/// One setting that needs trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The line of the key, from 1.
    pub line: usize,
    /// Its key, such as `mcp.web`.
    pub key: String,
    /// What it says, for people; values of environments are not shown.
    pub value: String,
}

/// One setting of a project that trust is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Guarded {
    pub(crate) path: Vec<String>,
    /// The line of its key, from 1.
    pub(crate) line: usize,
    /// As written, nothing expanded.
    value: Json,
    /// Lowers the bar: the stricter of two holds until the project is trusted. All else is withheld.
    pub(crate) weakens: bool,
}

impl Guarded {
    /// For people.
    pub(crate) fn shown(&self) -> Withheld {
        let key: Vec<String> = self.path.iter().map(|key| quoted(key)).collect();
        let mut value = self.value.clone();
        if self.path[0] == "mcp"
            && let Some(Json::Object(env)) = value.get_mut("env")
        {
            env.values_mut().for_each(|value| *value = "***".into());
        }
        if self.path.last().is_some_and(|key| key == "api_key") && !asks(&self.value) {
            value = "***".into();
        }
        Withheld { line: self.line, key: key.join("."), value: value.to_string() }
    }
}

/// Whether any text in a value asks for a variable.
fn asks(value: &Json) -> bool {
    match value {
        Json::String(text) => has_variables(text),
        Json::Array(items) => items.iter().any(asks),
        Json::Object(fields) => fields.values().any(asks),
        _ => false,
    }
}

/// The settings of a project's file that trust is about, in the order of their keys.
pub(crate) fn guarded(root: &Table) -> Vec<Guarded> {
    let mut found = Vec::new();
    let mut add = |path: &[&str], node: &Node, weakens: bool| {
        let path = path.iter().map(|key| (*key).to_owned()).collect();
        found.push(Guarded { path, line: node.line, value: node.value.json(), weakens });
    };
    if let Some(node) = root.get("sources") {
        add(&["sources"], node, false);
    }
    for entry in entries(root, "mcp") {
        add(&["mcp", &entry.key], &entry.node, false);
    }
    for entry in entries(root, "llm") {
        let Value::Table(provider) = &entry.node.value else { continue };
        for field in &provider.0 {
            let outward = matches!(field.key.as_str(), "api_base" | "extra");
            if outward || asks(&field.node.value.json()) {
                add(&["llm", &entry.key, &field.key], &field.node, false);
            }
        }
    }
    for entry in entries(root, "trust") {
        let strict = matches!(&entry.node.value, Value::Text(text) if text == "required");
        match entry.key.as_str() {
            "keys" => add(&["trust", "keys"], &entry.node, false),
            "checksum" | "signature" if !strict => add(&["trust", &entry.key], &entry.node, true),
            "minimum_release_age" => add(&["trust", &entry.key], &entry.node, true),
            _ => {}
        }
    }
    for (table, key) in [("bridge", "address"), ("dashboard", "host")] {
        let Some(node) = root.table(table).and_then(|t| t.get(key)) else { continue };
        if !listens_here(node) {
            add(&[table, key], node, false);
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn entries<'t>(root: &'t Table, key: &str) -> &'t [super::tree::Entry] {
    root.table(key).map_or(&[], |table| &table.0)
}

/// Whether only this machine can reach what listens there.
fn listens_here(node: &Node) -> bool {
    let Value::Text(text) = &node.value else { return false };
    match text.parse::<Address>() {
        Ok(address) => address.is_loopback(),
        Err(_) => is_loopback(text.trim_matches(['[', ']'])),
    }
}

/// The digest of what is guarded: the SHA-256 of `[[path, value], …]` as JSON without spaces, keys sorted.
pub(crate) fn digest(guarded: &[Guarded]) -> Digest {
    let mut text = String::from("loom-trust 1\n");
    for item in guarded {
        canonical(&Json::from(item.path.clone()), &mut text);
        text.push(' ');
        canonical(&item.value, &mut text);
        text.push('\n');
    }
    Digest::of(text.as_bytes())
}

/// JSON without spaces, with the keys of each object sorted.
fn canonical(value: &Json, out: &mut String) {
    match value {
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                canonical(item, out);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                canonical(&Json::from(key.as_str()), out);
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
        items.iter().map(|item| (item.shown().key, item.weakens)).collect()
    }

    #[test]
    fn what_needs_trust_is_found_and_nothing_else() {
        for (text, expected) in [
            ("name = 'x'\n[bridge]\naddress = '127.0.0.1:1'\nversion = '0.2.0'\n", &[][..]),
            ("[agents.a]\nx = '${HOME}'\n[llm.d]\nmodel = 'm'\napi_key = 'k'\n", &[]),
            ("[trust]\nchecksum = 'required'\nsignature = 'required'\n", &[]),
            ("[trust]\nchecksum = 'if-available'\n", &[("trust.checksum", true)]),
            ("[trust]\nminimum_release_age = '0s'\n", &[("trust.minimum_release_age", true)]),
            ("[trust]\nkeys = []\n", &[("trust.keys", false)]),
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
            let expected: Vec<_> = expected.iter().map(|(k, w)| ((*k).to_owned(), *w)).collect();
            assert_eq!(keys(text), expected, "{text}");
        }
    }

    #[test]
    fn the_digest_is_of_the_guarded_tables_alone() {
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
    fn secrets_in_what_is_shown_are_masked() {
        let items = guarded(&parse("[mcp.m]\ncommand = 'c'\nenv = { KEY = 'secret' }\n").unwrap());
        let shown = items[0].shown().value;
        assert!(shown.contains("KEY") && !shown.contains("secret"), "{shown}");
    }
}
