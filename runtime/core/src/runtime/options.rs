//! The options of a runtime.

use std::sync::Arc;

use crate::event_recorder::EventRecorder;

/// The options of a runtime.
#[derive(Debug, Clone, Default)]
pub struct RuntimeOptions {
    /// Record which agents, topics and tools exchange events, for a dashboard.
    pub record_flow: bool,
    /// Gets the spans of events; without it, events are not linked to traces.
    pub event_recorder: Option<Arc<dyn EventRecorder>>,
}
