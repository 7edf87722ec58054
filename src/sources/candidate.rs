//! [`Candidate`]: an opened source, with the settings that decide when it is requested.

use std::{sync::Arc, time::Duration};

use loom_source::{Release, Source, SourceError};

use super::{GuardedSource, MirrorRootRules, SignedMirror, SourceClass};
use crate::{
    config::{OnFailure, SourceSpec},
    state::StateDir,
    trust::{Channel, mirror::VerifiedIndex},
};

/// An opened source, with the settings that decide when it is requested.
#[derive(Debug)]
pub struct Candidate {
    /// The name of the source, else its URL or path without secrets; display only.
    pub name: String,
    /// The name and the address of the source, without secrets: no other server has the same, whatever its name.
    pub identity: String,
    /// What is asked instead of the server that the source names, without secrets: `mirror` of a registry.
    pub through: Option<String>,
    /// The class of the source, which receipts and verifications name.
    pub class: SourceClass,
    /// Whether the connection allows the source to vouch for digests.
    pub channel: Channel,
    /// The source.
    pub source: Box<dyn Source>,
    /// The signed index of the source, by which it is guarded; `None` for a source that cannot have one.
    pub signed: Option<Arc<SignedMirror>>,
    /// `on_error = "stop"`: whether a failure of the source ends the search.
    pub stop_on_error: bool,
    /// `on_absent = "stop"`: whether the search ends where the source does not have the release.
    pub stop_on_absent: bool,
    /// Whether the source is on this machine or beyond it.
    pub reach: Reach,
    /// `timeout`: the longest time without progress; zero where there is none.
    pub timeout: Duration,
    /// `race = true`: whether the next source is requested too once this one has been silent for a quarter of `timeout`.
    pub race: bool,
    /// `prerelease = true`: whether pre-releases of the source can be chosen.
    pub prerelease: bool,
}

/// Where a source is, seen from this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// On a disk of this machine. The source is requested each time, and its bytes are not copied to a partial file.
    Disk,
    /// On this machine, over loopback. The source can be requested offline.
    Loopback,
    /// Beyond this machine.
    Network,
}

impl Candidate {
    /// The opened `source` with the settings of `spec`. `address` is that of the source with its server.
    pub(super) fn of(
        spec: &SourceSpec,
        address: String,
        class: SourceClass,
        channel: Channel,
        reach: Reach,
        source: Box<dyn Source>,
    ) -> Self {
        Self {
            name: spec.to_string(),
            identity: match &spec.name {
                Some(name) => format!("{name} ({address})"),
                None => address,
            },
            through: None,
            class,
            channel,
            source,
            signed: None,
            stop_on_error: spec.on_error == OnFailure::Stop,
            stop_on_absent: spec.on_absent == OnFailure::Stop,
            reach,
            timeout: spec.timeout,
            race: spec.race,
            prerelease: spec.prerelease,
        }
    }

    /// Whether the signed index of the source withdraws the release. `false` where a source has none, or none that counts.
    pub async fn withdraws(&self, release: &Release) -> bool {
        match &self.signed {
            Some(signed) => signed.withdraws(self.source.as_ref(), release).await,
            None => false,
        }
    }

    /// The same source, guarded by its signed index where a root is known for it.
    pub(super) fn guarded(self, rules: MirrorRootRules, state: StateDir) -> Self {
        let signed =
            SignedMirror::new(self.name.clone(), &self.identity, rules, state, self.timeout);
        let signed = Arc::new(signed);
        let source = Box::new(GuardedSource::new(self.source, Arc::clone(&signed)));
        Self { source, signed: Some(signed), ..self }
    }

    /// The signed index of the source, verified; `None` where no root is known for it, so that none is needed.
    ///
    /// # Errors
    /// Where a root is known, and the source has no index that is accepted.
    pub async fn verified_index(&self) -> Result<Option<Arc<VerifiedIndex>>, SourceError> {
        match &self.signed {
            Some(signed) => signed.index(self.source.as_ref()).await,
            None => Ok(None),
        }
    }

    /// The silence after which the next source is requested too: a quarter of `timeout`. `None` without `race`, and for a
    /// source that can end the search, since no later source may answer before it.
    pub(crate) fn patience(&self) -> Option<Duration> {
        (self.race && !self.stops()).then(|| self.timeout / 4)
    }

    /// Whether the source can end the search before later sources are requested.
    pub(crate) fn stops(&self) -> bool {
        self.stop_on_error || self.stop_on_absent
    }

    /// The key of cached documents about the source: its identity, and what the source says of itself where that says
    /// more, such as settings that change its lists.
    pub(crate) fn key(&self) -> String {
        let source = self.source.to_string();
        let mut key = self.identity.clone();
        if !key.contains(source.trim_end_matches('/')) {
            key = format!("{key} {source}");
        }
        match self.signed.as_ref().and_then(|signed| signed.cache_key()) {
            Some(signed) => format!("{key} {signed}"),
            None => key,
        }
    }
}
