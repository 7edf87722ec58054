//! What people are told of a cargo build: which one it is, how old, and of which commit.

use std::time::SystemTime;

use indicatif::HumanDuration;

use super::CommandError;
use loom_runtime::store::{Installed, Store, receipt::BuildReceipt};

/// `the debug build of /checkout, 5 minutes old (abc123def456+dirty)`; what is not known is left out.
pub(crate) fn told(build: &BuildReceipt, now: SystemTime) -> String {
    let mut text = format!("the {} build of {}", build.profile, build.checkout);
    if let Ok(built) = humantime::parse_rfc3339(&build.built) {
        let age = now.duration_since(built).unwrap_or_default();
        text.push_str(&format!(", {} old", HumanDuration(age)));
    }
    if let Some(commit) = &build.commit {
        text.push_str(&format!(" ({commit})"));
    }
    text
}

/// The build that stands in the slot for development builds, if it is one that was installed there.
pub(crate) fn of(
    store: &Store,
    installed: &Installed,
) -> Result<Option<BuildReceipt>, CommandError> {
    if installed.release.slot.version().is_some() {
        return Ok(None);
    }
    let receipt = store.receipt(&installed.release)?;
    Ok(receipt.filter(|receipt| receipt.tree == Some(installed.tree)).and_then(|r| r.build))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_told() {
        let mut build = BuildReceipt {
            profile: "debug".to_owned(),
            built: "2026-11-22T16:00:00.000000005Z".to_owned(),
            commit: Some("abc123def456+dirty".to_owned()),
            checkout: "/checkout".to_owned(),
        };
        let now = humantime::parse_rfc3339("2026-11-22T16:05:01Z").unwrap();
        let expected = "the debug build of /checkout, 5 minutes old (abc123def456+dirty)";
        assert_eq!(told(&build, now), expected);
        build.built = "yesterday".to_owned();
        build.commit = None;
        assert_eq!(told(&build, now), "the debug build of /checkout");
    }
}
