//! Reads the signatures of an offer that the configuration has keys for, and judges the offer. Without keys nothing is
//! requested.

use std::time::SystemTime;

use bytes::Bytes;
use futures::StreamExt as _;
use loom_signatures::evidence::limit;
use loom_source::{
    AssetRef, Evidence, EvidenceKind, EvidenceSubject, Offer, RangeRequest, Release, SourceError,
    SourceErrorKind,
};
use serde::de::IgnoredAny;

use crate::{
    sources::Candidate,
    trust::{
        Channel, Judged, OfferSignatures, OfferedEvidence, OpenedEvidence, OpenedSubject, Pins,
        Policy, Rejection, Signature,
    },
};

/// The largest number of signatures of one offer that are read.
const MAX_OPENED: usize = 32;

/// The largest `SHA256SUMS` that is read, in bytes.
const MAX_SUMS: usize = 4 * 1024 * 1024;

/// Reads the signatures of an offer that may count: those about the statement, the checksum files and the first artifact;
/// those about other artifacts where there is none.
///
/// # Errors
/// Where a signature is required, and the source fails to serve one.
pub async fn gather(
    candidate: &Candidate,
    release: &Release,
    offer: &Offer,
    policy: &Policy,
) -> Result<OfferedEvidence, SourceError> {
    let mut gathered = Gathered {
        candidate,
        is_required: policy.signature == Signature::Required,
        carries: policy.keeps_all_signatures,
        sums: Vec::new(),
        offered: OfferedEvidence::default(),
    };
    let is_needless = policy.keys.is_empty() && !policy.keeps_all_signatures;
    if is_needless || candidate.channel == Channel::LocalBuild {
        return Ok(gathered.offered);
    }
    let wanted = |evidence: &&Evidence| {
        policy.keeps_all_signatures
            || policy.keys.wants(evidence.kind, &release.authority, &candidate.name)
    };
    let first = offer.artifacts.first().map(|artifact| &artifact.asset);
    let of_first = |evidence: &&Evidence| match &evidence.of {
        EvidenceSubject::Artifact(asset) => Some(asset) == first,
        EvidenceSubject::Sums(_) | EvidenceSubject::Statement => true,
    };
    let wanted = offer.evidence.iter().filter(wanted);
    let (of_first, others): (Vec<_>, Vec<_>) = wanted.partition(of_first);
    gathered.read(&of_first).await?;
    if gathered.carries || gathered.offered.opened.is_empty() {
        gathered.read(&others).await?;
    }
    Ok(gathered.offered)
}

/// Judges an offer by its digests, by its signatures, and by the signed index of its source.
///
/// # Errors
/// [`Rejection`] where the policy refuses it.
pub fn judge_offer(
    candidate: &Candidate,
    release: &Release,
    policy: &Policy,
    pins: &Pins,
    offer: &Offer,
    evidence: OfferedEvidence,
) -> Result<Judged, Rejection> {
    let signed = candidate.signed.as_ref().and_then(|signed| signed.vouch(release));
    let vouched = signed.map(|vouch| Pins { statement: Some(vouch.statement), ..pins.clone() });
    let pins = vouched.as_ref().unwrap_or(pins);
    let scope = policy.scope(release, &candidate.name, SystemTime::now());
    policy.judge(release, candidate.channel, offer, pins, &OfferSignatures { scope, evidence })
}

struct Gathered<'a> {
    candidate: &'a Candidate,
    is_required: bool,
    /// Whether every signature is read, because it is kept for others.
    carries: bool,
    /// The checksum files that were read; `None` for one that the source does not have.
    sums: Vec<(AssetRef, Option<Bytes>)>,
    offered: OfferedEvidence,
}

impl Gathered<'_> {
    async fn read(&mut self, evidence: &[&Evidence]) -> Result<(), SourceError> {
        let mut read: Vec<(EvidenceKind, &EvidenceSubject)> = Vec::new();
        for one in evidence {
            // One signature of each kind is enough: an attestation need not be asked for where there is a bundle.
            let is_known = !self.carries && read.contains(&(one.kind, &one.of));
            if is_known || self.offered.opened.len() >= MAX_OPENED {
                continue;
            }
            match self.open(one).await {
                Ok(true) => read.push((one.kind, &one.of)),
                Ok(false) => {}
                Err(error) if self.is_required && self.offered.opened.is_empty() => {
                    return Err(error);
                }
                // What others need must not be left out without a word.
                Err(error) if self.carries => return Err(error),
                Err(error) => self.offered.unread.push(loom_base::error_chain(&error)),
            }
        }
        Ok(())
    }

    /// Reads one signature; returns whether the source has it.
    async fn open(&mut self, evidence: &Evidence) -> Result<bool, SourceError> {
        let Some(bytes) = self.bytes(&evidence.asset, limit(evidence.kind)).await? else {
            return Ok(false);
        };
        let of = match &evidence.of {
            EvidenceSubject::Artifact(asset) => OpenedSubject::Artifact(asset.clone()),
            EvidenceSubject::Statement => OpenedSubject::Statement,
            EvidenceSubject::Sums(asset) => match self.sums(asset).await? {
                Some(bytes) => OpenedSubject::Sums(bytes),
                None => return Ok(false),
            },
        };
        let at = self.location(&evidence.asset);
        for bytes in parts(evidence.kind, bytes) {
            let (kind, at, of) = (evidence.kind, at.clone(), of.clone());
            self.offered.opened.push(OpenedEvidence { kind, at, bytes, of });
        }
        Ok(true)
    }

    async fn sums(&mut self, asset: &AssetRef) -> Result<Option<Bytes>, SourceError> {
        if let Some((_, bytes)) = self.sums.iter().find(|(known, _)| known == asset) {
            return Ok(bytes.clone());
        }
        let bytes = self.bytes(asset, MAX_SUMS).await?;
        self.sums.push((asset.clone(), bytes.clone()));
        Ok(bytes)
    }

    /// The bytes of a small file; `None` where the source does not have it.
    async fn bytes(&self, asset: &AssetRef, most: usize) -> Result<Option<Bytes>, SourceError> {
        let absent = |error: &SourceError| {
            matches!(error.kind, SourceErrorKind::Gone) || error.kind.may_be_absent()
        };
        let source = self.candidate.source.as_ref();
        let mut download = match source.open(asset, &RangeRequest::whole()).await {
            Err(error) if absent(&error) => return Ok(None),
            download => download?,
        };
        let mut bytes = Vec::new();
        while let Some(piece) = download.body.next().await.transpose()? {
            if bytes.len() + piece.len() > most {
                let why = format!("expected at most {most} bytes, got more");
                return Err(SourceError::malformed(self.location(asset), why));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(bytes.into()))
    }

    /// The address of an asset, for display.
    fn location(&self, asset: &AssetRef) -> String {
        address(&self.candidate.source.to_string(), asset.as_str())
    }
}

/// The address of an asset of a source, for display. That of an image begins with the repository, with which that of its
/// source may end.
fn address(source: &str, asset: &str) -> String {
    if asset.starts_with(source) {
        return asset.to_owned();
    }
    let (source, asset) = (source.trim_end_matches('/'), asset.trim_start_matches('/'));
    if let Some((repository, _)) = asset.split_once("@sha256:") {
        let ends = repository.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| at);
        let is_common = |end: &usize| source.ends_with(&format!("/{}", &repository[..*end]));
        if let Some(end) = ends.chain([repository.len()]).filter(is_common).max() {
            return format!("{}{asset}", &source[..source.len() - end]);
        }
    }
    format!("{source}/{asset}")
}

/// The signatures in a file: Sigstore bundles may be several, one on each line.
fn parts(kind: EvidenceKind, bytes: Bytes) -> Vec<Bytes> {
    let is_one = || serde_json::from_slice::<IgnoredAny>(&bytes).is_ok();
    if kind != EvidenceKind::Sigstore || is_one() {
        return vec![bytes];
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.take(MAX_OPENED).map(|line| bytes.slice_ref(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_repository_once() {
        for (source, asset, expected) in [
            ("oci://h/a/b", "a/b/c@sha256:0", "oci://h/a/b/c@sha256:0"),
            ("oci://h/a/c", "a/c@sha256:0", "oci://h/a/c@sha256:0"),
            ("oci://h", "c@sha256:0", "oci://h/c@sha256:0"),
            ("oci-layout:/m", "c@sha256:0", "oci-layout:/m/c@sha256:0"),
            ("https://h/a/", "/a/b.sig", "https://h/a/a/b.sig"),
            ("https://h/a", "https://h/a/b.sig", "https://h/a/b.sig"),
        ] {
            assert_eq!(address(source, asset), expected);
        }
    }
}
