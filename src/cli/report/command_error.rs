//! [`CommandError`]: an error as the command line reports it.

use std::error::Error;

use loom_base::clean::shortened;
use serde_json::{Value, json};

use super::exit::Exit;

/// The result of a command.
pub(crate) type Outcome = Result<Exit, CommandError>;

/// An error with its exit code, its causes and a hint.
#[derive(Debug, Clone)]
pub(crate) struct CommandError {
    /// The exit code: one of [`Exit`], or that of a child process.
    pub(crate) code: u8,
    /// The kind of the error in snake case, for programs: `error.kind` in JSON.
    pub(crate) kind: &'static str,
    /// What failed, and the thing it failed on, in one line.
    pub(crate) message: String,
    /// The causes, outermost first.
    pub(crate) causes: Vec<String>,
    /// What the user can do: a command or a setting.
    pub(crate) hint: Option<String>,
}

impl CommandError {
    /// An error without causes.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            code: exit.code(),
            kind: exit.kind(),
            message: message.into(),
            causes: Vec::new(),
            hint: None,
        }
    }

    /// An error with the message and the causes of `error`.
    pub(crate) fn of(exit: Exit, error: &dyn Error) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // A wrapper that repeats the text of what it wraps would make the user read it twice.
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            cause = error.source();
        }
        Self { causes, ..Self::new(exit, error.to_string()) }
    }

    /// Sets the hint.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the hint if there is one.
    #[must_use]
    pub(crate) fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into).or(self.hint);
        self
    }

    /// Adds a further line to the hint.
    #[must_use]
    pub(crate) fn also(mut self, hint: String) -> Self {
        self.hint = Some(match self.hint {
            Some(first) => format!("{first}\n{hint}"),
            None => hint,
        });
        self
    }

    /// The JSON document of the error.
    pub(crate) fn json(&self) -> Value {
        let chain: Vec<_> = self.causes.iter().map(|cause| shortened(cause)).collect();
        json!({"schema": 1, "error": {
            "code": self.code, "kind": self.kind, "message": shortened(&self.message),
            "hint": self.hint.as_deref().map(shortened), "chain": chain,
        }})
    }
}
