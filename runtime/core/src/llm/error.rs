//! Why there is no text.

use std::{collections::HashMap, error::Error, time::Duration};

use crate::tool::{ToolFailure, ToolFailureKind};

/// Why a provider gave no text. No message holds a key or a prompt.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// Its settings do not suffice.
    #[error("provider {provider} cannot be used: {why}")]
    Unusable {
        /// Its name.
        provider: String,
        /// What is wrong.
        why: String,
    },
    /// Nobody answers there.
    #[error("could not reach provider {provider} at {address}")]
    Connect {
        /// Its name.
        provider: String,
        /// Where.
        address: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// It said no.
    #[error("provider {provider} at {address} answered {status}{}", colon(said))]
    Refused {
        /// Its name.
        provider: String,
        /// Where.
        address: String,
        /// The HTTP status.
        status: u16,
        /// In its words.
        said: String,
        /// When it wants to be asked again.
        after: Option<Duration>,
    },
    /// It took too long.
    #[error("provider {provider} at {address} {what} within {after:?}")]
    Slow {
        /// Its name.
        provider: String,
        /// Where.
        address: String,
        /// What it did not do.
        what: &'static str,
        /// How long we waited.
        after: Duration,
    },
    /// Its answer broke off.
    #[error("provider {provider} at {address} broke off in the middle of its answer")]
    Broken {
        /// Its name.
        provider: String,
        /// Where.
        address: String,
        /// How, where the connection says so.
        source: Option<reqwest::Error>,
    },
    /// Its answer is none.
    #[error("provider {provider} at {address} gave an answer that cannot be used: {why}")]
    Answer {
        /// Its name.
        provider: String,
        /// Where.
        address: String,
        /// What is wrong with it.
        why: String,
    },
}

fn colon(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl LlmError {
    /// The whole story on one line.
    pub fn chain(&self) -> String {
        let mut story = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            story = format!("{story}: {error}");
            cause = error.source();
        }
        story
    }
}

impl From<LlmError> for ToolFailure {
    fn from(error: LlmError) -> Self {
        let kind = match &error {
            LlmError::Slow { .. } => ToolFailureKind::Timeout,
            _ => ToolFailureKind::Execution,
        };
        let mut failure = Self::new(kind, error.chain());
        failure.details = details(&error);
        failure
    }
}

/// What programs may want to tell apart.
fn details(error: &LlmError) -> HashMap<String, String> {
    let (provider, address) = match error {
        LlmError::Unusable { provider, .. } => (provider, None),
        LlmError::Connect { provider, address, .. }
        | LlmError::Refused { provider, address, .. }
        | LlmError::Slow { provider, address, .. }
        | LlmError::Broken { provider, address, .. }
        | LlmError::Answer { provider, address, .. } => (provider, Some(address)),
    };
    let mut details = HashMap::from([("provider".to_owned(), provider.clone())]);
    details.extend(address.map(|address| ("address".to_owned(), address.clone())));
    if let LlmError::Refused { status, after, .. } = error {
        details.insert("status".to_owned(), status.to_string());
        let after = after.map(|after| ("retry_after_ms".to_owned(), after.as_millis().to_string()));
        details.extend(after);
    }
    details
}
