//! Every tool that can be called, in one place, whoever carries it out.
//!
//! A [`Provider`] carries tools out: the runtime itself, a program it started, an agent. It puts them into the
//! [`Registry`] as an [`Offer`] and takes them back by dropping that. Several may offer one name: the runtime's own
//! come before those of agents, so that no agent can take a built-in tool's place; among equals the newest that is
//! ready is asked.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, RwLock},
};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{
    lock::{read, write},
    tool::{ProviderKind, Tool, ToolCall, ToolResult},
};

mod claims;

pub use claims::PrefixClaim;

/// Somebody who carries out tools.
pub trait ToolProvider: fmt::Debug + Send + Sync {
    /// Carries out a call to one of its tools; `call.name` is the name it was offered by. The arguments are JSON.
    ///
    /// The runtime keeps the time: when the caller's [`Call::timeout`] is over, or the caller is gone, the future is
    /// dropped and `cancel` fires, for work that goes on outside the future. `cancel` also fires after an answer.
    fn call(&self, call: ToolCall, cancel: CancellationToken) -> BoxFuture<'_, ToolResult>;

    /// Whether a call would reach it now; else why not, as in "agent a is not connected". Called without a lock held.
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

#[derive(Debug)]
struct Entry {
    offer: u64,
    tool: Arc<Tool>,
    provider: Arc<dyn ToolProvider>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they are asked: the runtime's own first, then the newest.
    entries: HashMap<String, Vec<Entry>>,
    next: u64,
}

/// The tools.
#[derive(Debug, Default)]
pub struct Registry {
    state: RwLock<State>,
    claims: claims::Claims,
}

/// Who would carry out a tool.
#[derive(Debug)]
pub enum Lookup {
    /// Nobody offers it.
    Nobody,
    /// Somebody does who cannot be asked now, and why.
    Away(String),
    /// This one.
    Here(Arc<Tool>, Arc<dyn ToolProvider>),
}

/// Tools of one provider, offered as long as this lives.
#[derive(Debug)]
#[must_use = "dropping it withdraws the tools"]
pub struct ToolOffer {
    registry: Arc<Registry>,
    id: u64,
    provider: Arc<dyn ToolProvider>,
    names: Vec<String>,
}

impl Registry {
    /// Offers tools. Of two with the same name in `tools` the last one stands.
    pub fn offer(self: &Arc<Self>, tools: Vec<Tool>, provider: Arc<dyn ToolProvider>) -> ToolOffer {
        let mut state = write(&self.state);
        let id = state.next;
        state.next += 1;
        let names = state.insert(id, tools, &provider);
        drop(state);
        ToolOffer { registry: Arc::clone(self), id, provider, names }
    }

    /// Who is asked when this tool is called.
    pub fn find(&self, name: &str) -> Lookup {
        // Asked without the lock: a provider may look at locks of its own.
        let mut away = None;
        for (tool, provider) in self.candidates(name) {
            match provider.ready() {
                Ok(()) => return Lookup::Here(tool, provider),
                Err(why) => _ = away.get_or_insert(why),
            }
        }
        away.map_or(Lookup::Nobody, Lookup::Away)
    }

    fn candidates(&self, name: &str) -> Vec<(Arc<Tool>, Arc<dyn ToolProvider>)> {
        let state = read(&self.state);
        let of_name = state.entries.get(name).map(Vec::as_slice).unwrap_or_default();
        let own = of_name.first().is_some_and(|entry| entry.tool.provider != ProviderKind::Grpc);
        if !own && let Some(claimed) = self.claims.find(name) {
            return vec![claimed];
        }
        of_name.iter().map(|e| (Arc::clone(&e.tool), Arc::clone(&e.provider))).collect()
    }

    /// All tools, by name; where several offer one, as the first to be asked describes it.
    pub fn tools(&self) -> Vec<Arc<Tool>> {
        let state = read(&self.state);
        let first = |(name, of_name): (&String, &Vec<Entry>)| {
            of_name.first().map(|entry| (name.clone(), Arc::clone(&entry.tool)))
        };
        let by_name: BTreeMap<_, _> = state.entries.iter().filter_map(first).collect();
        by_name.into_values().collect()
    }
}

impl ToolOffer {
    /// Offers these tools instead, by the same provider; there is no moment without them.
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

impl State {
    fn insert(
        &mut self,
        id: u64,
        tools: Vec<Tool>,
        provider: &Arc<dyn ToolProvider>,
    ) -> Vec<String> {
        let tools: BTreeMap<String, Tool> =
            tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect();
        let names = tools.keys().cloned().collect();
        for (name, tool) in tools {
            let entry = Entry { offer: id, tool: Arc::new(tool), provider: Arc::clone(provider) };
            let of_name = self.entries.entry(name).or_default();
            let before = |other: &Entry| other.rank() > entry.rank();
            let at = of_name.partition_point(before);
            of_name.insert(at, entry);
        }
        names
    }

    fn remove(&mut self, id: u64, names: &[String]) {
        for name in names {
            if let Some(of_name) = self.entries.get_mut(name) {
                of_name.retain(|entry| entry.offer != id);
                if of_name.is_empty() {
                    self.entries.remove(name);
                }
            }
        }
    }
}

impl Entry {
    fn rank(&self) -> (bool, u64) {
        (self.tool.provider != ProviderKind::Grpc, self.offer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::FutureExt as _;

    use super::*;

    /// Answers with its own name.
    #[derive(Debug)]
    struct Named(&'static str, AtomicBool);

    impl ToolProvider for Named {
        fn call(&self, _: ToolCall, _: CancellationToken) -> BoxFuture<'_, ToolResult> {
            async { Ok(self.0.to_owned()) }.boxed()
        }

        fn ready(&self) -> Result<(), String> {
            if self.1.load(Ordering::Relaxed) { Ok(()) } else { Err(format!("{} is away", self.0)) }
        }
    }

    fn named(name: &'static str) -> Arc<Named> {
        Arc::new(Named(name, true.into()))
    }

    fn tool(name: &str, provider: ProviderKind) -> Tool {
        Tool { name: name.to_owned(), provider, ..Tool::default() }
    }

    fn who(registry: &Registry, name: &str) -> String {
        match registry.find(name) {
            Lookup::Nobody => "nobody".to_owned(),
            Lookup::Away(why) => why,
            Lookup::Here(_, provider) => {
                let answer = provider.call(ToolCall::default(), CancellationToken::new());
                answer.now_or_never().unwrap().unwrap()
            }
        }
    }

    #[test]
    fn an_offer_lasts_until_it_is_dropped_and_may_change() {
        let registry = Arc::new(Registry::default());
        let one = |name| vec![tool(name, ProviderKind::Mcp)];
        let mut offer = registry.offer(one("s:old"), named("s"));
        assert_eq!(who(&registry, "s:old"), "s");
        offer.replace(one("s:new"));
        assert_eq!(
            ["s:old", "s:new"].map(|name| who(&registry, name)),
            ["nobody".to_owned(), "s".to_owned()]
        );
        let again = registry.offer(one("s:new"), named("restarted"));
        drop(offer);
        assert_eq!(who(&registry, "s:new"), "restarted", "the old one took only its own back");
        drop(again);
        assert!(registry.tools().is_empty());
    }

    #[test]
    fn the_runtimes_own_come_first_then_the_newest_that_is_ready() {
        let registry = Arc::new(Registry::default());
        let offer = |kind, provider: &Arc<Named>| {
            let provider: Arc<dyn ToolProvider> = Arc::<Named>::clone(provider);
            registry.offer(vec![tool("t", kind)], provider)
        };
        let (old, new, own) = (named("old"), named("new"), named("own"));
        let _old = offer(ProviderKind::Grpc, &old);
        let built_in = offer(ProviderKind::Native, &own);
        let _new = offer(ProviderKind::Grpc, &new);
        assert_eq!(who(&registry, "t"), "own");
        assert_eq!(registry.tools()[0].provider, ProviderKind::Native);
        drop(built_in);
        assert_eq!(who(&registry, "t"), "new");
        new.1.store(false, Ordering::Relaxed);
        assert_eq!(who(&registry, "t"), "old");
        old.1.store(false, Ordering::Relaxed);
        assert_eq!(who(&registry, "t"), "new is away");
    }

    #[test]
    fn tools_are_listed_once_and_by_name() {
        let registry = Arc::new(Registry::default());
        let names = ["b", "a", "b"].map(|name| tool(name, ProviderKind::Grpc));
        let _first = registry.offer(names.to_vec(), named("x"));
        let _second = registry.offer(vec![tool("a", ProviderKind::Grpc)], named("y"));
        let listed: Vec<_> = registry.tools().iter().map(|tool| tool.name.clone()).collect();
        assert_eq!(listed, ["a", "b"]);
    }
}
