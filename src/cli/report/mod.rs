//! Errors on their way to the screen.

pub(crate) mod acquire;
pub(crate) mod config;
pub(crate) mod open;
pub(crate) mod source_error;
pub(crate) mod state;
pub(crate) mod store;

use std::error::Error;

use serde_json::{Value, json};

use crate::cli::Exit;

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
