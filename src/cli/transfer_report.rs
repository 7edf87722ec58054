//! [`TransferReport`]: prints what a task on a mirror has done.

use indicatif::HumanBytes;
use loom_source::Release;
use serde_json::{Value, json};

use crate::cli::{CommandError, printer::Printer};
use loom_runtime::mirror::{CopiedRelease, MirrorObserver, MirrorTaskError};

/// Prints each release as it is done, and on a terminal how many are.
pub(crate) struct TransferReport(Printer);

impl TransferReport {
    pub(crate) fn new(printer: &Printer) -> Self {
        Self(printer.clone())
    }

    /// Removes the progress line.
    pub(crate) fn end(&self) {
        if self.0.is_terminal() && !self.0.is_quiet() {
            self.0.clear_progress();
        }
    }
}

impl MirrorObserver for TransferReport {
    fn copied(&self, copied: &CopiedRelease) {
        let CopiedRelease { release, bytes, evidence, is_addition, .. } = copied;
        if !is_addition {
            self.0.message(format!("copied {release} ({})", HumanBytes(*bytes)));
        } else if *evidence > 0 {
            let files = if *evidence == 1 { "file" } else { "files" };
            self.0.message(format!("added {evidence} {files} of evidence to {release}"));
        } else {
            self.0.message(format!("added an artifact to {release} ({})", HumanBytes(*bytes)));
        }
    }

    fn progressed(&self, done: usize, total: usize) {
        if self.0.is_terminal() && !self.0.is_quiet() {
            self.0.show_progress(&format!("{done} of {total} releases"));
        }
    }
}

/// A release in JSON documents.
pub(crate) fn release_json(release: &Release) -> Value {
    let Release { authority, binary, slot, platform } = release;
    json!({"authority": authority, "binary": binary, "version": slot.to_string(), "platform": platform})
}

/// A copied release in JSON documents.
pub(crate) fn copied_json(copied: &CopiedRelease) -> Value {
    let mut document = release_json(&copied.release);
    document["statement"] = json!(copied.statement);
    document["bytes"] = json!(copied.bytes);
    document["evidence"] = json!(copied.evidence);
    document["added_to"] = json!(copied.is_addition);
    document
}

/// Warns of the releases that failed; returns them for JSON documents, and the exit code of the first.
pub(crate) fn report_failed(
    printer: &Printer,
    failed: Vec<(Release, MirrorTaskError)>,
) -> (Value, Option<u8>) {
    let mut code = None;
    let list = failed.into_iter().map(|(release, error)| {
        let mut document = release_json(&release);
        let error = CommandError::from(error);
        code.get_or_insert(error.code);
        document["error"] = error.json()["error"].clone();
        let mut text = format!("{release}: {}", error.message);
        error.causes.iter().for_each(|cause| text += &format!("\nbecause: {cause}"));
        error.hint.iter().for_each(|hint| text += &format!("\nhint: {hint}"));
        printer.warning(text);
        document
    });
    let list: Vec<Value> = list.collect();
    (json!(list), code)
}
