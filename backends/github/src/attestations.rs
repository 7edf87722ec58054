//! The attestations of a file, which the API has by the file's digest.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_base::redact;
use loom_source::{
    Artifact, AssetRef, Digest, Download, Evidence, EvidenceKind, EvidenceSubject, SourceError,
    SourceErrorKind, json,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{api::ApiResponse, github::Github};

/// The largest number of attestations that are asked for.
const MAX_ATTESTATIONS: usize = 30;

/// The text before the digest in a reference. No reference to an asset of a release begins with a slash.
const PREFIX: &str = "/attestations/sha256:";

/// The response of the API.
#[derive(Deserialize)]
struct AttestationsDocument<'a> {
    #[serde(borrow, deserialize_with = "json::at_most::<MAX_ATTESTATIONS, _, _>")]
    attestations: Vec<AttestationDocument<'a>>,
}

#[derive(Deserialize)]
struct AttestationDocument<'a> {
    /// The Sigstore bundle; null where the response only says where it is.
    #[serde(borrow)]
    bundle: Option<&'a RawValue>,
}

/// The attestations that there may be of an artifact whose digest is known.
pub(crate) fn of(artifact: &Artifact) -> Option<Evidence> {
    let digest = artifact.claims.first()?.digest;
    let asset = AssetRef::new(format!("{PREFIX}{digest}"));
    let of = EvidenceSubject::Artifact(artifact.asset.clone());
    Some(Evidence { kind: EvidenceKind::Sigstore, asset, of })
}

impl Github {
    /// The digest whose attestations a reference is about; `None` for references to assets.
    pub(crate) fn attested_digest(asset: &AssetRef) -> Option<Digest> {
        asset.as_str().strip_prefix(PREFIX)?.parse().ok()
    }

    /// The Sigstore bundles of the attestations of a file, one on each line.
    pub(crate) async fn attestations(&self, digest: Digest) -> Result<Download, SourceError> {
        let mut url = self.repo.api(&["attestations", &format!("sha256:{digest}")]);
        url.set_query(Some(&format!("per_page={MAX_ATTESTATIONS}")));
        let at = redact::url(&url);
        let gone = || SourceError::new(at.clone(), SourceErrorKind::Gone);
        let response = self.api.get(&self.connection(), &url, None).await?;
        let ApiResponse::Document(response) = response else { return Err(gone()) };
        let malformed = |error: serde_json::Error| SourceError::malformed(&at, error.to_string());
        let lines = bundles(&response.body).map_err(malformed)?;
        if lines.is_empty() {
            return Err(gone());
        }
        let total = Some(lines.len() as u64);
        let body = stream::iter([Ok(Bytes::from(lines))]).boxed();
        Ok(Download { start: 0, total, validator: None, body })
    }
}

/// The bundles in a response, one on each line.
pub(crate) fn bundles(body: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let document: AttestationsDocument<'_> = serde_json::from_slice(body)?;
    let mut lines = Vec::new();
    for bundle in document.attestations.iter().filter_map(|attestation| attestation.bundle) {
        // White space outside of texts is the only place where JSON has line breaks.
        lines.extend_from_slice(bundle.get().replace(['\r', '\n'], " ").as_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bundle_is_a_line() {
        let text = r#"{"attestations":[{"bundle":{"a":
            1},"bundle_url":"x"},{"bundle":null},{"repository_id":1,"bundle":{"b":"c\nd"}}]}"#;
        let lines = String::from_utf8(bundles(text.as_bytes()).unwrap()).unwrap();
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, [serde_json::json!({"a": 1}), serde_json::json!({"b": "c\nd"})]);
        assert!(bundles(b"[]").is_err());
        let many = vec![r#"{"bundle":{}}"#; MAX_ATTESTATIONS + 1].join(",");
        assert!(bundles(format!("{{\"attestations\":[{many}]}}").as_bytes()).is_err());
    }

    #[test]
    fn a_reference_to_attestations_is_none_to_an_asset() {
        let digest = Digest::of(b"x");
        let asset = AssetRef::new(format!("{PREFIX}{digest}"));
        assert_eq!(Github::attested_digest(&asset), Some(digest));
        assert!(crate::asset_location::AssetLocation::parse(&asset).is_err());
        assert_eq!(Github::attested_digest(&AssetRef::new(format!("v1/sha256:{digest}"))), None);
    }
}
