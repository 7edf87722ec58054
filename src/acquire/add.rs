//! A file that the user hands us, taken in as a release by the same steps as one that is fetched.

use std::{
    fmt, io,
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{
    ArchiveFormat, Artifact, AssetRef, Capabilities, ClaimedDigest, Digest, DigestSource, Download,
    ListingScope, Offer, Packaging, Product, RangeRequest, Release, Source, SourceError,
    VersionListing,
};

use super::{
    AcquireError, Acquired, Acquirer,
    fetch::{FetchError, Transfer},
    first_seen,
    observer::Progress,
    outcome::AttemptLog,
    plan::{FailureReason, SourceEvent},
    run::{ChosenArtifact, StepOutcome},
};
use crate::sources::{Candidate, Reach};
use crate::trust::{Judged, Pin, PinOrigin, Rejection, SourceClass};

/// Bytes read at once.
const PIECE: usize = 256 * 1024;

/// Who says what the file has to be.
const BY: &str = "--sha256";

/// One file as a source.
#[derive(Debug)]
struct OneFile {
    path: PathBuf,
    /// What the user says that it has to be.
    sha256: Option<Digest>,
}

impl fmt::Display for OneFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

#[async_trait]
impl Source for OneFile {
    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, ..Capabilities::default() }
    }

    async fn find(&self, _: &Release) -> Result<Option<Offer>, SourceError> {
        let packaging = match ArchiveFormat::of_name(&self.path.to_string_lossy()) {
            Some(format) => Packaging::Archive { format, strip: None },
            None => Packaging::Bare,
        };
        let size = std::fs::metadata(&self.path).map_err(|e| self.unread(e))?.len();
        let asset = AssetRef::new(self.path.to_string_lossy());
        let given = |digest| ClaimedDigest { digest, by: DigestSource::Sidecar, at: BY.to_owned() };
        let claims = self.sha256.map(given).into_iter().collect();
        let artifact = Artifact { packaging, asset, size: Some(size), claims };
        Ok(Some(Offer { artifacts: vec![artifact], ..Offer::default() }))
    }

    async fn list(&self, _: &Product, _: ListingScope) -> Result<VersionListing, SourceError> {
        Ok(VersionListing::Unlistable("a single file has no versions"))
    }

    async fn open(&self, _: &AssetRef, _: &RangeRequest) -> Result<Download, SourceError> {
        let mut file = std::fs::File::open(&self.path).map_err(|e| self.unread(e))?;
        let total = Some(file.metadata().map_err(|e| self.unread(e))?.len());
        let at = self.to_string();
        let pieces = std::iter::from_fn(move || {
            let mut piece = Vec::with_capacity(PIECE);
            match (&mut file).take(PIECE as u64).read_to_end(&mut piece) {
                Ok(0) => None,
                Ok(_) => Some(Ok(Bytes::from(piece))),
                Err(source) => Some(Err(SourceError::read(at.clone(), source))),
            }
        });
        Ok(Download {
            start: 0,
            total,
            validator: None,
            body: Box::pin(futures::stream::iter(pieces)),
        })
    }
}

impl OneFile {
    fn unread(&self, source: io::Error) -> SourceError {
        SourceError::read(self.to_string(), source)
    }
}

impl Acquirer<'_> {
    /// Takes in `file`, an archive by its name's ending or else the program itself, as `release`.
    ///
    /// Without a digest the policy must allow what nobody vouches for.
    pub fn add(
        &self,
        release: &Release,
        file: &Path,
        sha256: Option<Digest>,
    ) -> Result<Acquired, AcquireError> {
        let unreadable = |source| AcquireError::Unreadable { file: file.to_owned(), source };
        if !std::fs::metadata(file).map_err(unreadable)?.is_file() {
            return Err(unreadable(io::Error::other("it is not a file")));
        }
        let source = OneFile { path: file.to_owned(), sha256 };
        let found = self.network.block_on(source.find(release))?;
        let candidate = Candidate {
            name: file.display().to_string(),
            origin: SourceClass::Mirror,
            source: Box::new(source),
            stop_on_error: true,
            stop_on_absent: true,
            reach: Reach::Disk,
            timeout: Duration::ZERO,
            race: false,
            prerelease: false,
        };
        let mut log = AttemptLog::new(Vec::new());
        log.ask(&candidate);
        let offer = match found {
            Ok(offer) => offer.unwrap_or_default(),
            Err(error) => {
                self.failed(&mut log, &candidate, &error, false);
                return Err(AcquireError::unserved(
                    release.to_string(),
                    FailureReason::Unreachable,
                    log.attempts,
                ));
            }
        };
        let mut pins = first_seen::load(self.state, release)?;
        let given = |digest| Pin { digest, origin: PinOrigin::Given { by: BY.to_owned() } };
        pins.archives.extend(sha256.map(given));
        let judged =
            match self.policy.judge(release, &candidate.name, candidate.origin, &offer, &pins) {
                Ok(judged) => judged,
                Err(Rejection::NoChecksum { .. }) => {
                    return Err(AcquireError::Unproven { file: file.to_owned() });
                }
                Err(distrust) => {
                    self.distrusted(&mut log, &candidate, &distrust);
                    let (what, attempts) = (release.to_string(), log.attempts);
                    return Err(AcquireError::unserved(what, FailureReason::Integrity, attempts));
                }
            };
        let Judged { first: expected, others } = judged;
        let chosen = ChosenArtifact { candidate: &candidate, offer, expected, others };
        let what = release.to_string();
        let mut wait = || self.observer.on_event(Progress::Waiting { what: &what });
        let _lock = self.store.lock_release(release, &mut wait)?;
        let step = match self.begun(&chosen)? {
            Ok(transfer) => self.attempt(release, &chosen, transfer, &mut log)?,
            Err(error) => StepOutcome::Event(self.unfetched(release, &chosen, error, &mut log)?),
        };
        let reason = match step {
            StepOutcome::Here(installed, how) => return Ok(Acquired { installed, how }),
            StepOutcome::Event(SourceEvent::Failed { .. }) => FailureReason::Unreachable,
            StepOutcome::Event(_) => FailureReason::Integrity,
        };
        Err(AcquireError::unserved(what, reason, log.attempts))
    }

    fn begun(
        &self,
        chosen: &ChosenArtifact<'_>,
    ) -> Result<Result<Transfer, FetchError>, AcquireError> {
        let (candidate, carrier) = (chosen.candidate, &chosen.expected.carrier);
        self.network.block_on(self.begin(candidate, candidate.source.as_ref(), carrier, false))
    }
}
