//! Identical files of different trees share their blocks: by a reflink where the file system has it, else by a hard link.
//!
//! | file | holds |
//! |---|---|
//! | `share` | lets two files share their blocks |
//! | `publish` | a tree that is being published, with the last trees of its program |
//! | `renewal` | fingerprints of trees whose files were linked or unlinked |
//!
//! Both files are hashed before, in the same run, so that nothing ever shares with a damaged file. Only files with the same
//! owner and permissions share: both belong to the inode.

mod publish;
mod renewal;
mod share;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use loom_source::Digest;

use self::share::Shared;
use super::{EntryKind, Store, StoreError, durable::set_mode};

/// What sharing blocks saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deduplicated {
    /// The number of files that share their blocks now, and did not before.
    pub files: usize,
    /// The number of bytes that these files used for themselves.
    pub saved: u64,
    /// The number of these files that are hard links; the others are reflinks.
    pub hard_links: usize,
    /// The number of files that were left as they are, because they are damaged.
    pub damaged: usize,
}

/// Files that should be identical: the folder of the tree, and the path in it.
type SameFiles = BTreeMap<(Digest, u64, bool), Vec<(Digest, PathBuf)>>;

impl Store {
    /// Lets identical files of all trees share their blocks.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn deduplicate(&self) -> Result<Deduplicated, StoreError> {
        let mut done = Deduplicated::default();
        if !self.exists() {
            return Ok(done);
        }
        self.prepare()?;
        for ((digest, size, _), files) in self.same_files()? {
            if files.len() > 1 {
                // Held for one group only, so that a collection need not wait for all of them.
                let _exists = self.lock_against_collection()?;
                self.share_all(&digest, size, &files, &mut done)?;
            }
        }
        Ok(done)
    }

    /// The files of all trees by what their listings say of them.
    fn same_files(&self) -> Result<SameFiles, StoreError> {
        let mut found = SameFiles::new();
        for tree in self.trees_here()? {
            let Ok(Some(listing)) = self.listing(&tree) else { continue };
            for entry in listing.entries() {
                if entry.kind != EntryKind::Link && entry.size > 0 {
                    let runs = entry.kind == EntryKind::Executable;
                    let file = (tree, self.tree(&tree).join(entry.path.as_str()));
                    found.entry((entry.digest, entry.size, runs)).or_default().push(file);
                }
            }
        }
        Ok(found)
    }

    fn share_all(
        &self,
        digest: &Digest,
        size: u64,
        files: &[(Digest, PathBuf)],
        done: &mut Deduplicated,
    ) -> Result<(), StoreError> {
        // Files that share already need not be read.
        let mut others = files.iter().filter(|(_, path)| path.exists());
        let Some((_, first)) = others.clone().next() else { return Ok(()) };
        if others.all(|(_, path)| share::is_one_inode(first, path)) {
            return Ok(());
        }
        let mut kept: Option<&PathBuf> = None;
        let mut touched = BTreeSet::new();
        let before = self.fingerprints_of(files.iter().map(|(tree, _)| *tree))?;
        for (_, path) in files {
            match kept {
                Some(kept) if share::is_one_inode(kept, path) => {}
                _ if !share::is_intact(path, digest) => done.damaged += 1,
                None => kept = Some(path),
                Some(kept) => match self.share_in_tree(kept, path, digest)? {
                    Some(shared) => {
                        done.files += 1;
                        done.saved += size;
                        done.hard_links += usize::from(shared == Shared::HardLink);
                        touched.extend(share::inode_of(kept));
                        touched.extend(share::inode_of(path));
                    }
                    None => continue,
                },
            }
        }
        self.renew_fingerprints(before, &touched);
        Ok(())
    }

    /// Replaces a file of a tree, whose folders are read-only, by one that shares its blocks with `kept`.
    fn share_in_tree(
        &self,
        kept: &std::path::Path,
        path: &std::path::Path,
        digest: &Digest,
    ) -> Result<Option<Shared>, StoreError> {
        let Some(folder) = path.parent() else { return Ok(None) };
        // A folder of a damaged tree may be a link.
        let is_own = [kept, path].into_iter().all(|file| self.refuse_links_to(file).is_ok());
        if !is_own || !share::may_share(kept, path) || set_mode(folder, 0o755).is_err() {
            return Ok(None);
        }
        let shared = share::share(kept, path, digest, &self.tmp());
        set_mode(folder, 0o555)?;
        shared
    }
}
