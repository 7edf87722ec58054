//! The settings: a file for each table, with its rows and the struct that code reads its values from.

pub(crate) mod agents;
pub(crate) mod bridge;
pub(crate) mod dashboard;
pub(crate) mod deploy;
pub mod dirs;
pub(crate) mod history;
pub(crate) mod invocation;
pub(crate) mod llm;
pub(crate) mod llm_price;
pub(crate) mod mcp;
pub(crate) mod policy;
pub(crate) mod project;
pub(crate) mod source_key;
pub(crate) mod source_keys;
pub(crate) mod sources;
pub(crate) mod store;
pub(crate) mod trust;
pub(crate) mod update;
