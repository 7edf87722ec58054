//! What is told while a release is acquired: a bar on a terminal, elsewhere a line per finished thing
//! and a heartbeat.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use super::{printer::Printer, report::source_error};
use loom_runtime::acquire::{Observer, Progress};
use loom_source::SourceError;

/// How often a transfer that shows no bar says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Tells people.
pub(crate) struct ProgressReporter {
    printer: Printer,
    transfer: Mutex<Option<Transfer>>,
    /// The last failure: told only when something follows it, for where nothing does the error itself says it.
    pending: Mutex<Option<String>>,
}

struct Transfer {
    what: String,
    source: String,
    total: Option<u64>,
    from: u64,
    bytes: u64,
    begun: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
}

impl ProgressReporter {
    pub(crate) fn new(printer: Printer) -> Self {
        Self { printer, transfer: Mutex::new(None), pending: Mutex::new(None) }
    }

    /// It goes on, or it ended well: what failed on the way is told now.
    pub(crate) fn well(&self) {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(text) = pending {
            self.printer.warning(text);
        }
    }

    fn hold(&self, text: String) {
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    fn begin(&self, source: &str, what: &str, total: Option<u64>, from: u64) {
        let now = Instant::now();
        let shows = self.printer.is_terminal() && !self.printer.is_quiet();
        let transfer = Transfer {
            what: what.to_owned(),
            source: source.to_owned(),
            total,
            from,
            bytes: from,
            begun: now,
            said: now,
            bar: shows.then(|| bar(what, total)),
        };
        *self.transfer.lock().unwrap_or_else(PoisonError::into_inner) = Some(transfer);
    }

    fn received(&self, bytes: u64) {
        let mut transfer = self.transfer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(transfer) = transfer.as_mut() else { return };
        transfer.bytes = bytes;
        match &transfer.bar {
            Some(bar) => bar.set_position(bytes),
            None if transfer.said.elapsed() >= HEARTBEAT => {
                transfer.said = Instant::now();
                let of = transfer
                    .total
                    .map(|total| format!(" of {}", HumanBytes(total)))
                    .unwrap_or_default();
                self.printer.message(format!(
                    "fetching {}: {}{of}",
                    transfer.what,
                    HumanBytes(bytes)
                ));
            }
            None => {}
        }
    }

    fn end(&self) {
        let transfer = self.transfer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(transfer) = transfer else { return };
        if let Some(bar) = &transfer.bar {
            bar.finish_and_clear();
        }
        let Transfer { what, source, from, bytes, begun, .. } = transfer;
        let resumed = if from > 0 {
            format!(", {} of it from before", HumanBytes(from))
        } else {
            String::new()
        };
        let seconds = begun.elapsed().as_secs_f64();
        self.printer.message(format!(
            "fetched {what} from {source} ({}{resumed}, {seconds:.1} s)",
            HumanBytes(bytes)
        ));
    }

    fn drop_bar(&self) {
        let transfer = self.transfer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(bar) = transfer.and_then(|transfer| transfer.bar) {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &str, total: Option<u64>) -> ProgressBar {
    let template = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    // The template is ours; a mistake in it costs the looks of a bar.
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    bar.with_style(style).with_message(what.to_owned())
}

impl Observer for ProgressReporter {
    fn hint(&self, error: &SourceError) -> Option<String> {
        source_error::hint(error)
    }

    fn on_event(&self, progress: Progress<'_>) {
        if !matches!(progress, Progress::Received { .. }) {
            self.well();
        }
        match progress {
            Progress::Waiting { what } => {
                self.printer.message(format!("waiting for another loom that is acquiring {what}"));
            }
            Progress::Fetching { source, what, total, from } => {
                self.begin(source, what, total, from)
            }
            Progress::Received { bytes } => self.received(bytes),
            Progress::Fetched => self.end(),
            Progress::BrokenOff => self.drop_bar(),
            Progress::Failed { source, why } => {
                self.drop_bar();
                self.hold(format!("{source}: {why}"));
            }
            Progress::Blamed { source, why } => {
                self.drop_bar();
                self.hold(format!("{source} served wrong bytes: {why}"));
            }
            Progress::Notice { text } => self.printer.warning(text),
        }
    }
}
