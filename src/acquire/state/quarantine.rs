//! The sources that delivered wrong bytes recently. Such a source is asked last; it is never left out.
//!
//! Kept in `quarantine.json` of the state folder, which all processes of the user share.

use std::time::{Duration, SystemTime};

use loom_source::{Digest, Release};
use serde::{Deserialize, Serialize};

use super::timestamp::Timestamp;
use crate::{
    state::{StateDir, StateError},
    trust::Grade,
};

const FILE: &str = "quarantine.json";

/// How long a strike counts.
pub const TERM: Duration = Duration::from_secs(600);

/// One delivery of wrong bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strike {
    /// The identity of the source: its name and its address.
    pub source: String,
    /// The release. It is kept beside the digest, because with a checksum file the digest is known only after the source
    /// was asked.
    pub release: String,
    /// The expected digest.
    pub expected: Digest,
    /// The digest of the delivered bytes.
    pub got: Digest,
    /// How far the expected digest could be trusted.
    pub grade: Grade,
    /// The time until which the strike counts.
    until: Timestamp,
}

/// All strikes that still count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    #[serde(rename = "blames")]
    strikes: Vec<Strike>,
}

impl Quarantine {
    /// Loads the strikes that count at `now`.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read.
    pub fn load(state: &StateDir, now: SystemTime) -> Result<Self, StateError> {
        let mut quarantine: Self = state.file(FILE).read_document()?.unwrap_or_default();
        // A strike from the future was written under another clock, and would count too long.
        let counts = |strike: &Strike| strike.until() > now && strike.until() <= now + TERM;
        quarantine.strikes.retain(counts);
        Ok(quarantine)
    }

    /// Adds strikes to those that are kept.
    ///
    /// # Errors
    /// [`StateError`] where the file cannot be read, locked or written.
    pub fn add(state: &StateDir, strikes: Vec<Strike>, now: SystemTime) -> Result<(), StateError> {
        if strikes.is_empty() {
            return Ok(());
        }
        let file = state.file(FILE);
        let _lock = file.lock(&mut || {})?;
        let mut quarantine = Self::load(state, now)?;
        quarantine.strikes.retain(|old| !strikes.iter().any(|new| new.replaces(old)));
        quarantine.strikes.extend(strikes);
        quarantine.strikes = without_agreement(&quarantine.strikes);
        file.write_document(&quarantine)
    }

    /// Whether this source is asked last for this release: it delivered wrong bytes for the release, or for two digests
    /// that were vouched for by something else than the source.
    pub fn holds(&self, source: &str, release: &Release) -> bool {
        let release = release.to_string();
        self.against(source).any(|strike| strike.release == release)
            || self.against(source).filter(|strike| strike.grade == Grade::Identity).count() >= 2
    }

    /// The strikes of a source.
    pub fn against<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a Strike> {
        self.strikes.iter().filter(move |strike| strike.source == source)
    }

    /// The positions of these sources (identity, and whether the source may stop the search): quarantined ones last,
    /// otherwise in order.
    ///
    /// A source that may stop the search keeps its position, and no source is moved past it: its position keeps the
    /// sources behind it from answering, and those before it must be asked before it ends the search.
    pub fn order(&self, sources: &[(&str, bool)], release: &Release) -> Vec<usize> {
        let mut places: Vec<usize> = (0..sources.len()).collect();
        for group in places.split_mut(|place| sources[*place].1) {
            group.sort_by_key(|place| self.holds(sources[*place].0, release));
        }
        places
    }
}

impl Strike {
    /// A strike that counts from `now` for [`TERM`].
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
            until: Timestamp(now + TERM),
        }
    }

    /// The time until which the strike counts.
    pub fn until(&self) -> SystemTime {
        self.until.0
    }

    /// Whether this strike is about the same release and digest at the same source.
    fn replaces(&self, other: &Self) -> bool {
        (&self.source, &self.release, self.expected)
            == (&other.source, &other.release, other.expected)
    }
}

/// Leaves out the strikes where two sources delivered the same other bytes: then the expected digest is wrong, and one
/// wrong digest must not put every source last.
fn without_agreement(strikes: &[Strike]) -> Vec<Strike> {
    let agree = |one: &Strike| {
        strikes.iter().any(|other| {
            other.source != one.source && (other.expected, other.got) == (one.expected, one.got)
        })
    };
    strikes.iter().filter(|strike| !agree(strike)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use loom_source::{Authority, Name, Platform, Product};

    use super::*;

    fn release(version: &str) -> Release {
        Product {
            authority: Authority::default(),
            binary: Name::default(),
            platform: Platform::LinuxX86_64,
        }
        .at_version(version.parse().unwrap())
    }

    fn strike(source: &str, version: &str, got: &str, grade: Grade) -> Strike {
        let digest = |text: &str| Digest::of(text.as_bytes());
        Strike::new(source, &release(version), digest(version), digest(got), grade, UNIX_EPOCH)
    }

    #[test]
    fn a_source_with_a_strike_is_asked_last_for_that_release() {
        let quarantine = Quarantine { strikes: vec![strike("a", "0.2.0", "x", Grade::Transfer)] };
        let sources = [("a", false), ("b", false)];
        assert_eq!(quarantine.order(&sources, &release("0.2.0")), [1, 0]);
        assert_eq!(quarantine.order(&sources, &release("0.1.0")), [0, 1]);
    }

    #[test]
    fn nothing_is_moved_past_a_source_that_may_stop_the_search() {
        let strikes = vec![strike("a", "0.2.0", "x", Grade::Transfer)];
        let quarantine = Quarantine { strikes };
        for (sources, order) in [
            ([("a", true), ("b", false), ("c", false)], [0, 1, 2]),
            ([("a", false), ("b", true), ("c", false)], [0, 1, 2]),
            ([("a", false), ("b", false), ("c", true)], [1, 0, 2]),
        ] {
            assert_eq!(quarantine.order(&sources, &release("0.2.0")), order, "{sources:?}");
        }
    }

    #[test]
    fn agreement_counts_across_processes() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        for source in ["a", "b"] {
            let strikes = vec![strike(source, "0.2.0", "x", Grade::Identity)];
            Quarantine::add(&state, strikes, UNIX_EPOCH).unwrap();
        }
        assert_eq!(Quarantine::load(&state, UNIX_EPOCH).unwrap().strikes, []);
    }

    #[test]
    fn two_strikes_of_identity_grade_count_for_all_releases() {
        for (grade, held) in [(Grade::Identity, true), (Grade::Transfer, false)] {
            let strikes = vec![strike("a", "0.1.0", "x", grade), strike("a", "0.2.0", "y", grade)];
            assert_eq!(Quarantine { strikes }.holds("a", &release("0.3.0")), held, "{grade:?}");
        }
    }

    #[test]
    fn two_sources_that_agree_get_no_strike() {
        let strikes = vec![
            strike("a", "0.2.0", "x", Grade::Identity),
            strike("b", "0.2.0", "x", Grade::Identity),
            strike("c", "0.2.0", "z", Grade::Identity),
        ];
        let sources: Vec<String> =
            without_agreement(&strikes).into_iter().map(|strike| strike.source).collect();
        assert_eq!(sources, ["c"]);
    }

    #[test]
    fn strikes_are_kept_across_processes_and_expire() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        let strikes = vec![strike("a", "0.2.0", "x", Grade::Transfer)];
        Quarantine::add(&state, strikes.clone(), UNIX_EPOCH).unwrap();
        Quarantine::add(&state, strikes, UNIX_EPOCH).unwrap();
        let soon = UNIX_EPOCH + TERM - Duration::from_secs(1);
        assert_eq!(Quarantine::load(&state, soon).unwrap().strikes.len(), 1);
        assert_eq!(Quarantine::load(&state, UNIX_EPOCH + TERM).unwrap().strikes.len(), 0);
        Quarantine::add(
            &state,
            vec![Strike {
                until: Timestamp(UNIX_EPOCH + 999 * TERM),
                ..strike("c", "0.1.0", "x", Grade::Transfer)
            }],
            UNIX_EPOCH,
        )
        .unwrap();
        assert_eq!(Quarantine::load(&state, UNIX_EPOCH).unwrap().strikes.len(), 1);
    }
}
