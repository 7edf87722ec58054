//! The tables of `loom.toml` and `config.toml`: every key we know, once.

use std::time::Duration;

use loom_source::Selector;
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::{
    Address, Mode, RawValue, SourceSpec, UpdatePolicy,
    collections::{Anything, Named},
    kinds::{ApiBase, Host, Key, Seconds, Size, Temperature},
    read::{KeyPath, Read, Reader, Spanned, described, table},
    tree::{Node, Value},
};
use crate::trust::{Checksum, Signature};

table! {
    /// A Loom project's settings (loom.toml), or the user's (config.toml).
    File {
        /// The project's name.
        name: String,
        /// The project's own version.
        version: String,
        /// What the project is about.
        description: String,
        /// How the runtime listens, and which one runs.
        bridge: BridgeTable,
        /// The dashboard.
        dashboard: DashboardTable,
        /// Language model providers, by name.
        llm: LlmTable,
        /// MCP servers, by name.
        mcp: Named<McpTable>,
        /// Settings of agents, by name; free-form.
        agents: Named<Named<Anything>>,
        /// Where releases come from, in the order in which they are asked.
        sources: Vec<SourceSpec>,
        /// What must be proven before something enters the store.
        trust: TrustTable,
        /// How much the store keeps.
        store: StoreTable,
        /// Channels and updates.
        update: UpdateTable,
    }
}

table! {
    /// How the runtime listens, and which one runs.
    BridgeTable {
        /// Where the gRPC server listens: host:port. Default 127.0.0.1:50051; port 0 lets the system pick.
        address: Address,
        /// full (bridge and dashboard, the default) or bridge-only.
        mode: Mode,
        /// Which release runs: latest (the default), a version, a range, or dev.
        version: Selector,
        /// How many seconds to wait until the runtime is ready. Default 30.
        timeout_sec: Seconds,
    }
}

table! {
    /// The dashboard.
    DashboardTable {
        /// Whether it runs in full mode. Default true.
        enabled: bool,
        /// Its port. Default 3030; 0 lets the system pick.
        port: u16,
        /// The host it listens on. Default 127.0.0.1.
        host: Host,
    }
}

table! {
    /// A language model provider.
    ProviderTable {
        /// How it is spoken to. Default http.
        kind as "type": String,
        /// Better in the environment: the provider's name in capitals, then _API_KEY.
        api_key: Key,
        /// The address of its API.
        api_base: ApiBase,
        /// The model.
        model: String,
        /// The longest answer, in tokens. Default 2048.
        max_tokens: u32,
        /// 0 to 2. Default 0.7.
        temperature: Temperature,
        /// How many seconds to wait for an answer. Default 30.
        timeout_sec: Seconds,
        /// Passed on as it stands.
        extra: RawValue,
    }
}

table! {
    /// An MCP server.
    McpTable {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment.
        env: Named<SecretString>,
    }
}

table! {
    /// What must be proven before something enters the store.
    TrustTable {
        /// required (the default): no digest, no entry. if-available: warn.
        checksum: Checksum,
        /// optional (the default) or required.
        signature: Signature,
        /// The keys that may sign.
        keys: Vec<String>,
        /// How old a release must be before it is taken. Default 0s.
        minimum_release_age: Duration,
    }
}

table! {
    /// How much the store keeps.
    StoreTable {
        /// How many versions stay. Default 3.
        keep: u32,
        /// How large the store may grow. No limit by default.
        max_size: Size,
        /// Whether archives stay beside their trees. Default false.
        keep_archives: bool,
    }
}

table! {
    /// Channels and updates.
    UpdateTable {
        /// The channel to follow. Default stable.
        channel: String,
        /// How long an answer to latest stays fresh. Default 24h.
        check_interval: Duration,
        /// What to do about a newer release: notify (the default), auto or off.
        policy: UpdatePolicy,
    }
}

/// `[llm]`: which provider is meant where none is named, and the providers.
#[derive(Debug, Clone, Default)]
pub(crate) struct LlmTable {
    pub(crate) default: Option<Spanned<String>>,
    pub(crate) providers: Named<ProviderTable>,
}

impl Read for LlmTable {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            reader.wrong_type(path, node, "a table");
            return None;
        };
        let mut read = Self::default();
        for entry in &table.0 {
            let inner = path.key(&entry.key);
            if entry.key == "default" {
                read.default = reader
                    .text(&entry.node, &inner, "the name of a provider")
                    .map(|value| Spanned { value, line: entry.line });
            } else if let Some(value) = ProviderTable::read(&entry.node, &inner, reader) {
                read.providers.0.push((entry.key.clone(), Spanned { value, line: entry.line }));
            }
        }
        Some(read)
    }

    fn schema() -> Json {
        let about =
            "The provider that is meant where none is named. Default: the first in the file.";
        json!({
            "type": "object",
            "properties": {"default": described(String::schema(), about)},
            "additionalProperties": ProviderTable::schema(),
        })
    }
}
