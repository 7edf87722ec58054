//! [`ImageBlobs`]: reads the blobs of a repository, each once, and compares them.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use futures::StreamExt as _;
use loom_base::LockExt as _;
use loom_source::{Digest, RangeRequest, SourceError};
use sha2::{Digest as _, Sha256};

use super::image_finding::FoundPart;
use crate::{manifest::ImageDocument, transport::ImageTransport};

/// The blobs of a repository.
#[derive(Debug)]
pub(super) struct ImageBlobs<'a> {
    transport: &'a dyn ImageTransport,
    repository: &'a str,
    done: Mutex<ReadFiles>,
}

/// What was read.
#[derive(Debug, Default)]
struct ReadFiles {
    /// The size of each blob that is there as it should be, or what is wrong with it.
    blobs: HashMap<Digest, BlobState>,
    documents: HashSet<Digest>,
    bytes: u64,
}

#[derive(Debug, Clone)]
enum BlobState {
    Sound(u64),
    Missing,
    Damaged(String),
}

impl<'a> ImageBlobs<'a> {
    pub(super) fn new(transport: &'a dyn ImageTransport, repository: &'a str) -> Self {
        Self { transport, repository, done: Mutex::default() }
    }

    /// Counts a document, once.
    pub(super) fn count(&self, document: &ImageDocument) {
        let mut done = self.done.locked();
        if done.documents.insert(document.digest) {
            done.bytes += document.bytes.len() as u64;
        }
    }

    /// The number of documents and blobs that were read, and their size.
    pub(super) fn read(&self) -> (usize, u64) {
        let done = self.done.locked();
        let sound = done.blobs.values().filter(|state| matches!(state, BlobState::Sound(_)));
        (done.documents.len() + sound.count(), done.bytes)
    }

    /// Whether a blob is there with this size, and has its digest.
    ///
    /// # Errors
    /// Where it cannot be read for another reason than that it is missing or damaged.
    pub(super) async fn check(
        &self,
        digest: &Digest,
        size: u64,
    ) -> Result<FoundPart<()>, SourceError> {
        let known = self.done.locked().blobs.get(digest).cloned();
        let state = match known {
            Some(state) => state,
            None => {
                let state = self.hash(digest, size).await?;
                let mut done = self.done.locked();
                let is_first = done.blobs.insert(*digest, state.clone()).is_none();
                if let BlobState::Sound(length) = &state
                    && is_first
                {
                    done.bytes += length;
                }
                state
            }
        };
        Ok(match state {
            BlobState::Sound(length) if length == size => FoundPart::Document(()),
            BlobState::Sound(length) => {
                FoundPart::Damaged(format!("expected {size} bytes, got {length}"))
            }
            BlobState::Missing => FoundPart::Missing,
            BlobState::Damaged(what) => FoundPart::Damaged(what),
        })
    }

    /// Reads a blob to its end, but no more than it may have.
    async fn hash(&self, digest: &Digest, size: u64) -> Result<BlobState, SourceError> {
        let whole = RangeRequest::whole();
        let mut body =
            match FoundPart::of(self.transport.blob(self.repository, digest, &whole).await)? {
                FoundPart::Document(download) => download.body,
                FoundPart::Missing => return Ok(BlobState::Missing),
                FoundPart::Damaged(what) => return Ok(BlobState::Damaged(what)),
            };
        let (mut hasher, mut length) = (Sha256::new(), 0);
        while let Some(piece) = body.next().await {
            let piece = piece?;
            length += piece.len() as u64;
            if length > size {
                return Ok(BlobState::Damaged(format!("expected {size} bytes, got more")));
            }
            hasher.update(&piece);
        }
        let got = Digest::from_hasher(hasher);
        Ok(if got == *digest {
            BlobState::Sound(length)
        } else {
            BlobState::Damaged(format!("expected the SHA-256 {digest}, got {got}"))
        })
    }
}
