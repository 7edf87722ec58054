//! Names that belong to somebody before it is known which of them are tools.

use std::sync::{Arc, RwLock};

use super::{Registry, ToolProvider};
use crate::{
    lock::{read, write},
    tool::{ProviderKind, Tool},
};

#[derive(Debug)]
struct Entry {
    id: u64,
    prefix: String,
    kind: ProviderKind,
    provider: Arc<dyn ToolProvider>,
}

/// The prefixes that are claimed.
#[derive(Debug, Default)]
pub(super) struct Claims(RwLock<(Vec<Entry>, u64)>);

/// All names with a prefix, as long as this lives.
#[derive(Debug)]
#[must_use = "dropping it gives the names back"]
pub struct PrefixClaim {
    registry: Arc<Registry>,
    id: u64,
}

impl Claims {
    /// Who is asked for a name that the runtime itself does not offer.
    pub(super) fn find(&self, name: &str) -> Option<(Arc<Tool>, Arc<dyn ToolProvider>)> {
        let claims = read(&self.0);
        let entry = claims.0.iter().rev().find(|entry| name.starts_with(&entry.prefix))?;
        let tool = Tool { name: name.to_owned(), provider: entry.kind, ..Tool::default() };
        Some((Arc::new(tool), Arc::clone(&entry.provider)))
    }
}

impl Registry {
    /// Asks `provider` for every name with this prefix that is not offered yet: its tools may still be unknown, and no
    /// agent may take their place meanwhile. Names that are only claimed are not listed.
    pub fn claim(
        self: &Arc<Self>,
        prefix: String,
        kind: ProviderKind,
        provider: Arc<dyn ToolProvider>,
    ) -> PrefixClaim {
        let mut claims = write(&self.claims.0);
        let id = claims.1;
        claims.1 += 1;
        claims.0.push(Entry { id, prefix, kind, provider });
        PrefixClaim { registry: Arc::clone(self), id }
    }
}

impl Drop for PrefixClaim {
    fn drop(&mut self) {
        write(&self.registry.claims.0).0.retain(|entry| entry.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, future::BoxFuture};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        registry::Lookup,
        tool::{ToolCall, ToolResult},
    };

    #[derive(Debug)]
    struct Named(&'static str);

    impl ToolProvider for Named {
        fn call(&self, _: ToolCall, _: CancellationToken) -> BoxFuture<'_, ToolResult> {
            async { Ok(self.0.to_owned()) }.boxed()
        }
    }

    fn who(registry: &Registry, name: &str) -> String {
        match registry.find(name) {
            Lookup::Here(_, provider) => {
                let answer = provider.call(ToolCall::default(), CancellationToken::new());
                answer.now_or_never().unwrap().unwrap()
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_claimed_name_goes_to_its_claimant_unless_the_runtime_offers_it() {
        let registry = Arc::new(Registry::default());
        let tool = |name: &str, provider| {
            vec![Tool { name: name.to_owned(), provider, ..Tool::default() }]
        };
        let claim = registry.claim("s:".to_owned(), ProviderKind::Mcp, Arc::new(Named("s")));
        let _agent = registry.offer(tool("s:a", ProviderKind::Grpc), Arc::new(Named("agent")));
        let _own = registry.offer(tool("s:b", ProviderKind::Mcp), Arc::new(Named("own")));
        assert_eq!(
            ["s:", "s:a", "s:b", "s:c"].map(|name| who(&registry, name)),
            ["s", "s", "own", "s"]
        );
        assert_eq!(who(&registry, "sx"), "Nobody");
        drop(claim);
        assert_eq!(["s:a", "s:c"].map(|name| who(&registry, name)), ["agent", "Nobody"]);
    }
}
