//! The steps of publishing a batch: files that wait for their paths, and the files that have to reach the disk before
//! the next step.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use loom_base::bounded_file;
use loom_source::{Digest, Statement};

use super::{
    Checked, EntryKind, Installed, Receipt, Received, Store, StoreError,
    durable::{self, Barrier, PendingFiles, create_folders, remove_tree, set_mode},
    error::{FileAction, absent, at},
};

/// A batch that is being published.
pub(super) struct PublishBatch<'a> {
    store: &'a Store,
    files: PendingFiles,
    barrier: Barrier,
    /// Objects that wait for their paths.
    objects: BTreeSet<Digest>,
    /// Development trees that their root no longer keeps.
    pub(super) retired: Vec<Digest>,
}

impl<'a> PublishBatch<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self {
            store,
            files: PendingFiles::default(),
            barrier: Barrier::default(),
            objects: BTreeSet::new(),
            retired: vec![],
        }
    }

    /// Waits until the disk has everything that was written since the last call.
    pub(super) fn wait(&mut self) -> Result<(), StoreError> {
        self.barrier.wait(&self.store.root)
    }

    /// Renames all files that were written since the last call to their paths.
    pub(super) fn place_files(&mut self) -> Result<(), StoreError> {
        self.files.place(&mut self.barrier)
    }

    /// The files of the tree join the barrier; listing, statement, evidence and archive are written.
    pub(super) fn write_objects(
        &mut self,
        checked: &mut Checked,
        statement: Option<&(Statement, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        self.store.share_staged(checked)?;
        if let Some(staged) = &checked.staged {
            self.await_tree(&staged.top(), checked);
        }
        self.write_object(&checked.tree, &checked.listing.to_bytes())?;
        if let Some((_, bytes)) = statement {
            self.write_object(&Digest::of(bytes), bytes)?;
        }
        for (evidence, bytes) in &checked.evidence {
            self.write_object(&evidence.digest, bytes)?;
        }
        if let Some(kept) = checked.kept.take() {
            self.keep_archive(kept)?;
        }
        Ok(())
    }

    /// All files and folders of the tree at `top` join the barrier.
    fn await_tree(&mut self, top: &Path, checked: &Checked) {
        let mut folders: BTreeSet<PathBuf> = BTreeSet::from([top.to_owned()]);
        for entry in checked.listing.entries() {
            let path = top.join(entry.path.as_str());
            // Where links are impossible, a copy has the path of a link.
            if entry.kind != EntryKind::Link || !path.is_symlink() {
                self.barrier.add(path);
            }
            folders.extend(entry.path.parents().map(|parent| top.join(parent)));
        }
        folders.into_iter().for_each(|folder| self.barrier.add(folder));
    }

    fn write_object(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        let to = self.store.object(digest);
        // Written again unless it is there and right: an object that is here may be damaged.
        if bounded_file::read(&to, bytes.len() as u64).is_ok_and(|old| old == bytes) {
            self.barrier.add(&to);
        } else if self.objects.insert(*digest) {
            self.files.write(&self.store.tmp(), to, bytes, &mut self.barrier)?;
        }
        Ok(())
    }

    fn keep_archive(&mut self, received: Received) -> Result<(), StoreError> {
        let to = self.store.object(&received.digest());
        self.store.refuse_links_to(&to)?;
        if let Some(folder) = to.parent() {
            create_folders(folder, &mut self.barrier)?;
            self.barrier.add(folder);
        }
        if let Some(spool) = received.path() {
            durable::sync(spool)?;
            set_mode(spool, 0o644)?;
            fs::rename(spool, &to).map_err(at(FileAction::Rename, &to))?;
        }
        Ok(())
    }

    /// Renames a staged tree to its path, or shares the one that is there.
    pub(super) fn place_tree(&mut self, checked: &Checked) -> Result<(), StoreError> {
        let to = self.store.tree(&checked.tree);
        self.store.refuse_links_to(&to)?;
        self.barrier.add(self.store.trees());
        // A tree that is here may come from a process that has not waited for the disk yet.
        let Some(staged) = &checked.staged else {
            self.await_tree(&to, checked);
            return Ok(());
        };
        let from = staged.top();
        loop {
            if self.store.adopt(checked)? {
                self.await_tree(&to, checked);
                return remove_tree(&from);
            }
            match fs::rename(&from, &to) {
                // Another process has just published the same tree: look at that one.
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
                    ) => {}
                result => return result.map_err(at(FileAction::Rename, &to)),
            }
        }
    }

    /// Writes record, verification and receipt, or the root of a development build; each waits for its path.
    pub(super) fn write_documents(
        &mut self,
        checked: &Checked,
        receipt: Option<&mut Receipt>,
        statement: Option<&(Statement, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let (store, release) = (self.store, &checked.release);
        let statement = statement.map(|(_, bytes)| Digest::of(bytes));
        if let Some(statement) = statement {
            let record = store.merged_record(checked, statement);
            self.write(store.record_path(release), &record.to_bytes())?;
            if let Some(verification) = store.new_verification(checked, statement, &record) {
                self.write(store.verification_path(release), &verification.to_bytes())?;
            }
        } else {
            let (bytes, retired) = store.dev_root_with(release, checked.tree, &checked.entry)?;
            self.retired.extend(retired);
            self.write(store.dev_root_path(release), &bytes)?;
        }
        if let Some(receipt) = receipt {
            receipt.complete(checked, statement);
            self.write(store.receipt_path(release), &receipt.to_bytes())?;
        }
        Ok(())
    }

    fn write(&mut self, to: PathBuf, bytes: &[u8]) -> Result<(), StoreError> {
        self.files.write(&self.store.tmp(), to, bytes, &mut self.barrier)
    }

    /// Points the link of a release to its program.
    pub(super) fn link(&mut self, checked: &Checked) -> Result<Installed, StoreError> {
        let Checked { release, tree, entry, .. } = checked;
        self.store.point(release, tree, entry, &mut self.barrier)
    }
}

impl Store {
    /// Whether a tree that is here may be shared: every byte of it is hashed first. A damaged one is taken away.
    fn adopt(&self, checked: &Checked) -> Result<bool, StoreError> {
        let (tree, folder) = (&checked.tree, self.tree(&checked.tree));
        self.complete_deletion(tree)?;
        if absent(fs::symlink_metadata(&folder)).map_err(at(FileAction::Read, &folder))?.is_none() {
            // Another process may delete it where it is since the first look, and would delete a new one as well.
            self.complete_deletion(tree)?;
            return Ok(false);
        }
        let check = || self.rehash(tree, &checked.listing);
        match check() {
            Ok(()) => Ok(true),
            Err(StoreError::Damaged { .. }) => {
                Ok(self.set_aside_if_damaged(tree, &check)?.is_none())
            }
            Err(e) => Err(e),
        }
    }
}
