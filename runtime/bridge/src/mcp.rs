//! MCP servers, as the environment describes them.

use std::collections::BTreeMap;

use loom_core::mcp::{McpServerConfig, environment};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::settings::{Reader, SettingsError, unquoted};

const VARIABLE: &str = "LOOM_MCP_SERVERS";

/// One table `[mcp.<name>]`; fields that we do not know are of a newer `loom`, or of another client's file.
#[derive(Deserialize)]
struct Table {
    name: Option<String>,
    command: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

/// Reads `LOOM_MCP_SERVERS`: an object of tables by name, or an array of tables with a `name` each.
pub(crate) fn read(vars: &Reader<'_>) -> Result<Vec<McpServerConfig>, SettingsError> {
    let tables: Vec<(Option<String>, Value)> = match vars.json(VARIABLE)? {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(tables)) => {
            tables.into_iter().map(|(name, table)| (Some(name), table)).collect()
        }
        Some(Value::Array(tables)) => tables.into_iter().map(|table| (None, table)).collect(),
        Some(_) => return Err(mistake("expected an object of servers by name, or an array")),
    };
    let inherited = environment::inherited(vars.all());
    let mut specs: Vec<McpServerConfig> = Vec::new();
    for (name, table) in tables {
        let spec = spec(name, table).map_err(|why| mistake(&why))?;
        if specs.iter().any(|other| other.name == spec.name) {
            return Err(mistake(&format!("{} stands there twice", spec.name)));
        }
        specs.push(McpServerConfig { inherited: inherited.clone(), ..spec });
    }
    Ok(specs)
}

fn spec(name: Option<String>, table: Value) -> Result<McpServerConfig, String> {
    let of = name.clone().unwrap_or_else(|| "a server".to_owned());
    let table: Table =
        serde_json::from_value(table).map_err(|error| format!("{of}: {}", unquoted(&error)))?;
    let name = name.or(table.name).ok_or("a server has no name")?;
    // The name of a tool is cut at its first colon.
    if name.is_empty() || name.contains(|c: char| c == ':' || c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "{name:?} cannot be a server's name: it must have no space and no colon"
        ));
    }
    if table.command.is_empty() {
        return Err(format!("{name} has no command"));
    }
    let secret = |(name, value)| (name, SecretString::from(value));
    let env = table.env.into_iter().map(secret).collect();
    Ok(McpServerConfig {
        name,
        command: table.command,
        args: table.args,
        env,
        inherited: BTreeMap::new(),
    })
}

fn mistake(why: &str) -> SettingsError {
    SettingsError { variable: VARIABLE, value: "…".to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::settings::ServerSettings;

    fn read(json: &str) -> Result<Vec<McpServerConfig>, SettingsError> {
        let vars = [(VARIABLE, json), ("PATH", "/bin"), ("LOOM_BRIDGE_TOKEN", "hush")];
        let vars = vars.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        ServerSettings::read(&vars).map(|settings| settings.mcp)
    }

    #[test]
    fn tables_by_name_and_tables_with_a_name() {
        let table =
            r#""command": "npx", "args": ["-y", "x"], "env": {"KEY": "hush"}, "type": "stdio""#;
        for json in
            [format!(r#"{{"files": {{{table}}}}}"#), format!(r#"[{{"name": "files", {table}}}]"#)]
        {
            let specs = read(&json).unwrap();
            let [spec] = &specs[..] else { panic!("{specs:?}") };
            assert_eq!((&*spec.name, &*spec.command), ("files", "npx"));
            assert_eq!((spec.args.len(), spec.env["KEY"].expose_secret()), (2, "hush"));
            assert_eq!(spec.inherited.keys().collect::<Vec<_>>(), ["PATH"]);
            assert!(!format!("{spec:?}").contains("hush"));
        }
        assert!(["", "{}", "[]", "null"].iter().all(|json| read(json).unwrap().is_empty()));
    }

    #[test]
    fn mistakes_are_named_without_what_may_be_secret() {
        for (json, why) in [
            ("hush", "expected value at line 1"),
            (r#""hush""#, "expected an object of servers"),
            (r#"{"a": "hush"}"#, "a: expected struct Table"),
            (r#"{"a": {"args": ["hush"]}}"#, "a: missing field `command`"),
            (r#"{"a": {"command": "c", "env": {"K": ["hush"]}}}"#, "a: expected a string"),
            (r#"{"a": {"command": ""}}"#, "a has no command"),
            (r#"{"a:b": {"command": "c"}}"#, "\"a:b\" cannot be a server's name"),
            (r#"[{"command": "c"}]"#, "a server has no name"),
            (
                r#"[{"name": "a", "command": "c"}, {"name": "a", "command": "c"}]"#,
                "a stands there twice",
            ),
        ] {
            let error = read(json).unwrap_err();
            assert_eq!(error.variable, VARIABLE);
            let told = error.to_string();
            assert!(told.contains(why) && !told.contains("hush"), "{json}: {told}");
        }
    }
}
