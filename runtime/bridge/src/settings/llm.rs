//! LLM providers, and the choice of the agents.

use std::{collections::BTreeMap, time::Duration};

use loom_core::llm::{LlmProvider, LlmProviders};
use loom_environment::{AgentTables, LlmProviderTable, LlmTables, names};
use secrecy::SecretString;

use super::reader::{SettingsError, VariableReader};

/// The name of the provider that `LOOM_LLM_API_KEY`, `LOOM_LLM_API_BASE` and `LOOM_LLM_MODEL` describe if there is no
/// other one.
const UNNAMED: &str = "env";

/// Reads the providers. The three variables for single settings override those of the default provider: the one that
/// `default` names, else the first one, else one called `env`.
pub(super) fn read(reader: &VariableReader<'_>) -> Result<LlmProviders, SettingsError> {
    let tables: LlmTables = reader.json(names::LLM_PROVIDERS)?.unwrap_or_default();
    let all = tables.providers.into_iter().map(|(name, table)| provider(reader, name, table));
    let mut providers = LlmProviders {
        all: all.collect::<Result<_, _>>()?,
        default: tables.default,
        agents: agents(reader)?,
    };
    let key = reader.text(names::LLM_API_KEY)?;
    let base = reader.text(names::LLM_API_BASE)?;
    let model = reader.text(names::LLM_MODEL)?;
    if key.or(base).or(model).is_some() {
        let provider = default_provider(&mut providers);
        provider.api_key = key.map(SecretString::from).or(provider.api_key.take());
        provider.api_base = base.map(str::to_owned).or(provider.api_base.take());
        provider.model = model.map(str::to_owned).or(provider.model.take());
    }
    Ok(providers)
}

/// The provider's name by agent.
fn agents(reader: &VariableReader<'_>) -> Result<BTreeMap<String, String>, SettingsError> {
    let tables: AgentTables = reader.json(names::AGENTS)?.unwrap_or_default();
    let with_provider = tables.0.iter().filter_map(|(agent, table)| {
        table.llm_provider().map(|provider| (agent.clone(), provider.to_owned()))
    });
    Ok(with_provider.collect())
}

/// The key is that of the table, else the variable that is named after the provider.
fn provider(
    reader: &VariableReader<'_>,
    name: String,
    table: LlmProviderTable,
) -> Result<LlmProvider, SettingsError> {
    let key = table.api_key.as_ref().map(|key| key.expose().trim());
    if key == Some("") {
        let reason = format!("{name}.api_key: the secret is empty");
        return Err(SettingsError::secret(names::LLM_PROVIDERS, reason));
    }
    let of_name = reader.utf8(&names::of_table(&name, names::API_KEY_SUFFIX));
    let defaults = LlmProvider::new(name);
    Ok(LlmProvider {
        kind: table.kind.unwrap_or(defaults.kind),
        api_key: key.or(of_name).map(SecretString::from),
        api_base: table.api_base,
        model: table.model,
        max_tokens: table.max_tokens.unwrap_or(defaults.max_tokens),
        temperature: table.temperature.unwrap_or(defaults.temperature),
        timeout: table.timeout_sec.map_or(defaults.timeout, Duration::from_secs),
        extra: table.extra,
        name: defaults.name,
    })
}

/// The default provider, which is added if it does not exist.
fn default_provider(providers: &mut LlmProviders) -> &mut LlmProvider {
    let name = providers.default.as_deref();
    let all = &mut providers.all;
    let index = match name {
        Some(name) => all.iter().position(|provider| provider.name == name),
        None => (!all.is_empty()).then_some(0),
    };
    let index = index.unwrap_or_else(|| {
        all.push(LlmProvider::new(name.unwrap_or(UNNAMED)));
        all.len() - 1
    });
    &mut all[index]
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<LlmProviders, SettingsError> {
        let environment =
            variables.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        super::read(&VariableReader::new(&environment))
    }

    fn key(provider: &LlmProvider) -> Option<&str> {
        provider.api_key.as_ref().map(|key| key.expose_secret())
    }

    #[test]
    fn tables_keep_their_order_and_missing_keys_have_defaults() {
        let tables = r#"{"z": {"type": "http", "api_key": "k", "api_base": "https://h", "model": "m",
            "max_tokens": 4096, "temperature": 0, "timeout_sec": 5, "extra": {"seed": 1}, "newer": true}, "a": {}}"#;
        let providers = read(&[(names::LLM_PROVIDERS, tables)]).unwrap();
        let names: Vec<_> = providers.all.iter().map(|provider| &*provider.name).collect();
        assert_eq!(names, ["z", "a"]);
        let [full, empty] = &providers.all[..] else { panic!("{providers:?}") };
        assert_eq!(key(full), Some("k"));
        assert_eq!(full.endpoint().unwrap().as_str(), "https://h/v1/chat/completions");
        assert_eq!((full.model.as_deref(), full.max_tokens), (Some("m"), 4096));
        assert_eq!((full.temperature, full.timeout), (0.0, Duration::from_secs(5)));
        assert_eq!(full.extra().unwrap()["seed"], 1);
        assert_eq!((&*empty.kind, empty.max_tokens, empty.temperature), ("http", 2048, 0.7));
        assert_eq!((empty.timeout, empty.model.as_deref()), (Duration::from_secs(30), None));
        assert_eq!(providers.default, None);
    }

    #[test]
    fn variables_for_single_settings_apply_to_the_default_provider() {
        let single = [(names::LLM_API_KEY, "k"), (names::LLM_MODEL, "m")];
        let with = |tables: &'static str| {
            let mut variables = single.to_vec();
            variables.push((names::LLM_PROVIDERS, tables));
            read(&variables).unwrap()
        };
        for (tables, name) in [
            (r#"{"a": {"api_key": "old"}, "b": {}}"#, "a"),
            (r#"{"a": {}, "b": {"model": "old"}, "default": "b"}"#, "b"),
            ("{}", "env"),
            ("", "env"),
        ] {
            let providers = with(tables);
            let chosen = providers.choose(None, None).unwrap();
            assert_eq!(
                (&*chosen.name, key(chosen), chosen.model.as_deref()),
                (name, Some("k"), Some("m"))
            );
        }
        assert!(read(&[]).unwrap().all.is_empty());
    }

    #[test]
    fn a_provider_without_a_key_has_that_of_the_variable_with_its_name() {
        let tables = r#"{"open-ai": {}, "b": {"api_key": "of-table"}, "c": {}}"#;
        let variables = [
            (names::LLM_PROVIDERS, tables),
            ("OPEN_AI_API_KEY", " of-name\n"),
            ("B_API_KEY", "of-name"),
            ("C_API_KEY", " "),
        ];
        let providers = read(&variables).unwrap();
        let keys: Vec<_> = providers.all.iter().map(key).collect();
        assert_eq!(keys, [Some("of-name"), Some("of-table"), None]);
    }

    #[test]
    fn agents_name_their_provider() {
        let agents = r#"{"planner": {"llm_provider": "b", "topics": []}, "other": {"llm_provider": 1}, "x": {}}"#;
        let providers = read(&[(names::AGENTS, agents)]).unwrap();
        assert_eq!(providers.agents, BTreeMap::from([("planner".to_owned(), "b".to_owned())]));
    }

    #[test]
    fn errors_name_the_variable_and_show_no_secret() {
        for (variable, value, reason) in [
            (names::LLM_PROVIDERS, "hush", "expected value"),
            (names::LLM_PROVIDERS, r#"["hush"]"#, "expected an object of providers"),
            (names::LLM_PROVIDERS, r#"{"a": {"max_tokens": "hush"}}"#, "line 1 column"),
            (names::LLM_PROVIDERS, r#"{"a": {"max_tokens": "hush"}}"#, "a.max_tokens: expected"),
            (names::LLM_PROVIDERS, r#"{"a": {"api_key": " "}}"#, "a.api_key: the secret is empty"),
            (names::LLM_API_KEY, " ", "the secret is empty"),
            (names::AGENTS, r#"{"a": "hush"}"#, "a: expected a table"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err();
            assert_eq!(error.variable(), variable);
            let message = error.to_string();
            assert!(message.contains(reason) && !message.contains("hush"), "{message}");
        }
    }
}
