//! `sources`: where releases come from.

use std::path::Path;

use loom_base::redact;
use serde_json::{Map, Value, json};

use super::{
    source_key::AnySourceKey,
    source_keys::{KEYS as SOURCE_KEYS, TYPES},
};
use crate::config::{
    ConfigLocation, Diagnostic, GithubSource, Inputs, MirrorSource, OciSource, PluginSource,
    Problem, SourceKind, SourceSpec, SourceTextError, TargetSource,
    any_key::keys,
    key::SettingKey,
    key_path::KeyPath,
    key_row::{KeyVariable, TableRow},
    layers::Layers,
    reader::{Layer, ValueReader},
    setting_type::{SettingType, ShownValue},
    shorthand::{mirror_url, plugin, repository},
    tree::{TomlEntry, TomlNode, TomlTable, TomlValue},
    trust_rule::TrustRule,
    types::{Literal, read_list},
};

/// `[[sources]]`
pub(crate) const TABLE: TableRow = TableRow::new(
    &["sources"],
    "Where releases come from. Those of a project take effect once its user trusts the project: loom trust.",
);

keys! {
    /// The sources in the order in which they are asked: tables, or shorthands such as github:owner/repository. A list
    /// replaces that of the layers below. By default these are the builds of the linked checkout, then Loom's own releases.
    SOURCES: Vec<SourceSpec> = SettingKey::new(&["sources"], SourceSpec::defaults)
        .variables(&[KeyVariable::Named("LOOM_SOURCES")])
        .flag("--source", |layers, _| of_flags(layers))
        .trust(TrustRule::Trusted)
        .example("[\"github:loom-os/loom\"]");
}

/// Whether an option or a variable replaces the sources of all files.
pub(crate) fn is_overridden(inputs: &Inputs) -> bool {
    let is_set = |variable: &KeyVariable| match variable {
        KeyVariable::Named(name) => inputs.env.os(name).is_some(),
        _ => false,
    };
    !inputs.flags.sources.is_empty() || SOURCES.row().variables.iter().any(is_set)
}

/// The sources of `--source`, if it was given. A text that names no source is recorded as a problem.
fn of_flags(layers: &mut Layers<'_>) -> Option<Vec<SourceSpec>> {
    let inputs = layers.inputs;
    let texts = Some(&inputs.flags.sources).filter(|texts| !texts.is_empty())?;
    let mut specs = Vec::new();
    for text in texts {
        match SourceSpec::shorthand(text, &inputs.cwd) {
            Ok(spec) => specs.push(spec),
            Err(error) => {
                let location = ConfigLocation::Flag("--source");
                layers.problems.push(Diagnostic::new(location, error.into()));
            }
        }
    }
    Some(specs)
}

impl SettingType for Vec<SourceSpec> {
    const FORM: &'static str = "a list of sources";
    const SHOWN_AS_WRITTEN: bool = false;

    /// Shorthands, separated by commas.
    fn parse(text: &str, base: &Path) -> Result<Self, Problem> {
        let list = SourceSpec::list(text, base)?;
        if list.is_empty() {
            return Err(Problem::invalid(Self::FORM, text));
        }
        Ok(list)
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        read_list(node, path, reader, source)
    }

    fn schema() -> Value {
        let mut properties = Map::new();
        for key in SOURCE_KEYS {
            let mut schema = key.schema();
            schema["description"] = key.row().description.trim().into();
            properties.entry(key.row().key).or_insert(schema);
        }
        properties["type"]["enum"] = json!(TYPES);
        // Without a type, the URL is any shorthand.
        properties["url"] =
            json!({"type": "string", "description": properties["url"]["description"]});
        let table = json!({
            "type": "object", "properties": properties, "additionalProperties": false,
        });
        json!({"type": "array", "items": {"anyOf": [{"type": "string"}, table]}})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.iter().map(table).collect())
    }

    /// Addresses are shown without their passwords.
    fn masked(mut written: TomlValue) -> TomlValue {
        match &mut written {
            TomlValue::Text(text) if text.contains('@') => *text = redact::text(text),
            TomlValue::List(items) => items.iter_mut().for_each(mask),
            TomlValue::Table(table) => table.0.iter_mut().for_each(|entry| mask(&mut entry.node)),
            _ => {}
        }
        written
    }
}

/// Masks a value in place.
fn mask(node: &mut TomlNode) {
    let value = std::mem::replace(&mut node.value, TomlValue::Bool(false));
    node.value = Vec::<SourceSpec>::masked(value);
}

/// A source as its table, without values that are off.
fn table(spec: &SourceSpec) -> Value {
    let keys = SOURCE_KEYS.iter().filter(|key| key.row().applies_to(spec.kind.type_name()));
    let fields = keys.filter_map(|key| Some((key.row().key.to_owned(), key.brief(spec)?)));
    Value::Object(fields.collect())
}

/// Reads one source: a shorthand or a table.
fn source(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<SourceSpec> {
    let spec = match &node.value {
        TomlValue::Text(_) => {
            let text = reader.literal(node, path, "a string")?;
            let spec = SourceSpec::shorthand(&text, &reader.folder());
            accept(spec, path, node.line, reader)?
        }
        TomlValue::Table(table) => of_table(table, node.line, path, reader)?,
        _ => {
            reader.wrong_type(path, node, "a table or a string");
            return None;
        }
    };
    if reader.layer == Layer::Project && matches!(spec.kind, SourceKind::Plugin(_)) {
        reader.problem(path, node.line, Problem::PluginInProject);
        return None;
    }
    Some(spec)
}

/// Reads the table of a source; records all its problems.
fn of_table(
    table: &TomlTable,
    line: usize,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<SourceSpec> {
    let before = reader.problems.len();
    let mut spec = SourceSpec::new(kind(table, line, path, reader)?);
    for entry in &table.0 {
        read_key(entry, table, path, reader, &mut spec);
    }
    if let Some(missing) = half_login(&spec.kind) {
        reader.problem(path, line, Problem::MissingKey(missing));
    }
    (reader.problems.len() == before).then_some(spec)
}

/// The setting that a login lacks: a user belongs to a password.
fn half_login(kind: &SourceKind) -> Option<&'static str> {
    let SourceKind::Oci(OciSource { username_env, password_env, .. }) = kind else { return None };
    match (username_env, password_env) {
        (Some(_), None) => Some("password_env"),
        (None, Some(_)) => Some("username_env"),
        _ => None,
    }
}

/// Reads a key of a source into `spec`.
fn read_key(
    entry: &TomlEntry,
    table: &TomlTable,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
    spec: &mut SourceSpec,
) {
    let here = spec.kind.type_name();
    let named = SOURCE_KEYS.iter().copied().filter(|key| key.row().key == entry.key);
    let (fitting, others): (Vec<&dyn AnySourceKey>, Vec<_>) =
        named.partition(|key| key.row().applies_to(here));
    // Without a type, the URL is the shorthand that decided the type.
    let is_shorthand = entry.key == "url" && table.entry("type").is_none();
    if let Some(key) = fitting.first() {
        if !key.row().identity {
            key.read(&entry.node, &path.key(&entry.key), reader, spec);
        }
    } else if others.is_empty() {
        let mut known: Vec<_> = SOURCE_KEYS.iter().map(|key| key.row().key).collect();
        known.dedup();
        reader.unknown(path, entry.line, &entry.key, known);
    } else if !is_shorthand {
        let applies_to = others.iter().flat_map(|key| key.row().types).copied().collect();
        let problem = Problem::OtherSourceType { applies_to, here };
        reader.problem(&path.key(&entry.key), entry.line, problem);
    }
}

/// What the source is: its type, and the values that identify it.
fn kind(
    table: &TomlTable,
    line: usize,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<SourceKind> {
    let Some(entry) = table.entry("type") else {
        let Some(url) = table.entry("url") else {
            reader.problem(path, line, Problem::MissingSourceType { known: &TYPES });
            return None;
        };
        let text = literal(url, path, reader)?;
        let kind = SourceSpec::shorthand(&text, &reader.folder()).map(|spec| spec.kind);
        return accept(kind, &path.key("url"), url.line, reader);
    };
    let type_name = literal(entry, path, reader)?;
    let required = |key: &'static str, reader: &mut ValueReader<'_>| {
        let Some(entry) = table.entry(key) else {
            reader.problem(path, line, Problem::MissingKey(key));
            return None;
        };
        Some((literal(entry, path, reader)?, path.key(key), entry.line))
    };
    match type_name.as_str() {
        "mirror" => {
            let (text, path, line) = required("url", reader)?;
            let url = match SourceSpec::shorthand(&text, &reader.folder()) {
                Ok(SourceSpec { kind: SourceKind::Mirror(mirror), .. }) => Ok(mirror.url),
                Ok(_) => mirror_url(&text),
                Err(error) => Err(error),
            };
            let url = accept(url, &path, line, reader)?;
            Some(SourceKind::Mirror(MirrorSource::new(url)))
        }
        "github" => {
            let (text, path, line) = required("repo", reader)?;
            let repo = accept(repository(&text), &path, line, reader)?;
            Some(SourceKind::Github(GithubSource::new(repo)))
        }
        "oci" => {
            let (text, path, line) = required("url", reader)?;
            let place = match SourceSpec::shorthand(&text, &reader.folder()) {
                Ok(SourceSpec { kind: SourceKind::Oci(oci), .. }) => Ok(oci.place),
                Ok(_) => Err(SourceTextError::Registry(redact::unusable(&text))),
                Err(error) => Err(error),
            };
            let place = accept(place, &path, line, reader)?;
            Some(SourceKind::Oci(OciSource::new(place)))
        }
        "target" => Some(SourceKind::Target(TargetSource::default())),
        "plugin" => {
            let (text, path, line) = required("name", reader)?;
            let name = accept(plugin(&text), &path, line, reader)?;
            Some(SourceKind::Plugin(PluginSource::new(name)))
        }
        other => {
            let problem = Problem::invalid(TYPES.join(", "), other);
            reader.problem(&path.key("type"), entry.line, problem);
            None
        }
    }
}

/// The text of an entry.
fn literal(entry: &TomlEntry, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<String> {
    Literal::read(&entry.node, &path.key(&entry.key), reader).map(|Literal(text)| text)
}

/// The value, or `None` after the problem was recorded.
fn accept<T>(
    parsed: Result<T, SourceTextError>,
    path: &KeyPath,
    line: usize,
    reader: &mut ValueReader<'_>,
) -> Option<T> {
    parsed.map_err(|error| reader.problem(path, line, error.into())).ok()
}
