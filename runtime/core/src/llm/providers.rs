//! All providers, and which one a call gets.

use std::collections::BTreeMap;

use super::LlmProvider;

/// The providers, in the order of the file that names them.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    /// Each with a name of its own.
    pub all: Vec<LlmProvider>,
    /// `llm.default`.
    pub default: Option<String>,
    /// Agent -> its `llm_provider`.
    pub agents: BTreeMap<String, String>,
}

/// Why a call gets no provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProvider {
    /// Nothing is configured.
    #[error("no language model is configured: add a table [llm.<name>] to loom.toml")]
    None,
    /// The call names one that does not exist.
    #[error("there is no provider {asked:?}; there are: {there}")]
    Asked {
        /// The name.
        asked: String,
        /// What there is.
        there: String,
    },
    /// The settings name one that does not exist.
    #[error("{setting} is {name:?}, and there is no such provider; there are: {there}")]
    Set {
        /// The setting.
        setting: String,
        /// The name.
        name: String,
        /// What there is.
        there: String,
    },
}

impl Providers {
    /// The provider for a call of `agent` that asks for `asked`: the one asked for, else the agent's `llm_provider`,
    /// else `llm.default`, else the first.
    pub fn choose(
        &self,
        agent: Option<&str>,
        asked: Option<&str>,
    ) -> Result<&LlmProvider, NoProvider> {
        let first = self.all.first().ok_or(NoProvider::None)?;
        let set = |setting: String, name: &str| {
            let there = self.names();
            self.named(name).ok_or(NoProvider::Set { setting, name: name.to_owned(), there })
        };
        if let Some(asked) = asked {
            let error = || NoProvider::Asked { asked: asked.to_owned(), there: self.names() };
            return self.named(asked).ok_or_else(error);
        }
        if let Some((agent, name)) = agent.and_then(|agent| self.agents.get_key_value(agent)) {
            return set(format!("agents.{agent}.llm_provider"), name);
        }
        match &self.default {
            Some(default) => set("llm.default".to_owned(), default),
            None => Ok(first),
        }
    }

    fn named(&self, name: &str) -> Option<&LlmProvider> {
        self.all.iter().find(|provider| provider.name == name)
    }

    fn names(&self) -> String {
        self.all.iter().map(|provider| &*provider.name).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn providers(default: Option<&str>) -> Providers {
        Providers {
            all: ["z", "a", "m"].into_iter().map(LlmProvider::new).collect(),
            default: default.map(str::to_owned),
            agents: [("planner", "m"), ("lost", "gone")]
                .map(|(agent, name)| (agent.to_owned(), name.to_owned()))
                .into(),
        }
    }

    #[test]
    fn the_one_asked_for_then_the_agents_own_then_the_default_then_the_first() {
        for (default, agent, asked, expected) in [
            (Some("a"), Some("planner"), Some("z"), "z"),
            (Some("a"), Some("planner"), None, "m"),
            (Some("a"), Some("other"), Some("z"), "z"),
            (Some("a"), None, Some("z"), "z"),
            (Some("a"), Some("other"), None, "a"),
            (Some("a"), None, None, "a"),
            (None, None, None, "z"),
        ] {
            let providers = providers(default);
            let chosen = providers.choose(agent, asked).unwrap();
            assert_eq!(chosen.name, expected, "{default:?} {agent:?} {asked:?}");
        }
    }

    #[test]
    fn who_names_nothing_that_exists_is_told_what_does() {
        let error = |default, agent, asked| {
            providers(default).choose(agent, asked).unwrap_err().to_string()
        };
        let there = "there are: z, a, m";
        assert_eq!(error(None, None, Some("x")), format!("there is no provider \"x\"; {there}"));
        assert_eq!(
            error(None, Some("lost"), None),
            format!("agents.lost.llm_provider is \"gone\", and there is no such provider; {there}")
        );
        assert_eq!(
            error(Some("x"), None, None),
            format!("llm.default is \"x\", and there is no such provider; {there}")
        );
        let none = Providers::default().choose(None, Some("x")).unwrap_err();
        assert_eq!(none, NoProvider::None);
    }
}
