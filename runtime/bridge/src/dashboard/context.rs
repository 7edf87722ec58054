//! What the handlers of the dashboard share.

use std::{sync::Arc, time::Instant};

use loom_core::Runtime;
use tokio_util::sync::CancellationToken;

use super::history::MetricsHistory;
use crate::{telemetry::Telemetry, token::BearerToken};

/// What the handlers of the dashboard share.
#[derive(Debug, Clone)]
pub struct DashboardContext {
    /// The observed runtime.
    pub(super) runtime: Runtime,
    /// The configured host, by which the dashboard may be addressed besides this machine's own names.
    pub(super) host: Arc<str>,
    /// Cancelled when the server stops.
    pub(super) stopping: CancellationToken,
    pub(super) started: Instant,
    /// Required for requests that change something.
    pub(super) token: Option<BearerToken>,
    pub(super) telemetry: Telemetry,
    pub(super) history: Arc<MetricsHistory>,
}
