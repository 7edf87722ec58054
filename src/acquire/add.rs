//! A file that the user hands us, taken in as a release by the same steps as one that is fetched.

use std::{
    fmt, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{
    ArchiveFormat, Capabilities, Carrier, Digest, Form, Line, Listing, Need, Offer, Opened,
    Pointer, Release, Resume, Source, SourceError,
};

use super::{
    AcquireError, Acquired, Acquirer, Backend, Candidate, How, Reach,
    outcome::Log,
    plan::Reason,
    run::{Chosen, Step},
};
use crate::trust::{Expectation, Expected, Grade, Origin, Proof};

/// Bytes read at once.
const PIECE: usize = 256 * 1024;

/// One file as a source.
#[derive(Debug)]
struct OneFile(PathBuf);

impl fmt::Display for OneFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

#[async_trait]
impl Source for OneFile {
    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, ..Capabilities::default() }
    }

    async fn find(&self, _: &Release) -> Result<Option<Offer>, SourceError> {
        let form = match ArchiveFormat::of_name(&self.0.to_string_lossy()) {
            Some(format) => Form::Archive { format, strip: None },
            None => Form::Bare,
        };
        let size = std::fs::metadata(&self.0).map_err(|e| self.unread(e))?.len();
        let at = Pointer::new(self.0.to_string_lossy());
        let carrier = Carrier { form, at, size: Some(size), claims: Vec::new() };
        Ok(Some(Offer { carriers: vec![carrier], ..Offer::default() }))
    }

    async fn list(&self, _: &Line, _: Need) -> Result<Listing, SourceError> {
        Ok(Listing::Unlistable("a single file has no versions"))
    }

    async fn open(&self, _: &Pointer, _: &Resume) -> Result<Opened, SourceError> {
        let mut file = std::fs::File::open(&self.0).map_err(|e| self.unread(e))?;
        let total = Some(file.metadata().map_err(|e| self.unread(e))?.len());
        let at = self.to_string();
        let pieces = std::iter::from_fn(move || {
            let mut piece = Vec::with_capacity(PIECE);
            match (&mut file).take(PIECE as u64).read_to_end(&mut piece) {
                Ok(0) => None,
                Ok(_) => Some(Ok(Bytes::from(piece))),
                Err(source) => Some(Err(SourceError::Read { at: at.clone(), source })),
            }
        });
        Ok(Opened {
            start: 0,
            total,
            validator: None,
            body: Box::pin(futures::stream::iter(pieces)),
        })
    }
}

impl OneFile {
    fn unread(&self, source: io::Error) -> SourceError {
        SourceError::Read { at: self.to_string(), source }
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
        let source = OneFile(file.to_owned());
        let found = self.network.block_on(source.find(release))?;
        let candidate = Candidate {
            name: file.display().to_string(),
            origin: Origin::Mirror,
            backend: Backend::Ready(Box::new(source)),
            stop_on_error: true,
            stop_on_absent: true,
            reach: Reach::Disk,
        };
        let mut log = Log::new(Vec::new());
        log.ask();
        let offer = match found {
            Ok(offer) => offer.unwrap_or_default(),
            Err(error) => {
                self.failed(&mut log, &candidate, &error, false);
                return Err(AcquireError::unserved(
                    release.to_string(),
                    Reason::Unreachable,
                    log.attempts,
                ));
            }
        };
        let proof = sha256.map(|digest| Proof {
            digest,
            grade: Grade::Identity,
            by: "--sha256".to_owned(),
        });
        let waiver = if proof.is_none() { self.policy.waiver(Origin::Mirror) } else { None };
        let (Some(carrier), true) =
            (offer.carriers.first().cloned(), proof.is_some() || waiver.is_some())
        else {
            return Err(AcquireError::Unproven { file: file.to_owned() });
        };
        let size = carrier.size;
        let expectation =
            Expectation { release: release.clone(), archive: proof, tree: None, waiver, size };
        let chosen =
            Chosen { candidate: &candidate, offer, expected: Expected { carrier, expectation } };
        let _lock = self.store.lock_release(release, &mut || {})?;
        match self.attempt(release, &chosen, false, &mut log)? {
            Step::Here(installed) => {
                Ok(Acquired { installed, how: How::Fetched { source: candidate.name.clone() } })
            }
            Step::Event(_) => {
                Err(AcquireError::unserved(release.to_string(), Reason::Integrity, log.attempts))
            }
        }
    }
}
