//! The rows of `loom why`, as text in two columns.

use std::{fmt::Write as _, time::SystemTime};

use indicatif::HumanBytes;
use loom_runtime::{
    store::{Attempt, FailureRecord, InterruptedTransfer, Receipt, Verification},
    trust::{Grade, Waiver},
    update::{RolledBackVersion, UpdateEntry},
};
use loom_source::Selector;

use crate::cli::{build_note, version_arg};

/// What an interrupted download has left, and the command that continues it.
pub(super) fn interrupted_text(interrupted: &InterruptedTransfer, selector: &Selector) -> String {
    let InterruptedTransfer { source, bytes, total } = interrupted;
    let total = total.map(|total| format!(" of {}", HumanBytes(total))).unwrap_or_default();
    let word = version_arg::shell_word(selector);
    format!(
        "{}{total} from {source}, interrupted\n`loom get {word}` continues the download",
        HumanBytes(*bytes)
    )
}

/// What a release was verified by.
///
/// `lost` says for each digest why its signer does not count any more.
pub(super) fn verification_rows(
    page: &mut HistoryPage,
    verification: &Verification,
    lost: &[Option<String>],
) {
    for (at, digest) in verification.digests.iter().enumerate() {
        let what = digest.of.as_str();
        let means = match lost.get(at) {
            Some(Some(lost)) => &format!("does not count any more: {lost}"),
            _ => meaning(digest.grade),
        };
        page.row("verified", &format!("{what}, by {} ({means})", digest.voucher()));
    }
    if let Some(waiver) = verification.waiver {
        page.row("accepted", waiver_text(waiver));
    }
}

/// How a release got here.
pub(super) fn receipt_rows(page: &mut HistoryPage, receipt: &Receipt) {
    let bytes = match receipt.bytes {
        0 => String::new(),
        bytes => format!(", {}", HumanBytes(bytes)),
    };
    let took = receipt.ms.get("total").map(|ms| format!(" in {}", time(*ms))).unwrap_or_default();
    page.row("from", &format!("{} ({}){bytes}{took}", receipt.source, receipt.origin));
    page.row("at", &receipt.at);
    if let Some(build) = &receipt.build {
        page.row("build", &build_note::describe(build, SystemTime::now()));
    }
    for unchecked in &receipt.unchecked {
        page.row("unchecked", unchecked);
    }
    for note in &receipt.notes {
        page.row("note", note);
    }
    attempt_rows(page, &receipt.attempts);
}

/// The last attempt that failed.
pub(super) fn failure_rows(page: &mut HistoryPage, failure: &FailureRecord) {
    page.gap();
    page.title(&format!("the last attempt failed, at {}", failure.at));
    page.row("requested", &failure.requested);
    page.row("error", &failure.message);
    if let Some(hint) = &failure.hint {
        page.row("hint", hint);
    }
    attempt_rows(page, &failure.attempts);
}

/// What updates did with a release.
pub(super) fn update_rows(
    page: &mut HistoryPage,
    updates: &[UpdateEntry],
    rolled_back: Option<&RolledBackVersion>,
) {
    if let Some(RolledBackVersion { at, why, log, previous_log, .. }) = rolled_back {
        page.row("rolled back", &format!("at {at}: {why}\nno update takes it by itself again"));
        for (name, log) in [("its log", log), ("the log of the one before", previous_log)] {
            if let Some(log) = log {
                page.row("", &format!("{name}: {log}"));
            }
        }
    }
    if updates.is_empty() {
        return;
    }
    page.gap();
    page.title("updates");
    for entry in updates {
        let UpdateEntry { at, event, from, to, detail, project, logs } = entry;
        let to = to.as_ref().map(|to| format!(" -> {to}")).unwrap_or_default();
        let detail = detail.as_ref().map(|detail| format!(", {detail}")).unwrap_or_default();
        let name = event.to_string();
        page.row(&name, &format!("{from}{to} at {at}{detail}\nproject {project}"));
        logs.iter().for_each(|log| page.row("", &format!("log {log}")));
    }
}

/// The sources that were asked, what each attempt led to, and how long it took.
fn attempt_rows(page: &mut HistoryPage, attempts: &[Attempt]) {
    for (number, attempt) in attempts.iter().enumerate() {
        let of = attempt.timeout_ms.map(|ms| format!(", timeout {}", time(ms))).unwrap_or_default();
        let name = if number == 0 { "asked" } else { "" };
        let Attempt { source, ms, outcome, .. } = attempt;
        page.row(name, &format!("{}. {source} ({}{of})", number + 1, time(*ms)));
        page.row("", &format!("   {outcome}"));
    }
}

fn meaning(grade: Grade) -> &'static str {
    match grade {
        Grade::Transfer => "proves a complete transfer, not the origin",
        Grade::Identity => "proves that it is this release",
    }
}

fn waiver_text(waiver: Waiver) -> &'static str {
    match waiver {
        Waiver::AllowUnverified => "unverified, by --allow-unverified",
        Waiver::IfAvailable => "unverified, by trust.checksum = \"if-available\"",
        Waiver::LocalBuild => "policy: local build, no checksum needed",
    }
}

fn time(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        _ => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

/// Text in two columns: names and values.
#[derive(Default)]
pub(super) struct HistoryPage(pub(super) String);

impl HistoryPage {
    pub(super) fn title(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{text}");
    }

    pub(super) fn row(&mut self, name: &str, text: &str) {
        let text = text.replace('\n', "\n             ");
        let _ = writeln!(self.0, "{}", format!("  {name:<9}  {text}").trim_end());
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }
}
