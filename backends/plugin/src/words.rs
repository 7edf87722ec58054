//! The lines of the protocol: each is one JSON object with one key, which says what the line is.

use loom_source::{
    ArchiveFormat, Artifact, AssetRef, Authority, Capabilities, ClaimedDigest, Digest,
    DigestSource, Evidence, EvidenceKind, ListingScope, Name, Offer, Packaging, Platform, Product,
    RangeRequest, Release, Validator, Version,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The protocol spoken here.
pub(crate) const PROTOCOL: u64 = 1;

/// What a pointer may be at most.
const POINTER: usize = 4096;

/// What is said to a plugin: a hello, then one question.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PluginRequest<'a> {
    Hello {
        /// The versions of the protocol that we speak.
        protocols: [u64; 1],
        /// The plugin's name.
        name: &'a str,
        /// `[sources.options]`, as it stands.
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
        /// Whether the newest version would do.
        newest: bool,
    },
    Open {
        at: &'a AssetRef,
        from: u64,
        validator: Option<&'a str>,
    },
}

impl<'a> PluginRequest<'a> {
    pub(crate) fn find(release: &'a Release, version: &'a Version) -> Self {
        let Release { authority, binary, platform, .. } = release;
        Self::Find { authority, binary, version, platform: *platform }
    }

    pub(crate) fn list(line: &'a Product, need: ListingScope) -> Self {
        let Product { authority, binary, platform } = line;
        Self::List { authority, binary, platform: *platform, newest: need == ListingScope::Newest }
    }

    pub(crate) fn open(at: &'a AssetRef, from: &'a RangeRequest) -> Self {
        let validator = from.validator.as_ref();
        let validator = validator.map(|held| match held {
            Validator::Strong(text) | Validator::Weak(text) => text.as_str(),
        });
        Self::Open { at, from: from.from, validator }
    }
}

/// What a plugin says: a hello, then one answer. Keys that are not known are passed over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PluginResponse {
    Hello(Hello),
    /// What it carries of a release, or `null`.
    Offer(Option<Offered>),
    /// The versions of a line, or `null` where it cannot say.
    Versions(Option<Vec<Version>>),
    /// The bytes follow.
    Opened(Head),
    /// It cannot answer.
    Error(Trouble),
}

impl PluginResponse {
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

#[derive(Debug, Deserialize)]
pub(crate) struct Hello {
    /// The version of the protocol that it will speak.
    pub(crate) protocol: u64,
    #[serde(default)]
    pub(crate) list: bool,
    #[serde(default)]
    pub(crate) resume: bool,
    /// Whether it names digests.
    #[serde(default)]
    pub(crate) claims: bool,
}

impl Hello {
    pub(crate) fn capabilities(&self) -> Capabilities {
        let Self { list, resume, claims, .. } = *self;
        Capabilities { releases: true, dev: false, list, resume, claims }
    }
}

/// What precedes bytes: exactly `total - start` of them follow.
#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    pub(crate) start: u64,
    pub(crate) total: u64,
    #[serde(default)]
    pub(crate) validator: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Trouble {
    #[serde(default)]
    pub(crate) kind: Kind,
    pub(crate) message: String,
}

/// What kind of failure a plugin had.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// What was offered is not there any more.
    Gone,
    /// Credentials are missing or refused.
    Credentials,
    /// Whatever else.
    #[default]
    #[serde(other)]
    Failed,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Offered {
    pub(crate) carriers: Vec<Carried>,
    #[serde(default)]
    pub(crate) evidence: Vec<Witnessed>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Carried {
    at: String,
    /// The archive's format; a bare program where it has none.
    format: Option<ArchiveFormat>,
    size: Option<u64>,
    sha256: Option<Digest>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Witnessed {
    at: String,
    kind: EvidenceKind,
}

impl Offered {
    /// The offer in our words; `by` names the plugin for people.
    pub(crate) fn into_offer(self, by: &str) -> Result<Offer, &'static str> {
        let carriers = self.carriers.into_iter().map(|carried| {
            let at = pointer(carried.at)?;
            let form = match carried.format {
                Some(format) => Packaging::Archive { format, strip: None },
                None => Packaging::Bare,
            };
            let claim =
                |digest| ClaimedDigest { digest, by: DigestSource::Plugin, at: by.to_owned() };
            let claims = carried.sha256.map(claim).into_iter().collect();
            Ok(Artifact { packaging: form, asset: at, size: carried.size, claims })
        });
        let evidence = self.evidence.into_iter();
        let evidence = evidence.map(|e| Ok(Evidence { kind: e.kind, asset: pointer(e.at)? }));
        Ok(Offer {
            artifacts: carriers.collect::<Result<_, &str>>()?,
            evidence: evidence.collect::<Result<_, &str>>()?,
            ..Offer::default()
        })
    }
}

/// A pointer is shown and stored.
fn pointer(text: String) -> Result<AssetRef, &'static str> {
    if text.is_empty() || text.len() > POINTER || text.contains(char::is_control) {
        return Err("an `at` is empty, longer than 4096 bytes or holds control characters");
    }
    Ok(AssetRef::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Result<PluginResponse, String> {
        loom_source::json::strict(line.as_bytes()).map_err(|e| e.to_string())
    }

    #[test]
    fn lines_are_told_apart_by_their_key() {
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
            assert_eq!(said(line).unwrap().name(), name, "{line}");
        }
        for bad in [
            "",
            "[]",
            r#"{"offers": null}"#,
            r#"{"offer": {"carriers": [{"at": "x", "format": "rar"}]}}"#,
            r#"{"offer": {"carriers": [{"at": "x", "sha256": "abc"}]}}"#,
            r#"{"versions": ["v1"]}"#,
            r#"{"opened": {"start": -1, "total": 5}}"#,
            r#"{"opened": {"start": 0, "start": 1, "total": 5}}"#,
        ] {
            assert!(said(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pointer_can_be_shown() {
        for bad in ["", "a\nb", &"x".repeat(POINTER + 1)] {
            assert!(pointer(bad.to_owned()).is_err(), "{bad:?}");
        }
        assert_eq!(pointer("v1/a b".to_owned()).unwrap().as_str(), "v1/a b");
    }
}
