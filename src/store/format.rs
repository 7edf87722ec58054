//! Opening a store, refusing what is newer, and the first write.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use super::{
    durable::{self, Barrier},
    error::{Act, StoreError, absent, at},
};

/// The text of `format`, without its line feed.
pub(super) const FORMAT: &str = "loom-store 1";

/// What backup programs look for: <https://bford.info/cachedir/>.
const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # Downloaded programs of Loom; they can be fetched again.\n";

/// A store on this machine. Cheap to clone; all clones speak of the same folder.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) root: PathBuf,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    prepared: OnceLock<()>,
    notices: Mutex<Vec<StoreNotice>>,
}

/// Something that people should hear of, though nothing failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreNotice {
    /// A `bin/` without `format` was another program's cache and has been moved aside.
    MovedAside {
        /// Where it was.
        from: PathBuf,
        /// Where it is now.
        to: PathBuf,
    },
    /// A damaged tree was set aside, to be replaced.
    SetAside {
        /// Where it is now.
        to: PathBuf,
        /// What was wrong with it.
        what: String,
    },
    /// The lease lies outside the store, which could not be written: collection there does not see it.
    ForeignLease {
        /// The lock file.
        path: PathBuf,
    },
}

impl Store {
    /// Opens the store below `root`, which need not exist: nothing is created before the first write.
    ///
    /// Reads one small file, and refuses a store of a newer format.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Self {
            root: std::path::absolute(root).map_err(at(Act::Read, root))?,
            shared: Arc::default(),
        };
        if store.read_format()? {
            store.shared.prepared.get_or_init(|| ());
        }
        Ok(store)
    }

    /// Whether there is a store yet.
    pub fn exists(&self) -> bool {
        self.shared.prepared.get().is_some() || self.read_format().unwrap_or(false)
    }

    /// What has happened since it was last asked.
    pub fn notices(&self) -> Vec<StoreNotice> {
        std::mem::take(&mut self.shared.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn notice(&self, notice: StoreNotice) {
        self.shared.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }

    /// Whether `format` is there and ours.
    fn read_format(&self) -> Result<bool, StoreError> {
        let path = self.root.join("format");
        let Some(bytes) = absent(fs::read(&path)).map_err(at(Act::Read, &path))? else {
            return Ok(false);
        };
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).trim_end().to_owned();
        let major = text
            .strip_prefix("loom-store ")
            .and_then(|v| v.split('.').next().unwrap_or_default().parse::<u32>().ok());
        match major {
            Some(1) => Ok(true),
            Some(2..) => Err(StoreError::Newer { root: self.root.clone(), found: text }),
            Some(0) | None => Err(StoreError::NotAStore { path, found: text }),
        }
    }

    /// Makes sure that there is a store to write to. Every writer begins with it.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        if self.shared.prepared.get().is_some() {
            return Ok(());
        }
        let mut barrier = Barrier::default();
        for folder in ["locks", "tmp"] {
            durable::create_folders(&self.root.join(folder), &mut barrier)?;
        }
        let _lock = self.lock_file(&self.root.join("locks/format"), &mut || {})?;
        if !self.read_format()? {
            self.move_foreign_bin_aside()?;
            barrier.wait(&self.root)?;
            let tmp = self.tmp();
            let tag = self.root.join("CACHEDIR.TAG");
            durable::replace(&self.root, &tmp, &tag, CACHEDIR_TAG.as_bytes())?;
            let format = self.root.join("format");
            durable::replace(&self.root, &tmp, &format, format!("{FORMAT}\n").as_bytes())?;
        }
        self.shared.prepared.get_or_init(|| ());
        Ok(())
    }

    fn move_foreign_bin_aside(&self) -> Result<(), StoreError> {
        let from = self.root.join("bin");
        if absent(fs::symlink_metadata(&from)).map_err(at(Act::Read, &from))?.is_none() {
            return Ok(());
        }
        let free = |n: &u32| !self.root.join(format!("bin.foreign-{n}")).exists();
        let number = (1..).find(free).unwrap_or_default();
        let to = self.root.join(format!("bin.foreign-{number}"));
        fs::rename(&from, &to).map_err(at(Act::Rename, &to))?;
        self.notice(StoreNotice::MovedAside { from, to });
        Ok(())
    }
}
