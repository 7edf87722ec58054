//! Repairs record, verification and link of one version, and fetches what cannot be made again.

use loom_base::error_chain;
use loom_source::{Digest, Release};

use super::{
    super::{
        AcquireError, Acquirer, How,
        reverify::reverify,
        state::{first_seen, highest},
    },
    RepairReport,
    report::UnmendedRelease,
};
use crate::store::{Damage, Presence, Recovery, RepairScope, Repaired, TreeRef, Unverified};

impl Acquirer<'_> {
    pub(super) fn repair_version(
        &self,
        release: &Release,
        findings: &[Damage],
        report: &mut RepairReport,
    ) -> Result<(), AcquireError> {
        let store = self.store;
        let what = release.to_string();
        let _lock = store.lock_release(release, &mut || self.report_waiting(&what))?;
        let held = self.held_tree(release)?;
        // What a user keeps is fetched again even where nothing is left of it.
        if !store.is_left(release) && !store.is_kept(release) {
            return Ok(());
        }
        let problem = match self.mend(release, findings, report) {
            Ok(None) => return Ok(()),
            Ok(Some(problem)) => problem,
            // What is known of this release only does not keep the others from being repaired. No source is asked: what it
            // serves could not be compared with the digest that was seen first.
            Err(error @ AcquireError::FirstSeen { .. }) => {
                let path = first_seen::path(self.state, release);
                let fix =
                    format!("`loom remove {} --forget` removes it with the release", release.slot);
                let problem = error_chain(&error);
                report.unmended.push(UnmendedRelease { path, problem, why: None, fix });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if let Err(error) = self.fetch_again(release, held, report)? {
            let path = store.verification_path(release);
            let path = held.map_or(path.clone(), |tree| {
                let is_whole = store.check_tree(&tree).is_ok();
                if is_whole { path } else { store.tree(&tree) }
            });
            let problem = format!("{release}: {problem}");
            let fix = format!("`loom get --force-download {}` fetches it again", release.slot);
            report.unmended.push(UnmendedRelease { path, problem, why: error, fix });
        }
        Ok(())
    }

    /// Links and verifies a version again, without a source; the text says what is still wrong.
    fn mend(
        &self,
        release: &Release,
        findings: &[Damage],
        report: &mut RepairReport,
    ) -> Result<Option<String>, AcquireError> {
        let store = self.store;
        let pins = self.pins(release)?;
        let verification = store.verification_path(release);
        let link = store.link_path(release);
        // A link that leads elsewhere is replaced by one to the tree of the record.
        if findings.iter().any(|damage| damage.path == link) {
            store.remove_link(release)?;
        }
        let lacks_evidence = !self.is_evidence_here(release);
        if lacks_evidence || !store.has_usable_record(release) {
            let Some(tree) = self.tree_of(release)? else {
                return Ok(Some("its record is missing".to_owned()));
            };
            let (fetcher, policy) = (self.fetcher(), &self.policy);
            let why = Unverified::Missing;
            match reverify(&fetcher, release, &tree, &pins, policy, &why)? {
                Some(_) => report.repaired.push(Repaired::new(verification, "verified again")),
                None if lacks_evidence => {
                    return Ok(Some("evidence that it names is missing".to_owned()));
                }
                None => return Ok(Some("its record is missing".to_owned())),
            }
            return Ok(None);
        }
        match self.restore(release, &pins)? {
            Ok(acquired) => {
                match acquired.how {
                    How::Relinked => report.repaired.push(Repaired::new(link, "linked again")),
                    How::Reverified => {
                        report.repaired.push(Repaired::new(verification, "verified again"));
                    }
                    How::Rebuilt => {
                        let path = store.tree(&acquired.installed.tree);
                        report.repaired.push(Repaired::new(path, "made again"));
                    }
                    How::Here | How::Fetched { .. } => {}
                }
                self.check_mended(&acquired.installed.tree)
            }
            // The policy of today refuses it, which is no damage.
            Err(Some(why)) if !why.is_damage() => match self.tree_of(release)? {
                Some(tree) => self.check_mended(&tree.tree),
                None => Ok(Some("its tree is missing".to_owned())),
            },
            Err(Some(why)) => Ok(Some(why.to_string())),
            Err(None) => Ok(Some("its tree is missing".to_owned())),
        }
    }

    /// Restoring looks at the program only; a repair at every file.
    fn check_mended(&self, tree: &Digest) -> Result<Option<String>, AcquireError> {
        match self.store.check_tree(tree) {
            Ok(_) => Ok(None),
            Err(error @ crate::store::StoreError::Damaged { .. }) => Ok(Some(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether all objects that the record and the verification of a version name are here.
    fn is_evidence_here(&self, release: &Release) -> bool {
        let verification = self.store.verification(release).ok().flatten();
        let verified = verification.map(|it| it.evidence).unwrap_or_default();
        let record = self.store.record(release).ok().flatten();
        let recorded = record.iter().flat_map(crate::store::objects_of);
        verified.into_iter().chain(recorded).all(|object| self.store.object(&object).is_file())
    }

    /// The tree that this machine has verified of a version, else the one that it received.
    fn held_tree(&self, release: &Release) -> Result<Option<Digest>, AcquireError> {
        let verified = self.store.verification(release).ok().flatten().map(|it| it.tree);
        let named = self.tree_of(release)?.map(|it| it.tree);
        let received = || self.store.receipt(release).ok().flatten().and_then(|it| it.tree);
        let kept = || self.store.kept_as(release);
        Ok(verified.or(named).or_else(received).or_else(kept))
    }

    /// Fetches a version again: from the source of its verification first. The error is what no source could do; `None`
    /// where there is none to ask.
    fn fetch_again(
        &self,
        release: &Release,
        held: Option<Digest>,
        report: &mut RepairReport,
    ) -> Result<Result<(), Option<String>>, AcquireError> {
        if self.candidates.is_empty() {
            return Ok(Err(None));
        }
        let pins = self.pins(release)?;
        let verification = self.store.verification(release).ok().flatten();
        let source = verification.and_then(|verification| verification.source);
        let others: Vec<usize> = match &source {
            Some(name) => {
                let all = self.candidates.iter().enumerate();
                all.filter(|(_, it)| it.name != *name).map(|(place, _)| place).collect()
            }
            None => vec![],
        };
        let all = self.fetch_tree(self.candidates, release, &pins, vec![], &others, held);
        let fetched = match all {
            // Another source may have the right one.
            Err(AcquireError::OtherTree { ref source_name, .. }) => {
                let others = self.candidates.iter().filter(|it| it.name != *source_name);
                let mut results = others.map(|one| {
                    let one = std::slice::from_ref(one);
                    self.fetch_tree(one, release, &pins, vec![], &[], held)
                });
                results.find(Result::is_ok).unwrap_or(all)
            }
            all => all,
        };
        match fetched {
            Ok(acquired) => {
                let source = match acquired.how {
                    How::Fetched { source } => source,
                    _ => "this store".to_owned(),
                };
                let path = self.store.tree(&acquired.installed.tree);
                report.repaired.push(Repaired::new(path, format!("fetched from {source}")));
                Ok(Ok(()))
            }
            Err(error) if error.is_verdict() => Ok(Err(Some(error_chain(&error)))),
            Err(error) => Err(error),
        }
    }

    /// Links a cargo build again whose tree is undamaged.
    pub(super) fn repair_build(
        &self,
        release: &Release,
        report: &mut RepairReport,
    ) -> Result<(), AcquireError> {
        let what = release.to_string();
        let _lock = self.store.lock_release(release, &mut || self.report_waiting(&what))?;
        if self.store.presence(release, &self.policy)? == Presence::Absent
            && let Recovery::Linked(installed) = self.store.recover(release, &self.policy)?
        {
            report.repaired.push(Repaired::new(installed.link, "linked again"));
        }
        Ok(())
    }

    /// Points `bin/latest` to the version that `latest` led to, where the link is missing or dangles.
    pub(super) fn repair_latest(
        &self,
        scope: RepairScope<'_>,
        report: &mut RepairReport,
    ) -> Result<(), AcquireError> {
        let mut products: Vec<_> = vec![];
        for release in self.store.installed_versions()? {
            let product = release.product();
            if !products.contains(&product) {
                products.push(product);
            }
        }
        for product in products {
            let Some(version) = highest::load(self.state, &product)? else { continue };
            let release = product.at_version(version);
            if !scope.covers(&release) {
                continue;
            }
            let link = self.store.latest_path(&release);
            if !link.exists()
                && let Some(installed) = self.store.presence(&release, &self.policy)?.accepted()
            {
                self.store.link_latest(&installed)?;
                report.repaired.push(Repaired::new(link, "linked again"));
            }
        }
        Ok(())
    }

    /// The tree that the link of a release leads to, else the one of its record.
    pub(in crate::acquire) fn tree_of(
        &self,
        release: &Release,
    ) -> Result<Option<TreeRef>, AcquireError> {
        let linked = self.store.find(release)?;
        let linked = linked.and_then(|installed| self.store.tree_of(&installed));
        Ok(linked.or_else(|| self.store.recorded_tree(release).ok().flatten()))
    }
}
