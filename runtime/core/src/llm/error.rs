//! Why there is no completion.

use std::{collections::HashMap, time::Duration};

use loom_base::error_chain;

use crate::tool::{ToolFailure, ToolFailureKind};

/// Why a provider returned no completion. No message holds a key or a prompt.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The provider's table is incomplete or invalid.
    #[error("provider {provider} cannot be used: {reason}")]
    Misconfigured {
        /// The provider's name.
        provider: String,
        /// What is wrong.
        reason: String,
    },
    /// No connection.
    #[error("could not connect to provider {provider} at {address}")]
    Connect {
        /// The provider's name.
        provider: String,
        /// The URL without secrets.
        address: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// The provider returned an error status.
    #[error("provider {provider} at {address} returned status {status}{}", with_colon(message))]
    Status {
        /// The provider's name.
        provider: String,
        /// The URL without secrets.
        address: String,
        /// The HTTP status.
        status: u16,
        /// The provider's error message.
        message: String,
        /// How long the provider asks to wait before the next request.
        retry_after: Option<Duration>,
    },
    /// The response did not come within the timeout.
    #[error("provider {provider} at {address} {what} within {timeout:?}")]
    Timeout {
        /// The provider's name.
        provider: String,
        /// The URL without secrets.
        address: String,
        /// What the provider did not do, as in "did not respond".
        what: &'static str,
        /// The timeout.
        timeout: Duration,
    },
    /// The connection was lost during the response.
    #[error("the response of provider {provider} at {address} was interrupted")]
    Interrupted {
        /// The provider's name.
        provider: String,
        /// The URL without secrets.
        address: String,
        /// The cause, if the connection reports one.
        source: Option<reqwest::Error>,
    },
    /// The response is no chat completion.
    #[error("provider {provider} at {address} sent an invalid response: {reason}")]
    InvalidResponse {
        /// The provider's name.
        provider: String,
        /// The URL without secrets.
        address: String,
        /// What is wrong with the response.
        reason: String,
    },
}

fn with_colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl From<LlmError> for ToolFailure {
    fn from(error: LlmError) -> Self {
        let kind = match &error {
            LlmError::Timeout { .. } => ToolFailureKind::Timeout,
            _ => ToolFailureKind::Execution,
        };
        let mut failure = Self::new(kind, error_chain(&error));
        failure.details = details(&error);
        failure
    }
}

/// The details of the tool's failure: `provider`, `address`, `status`, `retry_after_ms`.
fn details(error: &LlmError) -> HashMap<String, String> {
    let (provider, address) = match error {
        LlmError::Misconfigured { provider, .. } => (provider, None),
        LlmError::Connect { provider, address, .. }
        | LlmError::Status { provider, address, .. }
        | LlmError::Timeout { provider, address, .. }
        | LlmError::Interrupted { provider, address, .. }
        | LlmError::InvalidResponse { provider, address, .. } => (provider, Some(address)),
    };
    let mut details = HashMap::from([("provider".to_owned(), provider.clone())]);
    details.extend(address.map(|address| ("address".to_owned(), address.clone())));
    if let LlmError::Status { status, retry_after, .. } = error {
        details.insert("status".to_owned(), status.to_string());
        let pause = retry_after.map(|pause| pause.as_millis().to_string());
        details.extend(pause.map(|ms| ("retry_after_ms".to_owned(), ms)));
    }
    details
}
