//! Publishes checked trees: from [`Checked`] to [`Installed`].
//!
//! Trees and objects first, then a barrier, then records, verifications and receipts, a barrier, then links and a
//! last barrier. A reader sees the old state or the new one, and whatever a document or a link leads to is on the
//! disk before the document or link is.

use loom_source::{Digest, Slot, Statement, record::StatementArchive};

use super::{Checked, Installed, Receipt, Store, StoreError, batch::PublishBatch};

impl Store {
    /// Publishes checked trees; a batch of many costs little more than one.
    ///
    /// Each version gets a record and a verification, each development build an entry in its root. With a receipt,
    /// the store fills in its tree, statement, checks and time; without one, an earlier receipt stays.
    ///
    /// # Errors
    /// [`StoreError`] where a file cannot be written, synced or renamed. Nothing that was not reported as installed
    /// may be used then; the next call completes what is there.
    pub fn publish(
        &self,
        batch: Vec<(Checked, Option<Receipt>)>,
    ) -> Result<Vec<Installed>, StoreError> {
        self.prepare()?;
        let exists = self.lock_against_collection()?;
        let mut steps = PublishBatch::new(self);
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
        steps.place_files()?;
        steps.wait()?;
        for (checked, receipt, statement) in &mut batch {
            self.protect(&checked.tree, &checked.listing)?;
            self.write_fingerprint(&checked.tree, &checked.listing);
            steps.write_documents(checked, receipt.as_mut(), statement.as_ref())?;
        }
        steps.wait()?;
        steps.place_files()?;
        steps.wait()?;
        let installed =
            batch.iter().map(|(checked, ..)| steps.link(checked)).collect::<Result<Vec<_>, _>>()?;
        steps.wait()?;
        drop(exists);
        self.retire(&steps.retired)?;
        Ok(installed)
    }

    /// The statement to point to: the one that the source served, else the one that is here and fits, else a new one.
    fn choose_statement(
        &self,
        checked: &Checked,
    ) -> Result<Option<(Statement, Vec<u8>)>, StoreError> {
        let Slot::Version(version) = &checked.release.slot else { return Ok(None) };
        if let Some(given) = &checked.statement {
            return Ok(Some(given.clone()));
        }
        let mut archives = archive_of(checked).into_iter().collect::<Vec<_>>();
        // A statement that cannot be read is replaced by a new one.
        if let Some(old) = self.fitting_statement(checked) {
            if archives.iter().all(|archive| old.archives.contains(archive)) {
                let bytes = old.to_bytes();
                return Ok(Some((old, bytes)));
            }
            let new = checked.archive.as_ref().map(|archive| archive.digest);
            archives.splice(0..0, old.archives.into_iter().filter(|a| Some(a.digest) != new));
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

    /// The statement of the record, if it is of this tree and program and writes back to the same bytes.
    fn fitting_statement(&self, checked: &Checked) -> Option<Statement> {
        let record = self.record(&checked.release).ok().flatten()?;
        let old = self.statement(&record.statement).ok().flatten()?;
        let fits = old.release() == checked.release
            && old.tree == checked.tree
            && old.entry == checked.entry.as_str()
            && Digest::of(&old.to_bytes()) == record.statement;
        fits.then_some(old)
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
