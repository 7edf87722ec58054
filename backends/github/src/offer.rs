//! What a release that the API described offers.

use loom_base::redact;
use loom_source::{
    ClaimedDigest, DigestSource, Evidence, Offer, Release, SourceError,
    asset::{self, AssetName},
};

use crate::{
    Github,
    direct::{self, SIDECAR, SUMS, SUMS_NAME},
    documents::{AssetDoc, ReleaseDoc},
    pointer::{self, AssetLocation},
};

impl Github {
    /// Every asset of the release that is there, the best first; `None` where there is none.
    ///
    /// A checksum file costs a request: it is read for the asset that will be fetched, and for those that have no
    /// other digest.
    pub(crate) async fn offer(
        &self,
        release: &Release,
        doc: &ReleaseDoc,
    ) -> Result<Option<Offer>, SourceError> {
        let mut offer = Offer::default();
        for asset in asset::assets(release) {
            let Some(file) = doc.asset(&asset.name) else { continue };
            let claims = self.claims(doc, &asset, file, offer.artifacts.is_empty()).await?;
            offer.evidence.extend(evidence(doc, &asset));
            offer.artifacts.push(direct::carrier(&doc.tag_name, &asset, Some(file.size), claims));
        }
        // One that can be checked before one that cannot.
        offer.artifacts.sort_by_key(|carrier| carrier.claims.is_empty());
        Ok((!offer.artifacts.is_empty()).then_some(offer))
    }

    async fn claims(
        &self,
        doc: &ReleaseDoc,
        asset: &AssetName,
        file: &AssetDoc,
        first: bool,
    ) -> Result<Vec<ClaimedDigest>, SourceError> {
        let at = |name: &str| AssetLocation { tag: doc.tag_name.clone(), name: name.to_owned() };
        let place = |at: &AssetLocation| redact::url(&self.pages().download(at));
        let mut claims = Vec::new();
        let digest = file.sha256().map_err(|why| {
            let at = redact::url(&self.place.api(&["releases", "tags", &doc.tag_name]));
            SourceError::malformed(at, why)
        })?;
        let by_api = digest.map(|digest| ClaimedDigest {
            digest,
            by: DigestSource::Api,
            at: place(&at(&file.name)),
        });
        if !first && by_api.is_some() {
            return Ok(by_api.into_iter().collect());
        }
        let name = format!("{}.sha256", asset.name);
        if doc.asset(&name).is_some() {
            let at = at(&name);
            let bytes = self.small(&at, SIDECAR).await?;
            claims.extend(
                bytes.map(|bytes| direct::sidecar(&bytes, asset, &place(&at))).transpose()?,
            );
        } else if by_api.is_none() && doc.asset(SUMS_NAME).is_some() {
            let at = at(SUMS_NAME);
            if let Some(bytes) = self.small(&at, SUMS).await? {
                claims.extend(direct::sums(&bytes, asset, &place(&at))?);
            }
        }
        claims.extend(by_api);
        Ok(claims)
    }
}

fn evidence<'a>(doc: &'a ReleaseDoc, asset: &'a AssetName) -> impl Iterator<Item = Evidence> + 'a {
    doc.uploaded().filter_map(|file| {
        let kind = asset::evidence(&asset.name, &file.name)?;
        Some(Evidence { kind, asset: pointer::to(&doc.tag_name, &file.name) })
    })
}
