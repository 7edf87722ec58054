//! The effective configuration as variables of the server's environment.

use std::collections::BTreeMap;

use loom_environment::{
    AgentTable, AgentTables, ContentPolicy, EnvValue, HistoryAge, HistorySize, LlmProviderTable,
    LlmTables, McpHttpTable, McpProgramTable, McpServerTable, McpServerTables, SecretText,
    ServerVariable, Switch, json, names,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{LlmProviderSettings, McpServerSettings, RawValue, Resolved, Setting, SettingOrigin};

impl Resolved {
    /// The variables that configure the server: addresses, LLM providers, MCP servers and agents.
    ///
    /// `LOOM_LLM_API_KEY`, `LOOM_LLM_API_BASE` and `LOOM_LLM_MODEL` describe the default provider and are absent where
    /// it has no such setting: a caller that lets the server inherit its own environment removes them from it first.
    /// `LOOM_ALLOW_USERS` and `LOOM_DASHBOARD_ALLOWED_HOSTS` are absent where their lists are empty, as these variables of
    /// the own environment are then; those of the history and of contents where their settings are the defaults. All other variables are always present.
    pub fn runtime_env(&self) -> Vec<ServerVariable> {
        let dashboard = &self.dashboard;
        let mut variables = vec![
            ServerVariable::new(names::BRIDGE_ADDR, self.bridge.address.value.to_string()),
            ServerVariable::new(names::DASHBOARD, Switch(dashboard.enabled.value).to_string()),
            ServerVariable::new(names::DASHBOARD_PORT, dashboard.port.value.to_string()),
            ServerVariable::new(names::DASHBOARD_HOST, dashboard.host.value.as_str()),
            ServerVariable::new(names::LLM_PROVIDERS, json::write(&self.llm_tables())),
            ServerVariable::new(names::MCP_SERVERS, json::write(&self.mcp_tables())),
            ServerVariable::new(names::AGENTS, json::write(&self.agent_tables())),
        ];
        let users = self.bridge.allow_users.value.to_string();
        let hosts = dashboard.allowed_hosts.value.to_string();
        let lists = [(names::ALLOW_USERS, users), (names::DASHBOARD_ALLOWED_HOSTS, hosts)];
        variables.extend(self.history_env());
        let set = lists.into_iter().filter(|(_, list)| !list.is_empty());
        variables.extend(set.map(|(name, list)| ServerVariable::new(name, list)));
        if let Some(provider) = self.llm.default_provider() {
            variables.extend(default_provider(provider));
        }
        variables
    }

    /// The variables of the history and of contents, without defaults, which the server has itself.
    pub(crate) fn history_env(&self) -> Vec<ServerVariable> {
        let history = &self.history;
        let file = history.file.as_ref().map(|file| file.value.to_string());
        let size = chosen(&history.max_size, HistorySize::to_string);
        let age = chosen(&history.max_age, |age| HistoryAge(*age).to_string());
        let rows = chosen(&history.rows_per_second, u32::to_string);
        let content = chosen(&self.dashboard.content, ContentPolicy::to_string);
        let all = [
            (names::HISTORY, file),
            (names::HISTORY_MAX_SIZE, size),
            (names::HISTORY_MAX_AGE, age),
            (names::HISTORY_ROWS_PER_SECOND, rows),
            (names::DASHBOARD_CONTENT, content),
        ];
        let set = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
        set.map(|(name, value)| ServerVariable::new(name, value)).collect()
    }

    pub(crate) fn llm_tables(&self) -> LlmTables {
        let table = |provider: &LlmProviderSettings| (provider.name.clone(), llm_table(provider));
        LlmTables {
            default: self.llm.default.as_ref().map(|name| name.value.clone()),
            providers: self.llm.providers.iter().map(table).collect(),
        }
    }

    pub(crate) fn mcp_tables(&self) -> McpServerTables {
        let table = |(name, server): (&String, _)| (name.clone(), mcp_table(server));
        McpServerTables(self.mcp.iter().map(table).collect())
    }

    pub(crate) fn agent_tables(&self) -> AgentTables {
        let table = |agent: &BTreeMap<String, Setting<RawValue>>| {
            let entry =
                |(key, raw): (&String, &Setting<RawValue>)| (key.clone(), raw.value.value.clone());
            AgentTable(agent.iter().map(entry).collect())
        };
        let agents = self.agents.iter();
        AgentTables(agents.map(|(name, agent)| (name.clone(), table(&agent.value))).collect())
    }
}

/// The value as text; `None` for a default.
fn chosen<T>(setting: &Setting<T>, text: impl Fn(&T) -> String) -> Option<String> {
    (setting.origin != SettingOrigin::Default).then(|| text(&setting.value))
}

/// The variables that describe the default provider; only those of its settings that it has.
fn default_provider(provider: &LlmProviderSettings) -> Vec<ServerVariable> {
    let text = |name, setting: &Setting<String>| ServerVariable::new(name, setting.value.as_str());
    let key = provider.api_key.as_ref();
    let key = key.map(|key| ServerVariable::new(names::LLM_API_KEY, key.value.clone()));
    let base = provider.api_base.as_ref().map(|base| text(names::LLM_API_BASE, base));
    let model = provider.model.as_ref().map(|model| text(names::LLM_MODEL, model));
    [key, base, model].into_iter().flatten().collect()
}

fn llm_table(provider: &LlmProviderSettings) -> LlmProviderTable {
    let text = |setting: &Option<Setting<String>>| setting.as_ref().map(|text| text.value.clone());
    LlmProviderTable {
        kind: Some(provider.kind.value.clone()),
        api_key: provider.api_key.as_ref().map(|key| key.value.clone().into()),
        api_base: text(&provider.api_base),
        model: text(&provider.model),
        max_tokens: Some(provider.max_tokens.value),
        temperature: Some(provider.temperature.value),
        timeout_sec: Some(provider.timeout.value.as_secs()),
        extra: provider.extra.as_ref().map(|extra| extra.value.value.clone()),
        price: Some(&provider.price).filter(|price| !price.is_empty()).cloned(),
    }
}

fn mcp_table(server: &McpServerSettings) -> McpServerTable {
    match server {
        McpServerSettings::Program(program) => McpServerTable::Program(McpProgramTable {
            command: program.command.value.clone(),
            args: program.args.value.clone(),
            env: literals(&program.env),
        }),
        McpServerSettings::Http(server) => McpServerTable::Http(McpHttpTable {
            url: server.url.value.clone(),
            headers: literals(&server.headers),
        }),
    }
}

/// Values as they are: the runtime would take one of the form `${NAME}` for the name of a variable.
fn literals(values: &BTreeMap<String, Setting<SecretString>>) -> BTreeMap<String, SecretText> {
    let literal = |(name, value): (&String, &Setting<SecretString>)| {
        let literal = EnvValue::Literal(value.value.expose_secret()).write();
        (name.clone(), SecretText::from(&*literal))
    };
    values.iter().map(literal).collect()
}
