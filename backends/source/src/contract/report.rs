//! [`ContractReport`]: the result of each case.

use std::fmt;

/// The result of each case of the suite for one fixture.
#[derive(Debug)]
pub struct ContractReport {
    /// The name of the fixture.
    pub fixture: String,
    /// The names of the cases that passed.
    pub passed: Vec<&'static str>,
    /// The names of the cases that do not apply to the capabilities of the source.
    pub skipped: Vec<&'static str>,
    /// The names of the cases that failed, each with the reason.
    pub failed: Vec<(&'static str, String)>,
}

impl ContractReport {
    /// Panics with all failures together if a case failed, or if no case ran.
    ///
    /// # Panics
    /// As described.
    pub fn assert(&self) {
        assert!(self.failed.is_empty() && !self.passed.is_empty(), "{self}");
    }
}

impl fmt::Display for ContractReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fixture, passed, skipped, failed } = self;
        let (passed, skipped, count) = (passed.len(), skipped.len(), failed.len());
        writeln!(f, "{fixture}: {passed} passed, {skipped} skipped, {count} failed")?;
        failed.iter().try_for_each(|(name, reason)| writeln!(f, "  {name}: {reason}"))
    }
}
