//! The contract every source passes: one suite over all backends, built in or not.
//!
//! | module | holds |
//! |---|---|
//! | [`subject`] | what a backend brings: how to publish releases for it and open a source over them |
//! | [`cases`] | the cases, and for which [capabilities](crate::Capabilities) each one counts |
//! | `expect` | the comparisons that cases share |
//!
//! A backend's test is a [`Subject`] and one call:
//!
//! ```text
//! contract::run(&MySubject::new()).await.assert();
//! ```

pub mod cases;
mod expect;
pub mod subject;

use std::{fmt, time::Duration};

use futures::StreamExt as _;

pub use subject::{
    PublishedAsset, PublishedChecksum, PublishedRelease, RunningFixture, SourceFixture,
};

/// What is wrong, in words, as a case found it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long one case may take; a source that hangs fails it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of each case.
#[derive(Debug)]
pub struct ContractReport {
    /// Who was examined.
    pub subject: String,
    /// The cases that were run and held.
    pub passed: Vec<&'static str>,
    /// The cases that do not count for what this source can do.
    pub skipped: Vec<&'static str>,
    /// The cases that did not hold, and why.
    pub failed: Vec<(&'static str, String)>,
}

impl ContractReport {
    /// Panics with all failures together, or where nothing was examined at all.
    ///
    /// # Panics
    /// That is its purpose.
    pub fn assert(&self) {
        assert!(self.failed.is_empty() && !self.passed.is_empty(), "{self}");
    }
}

impl fmt::Display for ContractReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, passed, skipped: not_asked, failed } = self;
        let (held, skipped, wrong) = (passed.len(), not_asked.len(), failed.len());
        writeln!(f, "{subject}: {held} held, {skipped} not asked, {wrong} failed")?;
        failed.iter().try_for_each(|(name, why)| writeln!(f, "  {name}: {why}"))
    }
}

/// Runs every case that counts for the subject, all of them whatever fails.
pub async fn run(subject: &dyn SourceFixture) -> ContractReport {
    let mut report = ContractReport {
        subject: subject.name(),
        passed: Vec::new(),
        skipped: Vec::new(),
        failed: Vec::new(),
    };
    let can = subject.capabilities();
    for case in cases::ALL {
        if !(case.counts)(can) {
            report.skipped.push(case.name);
            continue;
        }
        let run = std::panic::AssertUnwindSafe((case.run)(subject));
        let run = futures::FutureExt::catch_unwind(run);
        match tokio::time::timeout(PATIENCE, run).await {
            Ok(Ok(Ok(()))) => report.passed.push(case.name),
            Ok(Ok(Err(wrong))) => report.failed.push((case.name, chain(wrong.as_ref()))),
            Ok(Err(_)) => report.failed.push((case.name, "panicked".to_owned())),
            Err(_) => report.failed.push((case.name, format!("hung for {PATIENCE:?}"))),
        }
    }
    report
}

/// An error with all its causes, on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The whole body, and in how many pieces it came.
async fn collect(mut body: crate::Body) -> Result<(Vec<u8>, usize), Failure> {
    let (mut bytes, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(&piece?);
        pieces += 1;
    }
    Ok((bytes, pieces))
}
