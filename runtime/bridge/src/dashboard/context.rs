//! What the handlers of the dashboard share.

use std::{sync::Arc, time::Instant};

use loom_core::Runtime;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{history::MetricsHistory, identity::RuntimeIdentity, sessions::DashboardSessions};
use crate::telemetry::Telemetry;

/// Who may use the dashboard, and by which names.
#[derive(Debug, Clone)]
pub struct DashboardAccess {
    /// The configured host and further names, by which the dashboard may be addressed besides this machine's own names.
    pub hosts: Arc<[String]>,
    /// Who has logged in; `None` where no token is set, and the connection decides.
    pub sessions: Option<Arc<DashboardSessions>>,
}

/// What the handlers of the dashboard share.
#[derive(Debug, Clone)]
pub struct DashboardContext {
    /// The observed runtime.
    pub(super) runtime: Runtime,
    /// Cancelled when the server stops.
    pub(super) stopping: CancellationToken,
    pub(super) started: Instant,
    pub(super) access: DashboardAccess,
    pub(super) identity: Arc<RuntimeIdentity>,
    pub(super) telemetry: Telemetry,
    pub(super) history: Arc<MetricsHistory>,
    /// The calls of tools that may begin.
    pub(super) tool_calls: Arc<Semaphore>,
}
