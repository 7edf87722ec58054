//! [`refresh`]: keeps an index valid.

use loom_source::{Digest, record::SignedKind};

use super::{
    CurrentIndex, IndexWriter, MirrorTaskError, Refresh, WrittenIndex, root_chain::newest_root,
};

/// Issues the index anew, as it is. Where the root has a timestamp role and only its keys are given, the timestamp alone.
///
/// # Errors
/// Where the mirror has no index, keys are missing, or it cannot be written.
pub async fn refresh(writer: &IndexWriter<'_>) -> Result<WrittenIndex, MirrorTaskError> {
    let current = CurrentIndex::read(writer.documents).await?;
    let Some((bytes, _)) = &current.file else {
        return Err(MirrorTaskError::NoIndex { mirror: writer.documents.to_string() });
    };
    let root = newest_root(writer.documents, current.payload.root.unwrap_or(1)).await?;
    let stamped = root.filter(|root| {
        let roles = &root.root().roles;
        let has_index_keys = writer.keys.check(SignedKind::Index, &roles.index).is_ok();
        roles.timestamp.is_some() && !has_index_keys
    });
    let Some(root) = stamped else { return writer.write(&mut Refresh::default()).await };
    if current.payload.root != Some(root.root().number) {
        // The timestamp is of one root, and so must be the index.
        writer.keys.check(SignedKind::Index, &root.root().roles.index)?;
    }
    let document = loom_source::record::SignedDocument::parse(SignedKind::Index, bytes);
    let document = document.map_err(|source| MirrorTaskError::Document {
        at: format!("{}/{}", writer.documents, loom_source::Index::PATH),
        source,
    })?;
    let digest = Digest::of(document.payload.as_bytes());
    writer.stamp(&root, current.payload.serial, digest).await?;
    Ok(WrittenIndex { changed: true, ..current.unchanged() })
}
