//! [`PullThrough`]: fetches what is missing from another mirror, verifies it and keeps it in the folder.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use loom_base::{LockExt as _, atomic_file};
use loom_source::{Body, Digest, Source, SourceError};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::{io::AsyncWriteExt as _, sync::Semaphore};

use super::{MirrorServeError, ServedFolder, pulled_file::PulledFile};
use crate::mirror::MirrorFiles;

/// The largest number of files that are fetched at the same time.
const MAX_FETCHES: usize = 16;

/// How long a document is served before the mirror is asked for it again.
const FRESH: Duration = Duration::from_secs(10);

/// The largest number of documents whose age is remembered.
const MAX_AGES: usize = 10_000;

/// The file of a store that names its format.
const FORMAT: (&str, &[u8]) = ("format", b"loom-store 1\n");

/// A fetch that several requests wait for.
type Fetch = BoxFuture<'static, Result<(), Arc<SourceError>>>;

/// Fetches what is missing in a folder from a mirror in the layout of a store. Only verified bytes are kept and served.
#[derive(Debug)]
pub struct PullThrough(Arc<Puller>);

struct Puller {
    source: Box<dyn Source>,
    root: PathBuf,
    fetches: Mutex<HashMap<String, WeakShared<Fetch>>>,
    slots: Semaphore,
    /// When each document was asked for.
    asked: Mutex<HashMap<String, Instant>>,
}

impl std::fmt::Debug for Puller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Puller").field("source", &self.source).finish_non_exhaustive()
    }
}

impl PullThrough {
    /// Fetches from `source` into `folder`, which becomes a mirror in the layout of a store.
    ///
    /// # Errors
    /// [`MirrorServeError::NoStore`] where the mirror has another layout, and where it or the folder cannot be used.
    pub async fn open(
        source: Box<dyn Source>,
        folder: &ServedFolder,
    ) -> Result<Self, MirrorServeError> {
        let files = MirrorFiles::of(source.as_ref());
        let format = files.read(FORMAT.0, FORMAT.1.len()).await?;
        if format.as_deref() != Some(FORMAT.1) {
            return Err(MirrorServeError::NoStore { mirror: files.name() });
        }
        let root = folder.path().to_owned();
        let unwritten = |source| MirrorServeError::Folder { path: root.clone(), source };
        keep(&root.join(FORMAT.0), FORMAT.1).map_err(unwritten)?;
        Ok(Self(Arc::new(Puller {
            source,
            root,
            fetches: Mutex::default(),
            slots: Semaphore::new(MAX_FETCHES),
            asked: Mutex::default(),
        })))
    }

    /// Fetches the file with this key unless it is here. A file that the mirror does not have stays missing; a document
    /// that is here stays if the mirror cannot answer.
    ///
    /// # Errors
    /// Where a missing file cannot be fetched, or its bytes are wrong.
    pub(super) async fn provide(&self, key: &str) -> Result<(), Arc<SourceError>> {
        let Some(file) = PulledFile::of(key) else { return Ok(()) };
        let is_here = self.0.root.join(key).is_file();
        if is_here && (file.is_immutable() || self.0.is_fresh(key)) {
            return Ok(());
        }
        match self.fetch(key, file).await {
            Err(_) if is_here => Ok(()),
            fetched => fetched,
        }
    }

    /// Fetches a file. Who asks for a file that is being fetched waits for it; the fetch goes on if nobody waits any more,
    /// so that the next request finds the file.
    async fn fetch(&self, key: &str, file: PulledFile) -> Result<(), Arc<SourceError>> {
        let fetch = {
            let mut fetches = self.0.fetches.locked();
            match fetches.get(key).and_then(WeakShared::upgrade) {
                Some(fetch) => fetch,
                None => {
                    let fetch = self.start(key.to_owned(), file);
                    if let Some(weak) = fetch.downgrade() {
                        fetches.insert(key.to_owned(), weak);
                    }
                    fetch
                }
            }
        };
        fetch.await
    }

    fn start(&self, key: String, file: PulledFile) -> Shared<Fetch> {
        let puller = Arc::clone(&self.0);
        let running = tokio::spawn(async move {
            let fetched = puller.fetch(&key, &file).await.map_err(Arc::new);
            puller.fetches.locked().remove(&key);
            fetched
        });
        let ended = |error| Arc::new(SourceError::read("pull-through", io::Error::other(error)));
        running
            .map(move |fetched| fetched.unwrap_or_else(|error| Err(ended(error))))
            .boxed()
            .shared()
    }
}

impl Puller {
    fn is_fresh(&self, key: &str) -> bool {
        self.asked.locked().get(key).is_some_and(|asked| asked.elapsed() < FRESH)
    }

    fn remember(&self, key: &str) {
        let mut asked = self.asked.locked();
        if asked.len() >= MAX_AGES {
            asked.clear();
        }
        asked.insert(key.to_owned(), Instant::now());
    }

    async fn fetch(&self, key: &str, file: &PulledFile) -> Result<(), SourceError> {
        let listing = match file.listing() {
            Some(listing) => Some(self.listing(&listing).await?),
            None => None,
        };
        let _slot = self.slots.acquire().await;
        let files = MirrorFiles::of(self.source.as_ref());
        let damaged = |why| SourceError::damaged(files.location(key), why);
        let expected = file.digest(listing.as_deref()).map_err(damaged)?;
        let Some(download) = files.open(key).await? else { return Ok(()) };
        let unwritten = |error| SourceError::read(key.to_owned(), error);
        let (temporary, got) = receive(download.body, &self.root, file.max_size()).await?;
        if let PulledFile::Document(document) = file {
            let bytes = fs::read(temporary.path()).map_err(unwritten)?;
            document.check(&bytes).map_err(damaged)?;
            self.remember(key);
        }
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            return Err(damaged(format!("expected the SHA-256 {expected}, got {got}")));
        }
        place(temporary, &self.root.join(key)).map_err(unwritten)
    }

    /// The bytes of a listing, which is fetched first where it is not here.
    async fn listing(&self, key: &str) -> Result<Vec<u8>, SourceError> {
        let path = self.root.join(key);
        let unread = |error| SourceError::read(key.to_owned(), error);
        if !path.is_file()
            && let Some(file) = PulledFile::of(key)
        {
            Box::pin(self.fetch(key, &file)).await?;
        }
        fs::read(&path).map_err(unread)
    }
}

/// Writes a body into a temporary file of the folder, and hashes it.
async fn receive(
    mut body: Body,
    folder: &Path,
    max_size: u64,
) -> Result<(NamedTempFile, Digest), SourceError> {
    let unwritten = |error| SourceError::read(folder.display().to_string(), error);
    // A name that begins with a dot is not served.
    let temporary = tempfile::Builder::new().prefix(".pulled-").tempfile_in(folder);
    let temporary = temporary.map_err(unwritten)?;
    let mut file = tokio::fs::File::from_std(temporary.reopen().map_err(unwritten)?);
    let (mut hasher, mut size) = (Sha256::new(), 0);
    while let Some(piece) = body.next().await {
        let piece = piece?;
        size += piece.len() as u64;
        if size > max_size {
            return Err(unwritten(io::ErrorKind::FileTooLarge.into()));
        }
        hasher.update(&piece);
        file.write_all(&piece).await.map_err(unwritten)?;
    }
    file.sync_all().await.map_err(unwritten)?;
    Ok((temporary, Digest::from_hasher(hasher)))
}

/// Gives a complete file its path and the permissions of a file that others may read.
fn place(temporary: NamedTempFile, path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o644))?;
    }
    temporary.persist(path)?;
    Ok(())
}

/// Writes a small file unless it is there.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match atomic_file::create(path, bytes) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        kept => kept,
    }
}
