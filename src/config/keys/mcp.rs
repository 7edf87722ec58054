//! `[mcp]`: MCP servers.

use std::{collections::BTreeMap, path::Path};

use loom_environment::{McpServerTable, McpServerTables, json, names};
use secrecy::SecretString;

use crate::config::{
    Inputs, Problem, Setting,
    any_key::keys,
    document::{ConfigDocument, DocumentOrigin},
    key::SettingKey,
    key_row::TableRow,
    layers::Layers,
    setting_type::SettingType as _,
    trust_rule::TrustRule,
    types::ApiBase,
};

/// `[mcp]`
pub(crate) const TABLE: TableRow =
    TableRow { variable: Some(VARIABLE), ..TableRow::new(&["mcp"], "MCP servers, by name.") };

/// `[mcp.<name>]`
pub(crate) const SERVER: TableRow = TableRow {
    trusted: true,
    example_name: Some("filesystem"),
    ..TableRow::new(
        &["mcp", "<name>"],
        "An MCP server: a program (command), or a server over HTTP (url). One layer decides a server as a whole: a project's \
         program does not get the user's variables.",
    )
};

/// The variable that replaces the tables of all files.
const VARIABLE: &str = names::MCP_SERVERS;

/// The form of the variable.
const FORM: &str = "JSON: an object of {command, args, env} or {url, headers} by name, or a list of them with their names";

keys! {
    /// The program of the server.
    COMMAND: Option<String> = SettingKey::new(&["mcp", "<name>", "command"], || None)
        .example("\"npx\"")
        .trust(TrustRule::Trusted)
        .alternative_to("url")
        .whole()
        .starter();

    /// The arguments of the program. Only with `command`.
    ARGS: Vec<String> = SettingKey::new(&["mcp", "<name>", "args"], Vec::new)
        .example(r#"["-y", "@modelcontextprotocol/server-filesystem", "/tmp"]"#)
        .trust(TrustRule::Trusted)
        .belongs_to("command", "url")
        .whole()
        .starter();

    /// An environment variable of the program; the value is a secret. Only with `command`.
    ENV: SecretString = SettingKey::new(&["mcp", "<name>", "env", "<variable>"], SecretString::default)
        .example("\"${BRAVE_API_KEY}\"")
        .trust(TrustRule::Trusted)
        .belongs_to("command", "url")
        .whole();

    /// The address of a server that runs by itself, and speaks MCP's Streamable HTTP.
    URL: Option<ApiBase> = SettingKey::new(&["mcp", "<name>", "url"], || None)
        .example("\"https://mcp.example/mcp\"")
        .trust(TrustRule::Trusted)
        .whole();

    /// A header of every request to the address; the value is a secret. Only with `url`.
    HEADERS: SecretString = SettingKey::new(&["mcp", "<name>", "headers", "<header>"], SecretString::default)
        .example("\"Bearer ${MCP_TOKEN}\"")
        .trust(TrustRule::Trusted)
        .belongs_to("url", "command")
        .whole();
}

/// `[mcp.<name>]`: one server, which one layer decides as a whole.
#[derive(Debug, Clone)]
pub enum McpServerSettings {
    /// A program, which the runtime starts.
    Program(McpProgramSettings),
    /// A server that runs by itself.
    Http(McpHttpSettings),
}

/// An MCP server that is a program.
#[derive(Debug, Clone)]
pub struct McpProgramSettings {
    /// The program.
    pub command: Setting<String>,
    /// The arguments of the program.
    pub args: Setting<Vec<String>>,
    /// Environment variables of the program; their values may be secrets.
    pub env: BTreeMap<String, Setting<SecretString>>,
}

/// An MCP server over HTTP.
#[derive(Debug, Clone)]
pub struct McpHttpSettings {
    /// The address.
    pub url: Setting<String>,
    /// Headers of every request; their values may be secrets.
    pub headers: BTreeMap<String, Setting<SecretString>>,
}

impl McpServerSettings {
    /// Whether it is a program.
    pub fn is_program(&self) -> bool {
        matches!(self, Self::Program(_))
    }
}

/// All servers, by name. A table without command and url is a problem that its file has.
pub(crate) fn resolve(layers: &mut Layers<'_>) -> BTreeMap<String, McpServerSettings> {
    let names = layers.table_names(SERVER.path);
    let mut servers = BTreeMap::new();
    for name in names {
        if let Some(server) = resolve_server(layers, &name) {
            servers.insert(name, server);
        }
    }
    servers
}

fn resolve_server(layers: &mut Layers<'_>, name: &str) -> Option<McpServerSettings> {
    if let Some(url) = URL.resolve(layers, &[name]).transpose() {
        let headers = secrets(layers, &HEADERS, name);
        let url = url.map(|ApiBase(url)| url);
        return Some(McpServerSettings::Http(McpHttpSettings { url, headers }));
    }
    let command = COMMAND.resolve(layers, &[name]).transpose()?;
    let args = ARGS.resolve(layers, &[name]);
    let env = secrets(layers, &ENV, name);
    Some(McpServerSettings::Program(McpProgramSettings { command, args, env }))
}

/// The texts of a table in a server's table.
fn secrets(
    layers: &mut Layers<'_>,
    key: &SettingKey<SecretString>,
    server: &str,
) -> BTreeMap<String, Setting<SecretString>> {
    let names = layers.names_below(key.row(), &[server]).into_iter();
    names.map(|name| (name.clone(), key.resolve(layers, &[server, &name]))).collect()
}

/// Whether a variable replaces the servers of all files.
pub(crate) fn is_overridden(inputs: &Inputs) -> bool {
    inputs.env.os(VARIABLE).is_some()
}

/// Replaces the servers of all files by those of the variable, if it is set.
pub(crate) fn read_variable(layers: &mut Layers<'_>) {
    let Some(text) = layers.inputs.env.os(VARIABLE) else { return };
    let servers = match text.to_str().map(json::read::<McpServerTables>) {
        Some(Ok(servers)) => servers,
        unusable => {
            // The text is not shown: it may hold secrets.
            let reason = unusable.and_then(Result::err);
            let problem = reason.map_or(Problem::NotUtf8, |reason| Problem::InvalidTables {
                reason: reason.to_string(),
                expected: FORM,
            });
            layers.problem(VARIABLE, problem);
            return;
        }
    };
    for document in &mut layers.documents {
        document.remove(&[TABLE.path[0].to_owned()]);
    }
    let mut document = ConfigDocument::new(DocumentOrigin::Variable(VARIABLE));
    for (name, server) in servers.0 {
        document.add_table(SERVER.path, &name, 0);
        let (key, secrets) = match server {
            McpServerTable::Program(program) => {
                let command = Box::new(Some(program.command));
                document.add(COMMAND.row().path, vec![name.clone()], 0, command);
                document.add(ARGS.row().path, vec![name.clone()], 0, Box::new(program.args));
                (ENV.row(), program.env)
            }
            McpServerTable::Http(server) => {
                if ApiBase::parse(&server.url, Path::new("")).is_err() {
                    let reason =
                        format!("{name}.url: expected an address such as https://mcp.example/mcp");
                    layers.problem(VARIABLE, Problem::InvalidTables { reason, expected: FORM });
                    return;
                }
                let url = Box::new(Some(ApiBase(server.url)));
                document.add(URL.row().path, vec![name.clone()], 0, url);
                (HEADERS.row(), server.headers)
            }
        };
        for (inner, value) in secrets {
            let value: SecretString = value.into();
            document.add(key.path, vec![name.clone(), inner], 0, Box::new(value));
        }
    }
    layers.documents.insert(0, document);
}
