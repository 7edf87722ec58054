//! `trust.roots`: the roots of signed mirrors.

use std::path::Path;

use loom_source::Digest;
use serde_json::{Map, Value, json};

use super::{Literal, read_list};
use crate::config::{
    ConfiguredRoot, Problem,
    key_path::KeyPath,
    reader::{Layer, ValueReader},
    setting_type::{SettingType, ShownValue},
    tree::{TomlNode, TomlTable, TomlValue},
};

/// The keys of a root.
const KEYS: [&str; 3] = ["source", "file", "sha256"];

/// The largest number of roots in a list.
const MAX_ROOTS: usize = 64;

impl SettingType for Vec<ConfiguredRoot> {
    const FORM: &'static str = "a list of at most 64 tables with source, file and sha256";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        Err(Problem::invalid(Self::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let roots = read_list(node, path, reader, read_root)?;
        if roots.len() > MAX_ROOTS {
            let got = format!("{} roots", roots.len());
            reader.problem(path, node.line, Problem::invalid(Self::FORM, got));
            return None;
        }
        Some(roots)
    }

    fn schema() -> Value {
        let properties: Map<String, Value> =
            KEYS.iter().map(|key| ((*key).to_owned(), json!({"type": "string"}))).collect();
        let table = json!({
            "type": "object", "properties": properties, "required": ["source", "file"],
            "additionalProperties": false,
        });
        json!({"type": "array", "items": table, "maxItems": MAX_ROOTS})
    }

    fn shown(&self) -> ShownValue {
        if self.is_empty() {
            return ShownValue::Absent;
        }
        let shown = |root: &ConfiguredRoot| {
            let ConfiguredRoot { source, file, sha256 } = root;
            let mut table = json!({"source": source, "file": file.display().to_string()});
            if let Some(digest) = sha256 {
                table["sha256"] = digest.to_string().into();
            }
            table
        };
        ShownValue::Plain(self.iter().map(shown).collect())
    }

    fn is_off(&self) -> bool {
        self.is_empty()
    }
}

/// Reads the table of a root; records all its problems.
fn read_root(
    node: &TomlNode,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<ConfiguredRoot> {
    let TomlValue::Table(table) = &node.value else {
        reader.wrong_type(path, node, "a table");
        return None;
    };
    let before = reader.problems.len();
    for entry in table.0.iter().filter(|entry| !KEYS.contains(&entry.key.as_str())) {
        reader.unknown(path, entry.line, &entry.key, KEYS.to_vec());
    }
    let source = text(table, "source", node.line, path, reader);
    let file = text(table, "file", node.line, path, reader);
    // The trust in a project covers what its `loom.toml` says, not files that it names.
    let optional = reader.layer != Layer::Project && table.entry("sha256").is_none();
    let sha256 = if optional {
        None
    } else {
        let digest = text(table, "sha256", node.line, path, reader)?;
        let digest = digest.parse::<Digest>().map_err(|_| Problem::invalid("a SHA-256", &digest));
        digest.map_err(|problem| reader.problem(&path.key("sha256"), node.line, problem)).ok()
    };
    let complete = reader.problems.len() == before;
    let file = reader.folder().join(file?);
    Some(ConfiguredRoot { source: source?, file, sha256 }).filter(|_| complete)
}

/// The text of a required key.
fn text(
    table: &TomlTable,
    key: &'static str,
    line: usize,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<String> {
    let Some(entry) = table.entry(key) else {
        reader.problem(path, line, Problem::MissingKey(key));
        return None;
    };
    Literal::read(&entry.node, &path.key(key), reader).map(|Literal(text)| text)
}
