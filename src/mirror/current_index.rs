//! [`CurrentIndex`]: the index of a mirror that is written, as it was read.

use bytes::Bytes;
use loom_source::{
    Index,
    record::{IndexPayload, SignedKind},
};

use super::{DocumentTag, MirrorDocuments, MirrorTaskError, WrittenIndex};

/// The index of a mirror that is written, as it was read.
#[derive(Debug, Clone)]
pub struct CurrentIndex {
    /// What it says; serial 0 and nothing where the mirror has no index.
    pub payload: IndexPayload,
    /// The file and its tag; `None` where the mirror has no index.
    pub file: Option<(Bytes, DocumentTag)>,
}

impl CurrentIndex {
    /// Reads the index of a mirror: one request, two in a registry.
    ///
    /// # Errors
    /// Where it cannot be read or is no index.
    pub async fn read(documents: &dyn MirrorDocuments) -> Result<Self, MirrorTaskError> {
        let file = documents.read(Index::PATH, SignedKind::Index.max_bytes()).await?;
        let Some((bytes, tag)) = file else {
            return Ok(Self { payload: empty(), file: None });
        };
        let index = Index::parse(&bytes).map_err(|source| MirrorTaskError::Document {
            at: format!("{documents}/{}", Index::PATH),
            source,
        })?;
        Ok(Self { payload: index.payload, file: Some((bytes, tag)) })
    }

    /// The index, of which nothing was changed.
    pub fn unchanged(&self) -> WrittenIndex {
        WrittenIndex::of(&self.payload, false)
    }
}

/// An index without a release, before the first one.
fn empty() -> IndexPayload {
    IndexPayload {
        mirror: None,
        root: None,
        serial: 0,
        issued: None,
        expires: None,
        releases: Vec::new(),
    }
}
