//! Language models, as the environment describes them.

use std::{collections::BTreeMap, fmt, time::Duration};

use loom_core::llm::{LlmProvider, Providers};
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::Value;

use crate::settings::{Reader, SettingsError};

/// The name of the provider that `LOOM_LLM_*` describe where there is no other.
const UNNAMED: &str = "env";
/// The key of `[llm]` that is no provider.
const DEFAULT: &str = "default";

/// The tables `[llm.*]`, in their order.
#[derive(Debug, Default)]
struct Tables {
    default: Option<String>,
    providers: Vec<LlmProvider>,
}

/// One table `[llm.<name>]`; fields that we do not know are of a newer `loom`.
#[derive(Deserialize)]
struct Table {
    #[serde(rename = "type")]
    kind: Option<String>,
    api_key: Option<SecretText>,
    api_base: Option<String>,
    model: Option<String>,
    max_tokens: Option<u32>,
    temperature: Option<f64>,
    timeout_sec: Option<u64>,
    extra: Option<Value>,
}

#[derive(Deserialize)]
struct SecretText(String);

/// The one thing that an agent's table says to us.
#[derive(Deserialize)]
struct AgentTable {
    #[serde(default)]
    llm_provider: Value,
}

/// Reads `LOOM_LLM_PROVIDERS`, `LOOM_LLM_API_KEY|API_BASE|MODEL` and `LOOM_AGENTS`.
///
/// The three speak of the default provider: `default` among the tables, else the first, else one called `env`.
pub(crate) fn read(vars: &Reader<'_>) -> Result<Providers, SettingsError> {
    let mut tables: Tables = vars.json("LOOM_LLM_PROVIDERS")?.unwrap_or_default();
    let key = vars.text("LOOM_LLM_API_KEY")?;
    let base = vars.text("LOOM_LLM_API_BASE")?;
    let model = vars.text("LOOM_LLM_MODEL")?;
    if key.or(base).or(model).is_some() {
        let provider = tables.default_provider();
        provider.api_key = key.map(SecretString::from).or(provider.api_key.take());
        provider.api_base = base.map(str::to_owned).or(provider.api_base.take());
        provider.model = model.map(str::to_owned).or(provider.model.take());
    }
    let agents: BTreeMap<String, AgentTable> = vars.json("LOOM_AGENTS")?.unwrap_or_default();
    let choice = |(agent, table): (String, AgentTable)| match table.llm_provider {
        Value::String(name) => Some((agent, name)),
        _ => None,
    };
    Ok(Providers {
        all: tables.providers,
        default: tables.default,
        agents: agents.into_iter().filter_map(choice).collect(),
    })
}

impl Tables {
    fn default_provider(&mut self) -> &mut LlmProvider {
        let named = self.default.as_deref();
        let at = match named {
            Some(name) => self.providers.iter().position(|provider| provider.name == name),
            None => (!self.providers.is_empty()).then_some(0),
        };
        let at = at.unwrap_or_else(|| {
            self.providers.push(LlmProvider::new(named.unwrap_or(UNNAMED)));
            self.providers.len() - 1
        });
        &mut self.providers[at]
    }
}

impl Table {
    fn provider(self, name: String) -> LlmProvider {
        let unset = LlmProvider::new(name);
        LlmProvider {
            kind: self.kind.unwrap_or(unset.kind),
            api_key: self.api_key.map(|key| key.0.into()),
            api_base: self.api_base,
            model: self.model,
            max_tokens: self.max_tokens.unwrap_or(unset.max_tokens),
            temperature: self.temperature.unwrap_or(unset.temperature),
            timeout: self.timeout_sec.map_or(unset.timeout, Duration::from_secs),
            extra: self.extra,
            name: unset.name,
        }
    }
}

/// By hand: an object's order is lost in a map, and the first provider is the default one.
impl<'de> Deserialize<'de> for Tables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Tables;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of providers by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tables, A::Error> {
                let mut tables = Tables::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == DEFAULT {
                        tables.default = map.next_value()?;
                    } else if tables.providers.iter().any(|provider| provider.name == name) {
                        return Err(de::Error::custom(format!("{name} stands there twice")));
                    } else {
                        tables.providers.push(map.next_value::<Table>()?.provider(name));
                    }
                }
                Ok(tables)
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::settings::ServerSettings;

    fn read(vars: &[(&str, &str)]) -> Result<Providers, SettingsError> {
        let vars = vars.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        ServerSettings::read(&vars).map(|settings| settings.providers)
    }

    fn key(provider: &LlmProvider) -> Option<&str> {
        provider.api_key.as_ref().map(|key| key.expose_secret())
    }

    #[test]
    fn tables_keep_their_order_and_every_key() {
        let tables = r#"{"z": {"type": "http", "api_key": "k", "api_base": "https://h", "model": "m",
            "max_tokens": 4096, "temperature": 0, "timeout_sec": 5, "extra": {"seed": 1}, "newer": true}, "a": {}}"#;
        let providers = read(&[("LOOM_LLM_PROVIDERS", tables)]).unwrap();
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
    fn single_variables_speak_of_the_default_provider() {
        let single = [("LOOM_LLM_API_KEY", "k"), ("LOOM_LLM_MODEL", "m")];
        let with = |tables: &'static str| {
            let mut vars = single.to_vec();
            vars.push(("LOOM_LLM_PROVIDERS", tables));
            read(&vars).unwrap()
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
    fn agents_say_which_provider_is_theirs() {
        let agents = r#"{"planner": {"llm_provider": "b", "topics": []}, "other": {"llm_provider": 1}, "x": {}}"#;
        let providers = read(&[("LOOM_AGENTS", agents)]).unwrap();
        assert_eq!(providers.agents, BTreeMap::from([("planner".to_owned(), "b".to_owned())]));
    }

    #[test]
    fn mistakes_are_named_without_what_may_be_secret() {
        for (variable, value, why) in [
            ("LOOM_LLM_PROVIDERS", "hush", "expected value"),
            ("LOOM_LLM_PROVIDERS", r#"["hush"]"#, "expected an object of providers"),
            ("LOOM_LLM_PROVIDERS", r#"{"a": {"max_tokens": "hush"}}"#, "line 1 column"),
            ("LOOM_LLM_PROVIDERS", r#"{"a": {}, "a": {}}"#, "a stands there twice"),
            ("LOOM_AGENTS", r#"{"a": "hush"}"#, "line 1 column"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err();
            assert_eq!(error.variable, variable);
            let told = error.to_string();
            assert!(told.contains(why) && !told.contains("hush"), "{told}");
        }
    }
}
