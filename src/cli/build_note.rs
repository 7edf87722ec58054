//! Describes the cargo build in the development slot: which build it is, its age and its commit.

use std::time::SystemTime;

use indicatif::HumanDuration;
use loom_base::time::parse_rfc3339;

use super::CommandError;
use loom_runtime::store::{BuildReceipt, Installed, Store};

/// `the debug build of /checkout, 5 minutes old (abc123def456+dirty)`. What is not known is left out.
pub(crate) fn describe(build: &BuildReceipt, now: SystemTime) -> String {
    let mut text = format!("the {} build of {}", build.profile, build.checkout);
    if let Some(built) = parse_rfc3339(&build.built) {
        let age = now.duration_since(built).unwrap_or_default();
        text.push_str(&format!(", {} old", HumanDuration(age)));
    }
    if let Some(commit) = &build.commit {
        text.push_str(&format!(" ({commit})"));
    }
    text
}

/// The cargo build of an installed development build, by its receipt.
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
    fn unknown_parts_are_left_out() {
        let mut build = BuildReceipt {
            profile: "debug".to_owned(),
            built: "2026-11-22T16:00:00.000000005Z".to_owned(),
            commit: Some("abc123def456+dirty".to_owned()),
            checkout: "/checkout".to_owned(),
        };
        let now = parse_rfc3339("2026-11-22T16:05:01Z").unwrap();
        let expected = "the debug build of /checkout, 5 minutes old (abc123def456+dirty)";
        assert_eq!(describe(&build, now), expected);
        build.built = "yesterday".to_owned();
        build.commit = None;
        assert_eq!(describe(&build, now), "the debug build of /checkout");
    }
}
