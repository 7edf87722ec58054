//! `[mcp]`: MCP servers.

use std::collections::BTreeMap;

use loom_environment::{McpServerTables, json, names};
use secrecy::SecretString;

use crate::config::{
    Inputs, Problem, Setting,
    any_key::keys,
    document::{ConfigDocument, DocumentOrigin},
    key::SettingKey,
    key_row::TableRow,
    layers::Layers,
    trust_rule::TrustRule,
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
        "An MCP server. One layer decides a server as a whole: a project's program does not get the user's variables.",
    )
};

/// The variable that replaces the tables of all files.
const VARIABLE: &str = names::MCP_SERVERS;

keys! {
    /// The program of the server.
    COMMAND: String = SettingKey::new(&["mcp", "<name>", "command"], String::new)
        .example("\"npx\"")
        .trust(TrustRule::Trusted)
        .required()
        .whole()
        .starter();

    /// The arguments of the program.
    ARGS: Vec<String> = SettingKey::new(&["mcp", "<name>", "args"], Vec::new)
        .example(r#"["-y", "@modelcontextprotocol/server-filesystem", "/tmp"]"#)
        .trust(TrustRule::Trusted)
        .whole()
        .starter();

    /// An environment variable of the program; the value is a secret.
    ENV: SecretString = SettingKey::new(&["mcp", "<name>", "env", "<variable>"], SecretString::default)
        .example("\"${BRAVE_API_KEY}\"")
        .trust(TrustRule::Trusted)
        .whole();
}

/// `[mcp.<name>]`: one server, which one layer decides as a whole.
#[derive(Debug, Clone)]
pub struct McpServerSettings {
    /// The program.
    pub command: Setting<String>,
    /// The arguments of the program.
    pub args: Setting<Vec<String>>,
    /// Environment variables of the program; their values may be secrets.
    pub env: BTreeMap<String, Setting<SecretString>>,
}

/// All servers, by name.
pub(crate) fn resolve(layers: &mut Layers<'_>) -> BTreeMap<String, McpServerSettings> {
    let names = layers.table_names(SERVER.path);
    let mut servers = BTreeMap::new();
    for name in names {
        let env = layers.names_below(ENV.row(), &[&name]).into_iter();
        let env = env.map(|variable| {
            let value = ENV.resolve(layers, &[&name, &variable]);
            (variable, value)
        });
        let server = McpServerSettings {
            env: env.collect(),
            command: COMMAND.resolve(layers, &[&name]),
            args: ARGS.resolve(layers, &[&name]),
        };
        servers.insert(name, server);
    }
    servers
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
                expected: "JSON: an object of {command, args, env} by name, or a list of them with their names",
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
        document.add(COMMAND.row().path, vec![name.clone()], 0, Box::new(server.command));
        document.add(ARGS.row().path, vec![name.clone()], 0, Box::new(server.args));
        for (variable, value) in server.env {
            let value: SecretString = value.into();
            document.add(ENV.row().path, vec![name.clone(), variable], 0, Box::new(value));
        }
    }
    layers.documents.insert(0, document);
}
