//! Whether a lock and the configuration agree.

use loom_source::{Platform, Selector, Version};

use super::LockedBinary;

/// How a lock and what is requested disagree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockConflict {
    /// The lock was made for another request.
    #[error("it has {version} for \"{locked}\", but \"{requested}\" is requested by {by}")]
    OtherRequest {
        /// The locked version.
        version: Version,
        /// What was requested when the lock was made.
        locked: Box<Selector>,
        /// What is requested now.
        requested: Box<Selector>,
        /// The setting that requests it.
        by: String,
    },
    /// The locked version is none that is requested.
    #[error("it has {version}, but \"{requested}\" is requested by {by}")]
    OtherVersion {
        /// The locked version.
        version: Version,
        /// What is requested.
        requested: Selector,
        /// The setting that requests it.
        by: String,
    },
    /// The lock has nothing for the platform.
    #[error("it has nothing for {platform}, only for {}", others(has))]
    NoPlatform {
        /// The platform.
        platform: Platform,
        /// The platforms that it has.
        has: Vec<Platform>,
    },
}

fn others(platforms: &[Platform]) -> String {
    match platforms {
        [] => "no platform".to_owned(),
        has => has.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

impl LockedBinary {
    /// Whether the locked version is one that `requested` selects. `latest` selects every version: only a new lock
    /// moves it.
    pub fn is_selected_by(&self, requested: &Selector) -> bool {
        match requested {
            Selector::Latest => true,
            Selector::Dev => false,
            Selector::Exact(_) | Selector::Range(_) => {
                requested.matches_counting(&self.version, true)
            }
        }
    }

    /// Checks that the lock was made for what the project requests.
    ///
    /// # Errors
    /// [`LockConflict`] names both values.
    pub fn check_request(&self, requested: &Selector, by: &str) -> Result<(), LockConflict> {
        if self.requested.to_string() == requested.to_string() && self.is_selected_by(requested) {
            return Ok(());
        }
        let (version, requested, by) = (self.version.clone(), requested.clone(), by.to_owned());
        Err(if self.requested.to_string() == requested.to_string() {
            LockConflict::OtherVersion { version, requested, by }
        } else {
            let (locked, requested) = (Box::new(self.requested.clone()), Box::new(requested));
            LockConflict::OtherRequest { version, locked, requested, by }
        })
    }

    /// Checks that the locked version is one that an option or a variable requests for this run.
    ///
    /// # Errors
    /// [`LockConflict`] names both values.
    pub fn check_version(&self, requested: &Selector, by: &str) -> Result<(), LockConflict> {
        if self.is_selected_by(requested) {
            return Ok(());
        }
        let (version, requested, by) = (self.version.clone(), requested.clone(), by.to_owned());
        Err(LockConflict::OtherVersion { version, requested, by })
    }

    /// Checks that the lock has digests for a platform.
    ///
    /// # Errors
    /// [`LockConflict::NoPlatform`] names those that it has.
    pub fn check_platform(&self, platform: Platform) -> Result<(), LockConflict> {
        if self.platforms.get(&platform).is_some_and(|locked| !locked.is_empty()) {
            return Ok(());
        }
        let has = self.platforms.keys().copied().collect();
        Err(LockConflict::NoPlatform { platform, has })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lock::LockedPlatform;

    fn selector(text: &str) -> Selector {
        text.parse().unwrap()
    }

    fn locked(requested: &str, version: &str) -> LockedBinary {
        let tree = Some(loom_source::Digest::of(b"t"));
        let platform = LockedPlatform { tree, ..LockedPlatform::default() };
        LockedBinary {
            name: "b".parse().unwrap(),
            authority: "a".parse().unwrap(),
            requested: selector(requested),
            version: version.parse().unwrap(),
            oci: None,
            platforms: BTreeMap::from([(Platform::LinuxX86_64, platform)]),
        }
    }

    #[test]
    fn a_disagreement_names_both_values() {
        let by = "/p/loom.toml:2";
        for (locked_for, project, run, expected) in [
            ("latest", "latest", None, ""),
            ("^0.2", "^0.2", None, ""),
            ("^0.2", "^0.2", Some("0.2.0"), ""),
            ("^0.2", "^0.2", Some("latest"), ""),
            (
                "^0.2",
                "0.2",
                None,
                "it has 0.2.0 for \"^0.2\", but \"0.2\" is requested by /p/loom.toml:2",
            ),
            ("latest", "^0.2", None, "it has 0.2.0 for \"latest\", but \"^0.2\" is requested"),
            ("^0.2", "0.3.0", None, "it has 0.2.0 for \"^0.2\", but \"0.3.0\" is requested"),
            ("^0.3", "^0.3", None, "it has 0.2.0, but \"^0.3\" is requested by /p/loom.toml:2"),
            (
                "^0.2",
                "^0.2",
                Some("0.1.0"),
                "it has 0.2.0, but \"0.1.0\" is requested by --version",
            ),
            ("^0.2", "^0.2", Some("dev"), "it has 0.2.0, but \"dev\" is requested by --version"),
        ] {
            let binary = locked(locked_for, "0.2.0");
            let run = run.map(selector);
            let run = run.as_ref().map(|run| (run, "--version"));
            let result = binary.check_request(&selector(project), by).and_then(|()| match run {
                Some((run, by)) => binary.check_version(run, by),
                None => Ok(()),
            });
            let text = result.err().map(|conflict| conflict.to_string()).unwrap_or_default();
            let agrees =
                if expected.is_empty() { text.is_empty() } else { text.starts_with(expected) };
            assert!(agrees, "{locked_for} {project} {run:?}: {text}");
        }
    }

    #[test]
    fn a_platform_without_digests_is_missing() {
        let mut binary = locked("latest", "0.2.0");
        binary.platforms.insert(Platform::LinuxAarch64, LockedPlatform::default());
        assert!(binary.check_platform(Platform::LinuxX86_64).is_ok());
        for platform in [Platform::LinuxAarch64, Platform::WindowsX86_64] {
            let text = binary.check_platform(platform).unwrap_err().to_string();
            assert!(text.starts_with(&format!("it has nothing for {platform}")), "{text}");
        }
    }
}
