//! Why a dashboard did not answer.

use std::time::Duration;

/// Why a dashboard did not answer.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// The URL is not that of a dashboard.
    #[error("unusable address of a dashboard: {url}")]
    Address {
        /// The URL.
        url: String,
    },
    /// Nothing answers.
    #[error("the dashboard at {url} does not answer")]
    Unreachable {
        /// The URL.
        url: String,
        /// Why it does not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer did not come in time.
    #[error("the dashboard at {url} did not answer within {limit:?}")]
    Timeout {
        /// The URL.
        url: String,
        /// How long it had.
        limit: Duration,
    },
    /// The dashboard refuses the request.
    #[error("the dashboard refused {path}: {reason}")]
    Refused {
        /// The path and the query.
        path: String,
        /// The status of the response.
        status: u16,
        /// What the dashboard says.
        reason: String,
    },
}

impl DashboardError {
    /// Whether there is nothing of what was asked for.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether a parameter of the request is wrong.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Refused { status: 400, .. })
    }
}
