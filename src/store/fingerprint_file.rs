//! Where fingerprints are kept, and which of them count: one that other users can write vouches for nothing.

use std::{
    fs::{self, File, Metadata},
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_base::{bounded_file::RegularFile, private_folder};
use loom_source::Digest;

use super::{
    Store, StoreError,
    durable::{remove_any, replace_lazily},
};

/// The folder of fingerprints, in the store and in the state folder.
const FOLDER: &str = "fingerprints";

impl Store {
    /// The same store, whose fingerprints are kept in `<state>/fingerprints` where the store cannot be written.
    #[must_use]
    pub fn with_state(mut self, state: &Path) -> Self {
        self.state = Some(state.to_owned());
        self
    }

    pub(super) fn fingerprint_path(&self, tree: &Digest) -> PathBuf {
        self.root.join(FOLDER).join(tree.to_string())
    }

    /// The fingerprint in the user's state folder. Its name tells stores apart.
    fn own_fingerprint_path(&self, tree: &Digest) -> Option<PathBuf> {
        let mut name = self.root.as_os_str().as_encoded_bytes().to_vec();
        name.extend_from_slice(format!("\n{tree}").as_bytes());
        Some(self.state.as_ref()?.join(FOLDER).join(Digest::of(&name).to_string()))
    }

    /// Whether `text` is the fingerprint that is kept of a tree.
    pub(super) fn is_recorded(&self, tree: &Digest, text: &str) -> bool {
        let is_same = |path: &Path| {
            let Ok(file) = RegularFile::open(path) else { return false };
            self.is_written_by_writers(file.metadata())
                && file.read(text.len() as u64).is_ok_and(|recorded| recorded == text.as_bytes())
        };
        let is_closed = |folder: &Path| {
            fs::metadata(folder).is_ok_and(|meta| self.is_written_by_writers(&meta))
        };
        (is_same(&self.fingerprint_path(tree)) && is_closed(&self.root.join(FOLDER)))
            || self.own_fingerprint_path(tree).is_some_and(|path| is_same(&path))
    }

    /// When a tree was last hashed, by the time of its fingerprint.
    pub(super) fn hashed_at(&self, tree: &Digest) -> Option<SystemTime> {
        let of = |path: &Path| {
            let meta = fs::symlink_metadata(path).ok()?;
            let counts = meta.is_file() && self.is_written_by_writers(&meta);
            meta.modified().ok().filter(|_| counts)
        };
        of(&self.fingerprint_path(tree))
            .or_else(|| self.own_fingerprint_path(tree).and_then(|path| of(&path)))
    }

    /// Keeps a fingerprint. Where that fails, the tree is hashed again before the next launch.
    pub(super) fn keep_fingerprint(&self, tree: &Digest, text: &str) {
        let path = self.fingerprint_path(tree);
        if replace_lazily(&self.tmp(), &path, text.as_bytes()).is_ok() {
            return;
        }
        let Some(own) = self.own_fingerprint_path(tree) else { return };
        let Some(folder) = own.parent() else { return };
        if private_folder::create(folder).is_ok() {
            let _ = replace_lazily(folder, &own, text.as_bytes());
        }
    }

    /// Notes that the tree was what its fingerprint says at this time. Where that fails, the next command looks again.
    pub(super) fn date_fingerprint(&self, tree: &Digest, at: SystemTime) {
        let date = |path: PathBuf| {
            if path.is_symlink() || self.refuse_links_to(&path).is_err() {
                return false;
            }
            let file = File::options().append(true).open(path);
            file.and_then(|file| file.set_modified(at)).is_ok()
        };
        if !date(self.fingerprint_path(tree)) {
            self.own_fingerprint_path(tree).map(date);
        }
    }

    pub(super) fn forget_fingerprint(&self, tree: &Digest) -> Result<(), StoreError> {
        if let Some(own) = self.own_fingerprint_path(tree) {
            remove_any(&own)?;
        }
        self.remove_own(&self.fingerprint_path(tree))
    }

    /// Whether only this user, root and those who may write the store can change a file or folder.
    fn is_written_by_writers(&self, meta: &Metadata) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;

            use super::StoreWriters;
            if self.sharing() == StoreWriters::Group {
                return meta.mode() & 0o002 == 0;
            }
            let is_trusted = || {
                let (uid, root) = (meta.uid(), fs::metadata(&self.root));
                uid == rustix::process::geteuid().as_raw()
                    || uid == 0
                    || root.is_ok_and(|root| root.uid() == uid)
            };
            meta.mode() & 0o022 == 0 && is_trusted()
        }
        #[cfg(not(unix))]
        {
            let _ = meta;
            true
        }
    }
}
