//! Opens an artifact, at the byte where an earlier transfer ended.

use futures::{StreamExt as _, stream};
use loom_source::{
    ArchiveFormat, AssetRef, Download, Packaging, RangeRequest, Source, SourceError,
    SourceErrorKind,
};

use super::{FetchError, Fetcher};
use crate::{
    sources::{Candidate, Reach},
    store::{Partial, ResumeOutcome, TransferSubject},
    trust::{Channel, Expected},
};

/// An artifact whose first bytes are here.
pub(in crate::acquire) enum StartedTransfer {
    /// A stream that follows the bytes of an earlier transfer, which have not been taken yet.
    Stream(Partial, Download),
    /// The listing of loose files.
    Listing(Download),
    /// A cargo build of this machine: nothing is transferred.
    Build,
}

impl Fetcher<'_> {
    /// Opens an artifact after the bytes of an earlier transfer, and waits for its first bytes. With `whole`, the bytes
    /// of earlier transfers do not count.
    pub(in crate::acquire) async fn start(
        &self,
        candidate: &Candidate,
        expected: &Expected,
        whole: bool,
    ) -> Result<StartedTransfer, FetchError> {
        let artifact = &expected.artifact;
        let source = candidate.source.as_ref();
        if candidate.channel == Channel::LocalBuild {
            return Ok(StartedTransfer::Build);
        }
        if let Packaging::Loose { .. } = &artifact.packaging {
            let download = open(source, &artifact.asset, &RangeRequest::whole()).await?;
            return Ok(StartedTransfer::Listing(primed(download).await?));
        }
        let (partial, download) = self.open_after(candidate, expected, whole).await?;
        Ok(StartedTransfer::Stream(partial, primed(download).await?))
    }

    /// Takes the bytes of earlier transfers for a transfer that has won. Where they have changed meanwhile, the artifact is
    /// opened at its first byte.
    pub(super) fn take(
        &self,
        candidate: &Candidate,
        expected: &Expected,
        mut partial: Partial,
        download: Download,
    ) -> Result<(Partial, Download), FetchError> {
        if partial.take(self.store)? {
            return Ok((partial, download));
        }
        drop(download);
        let opened = self.open_after(candidate, expected, true);
        let (mut partial, download) = self.runtime.block_on(opened)??;
        partial.take(self.store)?;
        Ok((partial, download))
    }

    /// Opens an artifact after the bytes of an earlier transfer; with `whole`, at its first byte.
    async fn open_after(
        &self,
        candidate: &Candidate,
        expected: &Expected,
        whole: bool,
    ) -> Result<(Partial, Download), FetchError> {
        let (source, asset) = (candidate.source.as_ref(), &expected.artifact.asset);
        let mut partial = self.partial(candidate, expected)?;
        if whole {
            partial = partial.whole();
        }
        let mut download = match open(source, asset, &partial.resume()).await {
            // A server that answers ranges wrongly may still serve the whole file. Asking for the same range in every
            // run would never end.
            Err(FetchError::Unopened(error))
                if matches!(error.kind, SourceErrorKind::RangeMismatch { requested: 1.., .. }) =>
            {
                open(source, asset, &RangeRequest::whole()).await?
            }
            download => download?,
        };
        if partial.begin(&download) == ResumeOutcome::Mismatch {
            download = open(source, asset, &RangeRequest::whole()).await?;
            if partial.begin(&download) == ResumeOutcome::Mismatch {
                let got = format!("bytes from {}", download.start);
                let kind = SourceErrorKind::RangeMismatch { requested: 0, got };
                let error = SourceError::new(asset.to_string(), kind);
                return Err(FetchError::Source(error, 0));
            }
        }
        Ok((partial, download))
    }

    /// Beside transfers that can be resumed, only zip archives and kept archives need a file.
    fn partial(&self, candidate: &Candidate, expected: &Expected) -> Result<Partial, FetchError> {
        let Expected { artifact, expectation } = expected;
        let resumes = candidate.source.capabilities().resume;
        let resumable = resumes && candidate.reach != Reach::Disk;
        if resumable {
            let subject = TransferSubject {
                source: &candidate.key(),
                asset: &artifact.asset,
                archive: expectation.archive_digest(),
                size: expectation.size,
            };
            return Ok(Partial::open(self.store, &subject)?.of_release(&expectation.release));
        }
        Ok(match &artifact.packaging {
            // A signature is checked over all bytes, once they are here.
            _ if !expectation.signatures.pending.is_empty() => Partial::spooled(self.store)?,
            Packaging::Archive { format: ArchiveFormat::Zip, .. } => Partial::spooled(self.store)?,
            Packaging::Archive { .. } if self.options.keep_archives => {
                Partial::spooled(self.store)?
            }
            _ => Partial::passing(),
        })
    }

    /// Opens an asset and waits for the answer.
    pub(super) fn open(
        &self,
        source: &dyn Source,
        asset: &AssetRef,
        from: &RangeRequest,
    ) -> Result<Download, FetchError> {
        self.runtime.block_on(open(source, asset, from))?
    }
}

async fn open(
    source: &dyn Source,
    asset: &AssetRef,
    from: &RangeRequest,
) -> Result<Download, FetchError> {
    source.open(asset, from).await.map_err(FetchError::Unopened)
}

/// The same download after its first bytes have arrived.
async fn primed(download: Download) -> Result<Download, FetchError> {
    let Download { start, total, validator, mut body } = download;
    let first = body.next().await.transpose();
    let first = first.map_err(|error| FetchError::Source(error, 0))?;
    let body = stream::iter(first.map(Ok)).chain(body).fuse().boxed();
    Ok(Download { start, total, validator, body })
}
