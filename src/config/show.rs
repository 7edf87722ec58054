//! All settings with their origins, for display.

use serde_json::{Map, Value, json};

use super::{
    SettingOrigin, ShownValue,
    any_key::AnyKey,
    document::{fill, is_name},
    key_path::KeyPath,
    keys::llm,
    layers::Layers,
    table,
};

/// One setting in effect, for display.
#[derive(Debug, Clone)]
pub struct EffectiveSetting {
    /// The key, from the outermost table inward.
    pub path: Vec<String>,
    /// The value in effect.
    pub value: ShownValue,
    /// The layer that it comes from.
    pub origin: SettingOrigin,
    /// Whether the machine-wide file fixes it for all users.
    pub locked: bool,
}

impl EffectiveSetting {
    /// The key as TOML writes it: `llm.deepseek.model`.
    pub fn key(&self) -> String {
        KeyPath::of(self.path.iter().map(String::as_str)).to_string()
    }
}

/// The settings as nested tables, like those of a file. Without `secrets`, secrets are masked.
pub fn as_tables(settings: &[EffectiveSetting], secrets: bool) -> Value {
    let mut root = Map::new();
    for setting in settings {
        insert(&mut root, &setting.path, setting.value.json(secrets));
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

/// All settings that have a value, in the order of the table of settings; those of one provider, server or agent together.
pub(crate) fn settings(layers: &mut Layers<'_>) -> Vec<EffectiveSetting> {
    let mut shown = Vec::new();
    let mut done: &[&str] = &[];
    for key in table::keys().filter(|key| key.row().listed) {
        match key.row().path {
            [name, part, ..] if is_name(part) => {
                let table = &key.row().path[..2];
                if table != done {
                    done = table;
                    named_tables(layers, name, table, &mut shown);
                }
            }
            _ => push(key, layers, &[], &mut shown),
        }
    }
    shown
}

/// The settings of all tables at `pattern`, such as those of all providers.
fn named_tables(
    layers: &mut Layers<'_>,
    table: &str,
    pattern: &'static [&'static str],
    shown: &mut Vec<EffectiveSetting>,
) {
    let names = if pattern == llm::PROVIDER.path {
        llm::provider_names(layers)
    } else {
        layers.table_names(pattern)
    };
    for name in names {
        let before = shown.len();
        for key in table::keys().filter(|key| key.row().path.starts_with(pattern)) {
            let names_parts = key.row().path.iter().filter(|part| is_name(part)).count();
            if names_parts == 1 {
                push(key, layers, &[&name], shown);
                continue;
            }
            for below in layers.names_below(key.row(), &[&name]) {
                push(key, layers, &[&name, &below], shown);
            }
        }
        if shown.len() == before
            && let Some(origin) = layers.table_origin(pattern, &name)
        {
            let path = vec![table.to_owned(), name];
            let value = ShownValue::Plain(json!({}));
            shown.push(EffectiveSetting { path, value, origin, locked: false });
        }
    }
}

fn push(
    key: &'static dyn AnyKey,
    layers: &mut Layers<'_>,
    names: &[&str],
    shown: &mut Vec<EffectiveSetting>,
) {
    let setting = key.effective(layers, names);
    if matches!(setting.value, ShownValue::Absent) {
        return;
    }
    let path = fill(key.row().path, names).into_iter().map(str::to_owned).collect();
    let locked = layers.locks.fixes(key.row());
    shown.push(EffectiveSetting { path, value: setting.value, origin: setting.origin, locked });
}
