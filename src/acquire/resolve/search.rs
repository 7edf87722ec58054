//! [`VersionSearch`]: how far resolving has come, so that it can go on where a version turns out to be listed only.

use std::collections::VecDeque;

use loom_source::{ListedVersion, Version};

use crate::acquire::SourceAttempt;

/// How many lower versions of one source are tried after one that it lists and does not have for the platform.
pub const MAX_LOWER_VERSIONS: usize = 3;

/// How far resolving has come.
#[derive(Default)]
pub(in crate::acquire) struct VersionSearch {
    /// The places of the sources that are left, in order, each with whether it is asked for the first time.
    pub(super) turns: VecDeque<(usize, bool)>,
    /// The attempts since they were last taken, in order.
    pub(super) attempts: Vec<SourceAttempt>,
    /// The positions of the sources that did not answer in time.
    pub(super) silent: Vec<usize>,
    /// What is known of the source whose turn is next, where it was asked before.
    pub(super) listed_only: ListedOnly,
}

/// The versions that a source lists and does not have for the platform.
#[derive(Default)]
pub(super) struct ListedOnly {
    /// The source's place.
    place: Option<usize>,
    versions: Vec<Version>,
    /// All versions that the source lists, where it was asked for all of them.
    pub(super) list: Option<Vec<ListedVersion>>,
}

impl VersionSearch {
    /// A search over so many sources.
    pub(super) fn over(sources: usize) -> Self {
        Self { turns: (0..sources).map(|place| (place, true)).collect(), ..Self::default() }
    }

    /// Takes the attempts so far.
    pub(in crate::acquire) fn take_attempts(&mut self) -> Vec<SourceAttempt> {
        std::mem::take(&mut self.attempts)
    }

    /// The positions of the sources that did not answer in time.
    pub(in crate::acquire) fn silent(&self) -> &[usize] {
        &self.silent
    }

    /// Goes on with the source at this place, whose cached list was wrong, after these attempts.
    pub(in crate::acquire) fn ask_again(&mut self, place: usize, attempts: Vec<SourceAttempt>) {
        self.attempts = attempts;
        self.turns.push_front((place, true));
    }

    /// Goes on with the source at this place, which lists a version and does not have it, after these attempts.
    pub(in crate::acquire) fn go_below(
        &mut self,
        place: usize,
        version: Version,
        attempts: Vec<SourceAttempt>,
    ) {
        self.attempts = attempts;
        self.turns.push_front((place, false));
        if self.listed_only.place != Some(place) {
            let list = self.listed_only.list.take();
            self.listed_only = ListedOnly { place: Some(place), list, ..ListedOnly::default() };
        }
        self.listed_only.versions.push(version);
    }

    /// The versions that the source at this place lists only.
    pub(super) fn listed_only(&self, place: usize) -> &[Version] {
        if self.listed_only.place == Some(place) { &self.listed_only.versions } else { &[] }
    }
}
