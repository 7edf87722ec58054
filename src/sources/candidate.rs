//! A source that may be asked, and what it is to us.

use std::time::Duration;

use loom_source::Source;

use crate::{
    config::{OnFailure, SourceSpec},
    trust::SourceClass,
};

/// One configured source, in its place of the order.
#[derive(Debug)]
pub struct Candidate {
    /// How it is named to people: its name, else its address without secrets.
    pub name: String,
    /// What it is to us.
    pub origin: SourceClass,
    /// Where it leads.
    pub source: Box<dyn Source>,
    /// `on_error = "stop"`: its failure ends everything.
    pub stop_on_error: bool,
    /// `on_absent = "stop"`: where it has nothing, nobody else is asked.
    pub stop_on_absent: bool,
    /// How far away it is.
    pub reach: Reach,
    /// `timeout`: its longest time without progress; zero where there is none.
    pub timeout: Duration,
    /// `race = true`: the next one may be asked while this one has sent nothing for its patience, a quarter of its `timeout`.
    pub race: bool,
    /// `prerelease = true`: its pre-releases count as releases.
    pub prerelease: bool,
}

/// How far away a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// On this machine's disks: it is asked each time, and its bytes are not spooled.
    Disk,
    /// On this machine, over loopback: may be asked offline.
    Loopback,
    /// Beyond this machine.
    Network,
}

impl Candidate {
    /// The opened `source` with the settings of `spec`.
    pub(super) fn of(
        spec: &SourceSpec,
        origin: SourceClass,
        reach: Reach,
        source: Box<dyn Source>,
    ) -> Self {
        Self {
            name: spec.to_string(),
            origin,
            source,
            stop_on_error: spec.on_error == OnFailure::Stop,
            stop_on_absent: spec.on_absent == OnFailure::Stop,
            reach,
            timeout: spec.timeout,
            race: spec.race,
            prerelease: spec.prerelease,
        }
    }

    /// How long one that may be raced is waited for before the next one is asked too: a quarter of its `timeout`.
    /// Nobody is asked past one that may end the search.
    pub(crate) fn patience(&self) -> Option<Duration> {
        (self.race && !self.stops()).then(|| self.timeout / 4)
    }

    /// Whether it may end the search: then it stands where it does to keep others from answering.
    pub(crate) fn stops(&self) -> bool {
        self.stop_on_error || self.stop_on_absent
    }

    /// What its memories are kept under: a name alone could come to mean another place.
    pub(crate) fn key(&self) -> String {
        format!("{} {}", self.name, self.source)
    }
}
