//! The table of settings: all rows, in the order in which they are displayed.

use super::{
    any_key::AnyKey,
    key_row::{KeyFiles, ReservedKey, TableRow},
    keys::{
        agents, bridge, dashboard, deploy, dirs, invocation, llm, mcp, policy, project, sources,
        store, trust, update,
    },
};

/// The rows of all tables.
static KEYS: [&[&dyn AnyKey]; 14] = [
    project::KEYS,
    bridge::KEYS,
    dashboard::KEYS,
    llm::KEYS,
    mcp::KEYS,
    agents::KEYS,
    deploy::KEYS,
    sources::KEYS,
    trust::KEYS,
    store::KEYS,
    update::KEYS,
    policy::KEYS,
    invocation::KEYS,
    dirs::KEYS,
];

/// The tables of files.
pub(crate) static TABLES: [TableRow; 14] = [
    bridge::TABLE,
    dashboard::TABLE,
    llm::TABLE,
    llm::PROVIDER,
    mcp::TABLE,
    mcp::SERVER,
    agents::TABLE,
    agents::AGENT,
    deploy::TABLE,
    sources::TABLE,
    trust::TABLE,
    store::TABLE,
    update::TABLE,
    policy::TABLE,
];

/// The keys that later versions will have.
static RESERVED: [&[ReservedKey]; 1] = [dashboard::RESERVED];

/// All keys.
pub(crate) fn keys() -> impl Iterator<Item = &'static dyn AnyKey> {
    KEYS.iter().flat_map(|keys| keys.iter().copied())
}

/// The keys that files may have.
pub(crate) fn file_keys() -> impl Iterator<Item = &'static dyn AnyKey> {
    keys().filter(|key| key.row().files != KeyFiles::None)
}

/// The keys that later versions will have.
pub(crate) fn reserved() -> impl Iterator<Item = &'static ReservedKey> {
    RESERVED.iter().flat_map(|keys| keys.iter())
}
