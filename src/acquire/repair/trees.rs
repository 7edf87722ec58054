//! Makes the trees of all releases again that are damaged or missing, as far as this machine has their bytes.

use loom_source::{Release, Slot};

use super::{
    super::{AcquireError, Acquirer},
    RepairReport,
    report::UnmendedRelease,
};
use crate::{
    acquire::acquirer::RebuiltFrom,
    store::{Damage, RepairScope, Repaired, TreeRef},
};

impl Acquirer<'_> {
    pub(super) fn repair_trees(
        &self,
        scope: RepairScope<'_>,
        findings: &[Damage],
        report: &mut RepairReport,
    ) -> Result<(), AcquireError> {
        for release in self.store.known_releases()?.iter().filter(|release| scope.covers(release)) {
            let what = release.to_string();
            for tree in self.store.tree_refs(release)? {
                if self.store.is_tree_broken(&tree.tree, findings) {
                    let _lock =
                        self.store.lock_release(release, &mut || self.report_waiting(&what))?;
                    self.repair_tree(release, &tree, report)?;
                }
            }
        }
        Ok(())
    }

    fn repair_tree(
        &self,
        release: &Release,
        tree: &TreeRef,
        report: &mut RepairReport,
    ) -> Result<(), AcquireError> {
        let folder = self.store.tree(&tree.tree);
        if let Some(repaired) = self.store.repair_permissions(&tree.tree)? {
            report.repaired.extend(repaired);
            return Ok(());
        }
        match self.rebuild(release, tree)? {
            Some(RebuiltFrom::OwnFiles) => {
                let path = self.store.object(&tree.tree);
                report.repaired.push(Repaired::new(path, "made again from the tree"));
            }
            Some(from) => {
                report.repaired.push(Repaired::new(folder, format!("made again from {from}")));
            }
            // No source has builds: they are made by cargo.
            None if release.slot == Slot::Dev => report.unmended.push(UnmendedRelease {
                path: folder,
                problem: "it is damaged".to_owned(),
                why: Some("it has no copy".to_owned()),
                fix: "`loom get --build` makes it again".to_owned(),
            }),
            // It is fetched with its version.
            None => {}
        }
        Ok(())
    }
}
