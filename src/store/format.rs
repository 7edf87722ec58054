//! Opens a store, refuses a newer format, and prepares a store for the first write.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use loom_base::LockExt as _;

use super::{
    durable::{self, Barrier},
    error::{FileAction, StoreError, absent, at},
};

/// The text of `format`, without its line feed.
pub(super) const FORMAT: &str = "loom-store 1";

/// The file that backup programs look for: <https://bford.info/cachedir/>.
const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # Downloaded programs of Loom; they can be fetched again.\n";

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
///     release: release.clone(),
///     archive: None,
///     tree: Some(TrustedDigest {
///         of: DigestSubject::Tree,
///         digest: Digest::of(listing.as_bytes()),
///         by: Voucher::Given,
///         at: "this example".to_owned(),
///         grade: Grade::Identity,
///         signature: None,
///         evidence: None,
///     }),
///     waiver: None,
///     size: None,
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
    shared: Arc<SharedState>,
}

/// What all clones of a store share.
#[derive(Debug, Default)]
struct SharedState {
    prepared: OnceLock<()>,
    notices: Mutex<Vec<StoreNotice>>,
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
    /// [`StoreError::Newer`] for a store of a newer format, [`StoreError::NotAStore`] for a folder of another
    /// program, [`StoreError::Io`] where the file `format` cannot be read.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Self {
            root: std::path::absolute(root).map_err(at(FileAction::Read, root))?,
            shared: Arc::default(),
        };
        if store.read_format()? {
            store.shared.prepared.get_or_init(|| ());
        }
        Ok(store)
    }

    /// Whether the store has been created.
    pub fn exists(&self) -> bool {
        self.shared.prepared.get().is_some() || self.read_format().unwrap_or(false)
    }

    /// Takes the notices since the last call.
    pub fn notices(&self) -> Vec<StoreNotice> {
        std::mem::take(&mut self.shared.notices.locked())
    }

    pub(super) fn notice(&self, notice: StoreNotice) {
        self.shared.notices.locked().push(notice);
    }

    /// Whether the file `format` exists and names a format that this version reads.
    fn read_format(&self) -> Result<bool, StoreError> {
        let path = self.root.join("format");
        let Some(bytes) = absent(fs::read(&path)).map_err(at(FileAction::Read, &path))? else {
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

    /// Creates the store where it does not exist. Every writer calls this first.
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
        if absent(fs::symlink_metadata(&from)).map_err(at(FileAction::Read, &from))?.is_none() {
            return Ok(());
        }
        let free = |n: &u32| !self.root.join(format!("bin.foreign-{n}")).exists();
        let number = (1..).find(free).unwrap_or_default();
        let to = self.root.join(format!("bin.foreign-{number}"));
        fs::rename(&from, &to).map_err(at(FileAction::Rename, &to))?;
        self.notice(StoreNotice::MovedAside { from, to });
        Ok(())
    }
}
