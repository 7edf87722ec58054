//! The tables that users name: MCP servers and agents.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

use super::{
    McpServerSettings, RawValue, Setting,
    collections::{Anything, Named},
    layers::{Layers, setting},
    load::Loaded,
    read::Spanned,
};

/// The variable that holds instead of all `[mcp]` tables.
pub(crate) const MCP_SERVERS: &str = "LOOM_MCP_SERVERS";

/// `LOOM_MCP_SERVERS`, as the runtime reads it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    ByName(BTreeMap<String, GivenServer>),
    List(Vec<NamedServer>),
}

#[derive(Deserialize)]
struct GivenServer {
    command: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct NamedServer {
    name: String,
    #[serde(flatten)]
    server: GivenServer,
}

impl Given {
    fn parse(text: &str) -> Option<BTreeMap<String, GivenServer>> {
        Some(match serde_json::from_str(text).ok()? {
            Self::ByName(servers) => servers,
            Self::List(servers) => servers.into_iter().map(|s| (s.name, s.server)).collect(),
        })
    }
}

/// Each server is decided by one layer as a whole: a project's program never sees the user's variables.
pub(crate) fn mcp(layers: &mut Layers<'_>) -> BTreeMap<String, McpServerSettings> {
    let expected =
        "JSON: an object of {command, args, env} by name, or a list of them with their names";
    if let Some(Setting { value, origin }) = layers.env(MCP_SERVERS, expected, Given::parse) {
        let setting = |server: GivenServer| McpServerSettings {
            command: Setting::new(server.command, origin.clone()),
            args: Setting::new(server.args, origin.clone()),
            env: server
                .env
                .into_iter()
                .map(|(name, value)| {
                    (name, Setting::new(SecretString::from(value), origin.clone()))
                })
                .collect(),
        };
        return value.into_iter().map(|(name, server)| (name, setting(server))).collect();
    }
    let mut servers = BTreeMap::new();
    for loaded in layers.files() {
        for (name, at) in loaded.tables.mcp.iter().flat_map(|mcp| &mcp.value.0) {
            let table = &at.value;
            // A server without a command is a mistake and noted as one.
            let Some(command) = setting(loaded, table.command.as_ref()) else { continue };
            let args = setting(loaded, table.args.as_ref());
            let env = table.env.as_ref().map(|env| named(loaded, &env.value)).unwrap_or_default();
            servers.entry(name.clone()).or_insert_with(|| McpServerSettings {
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
) -> BTreeMap<String, Setting<BTreeMap<String, Setting<RawValue>>>> {
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
    let entry = |(key, at): &(String, Spanned<T>)| {
        (key.clone(), Setting::new(at.value.clone(), loaded.origin(at.line)))
    };
    table.0.iter().map(entry).collect()
}
