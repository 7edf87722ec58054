//! Opens a store, refuses a newer format, and reports what its users should know.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use loom_base::{LockExt as _, file_lock::LockHolder};

use super::{
    LockWait, StoreWriters,
    document_file::read_document,
    error::{FileAction, StoreError, at},
    unreadable::UnreadableNotes,
};

/// A store on this machine. Clones are cheap and use the same folder.
///
/// # Examples
/// A program becomes an installed release: it is staged, compared with its digest, and published.
/// ```
/// use loom_runtime::{
///     store::{Presence, Receipt, Store, TreeLimits},
///     trust::{DigestSubject, Expectation, Grade, Policy, TrustedDigest, Voucher},
/// };
/// use loom_source::{Digest, Platform, Product};
///
/// let folder = tempfile::tempdir()?;
/// let store = Store::open(&folder.path().join("cache"))?;
/// let product = Product {
///     authority: "loom-os".parse()?,
///     binary: "hello".parse()?,
///     platform: Platform::LinuxX86_64,
/// };
/// let release = product.at_version("0.1.0".parse()?);
/// assert_eq!(store.presence(&release, &Policy::default())?, Presence::Absent);
///
/// let program = b"#!/bin/sh\necho hello\n";
/// let mut staged = store.stage(TreeLimits::default())?;
/// staged.file(&"hello".parse()?, true, &program[..])?;
/// let listing = format!("loom-tree 1\nx {} {} hello\n", Digest::of(program), program.len());
/// let expectation = Expectation {
///     tree: Some(TrustedDigest {
///         of: DigestSubject::Tree,
///         digest: Digest::of(listing.as_bytes()),
///         by: Voucher::Given,
///         at: "this example".to_owned(),
///         grade: Grade::Identity,
///         signature: None,
///         index: None,
///         evidence: None,
///     }),
///     ..Expectation::none(&release)
/// };
/// let checked = store.admit(staged, &expectation, None)?;
/// let receipt = Receipt::new(&release);
/// let installed = store.publish(vec![(checked, Some(receipt))])?.remove(0);
///
/// assert_eq!(std::fs::read(&installed.link)?, program);
/// assert!(store.presence(&release, &Policy::default())?.accepted().is_some());
/// # store.remove(&release)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) root: PathBuf,
    pub(super) writers: StoreWriters,
    /// The state folder of the user.
    pub(super) state: Option<PathBuf>,
    /// Where a verification notes what it cannot read.
    pub(super) unreadable: Option<UnreadableNotes>,
    shared: Arc<SharedState>,
}

/// What all clones of a store share.
#[derive(Default)]
struct SharedState {
    /// The store exists and can be read.
    prepared: OnceLock<()>,
    /// Those may write the store who should.
    writable: OnceLock<()>,
    notices: Mutex<Vec<StoreNotice>>,
    on_wait: OnceLock<WaitObserver>,
}

/// The observer of waits for a lock.
type WaitObserver = Box<dyn Fn(&LockWait) + Send + Sync>;

impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedState").field("notices", &self.notices).finish_non_exhaustive()
    }
}

/// An event that the user should know of, although nothing failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreNotice {
    /// A folder `bin/` without a file `format` belonged to another program and was renamed.
    MovedAside {
        /// Its path before.
        from: PathBuf,
        /// Its path now.
        to: PathBuf,
    },
    /// A damaged tree was renamed, to be replaced.
    SetAside {
        /// Its path now.
        to: PathBuf,
        /// What was wrong with it.
        what: String,
    },
    /// A damaged tree was removed, to be replaced: it could not be renamed.
    Removed {
        /// Its path.
        path: PathBuf,
        /// What was wrong with it.
        what: String,
    },
    /// The group of this user's store could write it, and no longer can.
    Closed {
        /// The root folder of the store.
        root: PathBuf,
    },
    /// Another process did not release the lease of a tree, so the lease is in the state folder.
    LeaseHeld {
        /// The lease in the store.
        lease: PathBuf,
        /// Who holds it, where the system tells.
        holder: Option<Box<LockHolder>>,
        /// The lock file in the state folder.
        path: PathBuf,
    },
    /// Trees were removed that a store without its file `format` still had, and that nothing named.
    Remains {
        /// How many.
        trees: usize,
    },
    /// The store could not be written, so the lease is in the state folder, which the collection of this store does
    /// not see.
    ForeignLease {
        /// The lock file.
        path: PathBuf,
    },
}

impl Store {
    /// Opens the store at `root`. The folder need not exist: nothing is created before the first write. Reads one
    /// small file.
    ///
    /// # Errors
    /// [`StoreError::OpenToAll`] for a folder that every user can write, [`StoreError::Newer`] for a store of a newer format,
    /// [`StoreError::DamagedFormat`] for a store whose file `format` is damaged, [`StoreError::NotAStore`] for a folder of
    /// another program, [`StoreError::Io`] where the file `format` cannot be read.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Self::of(root)?;
        if store.read_format()? {
            store.shared.prepared.get_or_init(|| ());
        }
        Ok(store)
    }

    /// As [`open`](Self::open), for what finds and mends damage: also where `format` is damaged and the rest of the folder
    /// is a store, and where `format` cannot be read.
    ///
    /// # Errors
    /// As for [`open`](Self::open), without [`StoreError::DamagedFormat`].
    pub fn open_damaged(root: &Path) -> Result<Self, StoreError> {
        match Self::open(root) {
            Err(StoreError::DamagedFormat { .. }) => Self::of(root),
            Err(error) if error.is_unreadable() => Self::of(root),
            opened => opened,
        }
    }

    fn of(root: &Path) -> Result<Self, StoreError> {
        let store = Self {
            root: std::path::absolute(root).map_err(at(FileAction::Read, root))?,
            writers: StoreWriters::default(),
            state: None,
            unreadable: None,
            shared: Arc::default(),
        };
        store.check_not_open_to_all().map(|()| store)
    }

    /// Whether the store has been created.
    pub fn exists(&self) -> bool {
        self.shared.prepared.get().is_some() || self.read_format().unwrap_or(false)
    }

    /// Takes the notices since the last call.
    pub fn notices(&self) -> Vec<StoreNotice> {
        std::mem::take(&mut self.shared.notices.locked())
    }

    /// `observer` is told, before the wait, of each lock that is not free at once.
    pub fn on_wait(&self, observer: impl Fn(&LockWait) + Send + Sync + 'static) {
        // The first observer of a store is its only one.
        let _ = self.shared.on_wait.set(Box::new(observer));
    }

    pub(super) fn announce(&self, wait: &LockWait) {
        if let Some(observer) = self.shared.on_wait.get() {
            observer(wait);
        }
    }

    pub(super) fn notice(&self, notice: StoreNotice) {
        self.shared.notices.locked().push(notice);
    }

    /// Whether the file `format` exists and names a format that this version reads.
    pub(super) fn read_format(&self) -> Result<bool, StoreError> {
        let path = self.root.join("format");
        let bytes = match read_document(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(false),
            Err(StoreError::Damaged { what, .. }) => return Err(self.wrong_format(path, what)),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).trim_end().to_owned();
        let major = text
            .strip_prefix("loom-store ")
            .and_then(|v| v.split('.').next().unwrap_or_default().parse::<u32>().ok());
        match major {
            Some(1) => Ok(true),
            Some(2..) => Err(StoreError::Newer { root: self.root.clone(), found: text }),
            Some(0) | None => Err(self.wrong_format(path, text)),
        }
    }

    /// The error for a file `format` that is none. What else is in the folder tells whether it is a store.
    fn wrong_format(&self, path: PathBuf, found: String) -> StoreError {
        let has_trees = || self.trees_here().is_ok_and(|trees| !trees.is_empty());
        let is_store = self.has_tag() || self.root.join("objects/sha256").is_dir() || has_trees();
        if is_store {
            StoreError::DamagedFormat { path, found }
        } else {
            StoreError::NotAStore { path, found }
        }
    }

    /// Creates the store where it does not exist. Every writer calls this first.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        if self.shared.writable.get().is_none() {
            self.refuse_foreign_folder()?;
            self.check_writers()?;
            self.shared.writable.get_or_init(|| ());
        }
        if self.shared.prepared.get().is_some() {
            return Ok(());
        }
        self.found()?;
        self.shared.prepared.get_or_init(|| ());
        Ok(())
    }
}
