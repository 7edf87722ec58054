//! The registry of all tools that can be called.
//!
//! A [`ToolProvider`] offers tools through [`Registry::offer`] and withdraws them by dropping the [`ToolOffer`]. Several
//! providers may offer the same name. Tools of the runtime itself come before those of agents, so that no agent can
//! replace a built-in tool; among equals the newest provider that is ready is called.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, RwLock},
};

use loom_base::sync::{read, write};

use self::claims::PrefixClaims;
use crate::{
    tool::{ProviderKind, Tool},
    tool_provider::ToolProvider,
};

mod claims;

pub use claims::PrefixClaim;

#[derive(Debug)]
struct OfferedTool {
    offer: u64,
    tool: Arc<Tool>,
    provider: Arc<dyn ToolProvider>,
}

#[derive(Debug, Default)]
struct RegistryState {
    /// By name, in the order in which providers are tried: those of the runtime first, then the newest.
    tools: HashMap<String, Vec<OfferedTool>>,
    next_offer: u64,
}

/// All tools that can be called.
#[derive(Debug, Default)]
pub struct Registry {
    state: RwLock<RegistryState>,
    claims: Arc<PrefixClaims>,
}

/// The result of looking up a tool.
#[derive(Debug)]
pub enum Lookup {
    /// No provider offers the tool.
    NotFound,
    /// The tool is offered, but no provider of it is ready; the text gives the reason.
    Unavailable(String),
    /// The tool and the provider to call.
    Ready(Arc<Tool>, Arc<dyn ToolProvider>),
}

/// The tools that one provider offers. Dropping it withdraws them.
#[derive(Debug)]
#[must_use = "dropping it withdraws the tools"]
pub struct ToolOffer {
    registry: Arc<Registry>,
    id: u64,
    provider: Arc<dyn ToolProvider>,
    names: Vec<String>,
}

impl Registry {
    /// Offers tools. If `tools` holds a name twice, the last one is offered.
    pub fn offer(self: &Arc<Self>, tools: Vec<Tool>, provider: Arc<dyn ToolProvider>) -> ToolOffer {
        let mut state = write(&self.state);
        let id = state.next_offer;
        state.next_offer += 1;
        let names = state.insert(id, tools, &provider);
        drop(state);
        ToolOffer { registry: Arc::clone(self), id, provider, names }
    }

    /// Reserves all names with `prefix` for `provider` until the claim is dropped. Names that the runtime itself does
    /// not offer go to the provider, whose tools may still be unknown; no agent can take them meanwhile. Names that are
    /// only claimed are not listed by [`Registry::tools`].
    pub fn claim(
        &self,
        prefix: String,
        kind: ProviderKind,
        provider: Arc<dyn ToolProvider>,
    ) -> PrefixClaim {
        self.claims.add(prefix, kind, provider)
    }

    /// Looks up the tool `name` and a provider of it that is ready.
    pub fn find(&self, name: &str) -> Lookup {
        // Providers are asked without the lock: they may take locks of their own.
        let mut reason = None;
        for (tool, provider) in self.candidates(name) {
            match provider.ready() {
                Ok(()) => return Lookup::Ready(tool, provider),
                Err(why) => _ = reason.get_or_insert(why),
            }
        }
        reason.map_or(Lookup::NotFound, Lookup::Unavailable)
    }

    fn candidates(&self, name: &str) -> Vec<(Arc<Tool>, Arc<dyn ToolProvider>)> {
        let state = read(&self.state);
        let offered = state.tools.get(name).map(Vec::as_slice).unwrap_or_default();
        if !offered.first().is_some_and(OfferedTool::is_of_runtime)
            && let Some(claimed) = self.claims.find(name)
        {
            return vec![claimed];
        }
        offered.iter().map(|o| (Arc::clone(&o.tool), Arc::clone(&o.provider))).collect()
    }

    /// All tools by name. Where several providers offer a name, the description of the first one to be called.
    pub fn tools(&self) -> Vec<Arc<Tool>> {
        let state = read(&self.state);
        let first = |(name, offered): (&String, &Vec<OfferedTool>)| {
            offered.first().map(|offered| (name.clone(), Arc::clone(&offered.tool)))
        };
        let by_name: BTreeMap<_, _> = state.tools.iter().filter_map(first).collect();
        by_name.into_values().collect()
    }
}

impl ToolOffer {
    /// Replaces the tools of this offer in one step: at no moment is a name in both sets missing.
    pub fn replace(&mut self, tools: Vec<Tool>) {
        let mut state = write(&self.registry.state);
        state.remove(self.id, &self.names);
        self.names = state.insert(self.id, tools, &self.provider);
    }
}

impl Drop for ToolOffer {
    fn drop(&mut self) {
        write(&self.registry.state).remove(self.id, &self.names);
    }
}

impl RegistryState {
    /// Adds the tools of an offer; returns their names.
    fn insert(
        &mut self,
        offer: u64,
        tools: Vec<Tool>,
        provider: &Arc<dyn ToolProvider>,
    ) -> Vec<String> {
        let tools: BTreeMap<String, Tool> =
            tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect();
        let names = tools.keys().cloned().collect();
        for (name, tool) in tools {
            let new = OfferedTool { offer, tool: Arc::new(tool), provider: Arc::clone(provider) };
            let offered = self.tools.entry(name).or_default();
            let index = offered.partition_point(|other| other.rank() > new.rank());
            offered.insert(index, new);
        }
        names
    }

    fn remove(&mut self, offer: u64, names: &[String]) {
        for name in names {
            if let Some(offered) = self.tools.get_mut(name) {
                offered.retain(|tool| tool.offer != offer);
                if offered.is_empty() {
                    self.tools.remove(name);
                }
            }
        }
    }
}

impl OfferedTool {
    /// Whether the tool is one of the runtime or of an MCP server that it has started.
    fn is_of_runtime(&self) -> bool {
        self.tool.provider != ProviderKind::Grpc
    }

    fn rank(&self) -> (bool, u64) {
        (self.is_of_runtime(), self.offer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool_provider::testing::{NamedProvider, name_of};

    fn tool(name: &str, provider: ProviderKind) -> Tool {
        Tool { name: name.to_owned(), provider, ..Tool::default() }
    }

    fn called(registry: &Registry, name: &str) -> String {
        match registry.find(name) {
            Lookup::NotFound => "not found".to_owned(),
            Lookup::Unavailable(reason) => reason,
            Lookup::Ready(_, provider) => name_of(&*provider),
        }
    }

    #[test]
    fn an_offer_lasts_until_it_is_dropped_and_may_change() {
        let registry = Arc::new(Registry::default());
        let one = |name| vec![tool(name, ProviderKind::Mcp)];
        let mut offer = registry.offer(one("s:old"), NamedProvider::new("s"));
        assert_eq!(called(&registry, "s:old"), "s");
        offer.replace(one("s:new"));
        assert_eq!(
            ["s:old", "s:new"].map(|name| called(&registry, name)),
            ["not found".to_owned(), "s".to_owned()]
        );
        let again = registry.offer(one("s:new"), NamedProvider::new("restarted"));
        drop(offer);
        assert_eq!(
            called(&registry, "s:new"),
            "restarted",
            "an offer withdraws its own tools only"
        );
        drop(again);
        assert!(registry.tools().is_empty());
    }

    #[test]
    fn tools_of_the_runtime_come_first_then_the_newest_provider_that_is_ready() {
        let registry = Arc::new(Registry::default());
        let offer = |kind, provider: &Arc<NamedProvider>| {
            let provider: Arc<dyn ToolProvider> = Arc::<NamedProvider>::clone(provider);
            registry.offer(vec![tool("t", kind)], provider)
        };
        let old = NamedProvider::new("old");
        let new = NamedProvider::new("new");
        let own = NamedProvider::new("own");
        let _old = offer(ProviderKind::Grpc, &old);
        let built_in = offer(ProviderKind::Native, &own);
        let _new = offer(ProviderKind::Grpc, &new);
        assert_eq!(called(&registry, "t"), "own");
        assert_eq!(registry.tools()[0].provider, ProviderKind::Native);
        drop(built_in);
        assert_eq!(called(&registry, "t"), "new");
        new.set_ready(false);
        assert_eq!(called(&registry, "t"), "old");
        old.set_ready(false);
        assert_eq!(called(&registry, "t"), "new is away");
    }

    #[test]
    fn tools_are_listed_once_and_by_name() {
        let registry = Arc::new(Registry::default());
        let tools = ["b", "a", "b"].map(|name| tool(name, ProviderKind::Grpc));
        let _first = registry.offer(tools.to_vec(), NamedProvider::new("x"));
        let _second = registry.offer(vec![tool("a", ProviderKind::Grpc)], NamedProvider::new("y"));
        let listed: Vec<_> = registry.tools().iter().map(|tool| tool.name.clone()).collect();
        assert_eq!(listed, ["a", "b"]);
    }

    #[test]
    fn a_claimed_name_goes_to_the_claimant_unless_the_runtime_offers_it() {
        let registry = Arc::new(Registry::default());
        let claim = registry.claim("s:".to_owned(), ProviderKind::Mcp, NamedProvider::new("s"));
        let of_agent = vec![tool("s:a", ProviderKind::Grpc)];
        let _agent = registry.offer(of_agent, NamedProvider::new("agent"));
        let of_runtime = vec![tool("s:b", ProviderKind::Mcp)];
        let _own = registry.offer(of_runtime, NamedProvider::new("own"));
        assert_eq!(
            ["s:", "s:a", "s:b", "s:c"].map(|name| called(&registry, name)),
            ["s", "s", "own", "s"]
        );
        assert_eq!(called(&registry, "sx"), "not found");
        drop(claim);
        assert_eq!(["s:a", "s:c"].map(|name| called(&registry, name)), ["agent", "not found"]);
    }
}
