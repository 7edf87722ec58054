//! One thing looked at.

use serde_json::{Value, json};

use crate::cli::CommandError;

/// How well it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckGrade {
    Well,
    /// Loom works, but somebody should know.
    Warning,
    Failure,
}

/// One thing looked at, and what was seen.
#[derive(Debug)]
pub(super) struct DoctorCheck {
    name: &'static str,
    pub(super) grade: CheckGrade,
    message: String,
    chain: Vec<String>,
    hint: Option<String>,
}

impl DoctorCheck {
    fn new(name: &'static str, grade: CheckGrade, message: impl Into<String>) -> Self {
        Self { name, grade, message: message.into(), chain: Vec::new(), hint: None }
    }

    pub(super) fn well(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckGrade::Well, message)
    }

    pub(super) fn warning(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckGrade::Warning, message)
    }

    pub(super) fn failure(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckGrade::Failure, message)
    }

    /// What a command would have ended with.
    pub(super) fn failed(name: &'static str, failure: CommandError) -> Self {
        let CommandError { message, chain, hint, .. } = failure;
        Self { chain, hint, ..Self::failure(name, message) }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn json(&self) -> Value {
        let grade = match self.grade {
            CheckGrade::Well => "ok",
            CheckGrade::Warning => "warning",
            CheckGrade::Failure => "failure",
        };
        let Self { name, message, chain, hint, .. } = self;
        json!({"name": name, "grade": grade, "message": message, "chain": chain, "hint": hint})
    }

    /// A line, and what to do under it.
    pub(super) fn human(&self) -> String {
        let mark = match self.grade {
            CheckGrade::Well => "ok",
            CheckGrade::Warning => "note",
            CheckGrade::Failure => "WRONG",
        };
        let mut text = format!("{mark:<6} {:<14} {}\n", self.name, indented(&self.message));
        for cause in &self.chain {
            text.push_str(&format!("{:21} because: {}\n", "", indented(cause)));
        }
        if let Some(hint) = self.hint.as_ref().filter(|_| self.grade != CheckGrade::Well) {
            text.push_str(&format!("{:21} hint: {}\n", "", indented(hint)));
        }
        text
    }
}

fn indented(text: &str) -> String {
    text.replace('\n', &format!("\n{:22}", ""))
}
