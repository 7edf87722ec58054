//! All LLM providers, and the choice of one for a call.

use std::collections::BTreeMap;

use super::provider::LlmProvider;

/// The configured providers.
#[derive(Debug, Clone, Default)]
pub struct LlmProviders {
    /// The providers in the order of `loom.toml`; names are unique.
    pub all: Vec<LlmProvider>,
    /// `llm.default`.
    pub default: Option<String>,
    /// `llm_provider` by agent.
    pub agents: BTreeMap<String, String>,
}

/// Why no provider can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProvider {
    /// No provider is configured.
    #[error("no LLM provider is configured: add a table [llm.<name>] to loom.toml")]
    NotConfigured,
    /// The call names an unknown provider.
    #[error("unknown provider {name:?}; configured: {configured}")]
    Unknown {
        /// The name that the call gives.
        name: String,
        /// The names of the configured providers.
        configured: String,
    },
    /// A setting names an unknown provider.
    #[error("{setting} names the unknown provider {name:?}; configured: {configured}")]
    UnknownInSetting {
        /// The key of the setting.
        setting: String,
        /// The name that the setting gives.
        name: String,
        /// The names of the configured providers.
        configured: String,
    },
}

impl LlmProviders {
    /// The provider for a call of `agent`: the requested one, else the agent's `llm_provider`, else `llm.default`, else
    /// the first one.
    ///
    /// # Errors
    /// If the name that applies is unknown, or no provider is configured.
    pub fn choose(
        &self,
        agent: Option<&str>,
        requested: Option<&str>,
    ) -> Result<&LlmProvider, NoProvider> {
        let first = self.all.first().ok_or(NoProvider::NotConfigured)?;
        if let Some(name) = requested {
            return self.find(name).ok_or_else(|| NoProvider::Unknown {
                name: name.to_owned(),
                configured: self.names(),
            });
        }
        let of_agent = agent.and_then(|agent| self.agents.get_key_value(agent));
        let (setting, name) = match (of_agent, &self.default) {
            (Some((agent, name)), _) => (format!("agents.{agent}.llm_provider"), name),
            (None, Some(name)) => ("llm.default".to_owned(), name),
            (None, None) => return Ok(first),
        };
        self.find(name).ok_or_else(|| NoProvider::UnknownInSetting {
            setting,
            name: name.clone(),
            configured: self.names(),
        })
    }

    fn find(&self, name: &str) -> Option<&LlmProvider> {
        self.all.iter().find(|provider| provider.name == name)
    }

    fn names(&self) -> String {
        self.all.iter().map(|provider| &*provider.name).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn providers(default: Option<&str>) -> LlmProviders {
        LlmProviders {
            all: ["z", "a", "m"].into_iter().map(LlmProvider::new).collect(),
            default: default.map(str::to_owned),
            agents: [("planner", "m"), ("lost", "gone")]
                .map(|(agent, name)| (agent.to_owned(), name.to_owned()))
                .into(),
        }
    }

    #[test]
    fn the_requested_provider_precedes_the_agents_the_default_and_the_first_one() {
        for (default, agent, requested, expected) in [
            (Some("a"), Some("planner"), Some("z"), "z"),
            (Some("a"), Some("planner"), None, "m"),
            (Some("a"), Some("other"), Some("z"), "z"),
            (Some("a"), None, Some("z"), "z"),
            (Some("a"), Some("other"), None, "a"),
            (Some("a"), None, None, "a"),
            (None, None, None, "z"),
        ] {
            let providers = providers(default);
            let chosen = providers.choose(agent, requested).unwrap();
            assert_eq!(chosen.name, expected, "{default:?} {agent:?} {requested:?}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_configured_ones() {
        let error = |default, agent, requested| {
            providers(default).choose(agent, requested).unwrap_err().to_string()
        };
        let configured = "configured: z, a, m";
        assert_eq!(error(None, None, Some("x")), format!("unknown provider \"x\"; {configured}"));
        assert_eq!(
            error(None, Some("lost"), None),
            format!("agents.lost.llm_provider names the unknown provider \"gone\"; {configured}")
        );
        assert_eq!(
            error(Some("x"), None, None),
            format!("llm.default names the unknown provider \"x\"; {configured}")
        );
        let none = LlmProviders::default().choose(None, Some("x")).unwrap_err();
        assert_eq!(none, NoProvider::NotConfigured);
    }
}
