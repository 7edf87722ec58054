//! The tables that users name: MCP servers and agents.

use std::collections::BTreeMap;

use super::{
    Free, McpServer, Setting,
    collections::{Anything, Named},
    layers::{Layers, setting},
    load::Loaded,
    read::At,
};

/// Each server is decided by one layer as a whole: a project's program never sees the user's variables.
pub(crate) fn mcp(layers: &Layers<'_>) -> BTreeMap<String, McpServer> {
    let mut servers = BTreeMap::new();
    for loaded in layers.files() {
        for (name, at) in loaded.tables.mcp.iter().flat_map(|mcp| &mcp.value.0) {
            let table = &at.value;
            // A server without a command is a mistake and noted as one.
            let Some(command) = setting(loaded, table.command.as_ref()) else { continue };
            let args = setting(loaded, table.args.as_ref());
            let env = table.env.as_ref().map(|env| named(loaded, &env.value)).unwrap_or_default();
            servers.entry(name.clone()).or_insert_with(|| McpServer {
                command,
                args: args.unwrap_or(Setting::default(Vec::new())),
                env,
            });
        }
    }
    servers
}

/// Each agent is decided by one layer as a whole.
pub(crate) fn agents(
    layers: &Layers<'_>,
) -> BTreeMap<String, Setting<BTreeMap<String, Setting<Free>>>> {
    let mut agents = BTreeMap::new();
    for loaded in layers.files() {
        for (name, at) in loaded.tables.agents.iter().flat_map(|agents| &agents.value.0) {
            let fields = named(loaded, &at.value).into_iter();
            let fields = fields.map(|(key, field)| (key, field.map(|Anything(free)| free)));
            agents
                .entry(name.clone())
                .or_insert_with(|| Setting::new(fields.collect(), loaded.origin(at.line)));
        }
    }
    agents
}

/// The entries of a table, each with its own line.
fn named<T: Clone>(loaded: &Loaded, table: &Named<T>) -> BTreeMap<String, Setting<T>> {
    let entry = |(key, at): &(String, At<T>)| {
        (key.clone(), Setting::new(at.value.clone(), loaded.origin(at.line)))
    };
    table.0.iter().map(entry).collect()
}
