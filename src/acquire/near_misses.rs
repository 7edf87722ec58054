//! Names what sources have instead of a release that none of them has.

use loom_source::{Product, Scheme, Version, process_clock};

use super::{AcquireError, SourceAttempt, SourceRuntime};
use crate::{sources::Candidate, store::AttemptKind};

/// Adds to the attempts that ended with absence which files, folders or tags of the source almost have the right name.
/// Without a version, none was found at all.
pub(super) fn name_near_misses(
    candidates: &[Candidate],
    runtime: &SourceRuntime,
    product: &Product,
    version: Option<&Version>,
    attempts: &mut [SourceAttempt],
) -> Result<(), AcquireError> {
    let absent = attempts.iter_mut().map(|attempt| &mut attempt.record);
    for record in absent.filter(|record| record.kind == AttemptKind::Absent) {
        let candidate = candidates.iter().find(|candidate| candidate.name == record.source);
        // Over an unauthenticated channel anyone can name anything.
        let Some(candidate) = candidate.filter(|candidate| candidate.channel.may_vouch()) else {
            continue;
        };
        let names = candidate.source.near_misses(product, version);
        let names = process_clock::within(candidate.timeout, names);
        let names = runtime.block_on(names)?.unwrap_or_default();
        if !names.is_empty() {
            let (names, why) = (names.join(", "), why_not(candidate));
            record
                .outcome
                .push_str(&format!(", but has {names}; these names are not looked for ({why})"));
        }
    }
    Ok(())
}

/// What decides which names are looked for.
fn why_not(candidate: &Candidate) -> &'static str {
    let source = candidate.source.to_string();
    let scheme = source.split_once(':').and_then(|(scheme, _)| scheme.parse().ok());
    match scheme {
        Some(Scheme::Oci | Scheme::OciLayout) => {
            "a tag is the version itself, such as 0.2.0 and not v0.2.0"
        }
        _ => "`asset` and `tag_prefix` of the source set them",
    }
}
