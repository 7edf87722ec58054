//! What a collector has accepted of one signal.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use loom_base::LockExt as _;
use opentelemetry_sdk::error::OTelSdkResult;

use crate::settings::{OtlpSignal, OtlpTarget};

/// The longest reason of a failure that is logged, in characters.
const MAX_REASON: usize = 300;

/// What a collector has accepted of one signal: spans, metrics or log lines.
#[derive(Debug)]
pub struct ExportHealth {
    /// What is exported.
    pub signal: OtlpSignal,
    /// The collector's address without secrets.
    pub address: String,
    exported: AtomicU64,
    failed: AtomicU64,
    is_failing: AtomicBool,
    reason: Mutex<Option<String>>,
}

impl ExportHealth {
    /// A new export.
    pub fn new(target: &OtlpTarget) -> Self {
        Self {
            signal: target.signal,
            address: target.address(),
            exported: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
            reason: Mutex::new(None),
        }
    }

    /// What the collector has accepted.
    pub fn exported(&self) -> u64 {
        self.exported.load(Ordering::Relaxed)
    }

    /// What the collector has not accepted.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Whether the last batch was not accepted.
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Notes why a request failed, where the library does not pass it on.
    pub(super) fn note_reason(&self, reason: String) {
        *self.reason.locked() = Some(reason);
    }

    /// Counts a batch. Logs the first failure, and the first success after failures.
    pub(super) fn record(&self, count: usize, result: &OTelSdkResult) {
        let count = count as u64;
        let reason = self.reason.locked().take();
        let what = self.signal.as_str();
        match result {
            Ok(()) => {
                self.exported.fetch_add(count, Ordering::Relaxed);
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(collector = self.address, "{what} are exported again");
                }
            }
            Err(error) => {
                self.failed.fetch_add(count, Ordering::Relaxed);
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    let error = reason.unwrap_or_else(|| error.to_string());
                    let error: String = error.chars().take(MAX_REASON).collect();
                    let off = self.signal.exporter();
                    tracing::warn!(
                        collector = self.address,
                        error,
                        "{what} are not exported; retrying ({off}=none turns this off)"
                    );
                }
            }
        }
    }
}
