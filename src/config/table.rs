//! The table of settings: all rows, in the order in which they are displayed.

use super::{
    any_key::AnyKey,
    key_row::{KeyFiles, TableRow},
    keys::{
        agents, bridge, dashboard, deploy, dirs, history, invocation, llm, llm_price, mcp, policy,
        project, sources, store, trust, update,
    },
};

/// The rows of all tables.
static KEYS: [&[&dyn AnyKey]; 16] = [
    project::KEYS,
    bridge::KEYS,
    dashboard::KEYS,
    history::KEYS,
    llm::KEYS,
    llm_price::KEYS,
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
pub(crate) static TABLES: [TableRow; 17] = [
    bridge::TABLE,
    dashboard::TABLE,
    history::TABLE,
    llm::TABLE,
    llm::PROVIDER,
    llm_price::TABLE,
    llm_price::MODEL,
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

/// All keys.
pub(crate) fn keys() -> impl Iterator<Item = &'static dyn AnyKey> {
    KEYS.iter().flat_map(|keys| keys.iter().copied())
}

/// The keys that files may have.
pub(crate) fn file_keys() -> impl Iterator<Item = &'static dyn AnyKey> {
    keys().filter(|key| key.row().files != KeyFiles::None)
}
