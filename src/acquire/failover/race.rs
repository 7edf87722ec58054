//! The sources that are being asked, one after the other or at the same time.
//!
//! A source that may be raced is waited for alone for a while (its patience, [`Candidate::patience`]); when that time
//! has passed before its first byte, it is reported as late, and the plan may ask the next source beside it. The first
//! source to deliver wins, and all other requests are dropped.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use futures::{StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use loom_source::{Offer, Platform, Release, SourceError};
use tokio::time::{Instant, sleep, timeout_at};

use super::by_digest::DigestOffer;
use crate::{
    acquire::{
        AcquireError, SourceRuntime,
        evidence::gather,
        fetch::{FetchError, StartedTransfer},
    },
    sources::Candidate,
    trust::{OfferedEvidence, Policy},
};

/// The sources that are being asked for one release.
pub(super) struct Race<'a> {
    candidates: &'a [Candidate],
    runtime: &'a SourceRuntime,
    /// What is under way, one request for each source.
    running: FuturesUnordered<LocalBoxFuture<'a, (usize, RaceResult)>>,
    /// The positions of the sources that are being asked.
    places: BTreeSet<usize>,
    /// Until when each source that may be raced is waited for alone.
    patience: BTreeMap<usize, Instant>,
}

/// The result of a request.
pub(super) enum RaceResult {
    /// The answer to the request for the release.
    Found(Result<SourceAnswer, SourceError>),
    /// The first bytes of an artifact.
    Started(Result<StartedTransfer, FetchError>),
    /// The request is still under way, and its patience has passed.
    Late,
}

/// What a source has of a release.
pub(super) struct SourceAnswer {
    pub(super) offer: Option<Offer>,
    /// The signatures of the offer.
    pub(super) evidence: OfferedEvidence,
    /// The platforms that the source has the version for, where it has none for the requested one.
    pub(super) platforms: Vec<Platform>,
    /// Whether the offer was made from digests, without asking the source.
    pub(super) by_digest: bool,
}

impl SourceAnswer {
    fn by_digest((offer, evidence): (Offer, OfferedEvidence)) -> Self {
        Self { offer: Some(offer), evidence, platforms: Vec::new(), by_digest: true }
    }
}

impl<'a> Race<'a> {
    pub(super) fn new(candidates: &'a [Candidate], runtime: &'a SourceRuntime) -> Self {
        Self {
            candidates,
            runtime,
            running: FuturesUnordered::new(),
            places: BTreeSet::new(),
            patience: BTreeMap::new(),
        }
    }

    /// Asks a source for the release. What it has to have by its digest is tried first, without asking.
    pub(super) fn ask(
        &mut self,
        place: usize,
        release: &'a Release,
        policy: &'a Policy,
        by_digest: Option<DigestOffer>,
    ) {
        let candidate = &self.candidates[place];
        self.watch(place, Duration::ZERO);
        self.run(place, async move {
            let by_digest = match by_digest {
                Some(offer) => offer.with_signatures(candidate, release, policy).await,
                None => None,
            };
            RaceResult::Found(match by_digest {
                Some(signed) => Ok(SourceAnswer::by_digest(signed)),
                None => find(candidate, release, policy).await,
            })
        });
    }

    /// Starts a transfer from a source, after this long.
    pub(super) fn start(
        &mut self,
        place: usize,
        after: Duration,
        transfer: impl Future<Output = Result<StartedTransfer, FetchError>> + 'a,
    ) {
        self.watch(place, after);
        self.run(place, async move {
            sleep(after).await;
            RaceResult::Started(transfer.await)
        });
    }

    fn run(&mut self, place: usize, step: impl Future<Output = RaceResult> + 'a) {
        self.places.insert(place);
        self.running.push(Box::pin(async move { (place, step.await) }));
    }

    /// The patience of a source runs from when it is asked until its first byte.
    fn watch(&mut self, place: usize, after: Duration) {
        if let Some(patience) = self.candidates[place].patience() {
            self.patience.entry(place).or_insert_with(|| Instant::now() + after + patience);
        }
    }

    /// Ends the patience of a source: it has failed.
    pub(super) fn stop_watching(&mut self, place: usize) {
        self.patience.remove(&place);
    }

    /// Waits until a request has a result.
    pub(super) fn next(&mut self) -> Result<(usize, RaceResult), AcquireError> {
        let none = || AcquireError::Prepare(io::Error::other("no source is being asked"));
        let runtime = self.runtime;
        runtime.block_on(self.next_result())?.ok_or_else(none)
    }

    async fn next_result(&mut self) -> Option<(usize, RaceResult)> {
        let first = self.patience.iter().min_by_key(|(_, until)| **until);
        let result = match first.map(|(place, until)| (*place, *until)) {
            None => self.running.next().await,
            Some((place, until)) => match timeout_at(until, self.running.next()).await {
                Ok(result) => result,
                Err(_) => {
                    self.patience.remove(&place);
                    return Some((place, RaceResult::Late));
                }
            },
        };
        let (place, result) = result?;
        self.places.remove(&place);
        let goes_on = matches!(&result, RaceResult::Found(Ok(SourceAnswer { offer: Some(_), .. })));
        if !goes_on {
            self.patience.remove(&place);
        }
        Some((place, result))
    }

    /// Drops all requests; returns the positions of the sources that were still being asked.
    pub(super) fn give_up(&mut self) -> BTreeSet<usize> {
        self.running.clear();
        self.patience.clear();
        std::mem::take(&mut self.places)
    }
}

async fn find(
    candidate: &Candidate,
    release: &Release,
    policy: &Policy,
) -> Result<SourceAnswer, SourceError> {
    let source = candidate.source.as_ref();
    let offer = source.find(release).await?;
    let evidence = match &offer {
        Some(offer) => gather(candidate, release, offer, policy).await?,
        None => OfferedEvidence::default(),
    };
    let platforms = match (&offer, release.slot.version()) {
        (None, Some(version)) if candidate.channel.may_vouch() => {
            source.platforms(&release.binary, version).await
        }
        _ => Vec::new(),
    };
    Ok(SourceAnswer { offer, evidence, platforms, by_digest: false })
}
