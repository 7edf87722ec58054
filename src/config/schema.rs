//! The JSON Schema of configuration files, from the table of settings.

use serde_json::{Value, json};

use super::{
    document::is_name,
    table::{TABLES, file_keys},
};

/// The JSON Schema of `loom.toml` and `config.toml`, for editors and for checks elsewhere.
pub fn schema() -> Value {
    let mut root =
        table_schema("Settings of a Loom project (loom.toml) or of its user (config.toml).");
    for row in &TABLES {
        let schema = table_schema(row.description);
        // `sources` is a list, whose schema its key has.
        if row.path != ["sources"] {
            put(&mut root, row.path, schema);
        }
    }
    for key in file_keys() {
        let row = key.row();
        let mut schema = key.schema();
        schema["description"] = row.description.trim().into();
        let default = key.default().json(false);
        if is_worth_showing(&default) {
            schema["default"] = default;
        }
        put(&mut root, row.path, schema);
        if let (Some(other), [parents @ .., name]) = (row.alternative, row.path) {
            let alternatives = json!([{"required": [name]}, {"required": [other]}]);
            at(&mut root, parents)["oneOf"] = alternatives;
        }
        if let Some(companion) = row.companion {
            let named = row.path.iter().position(|part| is_name(part));
            let (table, key) = row.path.split_at(named.map_or(0, |at| at + 1));
            if let Some(key) = key.first() {
                at(&mut root, table)["dependentRequired"][*key] = json!([companion.of]);
            }
        }
    }
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["title"] = "loom.toml".into();
    root
}

/// Lists are left out: the default of `sources` is not what a file would list, and other lists are empty.
fn is_worth_showing(default: &Value) -> bool {
    !matches!(default, Value::Null | Value::Array(_))
}

fn table_schema(description: &str) -> Value {
    json!({
        "type": "object", "description": description, "properties": {},
        "additionalProperties": false,
    })
}

/// Puts the schema of the key at `path` into the schema of the file.
fn put(root: &mut Value, path: &[&str], schema: Value) {
    if let [parents @ .., last] = path {
        let parent = at(root, parents);
        if is_name(last) {
            parent["additionalProperties"] = schema;
        } else {
            parent["properties"][*last] = schema;
        }
    }
}

/// The schema of the table at `path`; an empty one is put there if there is none.
fn at<'s>(root: &'s mut Value, path: &[&str]) -> &'s mut Value {
    path.iter().fold(root, |schema, part| {
        let inner = if is_name(part) {
            &mut schema["additionalProperties"]
        } else {
            &mut schema["properties"][*part]
        };
        if !inner.is_object() {
            *inner = table_schema("");
        }
        inner
    })
}
