//! MCP servers.

use std::{collections::BTreeMap, ffi::OsString};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use loom_core::mcp::{McpHttpConfig, McpProgramConfig, McpServerConfig, environment};
use loom_environment::{
    EnvValue, McpHttpTable, McpProgramTable, McpServerTable, McpServerTables, SecretText, names,
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::reader::{SettingsError, VariableReader};

/// Reads the servers. Each inherits the same part of the server's own environment.
pub(super) fn read(reader: &VariableReader<'_>) -> Result<Vec<McpServerConfig>, SettingsError> {
    let tables: McpServerTables = reader.json(names::MCP_SERVERS)?.unwrap_or_default();
    let inherited = environment::inherited(reader.environment());
    let config = |(name, table)| {
        let config = config(reader, name, table, &inherited);
        config.map_err(|reason| SettingsError::secret(names::MCP_SERVERS, reason))
    };
    tables.0.into_iter().map(config).collect()
}

fn config(
    reader: &VariableReader<'_>,
    name: String,
    table: McpServerTable,
    inherited: &BTreeMap<OsString, OsString>,
) -> Result<McpServerConfig, String> {
    // A tool's name is split at its first colon.
    if name.is_empty() || name.contains(|c: char| c == ':' || c.is_whitespace() || c.is_control()) {
        return Err(format!("expected a server name without spaces and colons, got {name:?}"));
    }
    match table {
        McpServerTable::Program(table) => {
            program(reader, name, table, inherited).map(McpServerConfig::Program)
        }
        McpServerTable::Http(table) => http(reader, name, table).map(McpServerConfig::Http),
    }
}

fn program(
    reader: &VariableReader<'_>,
    name: String,
    table: McpProgramTable,
    inherited: &BTreeMap<OsString, OsString>,
) -> Result<McpProgramConfig, String> {
    let McpProgramTable { command, args, env } = table;
    if command.is_empty() {
        return Err(format!("server {name} has no command"));
    }
    let env = values(reader, &name, env)?;
    Ok(McpProgramConfig { name, command, args, env, inherited: inherited.clone() })
}

fn http(
    reader: &VariableReader<'_>,
    name: String,
    table: McpHttpTable,
) -> Result<McpHttpConfig, String> {
    let url = Url::parse(&table.url).ok();
    let url = url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    // The text is not shown: it may hold a secret.
    let Some(url) = url else {
        return Err(format!("server {name} has a url that is no http:// or https:// address"));
    };
    let mut headers = HeaderMap::new();
    for (header, value) in values(reader, &name, table.headers)? {
        let value = HeaderValue::from_str(value.expose_secret());
        let (Ok(key), Ok(mut value)) = (HeaderName::try_from(&header), value) else {
            return Err(format!("server {name} has a header {header:?} that HTTP does not allow"));
        };
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(McpHttpConfig { name, url, headers })
}

/// Secret texts of a server, with the values of the variables that its table names.
fn values(
    reader: &VariableReader<'_>,
    server: &str,
    table: BTreeMap<String, SecretText>,
) -> Result<BTreeMap<String, SecretString>, String> {
    let value = |(name, value): (String, SecretText)| match EnvValue::read(value.expose()) {
        EnvValue::Literal(text) => Ok((name, text.into())),
        EnvValue::Variable(variable) => match reader.utf8(variable) {
            Some(text) => Ok((name, text.into())),
            None => Err(format!("server {server} needs the variable {variable}, which is not set")),
        },
    };
    table.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<McpServerConfig>, SettingsError> {
        let variables =
            [(names::MCP_SERVERS, json), ("PATH", "/bin"), (names::BRIDGE_TOKEN, "hush")];
        let environment =
            variables.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        super::read(&VariableReader::new(&environment))
    }

    #[test]
    fn servers_inherit_a_part_of_the_environment() {
        let configs =
            read(r#"{"files": {"command": "npx", "args": ["-y", "x"], "env": {"KEY": "hush"}}}"#)
                .unwrap();
        let [McpServerConfig::Program(config)] = &configs[..] else { panic!("{configs:?}") };
        assert_eq!((&*config.name, &*config.command), ("files", "npx"));
        assert_eq!((config.args.len(), config.env["KEY"].expose_secret()), (2, "hush"));
        assert_eq!(config.inherited.keys().collect::<Vec<_>>(), ["PATH"]);
        assert!(!format!("{config:?}").contains("hush"));
        assert!(["", "{}", "[]", "null"].iter().all(|json| read(json).unwrap().is_empty()));
    }

    #[test]
    fn values_may_name_variables_of_the_environment() {
        let json =
            r#"{"a": {"command": "c", "env": {"K": "${PATH}", "L": "$${PATH}", "M": "x${PATH}"}}}"#;
        let configs = read(json).unwrap();
        let [McpServerConfig::Program(config)] = &configs[..] else { panic!("{configs:?}") };
        let values: Vec<_> = config.env.values().map(|v| v.expose_secret()).collect();
        assert_eq!(values, ["/bin", "${PATH}", "x${PATH}"]);
        let json = r#"{"a": {"command": "c", "env": {"K": "${HUSH}"}}}"#;
        let error = read(json).unwrap_err().to_string();
        assert!(error.contains("server a needs the variable HUSH, which is not set"), "{error}");
    }

    #[test]
    fn servers_over_http_have_an_address_and_headers() {
        let json = r#"{"a": {"url": "https://u:hush@host/mcp", "headers": {"X-Key": "${PATH}"}}}"#;
        let configs = read(json).unwrap();
        let [McpServerConfig::Http(config)] = &configs[..] else { panic!("{configs:?}") };
        assert_eq!(config.url.host_str(), Some("host"));
        assert_eq!(config.headers["x-key"], "/bin");
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn errors_name_the_variable_and_show_no_secret() {
        for (json, reason) in [
            ("hush", "expected value at line 1"),
            (r#"{"a": "hush"}"#, "a: expected a table"),
            (r#"{"a": {"command": ""}}"#, "server a has no command"),
            (
                r#"{"a": {"command": "c", "env": {"K": "hush"}}, "b": {"args": ["hush"]}}"#,
                "b: missing key: command or url",
            ),
            (
                r#"{"a": {"url": "http://h/", "env": {"K": "hush"}}}"#,
                "a.env: belongs to command, and the table has url",
            ),
            (r#"{"a": {"url": "hush"}}"#, "server a has a url that is no http"),
            (r#"{"a": {"url": "file:///hush"}}"#, "server a has a url that is no http"),
            (r#"{"a": {"url": "http://h/", "headers": {"a b": "x"}}}"#, "header \"a b\""),
            (r#"{"a": {"url": "http://h/", "headers": {"a": "hush\n"}}}"#, "header \"a\""),
            (r#"{"a:b": {"command": "c"}}"#, "expected a server name without spaces and colons"),
            (r#"[{"command": "c"}]"#, "server 1 of the list: missing key: name"),
        ] {
            let error = read(json).unwrap_err();
            assert_eq!(error.variable(), names::MCP_SERVERS);
            let message = error.to_string();
            assert!(message.contains(reason) && !message.contains("hush"), "{json}: {message}");
        }
    }
}
