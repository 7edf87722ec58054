//! [`DoctorCheck`]: one check and its result.

use serde_json::{Value, json};

use crate::cli::CommandError;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckGrade {
    Ok,
    /// Loom works, with a restriction that the user should know.
    Warning,
    Failure,
}

/// A check and its result.
#[derive(Debug)]
pub(super) struct DoctorCheck {
    name: &'static str,
    pub(super) grade: CheckGrade,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
}

impl DoctorCheck {
    fn new(name: &'static str, grade: CheckGrade, message: impl Into<String>) -> Self {
        Self { name, grade, message: message.into(), causes: Vec::new(), hint: None }
    }

    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckGrade::Ok, message)
    }

    pub(super) fn warning(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckGrade::Warning, message)
    }

    pub(super) fn failure(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckGrade::Failure, message)
    }

    /// A failure with the causes and the hint of an error.
    pub(super) fn error(name: &'static str, error: CommandError) -> Self {
        let CommandError { message, causes, hint, .. } = error;
        Self { causes, hint, ..Self::failure(name, message) }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn json(&self) -> Value {
        let grade = match self.grade {
            CheckGrade::Ok => "ok",
            CheckGrade::Warning => "warning",
            CheckGrade::Failure => "failure",
        };
        let Self { name, message, causes, hint, .. } = self;
        json!({"name": name, "grade": grade, "message": message, "chain": causes, "hint": hint})
    }

    /// A line with the result; below it the causes and the hint.
    pub(super) fn human(&self) -> String {
        let mark = match self.grade {
            CheckGrade::Ok => "ok",
            CheckGrade::Warning => "warning",
            CheckGrade::Failure => "failed",
        };
        let mut text = format!("{mark:<8} {:<14} {}\n", self.name, indented(&self.message));
        for cause in &self.causes {
            text.push_str(&format!("{:23} because: {}\n", "", indented(cause)));
        }
        if let Some(hint) = self.hint.as_ref().filter(|_| self.grade != CheckGrade::Ok) {
            text.push_str(&format!("{:23} hint: {}\n", "", indented(hint)));
        }
        text
    }
}

fn indented(text: &str) -> String {
    text.replace('\n', &format!("\n{:24}", ""))
}
