//! What is known of a call while it runs.

/// The names of a call that has begun: without them, a run of a call that takes long would say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenedCall {
    /// The tool that is called.
    pub(crate) tool: String,
    /// The calling agent.
    pub(crate) agent: Option<String>,
}
