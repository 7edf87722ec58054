//! [`run()`]: runs the suite.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use loom_base::error_chain;

use super::{cases, fixture::SourceFixture, report::ContractReport};

/// The longest time for one case. A source that hangs fails the case.
const CASE_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs every case that applies to the fixture's capabilities; a failure does not end the run.
pub async fn run(fixture: &dyn SourceFixture) -> ContractReport {
    let mut report = ContractReport {
        fixture: fixture.name(),
        passed: Vec::new(),
        skipped: Vec::new(),
        failed: Vec::new(),
    };
    let capabilities = fixture.capabilities();
    for case in cases::ALL {
        if !(case.applies)(capabilities) {
            report.skipped.push(case.name);
            continue;
        }
        let run = AssertUnwindSafe((case.run)(fixture)).catch_unwind();
        let reason = match tokio::time::timeout(CASE_TIMEOUT, run).await {
            Ok(Ok(Ok(()))) => {
                report.passed.push(case.name);
                continue;
            }
            Ok(Ok(Err(failure))) => error_chain(failure.as_ref()),
            Ok(Err(_)) => "the source panicked".to_owned(),
            Err(_) => format!("the source hung for {CASE_TIMEOUT:?}"),
        };
        report.failed.push((case.name, reason));
    }
    report
}
