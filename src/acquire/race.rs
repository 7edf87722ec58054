//! Sources that are being asked, one after the other or at the same time: what is under way at each of them,
//! and until when it is waited for alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use futures::{StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use loom_source::{Offer, Platform, Release, Source, SourceError};
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    AcquireError, Acquirer,
    fetch::{FetchError, Transfer},
    outcome::AttemptLog,
    plan::SourceEvent,
    run::{ChosenArtifact, StepOutcome},
};
use crate::sources::Candidate;
use crate::trust::{Judged, Pins, SourceClass};

/// The sources that are being asked for one release.
pub(super) struct Race<'a> {
    acquirer: &'a Acquirer<'a>,
    release: &'a Release,
    pins: Pins,
    /// What is under way, one thing for each source.
    running: FuturesUnordered<LocalBoxFuture<'a, (usize, Came)>>,
    places: BTreeSet<usize>,
    /// Until when each of those that may be raced is waited for.
    patience: BTreeMap<usize, Instant>,
    chosen: BTreeMap<usize, ChosenArtifact<'a>>,
    begun: Option<Transfer>,
}

/// What came of a step.
enum Came {
    Found(Result<Found, SourceError>),
    Begun(Result<Transfer, FetchError>),
    /// It is still under way.
    Late,
}

/// What a source answered.
struct Found {
    offer: Option<Offer>,
    /// Where it has nothing: the platforms for which it has.
    platforms: Vec<Platform>,
}

impl<'a> Race<'a> {
    pub(super) fn new(acquirer: &'a Acquirer<'a>, release: &'a Release, pins: Pins) -> Self {
        Self {
            acquirer,
            release,
            pins,
            running: FuturesUnordered::new(),
            places: BTreeSet::new(),
            patience: BTreeMap::new(),
            chosen: BTreeMap::new(),
            begun: None,
        }
    }

    /// Asks a source for the release.
    pub(super) fn ask(&mut self, place: usize, log: &mut AttemptLog) {
        let (candidate, release) = (&self.acquirer.candidates[place], self.release);
        let source = candidate.source.as_ref();
        log.ask(candidate);
        self.watch(place, Duration::ZERO);
        self.run(place, async move { Came::Found(find(source, candidate.origin, release).await) });
    }

    /// Opens what was chosen of a source's offer, after this long.
    pub(super) fn fetch(&mut self, place: usize, after: Duration, whole: bool) {
        let Some(chosen) = self.chosen.get(&place) else { return };
        let (acquirer, candidate) = (self.acquirer, chosen.candidate);
        let source = candidate.source.as_ref();
        let carrier = chosen.expected.carrier.clone();
        self.watch(place, after);
        self.run(place, async move {
            sleep(after).await;
            Came::Begun(acquirer.begin(candidate, source, &carrier, whole).await)
        });
    }

    /// The same with the next carrier of the offer.
    pub(super) fn fetch_other(&mut self, place: usize) {
        if let Some(chosen) = self.chosen.get_mut(&place)
            && !chosen.others.is_empty()
        {
            chosen.expected = chosen.others.remove(0);
        }
        self.fetch(place, Duration::ZERO, false);
    }

    fn run(&mut self, place: usize, step: impl Future<Output = Came> + 'a) {
        self.places.insert(place);
        self.running.push(Box::pin(async move { (place, step.await) }));
    }

    /// One that may be raced is waited for from when it was asked until its first byte.
    fn watch(&mut self, place: usize, after: Duration) {
        if let Some(patience) = self.acquirer.candidates[place].patience() {
            self.patience.entry(place).or_insert_with(|| Instant::now() + after + patience);
        }
    }

    /// Waits until something happens at one of the sources.
    pub(super) fn next(
        &mut self,
        log: &mut AttemptLog,
    ) -> Result<(usize, SourceEvent), AcquireError> {
        let acquirer = self.acquirer;
        let nobody = || AcquireError::Prepare(io::Error::other("no source is being asked"));
        let (place, came) = acquirer.network.block_on(self.come())?.ok_or_else(nobody)?;
        let event = match came {
            Came::Late => SourceEvent::Late,
            Came::Found(found) => self.found(place, found, log),
            Came::Begun(Ok(transfer)) => {
                self.begun = Some(transfer);
                SourceEvent::Delivers
            }
            Came::Begun(Err(error)) => match self.chosen.get(&place) {
                Some(chosen) => acquirer.unfetched(self.release, chosen, error, log)?,
                None => SourceEvent::Absent,
            },
        };
        Ok((place, event))
    }

    async fn come(&mut self) -> Option<(usize, Came)> {
        let first = self.patience.iter().min_by_key(|(_, until)| **until);
        let came = match first.map(|(place, until)| (*place, *until)) {
            None => self.running.next().await,
            Some((place, until)) => match timeout_at(until, self.running.next()).await {
                Ok(came) => came,
                Err(_) => {
                    self.patience.remove(&place);
                    return Some((place, Came::Late));
                }
            },
        };
        let (place, came) = came?;
        self.places.remove(&place);
        if matches!(came, Came::Begun(_) | Came::Found(Ok(Found { offer: None, .. }) | Err(_))) {
            self.patience.remove(&place);
        }
        Some((place, came))
    }

    fn found(
        &mut self,
        place: usize,
        found: Result<Found, SourceError>,
        log: &mut AttemptLog,
    ) -> SourceEvent {
        let (acquirer, candidate) = (self.acquirer, &self.acquirer.candidates[place]);
        let offer = match found {
            Ok(Found { offer: Some(offer), .. }) => offer,
            Ok(Found { platforms, .. }) => return acquirer.absent(candidate, &platforms, log),
            Err(error) => return acquirer.failed(log, candidate, &error, false),
        };
        let Candidate { name, origin, .. } = candidate;
        match acquirer.policy.judge(self.release, name, *origin, &offer, &self.pins) {
            Ok(Judged { first: expected, others }) => {
                let carriers = 1 + others.len();
                self.chosen.insert(place, ChosenArtifact { candidate, offer, expected, others });
                SourceEvent::Offered { carriers }
            }
            Err(distrust) => {
                self.patience.remove(&place);
                acquirer.distrusted(log, candidate, &distrust)
            }
        }
    }

    /// Receives from the one that delivers. The others are given up: their requests end here.
    pub(super) fn take(
        &mut self,
        place: usize,
        log: &mut AttemptLog,
    ) -> Result<StepOutcome, AcquireError> {
        self.running.clear();
        self.patience.clear();
        let winner = &self.acquirer.candidates[place].name;
        for loser in std::mem::take(&mut self.places) {
            let outcome = format!("given up: {winner} delivered first");
            log.note(&self.acquirer.candidates[loser], outcome);
        }
        match (self.chosen.get(&place), self.begun.take()) {
            (Some(chosen), Some(transfer)) => {
                self.acquirer.attempt(self.release, chosen, transfer, log)
            }
            _ => Ok(StepOutcome::Event(SourceEvent::Absent)),
        }
    }
}

async fn find(
    source: &dyn Source,
    origin: SourceClass,
    release: &Release,
) -> Result<Found, SourceError> {
    let offer = source.find(release).await?;
    let platforms = match (&offer, release.slot.version()) {
        // Over plain HTTP its word counts for nothing.
        (None, Some(version)) if origin != SourceClass::PlainHttp => {
            source.platforms(&release.binary, version).await
        }
        _ => Vec::new(),
    };
    Ok(Found { offer, platforms })
}
