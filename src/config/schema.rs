//! The JSON Schema of `loom.toml`, made from the same tables that read it.

use serde_json::{Value, json};

use super::{read::Read as _, tables::File};

/// The schema, for editors and for checking files elsewhere.
pub fn schema() -> Value {
    let mut schema = File::schema();
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "loom.toml".into();
    schema["properties"]["mcp"]["additionalProperties"]["required"] = json!(["command"]);
    schema
}
