//! Reports the progress of an acquisition: a progress line on a terminal, elsewhere one message per finished transfer
//! and one every few seconds.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use indicatif::HumanBytes;
use loom_base::LockExt as _;

use super::{
    context::Context, interrupt, printer::Printer, progress_line::TransferProgress, report,
};
use loom_runtime::{
    acquire::{AcquireError, AcquireEvent, Observer, SourceAttempt},
    sources::{Candidate, Reach},
    store::AttemptKind,
};

/// How often a transfer without a progress line reports that it continues.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often the progress line is drawn.
const REDRAW: Duration = Duration::from_millis(100);
/// The width of a terminal that does not report one.
const USUAL_COLUMNS: usize = 80;

/// Reports progress to the user.
pub(crate) struct ProgressReporter {
    printer: Printer,
    /// The names of the sources whose transfers a later run can resume.
    resumable: Vec<String>,
    /// The command line, without secrets.
    command: String,
    transfer: Arc<Mutex<Option<ReportedTransfer>>>,
    /// The last failure. It is shown only when something follows it; otherwise the final error contains it.
    pending: Mutex<Option<String>>,
    /// The message for the last finished transfer. It is shown once the bytes are verified.
    fetched: Mutex<Option<String>>,
}

/// A running transfer.
struct ReportedTransfer {
    name: String,
    source: String,
    total: Option<u64>,
    resumed_at: u64,
    bytes: u64,
    resumable: bool,
    begun: Instant,
    reported: Instant,
}

impl ProgressReporter {
    /// A reporter for transfers from these sources.
    pub(crate) fn new(context: &Context, candidates: &[Candidate]) -> Self {
        let resumes = |candidate: &&Candidate| {
            candidate.source.capabilities().resume && candidate.reach != Reach::Disk
        };
        let names = candidates.iter().filter(resumes).map(|candidate| candidate.name.clone());
        Self {
            printer: context.printer.clone(),
            resumable: names.collect(),
            command: context.invocation.text(),
            transfer: Arc::default(),
            pending: Mutex::default(),
            fetched: Mutex::default(),
        }
    }

    /// Shows the failure that was held back: the acquisition goes on, or ended successfully.
    pub(crate) fn flush_failure(&self) {
        let pending = self.pending.locked().take();
        if let Some(text) = pending {
            self.printer.warning(text);
        }
    }

    fn hold_failure(&self, text: String) {
        self.drop_transfer();
        *self.pending.locked() = Some(text);
    }

    fn begin(&self, source: &str, name: &str, total: Option<u64>, resumed_at: u64) {
        self.fetched.locked().take();
        let now = Instant::now();
        *self.transfer.locked() = Some(ReportedTransfer {
            name: name.to_owned(),
            source: source.to_owned(),
            total,
            resumed_at,
            bytes: resumed_at,
            resumable: self.resumable.iter().any(|resumable| resumable == source),
            begun: now,
            reported: now,
        });
        self.handle_interrupt();
    }

    /// From now on, Ctrl+C reports how far the transfer was.
    fn handle_interrupt(&self) {
        let transfer = Arc::clone(&self.transfer);
        let command = self.command.clone();
        interrupt::handle(&self.printer, move || {
            let transfer = transfer.locked();
            let transfer = transfer.as_ref()?;
            Some(report::interrupted(&transfer.amount(), transfer.resumable, &command))
        });
    }

    fn received(&self, bytes: u64) {
        let mut transfer = self.transfer.locked();
        let Some(transfer) = transfer.as_mut() else { return };
        transfer.bytes = bytes;
        let shows_line = self.printer.is_terminal() && !self.printer.is_quiet();
        if transfer.reported.elapsed() < if shows_line { REDRAW } else { HEARTBEAT } {
            return;
        }
        transfer.reported = Instant::now();
        if shows_line {
            // A line as wide as the terminal makes some terminals wrap.
            self.printer.show_progress(&transfer.progress().line(columns() - 1));
        } else {
            self.printer.message(format!("fetching {}: {}", transfer.name, transfer.amount()));
        }
    }

    fn end(&self) {
        let Some(transfer) = self.drop_transfer() else { return };
        let ReportedTransfer { name, source, resumed_at, bytes, begun, .. } = transfer;
        let resumed = if resumed_at > 0 {
            format!(", resumed at {}", HumanBytes(resumed_at))
        } else {
            String::new()
        };
        let seconds = begun.elapsed().as_secs_f64();
        let size = HumanBytes(bytes);
        let text = format!("fetched {name} from {source} ({size}{resumed}, {seconds:.1} s)");
        *self.fetched.locked() = Some(text);
    }

    fn verified(&self) {
        let fetched = self.fetched.locked().take();
        if let Some(text) = fetched {
            self.printer.message(text);
        }
    }

    fn drop_transfer(&self) -> Option<ReportedTransfer> {
        let transfer = self.transfer.locked().take();
        if transfer.is_some() {
            self.printer.clear_progress();
        }
        transfer
    }
}

impl ReportedTransfer {
    /// `2.40 MiB of 8.60 MiB`
    fn amount(&self) -> String {
        let total = self.total.map(|total| format!(" of {}", HumanBytes(total)));
        format!("{}{}", HumanBytes(self.bytes), total.unwrap_or_default())
    }

    fn progress(&self) -> TransferProgress<'_> {
        TransferProgress {
            name: &self.name,
            bytes: self.bytes,
            resumed_at: self.resumed_at,
            total: self.total,
            elapsed: self.begun.elapsed(),
        }
    }
}

/// The width of the terminal at stderr, at least 1.
fn columns() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(USUAL_COLUMNS, |(width, _)| usize::from(width.0).max(1))
}

/// The warning for a failed attempt; `None` where it is no failure.
fn warning(attempt: &SourceAttempt) -> Option<String> {
    use AttemptKind::{
        Changed, ChecksumMismatch, Credentials, Offline, Rejected, Unreachable, Unusable,
    };
    let SourceAttempt { record, cause } = attempt;
    let failures =
        [Unreachable, Credentials, Offline, ChecksumMismatch, Rejected, Unusable, Changed];
    if !failures.contains(&record.kind) {
        return None;
    }
    let hint = cause.as_ref().and_then(report::acquire::cause_hint);
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    Some(format!("{}: {}{hint}", record.source, record.outcome))
}

impl Observer for ProgressReporter {
    fn advice(&self, error: &AcquireError) -> Option<String> {
        report::acquire::hint(error)
    }

    fn on_event(&self, event: AcquireEvent<'_>) {
        if !matches!(event, AcquireEvent::Received { .. }) {
            self.flush_failure();
        }
        match event {
            AcquireEvent::Waiting { what } => {
                self.printer.message(format!("waiting for another loom that is acquiring {what}"));
            }
            AcquireEvent::Fetching { source, file, total, from } => {
                self.begin(source, file, total, from)
            }
            AcquireEvent::Received { bytes } => self.received(bytes),
            AcquireEvent::Fetched => self.end(),
            AcquireEvent::Verified => self.verified(),
            AcquireEvent::BrokenOff => _ = self.drop_transfer(),
            AcquireEvent::Attempted { attempt } => match attempt.record.kind {
                AttemptKind::Selected => {
                    let record = &attempt.record;
                    self.printer.detail(format!("{}: {}", record.source, record.outcome));
                }
                AttemptKind::DamagedPartial => {
                    self.drop_transfer();
                    let source = &attempt.record.source;
                    self.printer.warning(format!(
                        "the partial download from {source} was damaged; starting over"
                    ));
                }
                _ => {
                    if let Some(text) = warning(attempt) {
                        self.drop_transfer();
                        self.hold_failure(text);
                    }
                }
            },
            AcquireEvent::Notice { text } => self.printer.warning(text),
        }
    }
}
