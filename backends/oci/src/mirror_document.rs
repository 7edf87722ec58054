//! The documents of a signed mirror (its index, its timestamp, its roots), each an artifact under a reserved tag, whose one
//! layer is the file.

use loom_source::{
    AssetRef, Digest, Download, Index, IndexTimestamp, MirrorRoot, RangeRequest, SourceError,
    SourceErrorKind,
};

use crate::{
    manifest::{ImageContent, ImageDocument},
    mapping::{INDEX_TAG, ROOT_TAG, TIMESTAMP_TAG, UNNAMED_PATH, UNNAMED_TAG},
    transport::ImageTransport,
};

/// The tag of the document with this path below the root of a mirror; `None` for other files.
pub(crate) fn reserved_tag(path: &str) -> Option<String> {
    match path {
        Index::PATH => Some(INDEX_TAG.to_owned()),
        IndexTimestamp::PATH => Some(TIMESTAMP_TAG.to_owned()),
        UNNAMED_PATH => Some(UNNAMED_TAG.to_owned()),
        _ => {
            let number = path.strip_prefix("root/")?.strip_suffix(".json")?.parse().ok()?;
            (MirrorRoot::path(number) == path).then(|| format!("{ROOT_TAG}{number}"))
        }
    }
}

/// The bytes of the document with this path.
///
/// # Errors
/// [`SourceErrorKind::Gone`] where there is no such tag, and for other paths.
pub(crate) async fn open(
    transport: &dyn ImageTransport,
    path: &AssetRef,
    range: &RangeRequest,
) -> Result<Download, SourceError> {
    let gone = |at: &str| SourceError::new(at, SourceErrorKind::Gone);
    let place = transport.own_repository().zip(reserved_tag(path.as_str()));
    let Some((repository, tag)) = place else { return Err(gone(path.as_str())) };
    let at = transport.location(&repository, &tag);
    let Some(document) = transport.tagged(&repository, &tag).await? else { return Err(gone(&at)) };
    let digest = layer(&document).map_err(|why| SourceError::malformed(&at, why))?;
    // A tag without its blob is no absent document: a push that was interrupted, or damage.
    let missing = || SourceError::damaged(&at, format!("its blob sha256:{digest} is missing"));
    transport.blob(&repository, &digest, range).await?.ok_or_else(missing)
}

/// The digest of the one layer of a document.
///
/// # Errors
/// The reason why the document is none with one layer.
pub(crate) fn layer(document: &ImageDocument) -> Result<Digest, String> {
    let ImageContent::Manifest(manifest) = document.content()? else {
        return Err("expected a manifest with one layer, got an index".to_owned());
    };
    match manifest.layers.as_slice() {
        [layer] => layer.sha256().ok_or_else(|| format!("not a SHA-256: {:?}", layer.digest)),
        layers => Err(format!("expected one layer, got {}", layers.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_a_mirror_have_reserved_tags() {
        for (path, tag) in [
            ("releases/index.json", Some("loom-index")),
            ("releases/timestamp.json", Some("loom-timestamp")),
            ("releases/unnamed.json", Some("loom-unnamed")),
            ("root/1.json", Some("loom-root-1")),
            ("root/12.json", Some("loom-root-12")),
            ("root/01.json", None),
            ("root/+1.json", None),
            ("root/x.json", None),
            ("releases/history/1.json", None),
            ("objects/sha256/00", None),
        ] {
            assert_eq!(reserved_tag(path).as_deref(), tag, "{path}");
        }
    }
}
