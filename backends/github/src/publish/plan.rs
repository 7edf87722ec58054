//! What is missing at the server: a pure function over files and assets.

use std::collections::BTreeSet;

use super::{
    error::PublishError,
    remote_release::RemoteRelease,
    request::{PublishFile, PublishRequest},
};
use crate::documents::AssetDocument;

/// What has to be done for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublishStep {
    /// The asset is the file.
    Keep,
    /// The asset cannot be judged by what the server says of it: its bytes are compared.
    Compare {
        /// The number of the asset.
        id: u64,
    },
    /// The file is uploaded, after an asset of the same name was deleted.
    Upload {
        /// The number of the asset to be deleted, and why.
        instead_of: Option<(u64, &'static str)>,
    },
}

/// The steps for the files of a request, in their order.
///
/// An asset is the file if name, size and digest agree. Where the server computed no digest, one that was uploaded by
/// this run (`own`) is the file; any other one is uploaded again to a draft, and compared in a public release. An asset
/// whose upload is not complete is deleted and uploaded again.
///
/// # Errors
/// [`PublishError::Differs`] where a public release has other bytes, and [`PublishError::Immutable`] where a file is
/// missing in one that cannot be changed.
pub(super) fn plan(
    request: &PublishRequest,
    release: &RemoteRelease,
    own: &BTreeSet<u64>,
) -> Result<Vec<PublishStep>, PublishError> {
    request.files.iter().map(|file| step(file, release, own)).collect()
}

fn step(
    file: &PublishFile,
    release: &RemoteRelease,
    own: &BTreeSet<u64>,
) -> Result<PublishStep, PublishError> {
    let asset = release.assets.iter().find(|asset| asset.name == file.name);
    let difference = match asset {
        None if release.immutable => {
            let (tag, name) = (release.tag_name.clone(), file.name.clone());
            return Err(PublishError::Immutable { tag, name });
        }
        None => return Ok(PublishStep::Upload { instead_of: None }),
        Some(asset) => difference(file, asset, own),
    };
    let id = asset.map(|asset| asset.id).unwrap_or_default();
    match difference {
        AssetDifference::None => Ok(PublishStep::Keep),
        AssetDifference::Unknown if !release.draft => Ok(PublishStep::Compare { id }),
        // Nobody can have downloaded it.
        AssetDifference::Incomplete => {
            Ok(PublishStep::Upload { instead_of: Some((id, "its upload was not complete")) })
        }
        AssetDifference::Unknown => {
            Ok(PublishStep::Upload { instead_of: Some((id, "the server has no digest of it")) })
        }
        AssetDifference::Bytes { .. } if release.draft => {
            Ok(PublishStep::Upload { instead_of: Some((id, "it has other bytes")) })
        }
        AssetDifference::Bytes { expected, got } => {
            let (tag, name) = (release.tag_name.clone(), file.name.clone());
            Err(PublishError::Differs { tag, name, expected, got })
        }
    }
}

/// How an asset differs from a file of the same name.
enum AssetDifference {
    None,
    /// The server has no digest.
    Unknown,
    /// The upload is not complete.
    Incomplete,
    /// Size or digest differ.
    Bytes {
        expected: String,
        got: String,
    },
}

fn difference(file: &PublishFile, asset: &AssetDocument, own: &BTreeSet<u64>) -> AssetDifference {
    if asset.state != "uploaded" {
        return AssetDifference::Incomplete;
    }
    if asset.size != file.size {
        let bytes = |size: u64| format!("{size} bytes");
        return AssetDifference::Bytes { expected: bytes(file.size), got: bytes(asset.size) };
    }
    match asset.sha256() {
        Ok(Some(digest)) if digest == file.sha256 => AssetDifference::None,
        Ok(Some(digest)) => {
            AssetDifference::Bytes { expected: file.sha256.to_string(), got: digest.to_string() }
        }
        _ if own.contains(&asset.id) => AssetDifference::None,
        _ => AssetDifference::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use loom_source::Digest;

    use super::*;

    fn request() -> PublishRequest {
        let file = PublishFile {
            name: "a".to_owned(),
            path: "a".into(),
            size: 1,
            sha256: Digest::of(b"a"),
        };
        PublishRequest {
            tag: "v1".to_owned(),
            commit: None,
            notes: None,
            prerelease: false,
            files: vec![file],
        }
    }

    fn release(draft: bool, asset: Option<(&str, u64, Option<&[u8]>)>) -> RemoteRelease {
        let asset = asset.map(|(state, size, bytes)| AssetDocument {
            id: 7,
            name: "a".to_owned(),
            state: state.to_owned(),
            size,
            digest: bytes.map(|bytes| format!("sha256:{}", Digest::of(bytes))),
        });
        RemoteRelease {
            id: 1,
            tag_name: "v1".to_owned(),
            draft,
            immutable: false,
            upload_url: String::new(),
            html_url: String::new(),
            assets: asset.into_iter().collect(),
        }
    }

    #[test]
    fn a_draft_is_repaired_and_a_public_release_never_changed() {
        use PublishStep::{Compare, Keep, Upload};
        let again = |why| Some(Upload { instead_of: Some((7, why)) });
        let incomplete = "its upload was not complete";
        let other = "it has other bytes";
        let unknown = "the server has no digest of it";
        let upload = || Some(Upload { instead_of: None });
        for (asset, draft, public) in [
            (None, upload(), upload()),
            (Some(("uploaded", 1, Some(&b"a"[..]))), Some(Keep), Some(Keep)),
            (Some(("uploaded", 1, Some(b"b"))), again(other), None),
            (Some(("uploaded", 2, Some(b"a"))), again(other), None),
            (Some(("uploaded", 1, None)), again(unknown), Some(Compare { id: 7 })),
            (Some(("uploaded", 2, None)), again(other), None),
            (Some(("open", 1, Some(b"a"))), again(incomplete), again(incomplete)),
        ] {
            for (is_draft, expected) in [(true, &draft), (false, &public)] {
                let steps = plan(&request(), &release(is_draft, asset), &BTreeSet::new());
                let step = steps.ok().map(|steps| steps[0].clone());
                assert_eq!(step, *expected, "{asset:?} {is_draft}");
            }
        }
    }

    #[test]
    fn an_own_upload_without_a_digest_is_the_file() {
        let own = BTreeSet::from([7]);
        let steps = plan(&request(), &release(true, Some(("uploaded", 1, None))), &own).unwrap();
        assert_eq!(steps, [PublishStep::Keep]);
    }

    #[test]
    fn an_immutable_release_lacks_nothing() {
        let release = RemoteRelease { immutable: true, ..release(false, None) };
        let error = plan(&request(), &release, &BTreeSet::new()).unwrap_err();
        assert!(matches!(error, PublishError::Immutable { .. }), "{error}");
    }
}
