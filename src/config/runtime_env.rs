//! What a runtime is told through its environment.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::{LlmProviderSettings, McpServerSettings, RawValue, Resolved, Setting};

/// One variable's value.
#[derive(Debug, Clone)]
pub enum RuntimeValue {
    /// May be shown.
    Plain(String),
    /// Must not be shown.
    Secret(SecretString),
}

impl RuntimeValue {
    /// The value itself, for the child's environment alone.
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(text) => text.expose_secret(),
        }
    }
}

impl Resolved {
    /// The variables of the runtime: its addresses, providers, MCP servers and agents.
    ///
    /// `LOOM_LLM_*` speak of the default provider and are absent where it says nothing, so a caller
    /// removes them from what the child inherits first; all others are always there.
    pub fn runtime_env(&self) -> Vec<(&'static str, RuntimeValue)> {
        let plain = |text: String| RuntimeValue::Plain(text);
        let secret = |value: Value| RuntimeValue::Secret(value.to_string().into());
        let mut env = vec![
            ("LOOM_BRIDGE_ADDR", plain(self.bridge.address.value.to_string())),
            ("LOOM_DASHBOARD", plain(self.dashboard.enabled.value.to_string())),
            ("LOOM_DASHBOARD_PORT", plain(self.dashboard.port.value.to_string())),
            ("LOOM_DASHBOARD_HOST", plain(self.dashboard.host.value.clone())),
            ("LOOM_LLM_PROVIDERS", RuntimeValue::Secret(self.providers().into())),
            ("LOOM_MCP_SERVERS", secret(self.mcp_servers())),
            ("LOOM_AGENTS", secret(self.agent_tables())),
        ];
        if let Some(provider) = self.llm.default_provider() {
            let text = |setting: &Setting<String>| plain(setting.value.clone());
            let key = provider.api_key.as_ref().map(|key| RuntimeValue::Secret(key.value.clone()));
            env.extend(key.map(|key| ("LOOM_LLM_API_KEY", key)));
            env.extend(provider.api_base.as_ref().map(|base| ("LOOM_LLM_API_BASE", text(base))));
            env.extend(provider.model.as_ref().map(|model| ("LOOM_LLM_MODEL", text(model))));
        }
        env
    }

    /// The table `[llm]`. By hand: its order counts, and a map would lose it.
    fn providers(&self) -> String {
        let default = self.llm.default.as_ref().map(|name| ("default", name.value.clone().into()));
        let tables = self.llm.providers.iter().map(|p| (&*p.name, provider(p)));
        let entry = |(key, value): (&str, Value)| format!("{}:{value}", Value::from(key));
        let entries: Vec<_> = tables.chain(default).map(entry).collect();
        format!("{{{}}}", entries.join(","))
    }

    fn mcp_servers(&self) -> Value {
        self.mcp.iter().map(|(name, server)| (name.clone(), mcp_server(server))).collect()
    }

    fn agent_tables(&self) -> Value {
        let table = |agent: &BTreeMap<String, Setting<RawValue>>| -> Value {
            agent.iter().map(|(key, free)| (key.clone(), free.value.value.clone())).collect()
        };
        self.agents.iter().map(|(name, agent)| (name.clone(), table(&agent.value))).collect()
    }
}

/// The table of `loom.toml`, with what all layers say.
fn provider(provider: &LlmProviderSettings) -> Value {
    let mut table = Map::new();
    let mut set = |key: &str, value: Value| table.insert(key.to_owned(), value);
    set("type", provider.kind.value.as_str().into());
    set("max_tokens", provider.max_tokens.value.into());
    set("temperature", provider.temperature.value.into());
    set("timeout_sec", provider.timeout.value.as_secs().into());
    if let Some(key) = &provider.api_key {
        set("api_key", key.value.expose_secret().into());
    }
    if let Some(base) = &provider.api_base {
        set("api_base", base.value.as_str().into());
    }
    if let Some(model) = &provider.model {
        set("model", model.value.as_str().into());
    }
    if let Some(extra) = &provider.extra {
        set("extra", extra.value.value.clone());
    }
    table.into()
}

fn mcp_server(server: &McpServerSettings) -> Value {
    let env: Value = server
        .env
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.value.expose_secret())))
        .collect();
    json!({"command": server.command.value, "args": server.args.value, "env": env})
}
