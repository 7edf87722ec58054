//! The value of `LOOM_MCP_SERVERS`: the tables `[mcp.<name>]` of `loom.toml`.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use crate::{SecretText, table_fields::TableFields};

/// The MCP servers by name.
///
/// Written as an object, `{"<name>": {"command": …, "args": […], "env": {…}}}`, with `{"url": …, "headers": {…}}` for a
/// server that is reached over HTTP. Also read from an array whose tables have a `name` each, and from `null` for no server.
///
/// # Examples
/// ```
/// use loom_environment::{McpServerTable, McpServerTables, json};
///
/// let servers: McpServerTables = json::read(r#"[{"name": "files", "command": "npx", "args": ["-y"]}]"#)?;
/// let McpServerTable::Program(files) = &servers.0["files"] else { panic!("it is a program") };
/// assert_eq!(files.command, "npx");
/// # Ok::<(), json::JsonError>(())
/// ```
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct McpServerTables(pub BTreeMap<String, McpServerTable>);

/// The table `[mcp.<name>]`.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum McpServerTable {
    /// A program, which speaks MCP over its standard input and output.
    Program(McpProgramTable),
    /// A server that runs by itself, and speaks MCP's Streamable HTTP.
    Http(McpHttpTable),
}

/// The table of a server that is a program.
#[derive(Clone, Serialize)]
pub struct McpProgramTable {
    /// The program: a path, or a name that is searched for in `PATH`.
    pub command: String,
    /// The program's arguments.
    pub args: Vec<String>,
    /// Variables of the program's environment.
    pub env: BTreeMap<String, SecretText>,
}

/// Shows how many arguments there are and not what they are: arguments may hold secrets too.
impl fmt::Debug for McpProgramTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpProgramTable")
            .field("command", &self.command)
            .field("args", &self.args.len())
            .field("env", &self.env.keys())
            .finish()
    }
}

/// The table of a server that is reached over HTTP.
#[derive(Clone, Serialize)]
pub struct McpHttpTable {
    /// The address: `http://` or `https://`.
    pub url: String,
    /// Headers of every request.
    pub headers: BTreeMap<String, SecretText>,
}

/// Shows no address: a password or a key may be part of it.
impl fmt::Debug for McpHttpTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = f.debug_struct("McpHttpTable");
        table.field("headers", &self.headers.keys()).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for McpServerTables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tables = match Value::deserialize(deserializer)? {
            Value::Null => Ok(BTreeMap::new()),
            Value::Object(tables) => by_name(tables),
            Value::Array(tables) => with_names(tables),
            _ => Err("expected an object of servers by name, or an array".to_owned()),
        };
        tables.map(Self).map_err(de::Error::custom)
    }
}

fn by_name(tables: Map<String, Value>) -> Result<BTreeMap<String, McpServerTable>, String> {
    let read = |(name, table): (String, Value)| table_of(&name, table).map(|table| (name, table));
    tables.into_iter().map(read).collect()
}

fn with_names(tables: Vec<Value>) -> Result<BTreeMap<String, McpServerTable>, String> {
    let mut servers = BTreeMap::new();
    for (table, number) in tables.into_iter().zip(1..) {
        let Some(name) = table.get("name").and_then(Value::as_str).map(str::to_owned) else {
            return Err(format!("server {number} of the list: missing key: name"));
        };
        let server = table_of(&name, table)?;
        if servers.contains_key(&name) {
            return Err(format!("server {name} is defined twice"));
        }
        servers.insert(name, server);
    }
    Ok(servers)
}

fn table_of(name: &str, table: Value) -> Result<McpServerTable, String> {
    let mut fields = TableFields::of(name, table)?;
    let url: Option<String> = fields.optional("url", "a string")?;
    let command: Option<String> = fields.optional("command", "a string")?;
    match (url, command) {
        (Some(_), Some(_)) => Err(format!("{name}: command and url exclude each other")),
        (None, None) => Err(format!("{name}: missing key: command or url")),
        (Some(url), None) => {
            fields.absent(&["args", "env"], "command", "url")?;
            Ok(McpServerTable::Http(McpHttpTable { url, headers: texts(&mut fields, "headers")? }))
        }
        (None, Some(command)) => {
            fields.absent(&["headers"], "url", "command")?;
            let (args, env) = (list(&mut fields)?, texts(&mut fields, "env")?);
            Ok(McpServerTable::Program(McpProgramTable { command, args, env }))
        }
    }
}

fn list(fields: &mut TableFields<'_>) -> Result<Vec<String>, String> {
    let items: Vec<Value> = fields.optional("args", "a list of strings")?.unwrap_or_default();
    let item = |(index, item)| match item {
        Value::String(item) => Ok(item),
        _ => Err(fields.wrong(&format!("args[{index}]"), "a string")),
    };
    items.into_iter().enumerate().map(item).collect()
}

/// A table of texts that may be secrets.
fn texts(
    fields: &mut TableFields<'_>,
    key: &'static str,
) -> Result<BTreeMap<String, SecretText>, String> {
    let values: Map<String, Value> = fields.optional(key, "a table")?.unwrap_or_default();
    let text = |(name, value): (String, Value)| match value.as_str() {
        Some(text) => Ok((name, text.into())),
        None => Err(fields.wrong(&format!("{key}.{name}"), "a string")),
    };
    values.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn objects_and_arrays_are_read_and_objects_are_written() {
        let table = r#""command":"npx","args":["-y","x"],"env":{"KEY":"k"}"#;
        let object = format!(r#"{{"files":{{{table}}}}}"#);
        for text in [&object, &format!(r#"[{{"name":"files","type":"stdio",{table}}}]"#)] {
            let tables: McpServerTables = json::read(text).unwrap();
            assert_eq!(serde_json::to_string(&tables).unwrap(), object);
        }
        for text in ["{}", "[]", "null"] {
            assert!(json::read::<McpServerTables>(text).unwrap().0.is_empty());
        }
    }

    #[test]
    fn keys_of_the_other_kind_may_be_null() {
        let text = r#"{"a": {"command": "c", "url": null, "headers": null}}"#;
        let tables: McpServerTables = json::read(text).unwrap();
        assert!(matches!(tables.0["a"], McpServerTable::Program(_)));
    }

    #[test]
    fn arguments_and_environment_are_optional() {
        let tables: McpServerTables = json::read(r#"{"a": {"command": "c"}}"#).unwrap();
        let McpServerTable::Program(program) = &tables.0["a"] else { panic!("it is a program") };
        assert!(program.args.is_empty() && program.env.is_empty());
    }

    #[test]
    fn a_server_at_an_address_has_headers() {
        let text = r#"{"a":{"url":"https://host/mcp","headers":{"Authorization":"Bearer hush"}}}"#;
        let tables: McpServerTables = json::read(text).unwrap();
        assert_eq!(serde_json::to_string(&tables).unwrap(), text);
        let McpServerTable::Http(server) = &tables.0["a"] else { panic!("it has an address") };
        assert_eq!(server.headers["Authorization"].expose(), "Bearer hush");
        let without = json::read::<McpServerTables>(r#"{"a": {"url": "http://host/"}}"#).unwrap();
        assert!(format!("{without:?}").contains("headers"));
    }

    #[test]
    fn errors_name_the_server_and_show_no_value() {
        for (text, message) in [
            ("hush", "expected value at line 1"),
            (r#""hush""#, "expected an object of servers by name, or an array"),
            (r#"{"a": "hush"}"#, "a: expected a table"),
            (r#"{"a": {"args": ["hush"]}}"#, "a: missing key: command or url"),
            (r#"{"a": {"command": "hush", "url": "hush"}}"#, "a: command and url exclude"),
            (
                r#"{"a": {"url": "hush", "args": []}}"#,
                "a.args: belongs to command, and the table has url",
            ),
            (r#"{"a": {"url": "u", "env": {"K": "hush"}}}"#, "a.env: belongs to command"),
            (
                r#"{"a": {"command": "c", "headers": {"K": "hush"}}}"#,
                "a.headers: belongs to url, and the table has command",
            ),
            (r#"{"a": {"url": ["hush"]}}"#, "a.url: expected a string"),
            (r#"{"a": {"url": "u", "headers": {"K": 7}}}"#, "a.headers.K: expected a string"),
            (r#"{"a": {"command": ["hush"]}}"#, "a.command: expected a string"),
            (r#"{"a": {"command": "c", "args": "hush"}}"#, "a.args: expected a list of strings"),
            (
                r#"{"a": {"command": "c", "args": ["x", {"hush": 1}]}}"#,
                "a.args[1]: expected a string",
            ),
            (r#"{"a": {"command": "c", "env": {"K": ["hush"]}}}"#, "a.env.K: expected a string"),
            (
                r#"[{"name": "a", "command": "c"}, {"command": "hush"}]"#,
                "server 2 of the list: missing key",
            ),
            (
                r#"[{"name": "a", "command": "c"}, {"name": "a", "command": "c"}]"#,
                "server a is defined twice",
            ),
        ] {
            let error = json::read::<McpServerTables>(text).unwrap_err().to_string();
            assert!(error.starts_with(message) && !error.contains("hush"), "{text}: {error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        for text in [
            r#"{"a": {"command": "c", "args": ["hush"], "env": {"K": "hush"}}}"#,
            r#"{"a": {"url": "https://hush@host/", "headers": {"K": "hush"}}}"#,
        ] {
            assert!(
                !format!("{:?}", json::read::<McpServerTables>(text).unwrap()).contains("hush")
            );
        }
    }
}
