//! The page of JSON documents, from the schemas of `docs/schemas`.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::Value;

use crate::outcome::Outcome;

/// The page: for each schema its keys and an example.
///
/// # Errors
/// If a schema cannot be read.
pub(super) fn page(folder: &Path) -> Outcome<String> {
    let mut page = "# JSON output\n\nWith `--json`, every command prints one document on stdout, errors included; \
        `completions`, `man`, `--help` and `--version` print text, and `exec` passes on the output of its command. \
        Documents have `\"schema\": 1`, times are in RFC 3339, UTC. Keys may be added in later versions. Texts for display \
        only may change.\n\nEach document has a [JSON Schema](https://github.com/loom-os/loom/tree/main/docs/schemas), \
        which the tests validate it against.\n\n"
        .to_owned();
    for schema in schemas(folder)? {
        let title = schema["title"].as_str().unwrap_or_default();
        let description = schema["description"].as_str().unwrap_or_default();
        let _ = write!(
            page,
            "## {title}\n\n{description}\n\n| key | type | meaning |\n|---|---|---|\n"
        );
        rows(&mut page, &schema, &schema, "");
        if let Some(example) = schema["examples"].get(0) {
            let _ = write!(page, "\n```json\n{example:#}\n```\n");
        }
        page.push('\n');
    }
    Ok(page)
}

/// The schemas: errors first, then by name.
fn schemas(folder: &Path) -> Outcome<Vec<Value>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort_by_key(|file| (file.file_stem().is_none_or(|name| name != "error"), file.clone()));
    let read = |file: &std::path::PathBuf| -> Outcome<Value> {
        let error = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = fs::read_to_string(file).map_err(|e| error(&e))?;
        Ok(serde_json::from_str(&text).map_err(|e| error(&e))?)
    };
    files.iter().map(read).collect()
}

/// A row for each key of the object that `schema` describes, and for the keys below it.
fn rows(page: &mut String, root: &Value, schema: &Value, prefix: &str) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = |name: &String| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name.as_str()))
    };
    for (name, property) in properties {
        let path = format!("{prefix}{name}");
        let (kind, inner, suffix) = describe(root, property);
        let optional = if required(name) { "" } else { " (optional)" };
        let own = property["description"].as_str();
        let description = own.or_else(|| inner["description"].as_str()).unwrap_or_default();
        let _ =
            writeln!(page, "| `{path}`{optional} | {kind} | {} |", description.replace('|', "\\|"));
        rows(page, root, inner, &format!("{path}{suffix}."));
    }
}

/// The type of a value in words, the schema of the object that it is or holds, and `[]` for lists.
fn describe<'v>(root: &'v Value, schema: &'v Value) -> (String, &'v Value, &'static str) {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
        return describe(root, &root["$defs"][name]);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let of = choices.iter().find(|choice| choice["type"] != "null").unwrap_or(schema);
        let (kind, inner, suffix) = describe(root, of);
        return (format!("{kind} or null"), inner, suffix);
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        return (values.join(", "), schema, "");
    }
    if !schema["const"].is_null() {
        return (format!("`{}`", schema["const"]), schema, "");
    }
    if schema["type"] == "array" {
        let (kind, inner, _) = describe(root, &schema["items"]);
        return (format!("list of {kind}"), inner, "[]");
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => "any value".to_owned(),
    };
    (kind, schema, "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_listed_with_those_below_them() {
        let schema = json!({
            "properties": {"list": {"type": "array", "description": "Some.", "items": {"$ref": "#/$defs/item"}}},
            "required": ["list"],
            "$defs": {"item": {"type": "object", "properties": {
                "a": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "A."}}}},
        });
        let mut page = String::new();
        rows(&mut page, &schema, &schema, "");
        assert_eq!(
            page,
            "| `list` | list of object | Some. |\n| `list[].a` (optional) | integer or null | A. |\n"
        );
    }
}
