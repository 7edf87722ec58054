//! Verifies the documents and links of all releases, as a part of verifying a whole store.

use loom_source::{Release, Slot};

use super::{
    Store, StoreError,
    installed::TreeRef,
    remove::objects_of,
    verify::{VerifyReport, fix},
};

impl Store {
    pub(super) fn verify_releases(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        for release in self.known()? {
            report.releases += 1;
            if release.slot != Slot::Dev {
                self.verify_record(&release, report)?;
            }
            self.verify_tree_is_here(&release, report);
            self.verify_link(&release, report)?;
        }
        for release in self.releases_below("verifications")? {
            self.verify_verification(&release, report)?;
        }
        Ok(())
    }

    fn verify_record(
        &self,
        release: &Release,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let path = self.record_path(release);
        let fix = fix(std::slice::from_ref(release));
        let record = match self.record(release) {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(()),
            Err(StoreError::Document { path, source }) => {
                report.find(path, source.to_string(), fix);
                return Ok(());
            }
            Err(e) => return Err(e),
        };
        for object in objects_of(&record) {
            if !self.object(&object).is_file() {
                report.find(&path, format!("its object {object} is missing"), &fix);
            }
        }
        match self.statement(&record.statement) {
            Ok(Some(statement)) if statement.release() != *release => {
                report.find(path, "its statement is of another release", fix);
            }
            Ok(_) => {}
            Err(StoreError::Damaged { path, what }) => report.find(path, what, fix),
            Err(StoreError::Document { path, source }) => {
                report.find(path, source.to_string(), fix);
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// Trees reach the disk before the record or root that names them. Where one was being removed, the removal is
    /// completed by the next command.
    fn verify_tree_is_here(&self, release: &Release, report: &mut VerifyReport) {
        // A record that cannot be read is a finding of its own.
        let recorded = self.recorded_tree(release).ok().flatten();
        let Some(TreeRef { tree, .. }) = recorded else { return };
        let folder = self.tree(&tree);
        let is_removed = || self.trees().join(format!(".trash-{tree}")).exists();
        if !folder.is_dir() && !is_removed() {
            let what = format!("it is missing; {release} needs it");
            report.find(folder, what, fix(std::slice::from_ref(release)));
        }
    }

    /// A verification may be of another tree than the record or the link: a crash may leave that, and such a
    /// verification does not count. Its bytes and its path must be right.
    fn verify_verification(
        &self,
        release: &Release,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let path = self.verification_path(release);
        match self.verification(release) {
            Ok(Some(verification)) => {
                let fix = fix(std::slice::from_ref(release));
                for object in &verification.evidence {
                    if !self.object(object).is_file() {
                        report.find(&path, format!("its evidence {object} is missing"), &fix);
                    }
                }
            }
            Ok(None) => {}
            Err(StoreError::Damaged { path, what }) => {
                let fix = format!("`loom get {}` verifies it again", release.slot);
                report.find(path, what, fix);
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// A link may be missing or dangle; where it leads anywhere, that must be the tree of the record.
    fn verify_link(&self, release: &Release, report: &mut VerifyReport) -> Result<(), StoreError> {
        if self.leads_elsewhere(release) {
            let fix = format!("`loom get {}` links it again", release.slot);
            let what = "it does not lead to the tree of its record";
            report.find(self.link_path(release), what, fix);
            return Ok(());
        }
        let Some(installed) = self.find(release)? else { return Ok(()) };
        let Some(TreeRef { tree, entry }) = self.recorded_tree(release).ok().flatten() else {
            return Ok(());
        };
        if installed.tree != tree || installed.entry != self.tree(&tree).join(entry.as_str()) {
            let fix = format!("remove it; `loom get {}` links it again", release.slot);
            report.find(installed.link, "it does not lead to the tree of its record", fix);
        }
        Ok(())
    }
}
