//! An opened source in its position of the configured order.

use std::time::Duration;

use loom_source::Source;

use super::SourceClass;
use crate::{
    config::{OnFailure, SourceSpec},
    trust::Channel,
};

/// An opened source in its position of the configured order.
#[derive(Debug)]
pub struct Candidate {
    /// The name that messages use: the configured name, else the address without secrets.
    pub name: String,
    /// The class that receipts and verifications name.
    pub class: SourceClass,
    /// Whether the connection allows the source to vouch for digests.
    pub channel: Channel,
    /// The source itself.
    pub source: Box<dyn Source>,
    /// `on_error = "stop"`: no source behind this one is asked after it has failed.
    pub stop_on_error: bool,
    /// `on_absent = "stop"`: no source behind this one is asked when it does not have the release.
    pub stop_on_absent: bool,
    /// How far away the source is.
    pub reach: Reach,
    /// `timeout`: the longest time without progress; zero for no limit.
    pub timeout: Duration,
    /// `race = true`: the next source may be asked too while this one has sent nothing for a quarter of its
    /// `timeout`.
    pub race: bool,
    /// `prerelease = true`: `latest` and ranges select this source's pre-releases too.
    pub prerelease: bool,
}

/// How far away a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A disk of this machine: asked each time, and its bytes are not spooled.
    Disk,
    /// This machine, over loopback: may be asked offline.
    Loopback,
    /// Beyond this machine.
    Network,
}

impl Candidate {
    /// The opened `source` with the settings of `spec`.
    pub(super) fn of(
        spec: &SourceSpec,
        class: SourceClass,
        channel: Channel,
        reach: Reach,
        source: Box<dyn Source>,
    ) -> Self {
        Self {
            name: spec.to_string(),
            class,
            channel,
            source,
            stop_on_error: spec.on_error == OnFailure::Stop,
            stop_on_absent: spec.on_absent == OnFailure::Stop,
            reach,
            timeout: spec.timeout,
            race: spec.race,
            prerelease: spec.prerelease,
        }
    }

    /// How long this source may send nothing before the next one is asked too: a quarter of its `timeout`. `None`
    /// where it is not raced, or where it may end the search: no source is asked past such a one.
    pub(crate) fn patience(&self) -> Option<Duration> {
        (self.race && !self.stops()).then(|| self.timeout / 4)
    }

    /// Whether this source may end the search. Its position then keeps the sources behind it from answering.
    pub(crate) fn stops(&self) -> bool {
        self.stop_on_error || self.stop_on_absent
    }

    /// What cached answers of this source are stored under. The name alone does not do: it may be given to another
    /// address later.
    pub(crate) fn key(&self) -> String {
        format!("{} {}", self.name, self.source)
    }
}
