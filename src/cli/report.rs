//! Errors on their way to the screen.

use std::error::Error;

use serde_json::{Value, json};

use super::Exit;

/// An error with its exit code, its causes, and something to do.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What failed, in one line.
    pub message: String,
    /// Why, outermost cause first.
    pub chain: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// A child's own exit code, passed on instead of ours.
    pub child: Option<u8>,
}

impl Failure {
    /// A failure without causes.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), chain: Vec::new(), hint: None, child: None }
    }

    /// A failure with the causes of `error`.
    pub fn of(exit: Exit, error: &dyn Error) -> Self {
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
        Self { exit, message: error.to_string(), chain, hint: None, child: None }
    }

    /// The same with something to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with something to do, if there is anything.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into).or(self.hint);
        self
    }

    /// The process's exit code.
    pub fn code(&self) -> u8 {
        self.child.unwrap_or(self.exit.code())
    }

    /// As people read it: message, causes, hint.
    pub fn human(&self) -> String {
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
    pub fn json(&self) -> Value {
        json!({"schema": 1, "error": {
            "code": self.code(), "kind": self.exit.kind(),
            "message": self.message, "hint": self.hint, "chain": self.chain,
        }})
    }
}
