//! Names what sources have instead of a release that none of them has.

use loom_source::{Release, process_clock};

use super::run::Failover;
use crate::{
    acquire::{AcquireError, SourceAttempt},
    store::AttemptKind,
};

impl Failover<'_> {
    /// Adds to the attempts that ended with absence which files of the source almost have the right name.
    pub(super) fn name_near_misses(
        &self,
        release: &Release,
        attempts: &mut [SourceAttempt],
    ) -> Result<(), AcquireError> {
        let absent = attempts.iter_mut().map(|attempt| &mut attempt.record);
        for record in absent.filter(|record| record.kind == AttemptKind::Absent) {
            let candidate =
                self.candidates.iter().find(|candidate| candidate.name == record.source);
            let Some(candidate) = candidate.filter(|candidate| candidate.channel.may_vouch())
            else {
                continue;
            };
            let names = candidate.source.near_misses(release);
            let names = process_clock::within(candidate.timeout, names);
            let names = self.fetcher.runtime.block_on(names)?.unwrap_or_default();
            if !names.is_empty() {
                record.outcome.push_str(&format!(
                    ", but has {}; these names are not looked for (`asset` and `tag_prefix` of the source set them)",
                    names.join(", ")
                ));
            }
        }
        Ok(())
    }
}
