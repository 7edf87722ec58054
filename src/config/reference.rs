//! The table of settings as plain values, for the reference in the documentation.

use serde::Serialize;
use serde_json::Value;

use super::{
    GithubSource, MirrorSource, OciPlace, OciSource, PluginSource, SourceKind, SourceSpec,
    TargetSource,
    any_key::AnyKey,
    key_row::{KeyFiles, TableRow},
    keys::{source_key::AnySourceKey, source_keys::KEYS as SOURCE_KEYS},
    table::{self, TABLES},
};

/// One row of the table of settings, as plain values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettingRow {
    /// The key as TOML writes it. A part in `<…>` stands for a name that the user chooses, `[]` for an item of a list:
    /// `llm.<name>.model`, `sources[].url`.
    pub name: String,
    /// The form of a value, in words.
    pub value_type: String,
    /// The default as JSON; `null` if there is none.
    pub default: Value,
    /// The environment variables that set it, highest first.
    pub variables: Vec<String>,
    /// The option of the command line that sets it.
    pub flag: Option<&'static str>,
    /// What the file of an untrusted project may set, besides values that name a variable, which always need trust: `free`
    /// (any value), `partly` (the keys that the description names), `loopback` (loopback addresses), `tighter` (what is
    /// provably tighter than the settings below), or `trusted` (nothing). `none` if no file of a project can set it.
    pub trust: &'static str,
    /// The unit of a number.
    pub unit: Option<&'static str>,
    /// What the setting does.
    pub description: String,
    /// A typical value as TOML.
    pub example: Option<String>,
    /// The types of sources that have the key; empty if it is not a key of sources, or all types have it.
    pub source_types: Vec<&'static str>,
    /// The files that may have the key: `all`, `project` or `none`.
    pub files: &'static str,
}

/// All rows of the table of settings: tables, their settings, and the keys of sources.
///
/// # Examples
/// ```
/// let rows = loom_runtime::config::rows();
/// let port = rows.iter().find(|row| row.name == "dashboard.port").unwrap();
/// assert_eq!(port.default, 3030);
/// assert_eq!(port.variables, ["LOOM_DASHBOARD_PORT"]);
/// assert_eq!(port.flag, Some("--dashboard-port"));
/// ```
pub fn rows() -> Vec<SettingRow> {
    let mut rows = Vec::new();
    let mut table: &[&str] = &[];
    for key in table::keys() {
        // The row of a table comes before those of its keys.
        let (_, inside) = key.row().path.split_last().unwrap_or((&"", &[]));
        if inside != table {
            let new =
                |row: &&TableRow| inside.starts_with(row.path) && !table.starts_with(row.path);
            rows.extend(TABLES.iter().filter(new).map(table_row));
            table = inside;
        }
        rows.push(row(key));
        if key.row().path == ["sources"] {
            rows.extend(SOURCE_KEYS.iter().map(|key| source_row(*key)));
        }
    }
    rows
}

fn table_row(row: &TableRow) -> SettingRow {
    SettingRow {
        name: row.path.join("."),
        value_type: "a table".to_owned(),
        default: Value::Null,
        variables: row.variable.iter().map(|name| (*name).to_owned()).collect(),
        flag: None,
        trust: if row.trusted { "trusted" } else { "free" },
        unit: None,
        description: row.description.to_owned(),
        example: None,
        source_types: Vec::new(),
        files: "all",
    }
}

fn row(key: &dyn AnyKey) -> SettingRow {
    let row = key.row();
    let default = key.default().json(false);
    let of_default = || match &default {
        Value::Null => None,
        value => Some(value.to_string()),
    };
    SettingRow {
        name: row.path.join("."),
        value_type: key.form().to_owned(),
        variables: row.variables.iter().map(|variable| variable.name()).collect(),
        flag: key.flag(),
        trust: if row.files == KeyFiles::None { "none" } else { key.trust() },
        unit: row.unit,
        description: row.description.trim().to_owned(),
        example: row.example.map(str::to_owned).or_else(of_default),
        source_types: Vec::new(),
        files: match row.files {
            KeyFiles::All => "all",
            KeyFiles::Project => "project",
            KeyFiles::User => "user",
            KeyFiles::Machine => "machine",
            KeyFiles::None => "none",
        },
        default,
    }
}

fn source_row(key: &dyn AnySourceKey) -> SettingRow {
    let row = key.row();
    let default = if row.identity {
        None
    } else {
        sample(row.types.first()).and_then(|spec| key.value(&spec))
    };
    SettingRow {
        name: format!("sources[].{}", row.key),
        value_type: key.form().to_owned(),
        default: default.unwrap_or(Value::Null),
        variables: Vec::new(),
        flag: None,
        trust: "trusted",
        unit: None,
        description: row.description.trim().to_owned(),
        example: Some(row.example.to_owned()),
        source_types: row.types.to_vec(),
        files: "all",
    }
}

/// A source of the type, whose optional settings have their defaults.
pub(super) fn sample(type_name: Option<&&str>) -> Option<SourceSpec> {
    // A row without types applies to all of them.
    let kind = match type_name.copied().unwrap_or("target") {
        "mirror" => {
            SourceKind::Mirror(MirrorSource::new("https://mirror.example.com".parse().ok()?))
        }
        "github" => SourceKind::Github(GithubSource::new("owner/repository")),
        "oci" => {
            let url = "oci://registry.example.com/loom".parse().ok()?;
            SourceKind::Oci(OciSource::new(OciPlace::Registry(url)))
        }
        "target" => SourceKind::Target(TargetSource::default()),
        "plugin" => SourceKind::Plugin(PluginSource::new("example")),
        _ => return None,
    };
    Some(SourceSpec::new(kind))
}
