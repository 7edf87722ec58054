//! One file on a disk of this machine as a source: a file that the user adds, or an archive that the store kept.

use std::{fmt, io, io::Read as _, path::PathBuf, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{
    ArchiveFormat, Artifact, AssetRef, Capabilities, ClaimedDigest, Digest, DigestSource, Download,
    EvidenceSubject, ListingScope, Offer, Packaging, Product, RangeRequest, Release, Source,
    SourceError, SourceErrorKind, VersionListing, asset::possible_evidence,
};

use crate::{
    sources::{Candidate, Reach, SourceClass},
    store::{FileKind, file_kind::HEAD},
    trust::Channel,
};

/// The number of bytes read at once.
const PIECE: usize = 256 * 1024;

/// The option with which the user gives a digest.
pub(super) const SHA256_OPTION: &str = "--sha256";

/// One file as a source.
#[derive(Debug)]
pub(super) struct LocalFile {
    path: PathBuf,
    /// The digest that the user gave.
    sha256: Option<Digest>,
}

impl LocalFile {
    /// A candidate for this file alone. Its failure or absence ends the search.
    pub(super) fn candidate(path: PathBuf, sha256: Option<Digest>) -> Candidate {
        Candidate {
            name: path.display().to_string(),
            identity: path.display().to_string(),
            class: SourceClass::File,
            channel: Channel::Authenticated,
            source: Box::new(Self { path, sha256 }),
            signed: None,
            through: None,
            stop_on_error: true,
            stop_on_absent: true,
            reach: Reach::Disk,
            timeout: Duration::ZERO,
            race: false,
            prerelease: false,
        }
    }

    /// The first bytes of the file.
    fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = Vec::with_capacity(HEAD);
        std::fs::File::open(&self.path)?.take(HEAD as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    fn unread(&self, error: io::Error) -> SourceError {
        SourceError::read(self.to_string(), error)
    }
}

impl fmt::Display for LocalFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

#[async_trait]
impl Source for LocalFile {
    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, ..Capabilities::default() }
    }

    /// Offers the file for any release: as an archive by its first bytes, else by the ending of its name, else as the
    /// program itself.
    async fn find(&self, _: &Release) -> Result<Option<Offer>, SourceError> {
        let by_name = || ArchiveFormat::of_name(&self.path.to_string_lossy());
        let kind = FileKind::of(&self.head().map_err(|e| self.unread(e))?);
        let packaging = match kind.archive_format().or_else(by_name) {
            Some(format) => Packaging::Archive { format, strip: None },
            None => Packaging::Bare,
        };
        let size = std::fs::metadata(&self.path).map_err(|e| self.unread(e))?.len();
        let asset = AssetRef::new(self.path.to_string_lossy());
        let evidence = possible_evidence(&EvidenceSubject::Artifact(asset.clone()));
        let claim = |digest| {
            let (by, at) = (DigestSource::Sidecar, SHA256_OPTION.to_owned());
            ClaimedDigest { digest, by, at }
        };
        let claims = self.sha256.map(claim).into_iter().collect();
        let artifact = Artifact { packaging, asset, size: Some(size), claims };
        Ok(Some(Offer { artifacts: vec![artifact], evidence, ..Offer::default() }))
    }

    async fn list(&self, _: &Product, _: ListingScope) -> Result<VersionListing, SourceError> {
        Ok(VersionListing::Unlistable("a single file has no versions"))
    }

    /// Opens the file, or a signature beside it.
    async fn open(&self, asset: &AssetRef, _: &RangeRequest) -> Result<Download, SourceError> {
        let path = self.path.to_string_lossy();
        let beside = asset.as_str().strip_prefix(&*path).unwrap_or_default();
        let mut path = self.path.clone().into_os_string();
        path.push(beside);
        let mut file = match std::fs::File::open(&path) {
            Err(error) if !beside.is_empty() && error.kind() == io::ErrorKind::NotFound => {
                return Err(SourceError::new(asset.to_string(), SourceErrorKind::Gone));
            }
            file => file.map_err(|e| self.unread(e))?,
        };
        let total = Some(file.metadata().map_err(|e| self.unread(e))?.len());
        let at = asset.to_string();
        let pieces = std::iter::from_fn(move || {
            let mut piece = Vec::with_capacity(PIECE);
            match (&mut file).take(PIECE as u64).read_to_end(&mut piece) {
                Ok(0) => None,
                Ok(_) => Some(Ok(Bytes::from(piece))),
                Err(error) => Some(Err(SourceError::read(at.clone(), error))),
            }
        });
        let body = Box::pin(futures::stream::iter(pieces));
        Ok(Download { start: 0, total, validator: None, body })
    }
}
