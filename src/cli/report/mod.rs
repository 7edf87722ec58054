//! Errors on their way to the screen.

pub(crate) mod config;
pub(crate) mod open;
pub(crate) mod source_error;

use std::error::Error;

use serde_json::{Value, json};

use crate::cli::Exit;
use loom_runtime::{
    acquire::{AcquireError, FailureReason},
    state::StateError,
    store::StoreError,
};

/// An error with its exit code, its causes, and something to do.
#[derive(Debug, Clone)]
pub(crate) struct CommandError {
    /// The exit code: one of ours, or a child's.
    pub(crate) code: u8,
    /// The word for what kind of failure it is, for programs.
    pub(crate) kind: &'static str,
    /// What failed, in one line.
    pub(crate) message: String,
    /// Why, outermost cause first.
    pub(crate) chain: Vec<String>,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl CommandError {
    /// A failure without causes.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            code: exit.code(),
            kind: exit.kind(),
            message: message.into(),
            chain: Vec::new(),
            hint: None,
        }
    }

    /// A failure with the causes of `error`.
    pub(crate) fn of(exit: Exit, error: &dyn Error) -> Self {
        let mut chain = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Wrappers that say only what they wrap would make the reader read twice.
            if chain.last() != Some(&text) {
                chain.push(text);
            }
            cause = error.source();
        }
        Self { code: exit.code(), kind: exit.kind(), message: error.to_string(), chain, hint: None }
    }

    /// The same with something to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with something to do, if there is anything.
    #[must_use]
    pub(crate) fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into).or(self.hint);
        self
    }

    /// The same with something more to do.
    #[must_use]
    pub(crate) fn also(mut self, hint: String) -> Self {
        self.hint = Some(match self.hint {
            Some(first) => format!("{first}\n{hint}"),
            None => hint,
        });
        self
    }

    /// As people read it: message, causes, hint.
    pub(crate) fn human(&self) -> String {
        let mut text = format!("error: {}\n", self.message);
        for cause in &self.chain {
            text.push_str(&format!("  because: {}\n", cause.replace('\n', "\n    ")));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("hint: {}\n", hint.replace('\n', "\n      ")));
        }
        text
    }

    /// As programs read it.
    pub(crate) fn json(&self) -> Value {
        json!({"schema": 1, "error": {
            "code": self.code, "kind": self.kind,
            "message": self.message, "hint": self.hint, "chain": self.chain,
        }})
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let exit = match () {
            () if error.is_disk_full() => Exit::DiskFull,
            () if error.is_integrity() => Exit::Integrity,
            () if error.is_busy() => Exit::Busy,
            () => Exit::Failure,
        };
        Self::of(exit, &error).maybe_hint(error.hint())
    }
}

impl From<StateError> for CommandError {
    fn from(error: StateError) -> Self {
        let exit = if error.is_disk_full() { Exit::DiskFull } else { Exit::Failure };
        Self::of(exit, &error)
            .hint("check that the state folder can be written, or set LOOM_STATE_DIR")
    }
}

impl From<AcquireError> for CommandError {
    fn from(error: AcquireError) -> Self {
        let exit = match &error {
            AcquireError::Store(_) | AcquireError::State(_) => return Self::from_below(error),
            AcquireError::NoSource(_) | AcquireError::Unreadable { .. } => Exit::Usage,
            AcquireError::Unserved { reason, .. } => match reason {
                FailureReason::Absent => Exit::Absent,
                FailureReason::Unreachable => Exit::Unreachable,
                FailureReason::Credentials => Exit::Credentials,
                FailureReason::Integrity => Exit::Integrity,
            },
            AcquireError::OnlyBuilds { .. } | AcquireError::Unlistable { .. } => Exit::Absent,
            AcquireError::Downgrade { .. }
            | AcquireError::Unproven { .. }
            | AcquireError::Young { .. } => Exit::Integrity,
            AcquireError::Offline { .. } => Exit::Offline,
            AcquireError::Prepare(_) => Exit::Failure,
        };
        let mut failure = Self::of(exit, &error).maybe_hint(error.hint());
        let attempts = error.attempts().iter();
        failure
            .chain
            .extend(attempts.map(|attempt| format!("{}: {}", attempt.source, attempt.outcome)));
        failure
    }
}

impl CommandError {
    fn from_below(error: AcquireError) -> Self {
        match error {
            AcquireError::Store(error) => error.into(),
            AcquireError::State(error) => error.into(),
            other => Self::of(Exit::Failure, &other),
        }
    }
}
