//! `trust.keys`: keys and identities whose signatures count.

use std::path::{Path, PathBuf};

use loom_base::time::parse_rfc3339;
use loom_signatures::VerifyingKey;
use loom_source::Authority;
use serde_json::{Map, Value, json};

use super::{Literal, read_list};
use crate::config::{
    Problem, TrustKey, TrustedSigner,
    key_path::KeyPath,
    reader::{Layer, ValueReader},
    setting_type::{SettingType, ShownValue},
    tree::{TomlEntry, TomlNode, TomlTable, TomlValue},
};

/// The keys of a table that names a signer.
const KEYS: [&str; 8] =
    ["key", "key_file", "identity", "issuer", "trust_root", "authority", "source", "expires"];

/// The largest number of keys in a list.
const MAX_KEYS: usize = 64;

impl SettingType for Vec<TrustKey> {
    const FORM: &'static str =
        "a list of at most 64 keys: texts, or tables with key, key_file or identity";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        Ok(vec![TrustKey::new(TrustedSigner::Key(checked(text)?))])
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let keys = read_list(node, path, reader, read_key)?;
        if keys.len() > MAX_KEYS {
            let got = format!("{} keys", keys.len());
            reader.problem(path, node.line, Problem::invalid(Self::FORM, got));
            return None;
        }
        Some(keys)
    }

    fn schema() -> Value {
        let text = json!({"type": "string"});
        let properties: Map<String, Value> =
            KEYS.iter().map(|key| ((*key).to_owned(), text.clone())).collect();
        let table =
            json!({"type": "object", "properties": properties, "additionalProperties": false});
        json!({"type": "array", "items": {"anyOf": [text, table]}, "maxItems": MAX_KEYS})
    }

    fn shown(&self) -> ShownValue {
        if self.is_empty() {
            return ShownValue::Absent;
        }
        ShownValue::Plain(self.iter().map(shown).collect())
    }

    fn is_off(&self) -> bool {
        self.is_empty()
    }
}

/// A signer as its table; as its text where nothing but the key is given.
fn shown(key: &TrustKey) -> Value {
    let TrustKey { signer, authority, source, expires } = key;
    let mut table = Map::new();
    let mut add = |name: &str, value: Option<String>| {
        table.extend(value.map(|value| (name.to_owned(), Value::String(value))));
    };
    match signer {
        TrustedSigner::Key(text) => add("key", Some(text.clone())),
        TrustedSigner::KeyFile(file) => add("key_file", Some(file.display().to_string())),
        TrustedSigner::Identity { san, issuer, trust_root } => {
            add("identity", Some(san.clone()));
            add("issuer", Some(issuer.clone()));
            add("trust_root", trust_root.as_ref().map(|file| file.display().to_string()));
        }
    }
    add("authority", authority.as_ref().map(ToString::to_string));
    add("source", source.clone());
    add("expires", expires.clone());
    match (table.len(), table.get("key")) {
        (1, Some(key)) => key.clone(),
        _ => Value::Object(table),
    }
}

/// The text of a public key.
fn checked(text: &str) -> Result<String, Problem> {
    match VerifyingKey::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(Problem::TrustKey(error.to_string())),
    }
}

fn read_key(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<TrustKey> {
    match &node.value {
        TomlValue::Text(_) => {
            let text = reader.literal(node, path, "a string")?;
            let text = accept(checked(&text), path, node.line, reader)?;
            Some(TrustKey::new(TrustedSigner::Key(text)))
        }
        TomlValue::Table(table) => read_table(table, node.line, path, reader),
        _ => {
            reader.wrong_type(path, node, "a table or a string");
            None
        }
    }
}

/// Reads the table of a signer; records all its problems.
fn read_table(
    table: &TomlTable,
    line: usize,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<TrustKey> {
    let before = reader.problems.len();
    for entry in table.0.iter().filter(|entry| !KEYS.contains(&entry.key.as_str())) {
        reader.unknown(path, entry.line, &entry.key, KEYS.to_vec());
    }
    let signer = signer(table, line, path, reader);
    let authority = text(table, "authority", path, reader).and_then(|(text, entry)| {
        let authority =
            text.parse::<Authority>().map_err(|_| Problem::invalid("an authority", &text));
        accept(authority, &path.key(&entry.key), entry.line, reader)
    });
    let source = text(table, "source", path, reader).map(|(text, _)| text);
    let expires = text(table, "expires", path, reader).and_then(|(text, entry)| {
        let time = match parse_rfc3339(&text) {
            Some(_) => Ok(text),
            None => Err(Problem::invalid("a time such as 2027-01-31T00:00:00Z", &text)),
        };
        accept(time, &path.key(&entry.key), entry.line, reader)
    });
    let complete = reader.problems.len() == before;
    signer.filter(|_| complete).map(|signer| TrustKey { signer, authority, source, expires })
}

/// Who signs: exactly one of `key`, `key_file` and `identity` is given.
fn signer(
    table: &TomlTable,
    line: usize,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<TrustedSigner> {
    let given: Vec<_> = KEYS[..3].iter().filter(|key| table.entry(key).is_some()).collect();
    if given.len() != 1 {
        reader.problem(path, line, Problem::MissingKey("key, key_file or identity (one of them)"));
        return None;
    }
    if let Some((key, entry)) = text(table, "key", path, reader) {
        let key = accept(checked(&key), &path.key("key"), entry.line, reader)?;
        return Some(TrustedSigner::Key(key));
    }
    if let Some(file) = file(table, "key_file", path, reader) {
        return Some(TrustedSigner::KeyFile(file));
    }
    let (san, _) = text(table, "identity", path, reader)?;
    let Some((issuer, _)) = text(table, "issuer", path, reader) else {
        reader.problem(path, line, Problem::MissingKey("issuer"));
        return None;
    };
    let trust_root = file(table, "trust_root", path, reader);
    Some(TrustedSigner::Identity { san, issuer, trust_root })
}

/// A file. The trust in a project covers what its `loom.toml` says, not files that it names.
fn file(
    table: &TomlTable,
    key: &'static str,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<PathBuf> {
    let (text, entry) = text(table, key, path, reader)?;
    if reader.layer == Layer::Project {
        reader.problem(&path.key(key), entry.line, Problem::KeyFileInProject);
        return None;
    }
    Some(reader.folder().join(text))
}

/// The text of a key, with its entry; `None` where the table does not have it.
fn text<'t>(
    table: &'t TomlTable,
    key: &'static str,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<(String, &'t TomlEntry)> {
    let entry = table.entry(key)?;
    let Literal(text) = Literal::read(&entry.node, &path.key(key), reader)?;
    Some((text, entry))
}

/// The value, or `None` after the problem was recorded.
fn accept<T>(
    parsed: Result<T, Problem>,
    path: &KeyPath,
    line: usize,
    reader: &mut ValueReader<'_>,
) -> Option<T> {
    parsed.map_err(|problem| reader.problem(path, line, problem)).ok()
}
