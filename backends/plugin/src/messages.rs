//! The messages of the protocol. Each is one JSON object with one key, which names the message.

use loom_source::{
    ArchiveFormat, Artifact, AssetRef, Authority, Capabilities, ClaimedDigest, Digest,
    DigestSource, Evidence, EvidenceKind, EvidenceSubject, ListingScope, Name, Offer, Packaging,
    Platform, Product, RangeRequest, Release, SkippedEntries, Validator, Version, json,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the protocol that this crate implements.
pub(crate) const PROTOCOL_VERSION: u64 = 1;

/// The largest number of versions in a list.
const MAX_VERSIONS: usize = 10_000;

/// The longest reference to an asset, in bytes.
const MAX_ASSET_REF: usize = 4096;

/// A message to a plugin: a hello, then one request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PluginRequest<'a> {
    Hello {
        /// The versions of the protocol that the plugin can choose from.
        protocols: [u64; 1],
        /// The name of the plugin.
        name: &'a str,
        /// The table `[sources.options]`.
        options: &'a Value,
        /// The longest time without progress, in milliseconds.
        timeout_ms: u64,
    },
    Find {
        authority: &'a Authority,
        binary: &'a Name,
        version: &'a Version,
        platform: Platform,
    },
    List {
        authority: &'a Authority,
        binary: &'a Name,
        platform: Platform,
        /// Whether the newest version is enough.
        newest: bool,
    },
    Open {
        #[serde(rename = "at")]
        asset: &'a AssetRef,
        from: u64,
        validator: Option<&'a str>,
    },
}

impl<'a> PluginRequest<'a> {
    pub(crate) fn find(release: &'a Release, version: &'a Version) -> Self {
        let Release { authority, binary, platform, .. } = release;
        Self::Find { authority, binary, version, platform: *platform }
    }

    pub(crate) fn list(product: &'a Product, scope: ListingScope) -> Self {
        let Product { authority, binary, platform } = product;
        Self::List { authority, binary, platform: *platform, newest: scope == ListingScope::Newest }
    }

    pub(crate) fn open(asset: &'a AssetRef, range: &'a RangeRequest) -> Self {
        let validator = range.validator.as_ref().map(|validator| match validator {
            Validator::Strong(text) | Validator::Weak(text) => text.as_str(),
        });
        Self::Open { asset, from: range.from, validator }
    }
}

/// A message of a plugin: a hello, then one response. Unknown keys inside a message are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PluginResponse {
    Hello(Hello),
    /// The offer of a release, or `null` where the plugin does not have it.
    Offer(Option<PluginOffer>),
    /// The versions of a product, or `null` where the plugin cannot list them.
    Versions(Option<PluginVersions>),
    /// The header of a body. The bytes follow.
    Opened(BodyHeader),
    /// The reason why the plugin cannot respond.
    Error(PluginFailure),
}

impl PluginResponse {
    /// The key of the message.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Offer(_) => "offer",
            Self::Versions(_) => "versions",
            Self::Opened(_) => "opened",
            Self::Error(_) => "error",
        }
    }
}

/// The hello of a plugin: the version of the protocol that it uses, and what it can do.
#[derive(Debug, Deserialize)]
pub(crate) struct Hello {
    /// The version of the protocol that the plugin will use.
    pub(crate) protocol: u64,
    #[serde(default)]
    pub(crate) list: bool,
    #[serde(default)]
    pub(crate) resume: bool,
    /// Whether the plugin claims digests.
    #[serde(default)]
    pub(crate) claims: bool,
}

impl Hello {
    pub(crate) fn capabilities(&self) -> Capabilities {
        let Self { list, resume, claims, .. } = *self;
        Capabilities { releases: true, dev: false, list, resume, claims }
    }
}

/// The versions that a plugin lists: texts, of which those that are no versions are left out.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct PluginVersions(
    #[serde(deserialize_with = "json::at_most::<MAX_VERSIONS, _, _>")] Vec<Value>,
);

impl PluginVersions {
    /// The versions. Other values are added to `skipped`.
    pub(crate) fn read(self, skipped: &SkippedEntries) -> Vec<Version> {
        let version = |value: Value| match value.as_str().unwrap_or_default().parse() {
            Ok(version) => Some(version),
            Err(_) => {
                skipped.add(&value.to_string(), "it is not a version such as 0.2.0");
                None
            }
        };
        self.0.into_iter().filter_map(version).collect()
    }
}

/// The header of a body: exactly `total - start` bytes follow.
#[derive(Debug, Deserialize)]
pub(crate) struct BodyHeader {
    /// The offset of the first byte that follows.
    pub(crate) start: u64,
    /// The size of the whole asset in bytes.
    pub(crate) total: u64,
    #[serde(default)]
    pub(crate) validator: Option<String>,
}

/// A failure that a plugin reports.
#[derive(Debug, Deserialize)]
pub(crate) struct PluginFailure {
    #[serde(default)]
    pub(crate) kind: PluginFailureKind,
    pub(crate) message: String,
}

/// The kind of a failure that a plugin reports.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PluginFailureKind {
    /// What was offered does not exist any more.
    Gone,
    /// Credentials are missing or refused.
    Credentials,
    /// Any other failure, and every kind that this version does not know.
    #[default]
    #[serde(other)]
    Failed,
}

/// The offer of a plugin. Nothing in it is checked.
#[derive(Debug, Deserialize)]
pub(crate) struct PluginOffer {
    #[serde(rename = "carriers")]
    pub(crate) artifacts: Vec<PluginArtifact>,
    #[serde(default)]
    pub(crate) evidence: Vec<PluginEvidence>,
}

/// An artifact in the offer of a plugin.
#[derive(Debug, Deserialize)]
pub(crate) struct PluginArtifact {
    #[serde(rename = "at")]
    asset: String,
    /// The format of the archive; `None` for the bare executable.
    format: Option<ArchiveFormat>,
    size: Option<u64>,
    sha256: Option<Digest>,
}

/// A signature or attestation in the offer of a plugin.
#[derive(Debug, Deserialize)]
pub(crate) struct PluginEvidence {
    #[serde(rename = "at")]
    asset: String,
    kind: EvidenceKind,
    /// The artifact that the evidence is about; the first one where neither this nor `sums` is given.
    #[serde(default)]
    of: Option<String>,
    /// The `SHA256SUMS` that the evidence is about.
    #[serde(default)]
    sums: Option<String>,
}

impl PluginOffer {
    /// The offer as a value of `loom-source`, its digests claimed by the plugin `label`; the reason where a reference
    /// cannot be used.
    pub(crate) fn into_offer(self, label: &str) -> Result<Offer, &'static str> {
        let artifacts = self.artifacts.into_iter().map(|artifact| artifact.into_artifact(label));
        let artifacts = artifacts.collect::<Result<Vec<_>, &str>>()?;
        let first = artifacts.first().map(|artifact| artifact.asset.as_str());
        let evidence = self.evidence.into_iter().map(|evidence| evidence.into_evidence(first));
        let evidence = evidence.collect::<Result<_, &str>>()?;
        Ok(Offer { artifacts, evidence, ..Offer::default() })
    }
}

impl PluginEvidence {
    /// The evidence as a value of `loom-source`; `first` is the first artifact of the offer.
    fn into_evidence(self, first: Option<&str>) -> Result<Evidence, &'static str> {
        let of = match (self.sums, self.of) {
            (Some(sums), None) => EvidenceSubject::Sums(asset_ref(sums)?),
            (Some(_), Some(_)) => return Err("evidence is about `of` or about `sums`, not both"),
            (None, of) => {
                let of = of.unwrap_or_else(|| first.unwrap_or_default().to_owned());
                EvidenceSubject::Artifact(asset_ref(of)?)
            }
        };
        Ok(Evidence { kind: self.kind, asset: asset_ref(self.asset)?, of })
    }
}

impl PluginArtifact {
    fn into_artifact(self, label: &str) -> Result<Artifact, &'static str> {
        let packaging = match self.format {
            Some(format) => Packaging::Archive { format, strip: None },
            None => Packaging::Bare,
        };
        let claim = |digest| {
            let at = label.to_owned();
            ClaimedDigest { digest, by: DigestSource::Plugin, at }
        };
        let claims = self.sha256.map(claim).into_iter().collect();
        Ok(Artifact { packaging, asset: asset_ref(self.asset)?, size: self.size, claims })
    }
}

/// A reference to an asset, which has to be fit for display and storage.
fn asset_ref(text: String) -> Result<AssetRef, &'static str> {
    if text.is_empty() || text.len() > MAX_ASSET_REF || text.contains(char::is_control) {
        return Err("`at` is empty, longer than 4096 bytes, or contains a control character");
    }
    Ok(AssetRef::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<PluginResponse, String> {
        loom_source::json::strict(line.as_bytes()).map_err(|e| e.to_string())
    }

    #[test]
    fn a_message_is_named_by_its_key() {
        for (line, name) in [
            (r#"{"hello": {"protocol": 1, "list": true, "later": [1]}}"#, "hello"),
            (r#"{"offer": null}"#, "offer"),
            (r#"{"offer": {"carriers": [{"at": "x", "format": "tar.gz"}]}}"#, "offer"),
            (r#"{"versions": ["0.1.0"]}"#, "versions"),
            (r#"{"versions": null}"#, "versions"),
            (r#"{"opened": {"start": 0, "total": 5}}"#, "opened"),
            (r#"{"error": {"message": "no"}}"#, "error"),
            (r#"{"error": {"kind": "later", "message": "no"}}"#, "error"),
        ] {
            assert_eq!(parse(line).unwrap().name(), name, "{line}");
        }
        for bad in [
            "",
            "[]",
            r#"{"offers": null}"#,
            r#"{"offer": {"carriers": [{"at": "x", "format": "rar"}]}}"#,
            r#"{"offer": {"carriers": [{"at": "x", "sha256": "abc"}]}}"#,
            r#"{"versions": "0.1.0"}"#,
            r#"{"opened": {"start": -1, "total": 5}}"#,
            r#"{"opened": {"start": 0, "start": 1, "total": 5}}"#,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_version_is_left_out() {
        let skipped = SkippedEntries::default();
        let list = parse(r#"{"versions": ["0.1.0", "v1", 2, "0.2.0"]}"#);
        let Ok(PluginResponse::Versions(Some(list))) = list else { panic!("{list:?}") };
        assert_eq!(list.read(&skipped), ["0.1.0", "0.2.0"].map(|v| v.parse().unwrap()));
        assert!(skipped.take().unwrap().starts_with("left out 2 entries"));
        let long = format!(r#"{{"versions": [{}0]}}"#, "0,".repeat(MAX_VERSIONS));
        assert!(parse(&long).unwrap_err().contains("at most 10000 elements"));
    }

    #[test]
    fn evidence_is_about_the_first_artifact_another_one_or_a_checksum_file() {
        let offer = |evidence: &str| {
            let line = format!(
                r#"{{"offer": {{"carriers": [{{"at": "a"}}, {{"at": "b"}}],
                    "evidence": [{{"at": "s", "kind": "minisign"{evidence}}}]}}}}"#
            );
            let Ok(PluginResponse::Offer(Some(offer))) = parse(&line) else { panic!("{line}") };
            offer.into_offer("plugin:x").map(|mut offer| offer.evidence.remove(0).of)
        };
        let at = |at: &str| AssetRef::new(at);
        assert_eq!(offer(""), Ok(EvidenceSubject::Artifact(at("a"))));
        assert_eq!(offer(r#", "of": "b""#), Ok(EvidenceSubject::Artifact(at("b"))));
        assert_eq!(offer(r#", "sums": "S""#), Ok(EvidenceSubject::Sums(at("S"))));
        assert!(offer(r#", "of": "b", "sums": "S""#).is_err());
    }

    #[test]
    fn references_are_fit_for_display() {
        for bad in ["", "a\nb", &"x".repeat(MAX_ASSET_REF + 1)] {
            assert!(asset_ref(bad.to_owned()).is_err(), "{bad:?}");
        }
        assert_eq!(asset_ref("v1/a b".to_owned()).unwrap().as_str(), "v1/a b");
    }
}
