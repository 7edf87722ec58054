//! From checked trees to installed releases.
//!
//! Trees and objects, a barrier, records and receipts, links, a barrier: whoever looks sees the old state or the new one,
//! and whatever a link or a record leads to is on the disk before they are.

use std::{collections::BTreeSet, fs, io::ErrorKind, time::SystemTime};

use loom_source::{
    Digest, Record, Slot, Statement,
    record::{RecordArtifact, StatementArchive},
};

use super::{
    Checked, Installed, Receipt, Received, Store, StoreError,
    durable::{Barrier, PendingFiles, create_folders, remove_tree, set_mode},
    error::{Act, absent, at},
    receipt::rfc3339,
};

/// A batch on its way: what is written aside, and what must reach the disk.
struct Batch<'a> {
    store: &'a Store,
    aside: PendingFiles,
    barrier: Barrier,
    /// Development trees that have fallen off the end.
    retired: Vec<Digest>,
}

impl Store {
    /// Publishes checked trees, each with its receipt; many in one batch cost little more than one.
    ///
    /// The store fills in the receipts' digests, checks and time.
    pub fn publish(&self, batch: Vec<(Checked, Receipt)>) -> Result<Vec<Installed>, StoreError> {
        self.prepare()?;
        let exists = self.lock_against_collection()?;
        let mut steps = Batch::new(self);
        let mut batch: Vec<_> = batch
            .into_iter()
            .map(|(checked, receipt)| {
                let statement = self.choose_statement(&checked)?;
                Ok((checked, receipt, statement))
            })
            .collect::<Result<_, StoreError>>()?;
        for (checked, _, statement) in &mut batch {
            steps.write_objects(checked, statement.as_ref())?;
        }
        steps.wait()?;
        for (checked, ..) in &mut batch {
            steps.place_tree(checked)?;
        }
        steps.aside.place(&mut steps.barrier)?;
        steps.wait()?;
        for (checked, receipt, statement) in &mut batch {
            self.protect(&checked.tree, &checked.listing)?;
            self.write_fingerprint(&checked.tree, &checked.listing);
            steps.write_pointers(checked, receipt, statement.as_ref())?;
        }
        steps.wait()?;
        steps.aside.place(&mut steps.barrier)?;
        let point = |(checked, ..): &(Checked, Receipt, _)| {
            self.point(&checked.release, &checked.tree, &checked.entry, &mut steps.barrier)
        };
        let installed = batch.iter().map(point).collect::<Result<Vec<_>, _>>()?;
        steps.wait()?;
        drop(exists);
        self.retire(&steps.retired)?;
        Ok(installed)
    }

    /// The statement to point to: the one that came along, else the one that is here and fits, else our own.
    fn choose_statement(
        &self,
        checked: &Checked,
    ) -> Result<Option<(Statement, Vec<u8>)>, StoreError> {
        let Slot::Version(version) = &checked.release.slot else { return Ok(None) };
        if let Some(given) = &checked.statement {
            return Ok(Some(given.clone()));
        }
        let mut archives = archive_of(checked).into_iter().collect::<Vec<_>>();
        // What cannot be read is written anew.
        if let Some(old) = self.old_statement(checked) {
            if archives.iter().all(|archive| old.archives.contains(archive)) {
                let bytes = old.to_bytes();
                return Ok(Some((old, bytes)));
            }
            archives.splice(
                0..0,
                old.archives
                    .into_iter()
                    .filter(|a| Some(a.digest) != checked.archive.as_ref().map(|n| n.digest)),
            );
        }
        let release = checked.release.clone();
        let statement = Statement {
            authority: release.authority,
            binary: release.binary,
            version: version.clone(),
            platform: release.platform,
            tree: checked.tree,
            entry: checked.entry.to_string(),
            archives,
            published: None,
            critical: vec![],
        };
        let bytes = statement.to_bytes();
        Ok(Some((statement, bytes)))
    }

    fn old_statement(&self, checked: &Checked) -> Option<Statement> {
        let record = self.record(&checked.release).ok().flatten()?;
        let old = self.statement(&record.statement).ok().flatten()?;
        let fits = old.release() == checked.release
            && old.tree == checked.tree
            && old.entry == checked.entry.as_str()
            && Digest::of(&old.to_bytes()) == record.statement;
        fits.then_some(old)
    }

    /// Whether a tree that is here may be shared: every byte of it is hashed first.
    fn adopt(&self, checked: &Checked) -> Result<bool, StoreError> {
        let folder = self.tree(&checked.tree);
        if absent(fs::symlink_metadata(&folder)).map_err(at(Act::Read, &folder))?.is_none() {
            return Ok(false);
        }
        match self.rehash(&checked.tree, &checked.listing) {
            Ok(()) => Ok(true),
            Err(StoreError::Damaged { path, what }) => {
                self.set_aside(&checked.tree, format!("{}: {what}", path.display()))?;
                Ok(false)
            }
            Err(e) => Err(e),
        }
    }
}

impl<'a> Batch<'a> {
    fn new(store: &'a Store) -> Self {
        Self { store, aside: PendingFiles::default(), barrier: Barrier::default(), retired: vec![] }
    }

    fn wait(&mut self) -> Result<(), StoreError> {
        self.barrier.wait(&self.store.root)
    }

    /// Files of the tree join the barrier; listing, statement and archive are written aside.
    fn write_objects(
        &mut self,
        checked: &mut Checked,
        statement: Option<&(Statement, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let top = checked.staged.top();
        let mut folders = BTreeSet::from([top.clone()]);
        for entry in checked.listing.entries() {
            if entry.kind != super::EntryKind::Link {
                self.barrier.add(top.join(entry.path.as_str()));
            }
            folders.extend(entry.path.parents().map(|parent| top.join(parent)));
        }
        folders.into_iter().for_each(|folder| self.barrier.add(folder));
        self.write_object(&checked.tree, &checked.listing.to_bytes())?;
        if let Some((_, bytes)) = statement {
            self.write_object(&Digest::of(bytes), bytes)?;
        }
        for (_, bytes) in &checked.evidence {
            self.write_object(&Digest::of(bytes), bytes)?;
        }
        if let Some(kept) = checked.kept.take() {
            self.keep(kept)?;
        }
        Ok(())
    }

    fn write_object(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        let to = self.store.object(digest);
        // Written again unless it is there and right: an object that is here may be damaged.
        if fs::read(&to).is_ok_and(|old| old == bytes) {
            self.barrier.add(&to);
            return Ok(());
        }
        self.aside.write(&self.store.tmp(), to, bytes, &mut self.barrier)
    }

    fn keep(&mut self, received: Received) -> Result<(), StoreError> {
        let to = self.store.object(&received.digest());
        if let Some(folder) = to.parent() {
            create_folders(folder, &mut self.barrier)?;
            self.barrier.add(folder);
        }
        if let Some(spool) = received.path() {
            super::durable::sync(spool)?;
            set_mode(spool, 0o644)?;
            fs::rename(spool, &to).map_err(at(Act::Rename, &to))?;
        }
        Ok(())
    }

    fn place_tree(&mut self, checked: &Checked) -> Result<(), StoreError> {
        let (from, to) = (checked.staged.top(), self.store.tree(&checked.tree));
        self.barrier.add(self.store.trees());
        loop {
            if self.store.adopt(checked)? {
                self.share(checked);
                return remove_tree(&from);
            }
            match fs::rename(&from, &to) {
                // Somebody else has just published the same tree: look at that one.
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
                    ) => {}
                result => return result.map_err(at(Act::Rename, &to)),
            }
        }
    }

    /// A tree that is here may be the work of somebody who has not waited for the disk yet.
    fn share(&mut self, checked: &Checked) {
        let folder = self.store.tree(&checked.tree);
        for entry in checked.listing.entries() {
            self.barrier.add(folder.join(entry.path.as_str()));
            entry.path.parents().for_each(|parent| self.barrier.add(folder.join(parent)));
        }
        self.barrier.add(folder);
    }

    fn write_pointers(
        &mut self,
        checked: &Checked,
        receipt: &mut Receipt,
        statement: Option<&(Statement, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let (store, release) = (self.store, &checked.release);
        let tmp = store.tmp();
        let statement = statement.map(|(_, bytes)| Digest::of(bytes));
        match statement {
            Some(statement) => {
                let record = store.merged_record(checked, statement);
                let path = store.record_path(release);
                self.aside.write(&tmp, path, &record.to_bytes(), &mut self.barrier)?;
            }
            None => {
                let (bytes, retired) =
                    store.dev_root_with(release, checked.tree, &checked.entry)?;
                self.retired.extend(retired);
                let path = store.dev_root_path(release);
                self.aside.write(&tmp, path, &bytes, &mut self.barrier)?;
            }
        }
        complete(receipt, checked, statement);
        let path = store.receipt_path(release);
        self.aside.write(&tmp, path, &receipt.to_bytes(), &mut self.barrier)
    }
}

impl Store {
    /// The new record, with those carriers and that evidence of the old one which still hold.
    fn merged_record(&self, checked: &Checked, statement: Digest) -> Record {
        let old = self.record(&checked.release).ok().flatten();
        let old = old.filter(|old| {
            let tree = self.statement(&old.statement).ok().flatten().map(|s| s.tree);
            tree == Some(checked.tree)
        });
        let (old_carriers, mut evidence) =
            old.map_or((vec![], vec![]), |old| (old.artifacts, old.evidence));
        let mut carriers = vec![RecordArtifact::Loose];
        let kept = checked.archive.as_ref().filter(|archive| archive.kept);
        carriers.extend(kept.map(|archive| RecordArtifact::Archive { digest: archive.digest }));
        for carrier in old_carriers {
            let holds = match &carrier {
                RecordArtifact::Archive { digest } => self.object(digest).is_file(),
                RecordArtifact::Loose | RecordArtifact::Unknown => false,
            };
            if holds && !carriers.contains(&carrier) {
                carriers.push(carrier);
            }
        }
        for (new, _) in &checked.evidence {
            if !evidence.contains(new) {
                evidence.push(new.clone());
            }
        }
        Record { statement, artifacts: carriers, evidence }
    }
}

/// The archive as a statement lists it; a bare program is none.
fn archive_of(checked: &Checked) -> Option<StatementArchive> {
    let archive = checked.archive.as_ref()?;
    let format = archive.format?;
    Some(StatementArchive {
        digest: archive.digest,
        size: archive.size,
        format,
        strip: archive.strip,
    })
}

fn complete(receipt: &mut Receipt, checked: &Checked, statement: Option<Digest>) {
    receipt.tree = Some(checked.tree);
    receipt.entry = checked.entry.to_string();
    receipt.statement = statement;
    receipt.archive.clone_from(&checked.archive);
    receipt.grade = receipt.checked.iter().map(|check| check.grade).max().max(checked.grade());
    receipt.waiver = checked.waiver.filter(|_| checked.checks.is_empty());
    for check in &checked.checks {
        if !receipt.checked.contains(check) {
            receipt.checked.push(check.clone());
        }
    }
    if receipt.at.is_empty() {
        receipt.at = rfc3339(SystemTime::now());
    }
}
