//! Verifies the documents and links of all releases, as a part of verifying a whole store.

use std::{fs, path::Path};

use loom_base::bounded_file::RegularFile;
use loom_source::{Release, Slot};

use super::{
    Damage, Installed, Store, StoreError,
    error::{absent, undamaged},
    installed::TreeRef,
    remove::objects_of,
    staged::measure,
    unreadable::is_missing,
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
        // A root that cannot be read is a finding of its own.
        let kept = self.or_note(undamaged(self.kept_releases()))?.flatten().unwrap_or_default();
        for (release, _) in kept.into_iter().filter(|(release, _)| !self.is_left(release)) {
            let what = format!("{release} is kept by `loom store keep`, but nothing of it is here");
            let fix = "`loom store repair` fetches it".to_owned();
            report.notices.push(Damage { path: self.explicit_root_path(&release), what, fix });
        }
        for (release, tree) in self.unrecorded()? {
            let is_here = self.tree(&tree).is_dir() && !self.is_marked(&tree);
            if is_here && is_missing(&self.record_path(&release)) {
                let what = format!("the record of {release} is missing, but its tree is here");
                let fix = "`loom store repair` makes it again".to_owned();
                report.notices.push(Damage { path: self.record_path(&release), what, fix });
            }
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
        let Some(record) = report.read(self.record(release), &fix)? else { return Ok(()) };
        for object in objects_of(&record) {
            if is_missing(&self.object(&object)) {
                report.find(&path, format!("its object {object} is missing"), &fix);
            }
        }
        let statement = report.read(self.statement(&record.statement), &fix)?;
        if statement.is_some_and(|statement| statement.release() != *release) {
            report.find(path, "its statement is of another release", fix);
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
        let is_unreadable = fs::metadata(&folder).is_err_and(|e| absent::<()>(Err(e)).is_err());
        let is_removed = || self.trees().join(format!(".trash-{tree}")).exists();
        if !folder.is_dir() && !is_unreadable && !is_removed() {
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
        let again = format!("`loom get {}` verifies it again", release.slot);
        let verification = report.read(self.verification(release), &again)?;
        let fix = fix(std::slice::from_ref(release));
        for object in verification.iter().flat_map(|verification| &verification.evidence) {
            if is_missing(&self.object(object)) {
                report.find(&path, format!("its evidence {object} is missing"), &fix);
            }
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
        let fix = format!("remove it; `loom get {}` links it again", release.slot);
        let Some(installed) = report.read(self.find(release), &fix)? else { return Ok(()) };
        if !is_link_or_copy(&installed) {
            report.find(
                &installed.link,
                "it is neither a link to its program nor a copy of it",
                fix,
            );
            return Ok(());
        }
        let Some(TreeRef { tree, entry }) = self.recorded_tree(release).ok().flatten() else {
            return Ok(());
        };
        if installed.tree != tree || installed.entry != self.tree(&tree).join(entry.as_str()) {
            report.find(installed.link, "it does not lead to the tree of its record", fix);
        }
        Ok(())
    }
}

/// Whether a link is one, or a file with the bytes of its program, which it is where links are impossible.
fn is_link_or_copy(installed: &Installed) -> bool {
    let digest =
        |path: &Path| RegularFile::open(path).and_then(|file| measure(&mut file.into_file()));
    installed.link.is_symlink()
        || match (digest(&installed.link), digest(&installed.entry)) {
            (Ok(link), Ok(program)) => link.digest == program.digest,
            // The program is a finding of its own.
            (_, Err(_)) => true,
            (Err(_), Ok(_)) => false,
        }
}
