//! Creates a store: the first write to an empty folder, or to one whose file `format` is gone.

use std::fs;

use super::{
    Store, StoreError, StoreNotice,
    document_file::read_document,
    durable::{self, Barrier, create_folders},
    error::{FileAction, absent, at, undamaged},
    foreign_folder::FOREIGN_BIN,
    move_folder::move_folder,
};

/// The text of `format`, without its line feed.
const FORMAT: &str = "loom-store 1";

/// The file that backup programs look for: <https://bford.info/cachedir/>.
pub(super) const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # Downloaded programs of Loom; they can be fetched again.\n";

/// The name of that file.
pub(super) const TAG_FILE: &str = "CACHEDIR.TAG";

impl Store {
    /// Creates the store, unless another process has just done so, and removes what nothing names of a store that was half
    /// deleted.
    pub(super) fn found(&self) -> Result<(), StoreError> {
        if self.create()? { self.remove_remains() } else { Ok(()) }
    }

    /// Creates the store; returns whether its folder has trees or objects of a former one.
    pub(super) fn create(&self) -> Result<bool, StoreError> {
        self.refuse_foreign_folder()?;
        let mut barrier = Barrier::default();
        self.create_root(&mut barrier)?;
        for folder in ["locks", "tmp"] {
            create_folders(&self.root.join(folder), &mut barrier)?;
        }
        let _lock = self.lock_file(&self.root.join("locks/format"))?;
        if self.read_format()? {
            return Ok(false);
        }
        let remains = self.has_remains();
        if !remains {
            self.move_foreign_bin_aside()?;
        }
        barrier.wait(&self.root)?;
        let tmp = self.tmp();
        let tag = self.root.join(TAG_FILE);
        durable::replace(&self.root, &tmp, &tag, CACHEDIR_TAG.as_bytes())?;
        let format = self.root.join("format");
        durable::replace(&self.root, &tmp, &format, format!("{FORMAT}\n").as_bytes())?;
        Ok(remains)
    }

    /// Whether the folder has the tag of a store.
    pub(super) fn has_tag(&self) -> bool {
        let tag = read_document(&self.root.join(TAG_FILE));
        tag.is_ok_and(|bytes| bytes.is_some_and(|bytes| bytes == CACHEDIR_TAG.as_bytes()))
    }

    /// The root folder, with the permissions of its writers whatever the umask is.
    fn create_root(&self, barrier: &mut Barrier) -> Result<(), StoreError> {
        if self.root.is_dir() {
            return Ok(());
        }
        create_folders(&self.root, barrier)?;
        self.set_root_mode()
    }

    /// Whether the folder has trees or objects. Without a file `format` they are what is left of a store that a user began
    /// to delete: read-only trees cannot be deleted at once.
    pub fn has_remains(&self) -> bool {
        self.trees().is_dir() || self.root.join("objects/sha256").is_dir()
    }

    /// Removes the trees of a store that was half deleted, unless something names them. A tree that is in use stays.
    fn remove_remains(&self) -> Result<(), StoreError> {
        let _alone = self.lock_for_collection()?;
        let Some(needed) = undamaged(self.needed_trees())? else { return Ok(()) };
        let mut trees = 0;
        for tree in self.trees_here()?.iter().filter(|tree| !needed.contains(tree)) {
            trees += usize::from(self.remove_tree_unless_leased(tree)?);
        }
        if trees > 0 {
            self.notice(StoreNotice::Remains { trees });
        }
        Ok(())
    }

    fn move_foreign_bin_aside(&self) -> Result<(), StoreError> {
        let from = self.root.join("bin");
        if absent(fs::symlink_metadata(&from)).map_err(at(FileAction::Read, &from))?.is_none() {
            return Ok(());
        }
        let free = |n: &u32| !self.root.join(format!("{FOREIGN_BIN}{n}")).exists();
        let number = (1..).find(free).unwrap_or_default();
        let to = self.root.join(format!("{FOREIGN_BIN}{number}"));
        move_folder(&from, &to)?;
        self.notice(StoreNotice::MovedAside { from, to });
        Ok(())
    }
}
