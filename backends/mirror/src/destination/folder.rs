//! [`FolderDestination`]: a folder of this machine that is written.

mod folder_state;
mod written_file;

use std::{fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::SourceError;

use self::folder_state::FolderState;
use super::{
    Destination, DestinationError, FileStat, ListedFile, ObjectBody, Replacement, VersionTag,
};

/// A folder of this machine that is written.
#[derive(Debug, Clone)]
pub(super) struct FolderDestination(Arc<FolderState>);

impl FolderDestination {
    pub(super) fn new(root: PathBuf) -> Self {
        Self(Arc::new(FolderState::new(root)))
    }

    /// Runs a blocking operation on a thread for such operations.
    async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&FolderState) -> Result<T, DestinationError> + Send + 'static,
    ) -> Result<T, DestinationError> {
        let state = Arc::clone(&self.0);
        let at = self.to_string();
        let running = tokio::task::spawn_blocking(move || operation(&state));
        running.await.unwrap_or_else(|e| Err(SourceError::read(at, e).into()))
    }
}

impl fmt::Display for FolderDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.root().display())
    }
}

#[async_trait]
impl Destination for FolderDestination {
    async fn read(
        &self,
        key: &str,
        max_bytes: usize,
    ) -> Result<Option<(Bytes, VersionTag)>, DestinationError> {
        let key = key.to_owned();
        let read = self.run(move |state| state.read(&key, max_bytes)).await?;
        Ok(read.map(|bytes| {
            let tag = VersionTag::of(&bytes);
            (bytes, tag)
        }))
    }

    async fn stat(&self, key: &str) -> Result<Option<FileStat>, DestinationError> {
        let key = key.to_owned();
        self.run(move |state| state.stat(&key)).await
    }

    async fn write(&self, key: &str, body: ObjectBody) -> Result<(), DestinationError> {
        let key = key.to_owned();
        self.run(move |state| state.write(&key, body)).await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&VersionTag>,
    ) -> Result<Replacement, DestinationError> {
        let (key, expected) = (key.to_owned(), expected.cloned());
        self.run(move |state| state.replace(&key, bytes, expected.as_ref())).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ListedFile>, DestinationError> {
        let prefix = prefix.to_owned();
        self.run(move |state| state.list(&prefix)).await
    }

    async fn delete(&self, key: &str) -> Result<(), DestinationError> {
        let key = key.to_owned();
        self.run(move |state| state.delete(&key)).await
    }

    async fn sync(&self) -> Result<(), DestinationError> {
        self.run(FolderState::sync).await
    }

    fn staging(&self) -> Result<Option<PathBuf>, DestinationError> {
        self.0.staging().map(Some)
    }
}
