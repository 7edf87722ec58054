//! Limits of what callers name: ids, topics, tool names, metadata keys.
//!
//! Names are kept, indexed and logged; without a limit one caller could fill the memory or the log with them.

/// The longest id of an agent, in bytes.
pub const MAX_AGENT_ID_BYTES: usize = 256;
/// The longest name of a tool, in bytes.
pub const MAX_TOOL_NAME_BYTES: usize = 256;
