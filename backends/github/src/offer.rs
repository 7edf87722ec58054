//! The offer of a release that the API described.

use loom_base::redact;
use loom_source::{
    ClaimedDigest, DigestSource, Evidence, EvidenceSubject, Offer, Release, SourceError,
    asset::{self, AssetName},
    checksum::SUMS_NAMES,
};

use crate::{
    asset_location::AssetLocation,
    attestations,
    documents::{AssetDocument, ReleaseDocument},
    github::Github,
    guess::{self, MAX_SIDECAR, MAX_SUMS},
};

impl Github {
    /// Every asset of the release, the preferred one first; `None` where it has none.
    ///
    /// A checksum file costs a request: it is read for the asset that will be fetched, and for assets without
    /// another digest.
    pub(crate) async fn offer(
        &self,
        release: &Release,
        document: &ReleaseDocument,
    ) -> Result<Option<Offer>, SourceError> {
        let mut offer = Offer::default();
        for asset in self.assets.of(release) {
            let Some(file) = document.asset(&asset.name) else { continue };
            let claims = self.claims(document, &asset, file, offer.artifacts.is_empty()).await?;
            let artifact = guess::artifact(&document.tag_name, &asset, Some(file.size), claims);
            let of = EvidenceSubject::Artifact(artifact.asset.clone());
            offer.evidence.extend(evidence(document, &asset.name, &of));
            offer.artifacts.push(artifact);
        }
        for name in SUMS_NAMES.into_iter().filter(|name| document.asset(name).is_some()) {
            let sums = AssetLocation::new(&document.tag_name, name).to_ref();
            offer.evidence.extend(evidence(document, name, &EvidenceSubject::Sums(sums)));
        }
        offer.evidence.extend(offer.artifacts.iter().filter_map(attestations::of));
        // Artifacts that can be verified precede those that cannot.
        offer.artifacts.sort_by_key(|artifact| artifact.claims.is_empty());
        Ok((!offer.artifacts.is_empty()).then_some(offer))
    }

    /// The digests that are claimed for an asset. `preferred` is whether it is the one that will be fetched.
    async fn claims(
        &self,
        document: &ReleaseDocument,
        asset: &AssetName,
        file: &AssetDocument,
        preferred: bool,
    ) -> Result<Vec<ClaimedDigest>, SourceError> {
        let by_api = self.claim_of_api(document, file)?;
        if !preferred && by_api.is_some() {
            return Ok(by_api.into_iter().collect());
        }
        let location = |name: &str| AssetLocation::new(&document.tag_name, name);
        let at = |location: &AssetLocation| redact::url(&self.web_pages().download_url(location));
        let mut claims = Vec::new();
        let sidecar = format!("{}.sha256", asset.name);
        if document.asset(&sidecar).is_some() {
            let location = location(&sidecar);
            if let Some(bytes) = self.get_bytes(&location, MAX_SIDECAR).await? {
                claims.push(guess::sidecar(&bytes, asset, &at(&location))?);
            }
        } else if by_api.is_none() {
            for name in SUMS_NAMES.into_iter().filter(|name| document.asset(name).is_some()) {
                let location = location(name);
                if let Some(bytes) = self.get_bytes(&location, MAX_SUMS).await? {
                    claims.extend(guess::sums(name, &bytes, asset, &at(&location))?);
                }
            }
        }
        claims.extend(by_api);
        Ok(claims)
    }

    /// The digest that the API claims for an asset.
    fn claim_of_api(
        &self,
        document: &ReleaseDocument,
        file: &AssetDocument,
    ) -> Result<Option<ClaimedDigest>, SourceError> {
        let digest = file.sha256().map_err(|reason| {
            let url = self.repo.api(&["releases", "tags", &document.tag_name]);
            SourceError::malformed(redact::url(&url), reason)
        })?;
        let location = AssetLocation::new(&document.tag_name, &file.name);
        let at = redact::url(&self.web_pages().download_url(&location));
        Ok(digest.map(|digest| ClaimedDigest { digest, by: DigestSource::Api, at }))
    }
}

/// The evidence beside the file `name` that the release has.
fn evidence(document: &ReleaseDocument, name: &str, of: &EvidenceSubject) -> Vec<Evidence> {
    let evidence = |file: &AssetDocument| {
        let kind = asset::evidence(name, &file.name)?;
        let asset = AssetLocation::new(&document.tag_name, &file.name).to_ref();
        Some(Evidence { kind, asset, of: of.clone() })
    };
    document.uploaded().filter_map(evidence).collect()
}
