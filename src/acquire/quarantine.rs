//! Which sources brought wrong bytes lately. It reorders, never removes: a source that lied is asked last.
//!
//! Kept in `quarantine.json` of the state folder, shared by all processes of the user.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use loom_source::{Digest, Release};
use serde::{Deserialize, Serialize};

use super::state::{self, StateError};
use crate::trust::Grade;

/// How long a source is asked last.
pub const TERM: Duration = Duration::from_secs(600);

/// Somebody brought bytes that were not what was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blame {
    /// The source's name.
    pub source: String,
    /// The release. It stands beside the digest because with a checksum file the digest is known only after asking.
    pub release: String,
    /// What was expected.
    pub expected: Digest,
    /// What came.
    pub got: Digest,
    /// Who stood behind the expectation.
    pub grade: Grade,
    /// Until when this counts, in seconds since 1970.
    pub until: u64,
}

/// All blames that still count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    blames: Vec<Blame>,
}

impl Quarantine {
    /// What is remembered.
    pub fn load(state: &Path, now: SystemTime) -> Result<Self, StateError> {
        let mut quarantine: Self = state::read(&state.join("quarantine.json"))?.unwrap_or_default();
        quarantine.blames.retain(|blame| blame.until > seconds(now));
        Ok(quarantine)
    }

    /// Remembers these.
    pub fn add(state: &Path, blames: Vec<Blame>, now: SystemTime) -> Result<(), StateError> {
        if blames.is_empty() {
            return Ok(());
        }
        let path = state.join("quarantine.json");
        let _lock = state::lock(&path)?;
        let mut quarantine = Self::load(state, now)?;
        quarantine.blames.retain(|old| !blames.iter().any(|new| new.same_matter(old)));
        quarantine.blames.extend(blames);
        state::write(&path, &quarantine)
    }

    /// Whether this source is to be asked last for this release: it lied about it, or about two objects
    /// that somebody else than the source vouched for.
    pub fn holds(&self, source: &str, release: &Release) -> bool {
        let of_source = || self.blames.iter().filter(|blame| blame.source == source);
        let release = release.to_string();
        of_source().any(|blame| blame.release == release)
            || of_source().filter(|blame| blame.grade == Grade::Identity).count() >= 2
    }

    /// The places `0..names.len()`, quarantined ones last, else in order.
    pub fn order(&self, names: &[String], release: &Release) -> Vec<usize> {
        let mut places: Vec<usize> = (0..names.len()).collect();
        places.sort_by_key(|place| self.holds(&names[*place], release));
        places
    }
}

impl Blame {
    /// A blame that counts from `now` for [`TERM`].
    pub fn new(
        source: &str,
        release: &Release,
        expected: Digest,
        got: Digest,
        grade: Grade,
        now: SystemTime,
    ) -> Self {
        Self {
            source: source.to_owned(),
            release: release.to_string(),
            expected,
            got,
            grade,
            until: seconds(now + TERM),
        }
    }

    fn same_matter(&self, other: &Self) -> bool {
        (&self.source, &self.release, self.expected)
            == (&other.source, &other.release, other.expected)
    }
}

/// Leaves out those where two sources brought the same other bytes: then it is the expectation that is wrong,
/// and one wrong digest must not put every honest source last.
pub fn just(blames: Vec<Blame>) -> Vec<Blame> {
    let agree = |one: &Blame| {
        blames.iter().any(|other| {
            other.source != one.source && (other.expected, other.got) == (one.expected, one.got)
        })
    };
    blames.iter().filter(|blame| !agree(blame)).cloned().collect()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Line, Name, Platform};

    use super::*;

    fn release(version: &str) -> Release {
        Line {
            authority: Authority::default(),
            binary: Name::default(),
            platform: Platform::LinuxX86_64,
        }
        .version(version.parse().unwrap())
    }

    fn blame(source: &str, version: &str, got: &str, grade: Grade) -> Blame {
        let digest = |text: &str| Digest::of(text.as_bytes());
        Blame::new(source, &release(version), digest(version), digest(got), grade, UNIX_EPOCH)
    }

    #[test]
    fn a_source_that_lied_is_asked_last_for_that_release() {
        let quarantine = Quarantine { blames: vec![blame("a", "0.2.0", "x", Grade::Transfer)] };
        let names = ["a".to_owned(), "b".to_owned()];
        assert_eq!(quarantine.order(&names, &release("0.2.0")), [1, 0]);
        assert_eq!(quarantine.order(&names, &release("0.1.0")), [0, 1]);
    }

    #[test]
    fn two_lies_about_what_others_vouched_for_put_it_last_for_all() {
        for (grade, held) in [(Grade::Identity, true), (Grade::Transfer, false)] {
            let blames = vec![blame("a", "0.1.0", "x", grade), blame("a", "0.2.0", "y", grade)];
            assert_eq!(Quarantine { blames }.holds("a", &release("0.3.0")), held, "{grade:?}");
        }
    }

    #[test]
    fn two_sources_that_agree_are_not_to_blame() {
        let blames = vec![
            blame("a", "0.2.0", "x", Grade::Identity),
            blame("b", "0.2.0", "x", Grade::Identity),
            blame("c", "0.2.0", "z", Grade::Identity),
        ];
        let sources: Vec<String> = just(blames).into_iter().map(|blame| blame.source).collect();
        assert_eq!(sources, ["c"]);
    }

    #[test]
    fn it_is_remembered_across_processes_and_forgotten_in_time() {
        let state = tempfile::tempdir().unwrap();
        let blames = vec![blame("a", "0.2.0", "x", Grade::Transfer)];
        Quarantine::add(state.path(), blames.clone(), UNIX_EPOCH).unwrap();
        Quarantine::add(state.path(), blames, UNIX_EPOCH).unwrap();
        let soon = UNIX_EPOCH + TERM - Duration::from_secs(1);
        assert_eq!(Quarantine::load(state.path(), soon).unwrap().blames.len(), 1);
        assert_eq!(Quarantine::load(state.path(), UNIX_EPOCH + TERM).unwrap().blames.len(), 0);
    }
}
