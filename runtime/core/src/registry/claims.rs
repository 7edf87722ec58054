//! Prefixes of tool names that are reserved before it is known which tools they will have.

use std::sync::{Arc, RwLock};

use loom_base::sync::{read, write};

use crate::{
    tool::{ProviderKind, Tool},
    tool_provider::ToolProvider,
};

#[derive(Debug)]
struct ClaimEntry {
    id: u64,
    prefix: String,
    kind: ProviderKind,
    provider: Arc<dyn ToolProvider>,
}

#[derive(Debug, Default)]
struct ClaimList {
    entries: Vec<ClaimEntry>,
    next_id: u64,
}

/// The reserved prefixes of a registry.
#[derive(Debug, Default)]
pub(super) struct PrefixClaims(RwLock<ClaimList>);

/// A reserved prefix; see [`Registry::claim`](super::Registry::claim). Dropping it releases the names.
#[derive(Debug)]
#[must_use = "dropping it releases the names"]
pub struct PrefixClaim {
    claims: Arc<PrefixClaims>,
    id: u64,
}

impl PrefixClaims {
    /// Reserves the names with `prefix` for `provider`.
    pub(super) fn add(
        self: &Arc<Self>,
        prefix: String,
        kind: ProviderKind,
        provider: Arc<dyn ToolProvider>,
    ) -> PrefixClaim {
        let mut list = write(&self.0);
        let id = list.next_id;
        list.next_id += 1;
        list.entries.push(ClaimEntry { id, prefix, kind, provider });
        PrefixClaim { claims: Arc::clone(self), id }
    }

    /// The provider that has claimed a prefix of `name`, the newest first, and a tool with this name alone.
    pub(super) fn find(&self, name: &str) -> Option<(Arc<Tool>, Arc<dyn ToolProvider>)> {
        let list = read(&self.0);
        let entry = list.entries.iter().rev().find(|entry| name.starts_with(&entry.prefix))?;
        let tool = Tool { name: name.to_owned(), provider: entry.kind, ..Tool::default() };
        Some((Arc::new(tool), Arc::clone(&entry.provider)))
    }
}

impl Drop for PrefixClaim {
    fn drop(&mut self) {
        write(&self.claims.0).entries.retain(|entry| entry.id != self.id);
    }
}
