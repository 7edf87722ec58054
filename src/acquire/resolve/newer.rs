//! Which versions the sources have beside the one that runs. Nothing is fetched.

use loom_base::time::ago;
use loom_source::{ListedVersion, Product, Selector, Version};

use super::{
    ask::{ListOutcome, ListRequest, SourceList},
    choose::{VersionChoice, choose},
    newest::NewestVersion,
    undecided::reason,
};
use crate::{
    acquire::{
        AcquireError, AcquireOptions, AttemptCause, FailureReason, SourceAttempt, SourceRuntime,
    },
    sources::{Candidate, Reach},
    state::StateDir,
    trust::Policy,
};

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct NewerQuery<'a> {
    /// The product.
    pub product: &'a Product,
    /// What is requested.
    pub selector: &'a Selector,
    /// The version that runs or that would be started; `None` where there is none.
    pub current: Option<&'a Version>,
    /// Versions that no update leads to.
    pub skipped: &'a [Version],
}

/// The versions that the first source has that has any for the selector.
#[derive(Debug, Default)]
pub struct NewerVersions {
    /// The name of the source; `None` where no source has a version for the selector.
    pub source: Option<String>,
    /// The newest one that the selector allows and that is old enough.
    pub selected: Option<Version>,
    /// The newest of these that an update may lead to by itself: newer than the current one and compatible with it, not
    /// one of those to skip.
    pub update: Option<Version>,
    /// Whether the source withdraws the current version.
    pub withdrawn: bool,
    /// The newest one of all that the source lists.
    pub newest: Option<Version>,
    /// Why other sources did not decide, or what else the user should know, a line each.
    pub remarks: Vec<String>,
    /// The attempts at sources that failed.
    pub failed: Vec<SourceAttempt>,
}

impl NewerVersions {
    /// Why no source has a version, where one failed: the greatest reason of all that failed.
    pub fn failure(&self) -> FailureReason {
        let reasons = self.failed.iter().filter_map(|attempt| reason(attempt.record.kind));
        reasons.max().unwrap_or(FailureReason::Unreachable)
    }
}

/// Whether an update leads from one version to another by itself: to a newer one with the same major version, and with the
/// same minor version below 1.0.
pub fn is_update(current: &Version, version: &Version) -> bool {
    let (from, to) = (current.as_semver(), version.as_semver());
    let is_compatible = from.major == to.major && (from.major != 0 || from.minor == to.minor);
    version > current && is_compatible
}

/// Asks source after source, in order, for its versions, now; offline, reads the last lists. The first source that has a
/// version for the selector decides, as it does for `loom get`. The lists are kept for later runs.
///
/// # Errors
/// [`AcquireError`] where a file of the state folder cannot be read. A source that fails is no error.
pub fn newer_versions(
    candidates: &[Candidate],
    state: &StateDir,
    policy: &Policy,
    options: &AcquireOptions,
    query: NewerQuery<'_>,
) -> Result<NewerVersions, AcquireError> {
    let runtime = SourceRuntime::default();
    let mut found = NewerVersions::default();
    // Cargo builds are no versions.
    let any: Selector = "*".parse().unwrap_or_default();
    for candidate in candidates {
        let request = ListRequest {
            candidate,
            product: query.product,
            selector: &any,
            policy,
            options,
            state,
            runtime: &runtime,
            patience: None,
            all: true,
        };
        let begun = std::time::Instant::now();
        let mut remark = |text: String| found.remarks.push(format!("{}: {text}", candidate.name));
        let versions = match request.ask(&mut || {})? {
            ListOutcome::Listed(SourceList { versions, .. }) => versions,
            ListOutcome::NotAsked(Some((versions, age))) => {
                remark(format!("not asked, loom is offline; it listed its versions {}", ago(age)));
                versions
            }
            ListOutcome::NotAsked(None) => {
                remark("not asked, loom is offline".to_owned());
                continue;
            }
            ListOutcome::Known(NewestVersion::Unlistable(why)) => {
                remark(why);
                continue;
            }
            ListOutcome::Known(_) | ListOutcome::Late => continue,
            ListOutcome::Failed(error) => {
                remark(format!("did not answer: {error}"));
                let cause = AttemptCause::Source(error);
                found.failed.push(SourceAttempt::failed(candidate, cause, begun.elapsed()));
                if candidate.stops() {
                    break;
                }
                continue;
            }
        };
        if decide(candidate, &versions, policy, options, query, &runtime, &mut found)?
            || candidate.stop_on_absent
        {
            break;
        }
    }
    Ok(found)
}

/// Looks at the versions of one source. Whether they decide.
fn decide(
    candidate: &Candidate,
    versions: &[ListedVersion],
    policy: &Policy,
    options: &AcquireOptions,
    query: NewerQuery<'_>,
    runtime: &SourceRuntime,
    found: &mut NewerVersions,
) -> Result<bool, AcquireError> {
    let NewerQuery { product, selector, current, skipped } = query;
    let of = |versions: &[ListedVersion]| {
        let choice = choose(candidate, product, selector, versions, policy, options.offline);
        runtime.block_on(choice)
    };
    let newest = versions.iter().map(|listed| &listed.version);
    let newest = newest.filter(|version| candidate.prerelease || !version.is_prerelease()).max();
    found.newest = found.newest.take().max(newest.cloned());
    match of(versions)? {
        VersionChoice::Version { version, .. } => found.selected = Some(version),
        VersionChoice::TooYoung { version, why } => {
            found.remarks.push(format!("{}: {version} {why}", candidate.name));
            return Ok(false);
        }
        VersionChoice::NoMatch => return Ok(false),
    }
    found.source = Some(candidate.name.clone());
    let Some(current) = current else { return Ok(true) };
    let release = product.at_version(current.clone());
    let asks = !options.offline || candidate.reach != Reach::Network;
    found.withdrawn = asks && runtime.block_on(candidate.withdraws(&release))?;
    let mut updates = versions.to_vec();
    updates
        .retain(|listed| is_update(current, &listed.version) && !skipped.contains(&listed.version));
    if let VersionChoice::Version { version, .. } = of(&updates)? {
        found.update = Some(version);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_never_crosses_a_major_version() {
        for (from, to, is) in [
            ("1.2.3", "1.3.0", true),
            ("1.2.3", "1.2.3", false),
            ("1.2.3", "1.2.2", false),
            ("1.2.3", "2.0.0", false),
            ("0.2.0", "0.2.1", true),
            ("0.2.0", "0.3.0", false),
            ("0.0.1", "0.0.2", true),
            ("0.2.1-rc.1", "0.2.1", true),
        ] {
            let (from, to): (Version, Version) = (from.parse().unwrap(), to.parse().unwrap());
            assert_eq!(is_update(&from, &to), is, "{from} {to}");
        }
    }
}
