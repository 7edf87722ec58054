//! Which sources brought wrong bytes lately. It reorders, never removes: a source that lied is asked last.
//!
//! Kept in `quarantine.json` of the state folder, shared by all processes of the user.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_source::{Digest, Release};
use serde::{Deserialize, Serialize};

use crate::{
    state::{StateDir, StateError},
    trust::Grade,
};

const FILE: &str = "quarantine.json";

/// How long a source is asked last.
pub const TERM: Duration = Duration::from_secs(600);

/// Somebody brought bytes that were not what was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strike {
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
    blames: Vec<Strike>,
}

impl Quarantine {
    /// What is remembered.
    pub fn load(state: &StateDir, now: SystemTime) -> Result<Self, StateError> {
        let mut quarantine: Self = state.file(FILE).read_json()?.unwrap_or_default();
        // One from the future was written under another clock, and would count for who knows how long.
        let (now, latest) = (seconds(now), seconds(now + TERM));
        quarantine.blames.retain(|blame| blame.until > now && blame.until <= latest);
        Ok(quarantine)
    }

    /// Remembers these.
    pub fn add(state: &StateDir, blames: Vec<Strike>, now: SystemTime) -> Result<(), StateError> {
        if blames.is_empty() {
            return Ok(());
        }
        let file = state.file(FILE);
        let _lock = file.lock(&mut || {})?;
        let mut quarantine = Self::load(state, now)?;
        quarantine.blames.retain(|old| !blames.iter().any(|new| new.same_matter(old)));
        quarantine.blames.extend(blames);
        quarantine.blames = just(quarantine.blames);
        file.write_json(&quarantine)
    }

    /// Whether this source is to be asked last for this release: it lied about it, or about two objects
    /// that somebody else than the source vouched for.
    pub fn holds(&self, source: &str, release: &Release) -> bool {
        let of_source = || self.blames.iter().filter(|blame| blame.source == source);
        let release = release.to_string();
        of_source().any(|blame| blame.release == release)
            || of_source().filter(|blame| blame.grade == Grade::Identity).count() >= 2
    }

    /// What is held against this source.
    pub fn against<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a Strike> {
        self.blames.iter().filter(move |blame| blame.source == source)
    }

    /// The places of these sources (name, and whether it may stop the search), quarantined ones last, else in order.
    ///
    /// One that may stop the search keeps its place, and nothing is moved past it: it stands there to keep those
    /// behind it from answering, and those before it must be asked before it ends everything.
    pub fn order(&self, sources: &[(&str, bool)], release: &Release) -> Vec<usize> {
        let mut places: Vec<usize> = (0..sources.len()).collect();
        for group in places.split_mut(|place| sources[*place].1) {
            group.sort_by_key(|place| self.holds(sources[*place].0, release));
        }
        places
    }
}

impl Strike {
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
fn just(blames: Vec<Strike>) -> Vec<Strike> {
    let agree = |one: &Strike| {
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

    fn blame(source: &str, version: &str, got: &str, grade: Grade) -> Strike {
        let digest = |text: &str| Digest::of(text.as_bytes());
        Strike::new(source, &release(version), digest(version), digest(got), grade, UNIX_EPOCH)
    }

    #[test]
    fn a_source_that_lied_is_asked_last_for_that_release() {
        let quarantine = Quarantine { blames: vec![blame("a", "0.2.0", "x", Grade::Transfer)] };
        let sources = [("a", false), ("b", false)];
        assert_eq!(quarantine.order(&sources, &release("0.2.0")), [1, 0]);
        assert_eq!(quarantine.order(&sources, &release("0.1.0")), [0, 1]);
    }

    #[test]
    fn nothing_is_moved_past_a_source_that_may_stop_the_search() {
        let blames = vec![blame("a", "0.2.0", "x", Grade::Transfer)];
        let quarantine = Quarantine { blames };
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
            let blames = vec![blame(source, "0.2.0", "x", Grade::Identity)];
            Quarantine::add(&state, blames, UNIX_EPOCH).unwrap();
        }
        assert_eq!(Quarantine::load(&state, UNIX_EPOCH).unwrap().blames, []);
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
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        let blames = vec![blame("a", "0.2.0", "x", Grade::Transfer)];
        Quarantine::add(&state, blames.clone(), UNIX_EPOCH).unwrap();
        Quarantine::add(&state, blames, UNIX_EPOCH).unwrap();
        let soon = UNIX_EPOCH + TERM - Duration::from_secs(1);
        assert_eq!(Quarantine::load(&state, soon).unwrap().blames.len(), 1);
        assert_eq!(Quarantine::load(&state, UNIX_EPOCH + TERM).unwrap().blames.len(), 0);
        Quarantine::add(
            &state,
            vec![Strike { until: 9_999_999, ..blame("c", "0.1.0", "x", Grade::Transfer) }],
            UNIX_EPOCH,
        )
        .unwrap();
        assert_eq!(Quarantine::load(&state, UNIX_EPOCH).unwrap().blames.len(), 1);
    }
}
