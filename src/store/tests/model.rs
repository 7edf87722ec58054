//! The store compared with a simple model of it: random operations, one after the other, and after each of them the store
//! has exactly what the model has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;

use super::{
    super::{Lease, NotedUse, Recovery},
    *,
};

const DAY: Duration = Duration::from_secs(86_400);

/// One operation on the version with this number; contents are numbers, too.
#[derive(Debug, Clone)]
enum Operation {
    Install {
        version: u8,
        content: u8,
    },
    Remove(u8),
    /// A user removes the link.
    Unlink(u8),
    Recover(u8),
    /// The last use was this many days ago.
    Age {
        version: u8,
        days: u32,
    },
    Use(u8),
    Keep(u8),
    Release(u8),
    UseInProject(u8),
    BecomeCurrent(u8),
    StartProcess(u8),
    EndProcesses,
    Deduplicate,
    Collect {
        keep: Option<u32>,
        older_than: Option<u32>,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let version = || 0..5_u8;
    prop_oneof![
        6 => (version(), 0..3_u8)
            .prop_map(|(version, content)| Operation::Install { version, content }),
        2 => version().prop_map(Operation::Remove),
        1 => version().prop_map(Operation::Unlink),
        2 => version().prop_map(Operation::Recover),
        4 => (version(), 0..40_u32).prop_map(|(version, days)| Operation::Age { version, days }),
        1 => version().prop_map(Operation::Use),
        1 => version().prop_map(Operation::Keep),
        1 => version().prop_map(Operation::Release),
        1 => version().prop_map(Operation::UseInProject),
        1 => version().prop_map(Operation::BecomeCurrent),
        1 => version().prop_map(Operation::StartProcess),
        1 => Just(Operation::EndProcesses),
        1 => Just(Operation::Deduplicate),
        5 => (prop::option::of(0..4_u32), prop::option::of(1..40_u32))
            .prop_map(|(keep, older_than)| Operation::Collect { keep, older_than }),
    ]
}

/// A version as the model has it.
#[derive(Debug, Clone, Copy)]
struct ModelVersion {
    content: u8,
    linked: bool,
    days: u32,
}

/// What the store should have.
#[derive(Default)]
struct Model {
    versions: BTreeMap<u8, ModelVersion>,
    /// The contents of the versions that the user keeps, by version.
    kept: BTreeMap<u8, u8>,
    /// The contents that the project and the generations keep.
    project: Option<u8>,
    generations: BTreeSet<u8>,
    running: BTreeSet<u8>,
}

impl Model {
    fn linked(&self, version: u8) -> Option<ModelVersion> {
        self.versions.get(&version).copied().filter(|known| known.linked)
    }

    fn sharing(&self, content: u8) -> usize {
        self.versions.values().filter(|known| known.content == content).count()
    }

    /// Whether a process runs from the only version with this content.
    fn is_busy(&self, content: u8) -> bool {
        self.running.contains(&content) && self.sharing(content) == 1
    }

    fn collect(&mut self, keep: Option<u32>, older_than: Option<u32>) {
        let all: Vec<u8> = self.versions.keys().copied().collect();
        for (at, version) in all.iter().enumerate() {
            let newer = u32::try_from(all.len() - 1 - at).unwrap();
            let ModelVersion { content, days, .. } = self.versions[version];
            let rooted = self.project == Some(content)
                || self.generations.contains(&content)
                || self.kept.values().any(|kept| *kept == content)
                || self.kept.contains_key(version);
            let given_up = match (keep, older_than) {
                (None, None) => false,
                (keep, older) => {
                    newer >= keep.unwrap_or(1) && older.is_none_or(|limit| days >= limit)
                }
            };
            if !rooted && days >= 1 && given_up && !self.is_busy(content) {
                self.versions.remove(version);
            }
        }
    }
}

struct World {
    home: Home,
    model: Model,
    leases: Vec<Lease>,
}

fn slot(version: u8) -> String {
    format!("0.{version}.0")
}

fn bytes(content: u8) -> Vec<u8> {
    format!("#!/bin/sh\n# {content:>5000}\n").into_bytes()
}

impl World {
    fn new() -> Self {
        Self { home: home(), model: Model::default(), leases: Vec::new() }
    }

    fn installed(&self, version: u8) -> Option<Installed> {
        self.home.store.find(&release(&slot(version))).unwrap()
    }

    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Install { version, content } => {
                install(&self.home.store, &slot(version), &bytes(content));
                let known = ModelVersion { content, linked: true, days: 0 };
                self.model.versions.insert(version, known);
            }
            Operation::Remove(version) => self.remove(version),
            Operation::Unlink(version) => {
                if let Some(installed) = self.installed(version) {
                    fs::remove_file(installed.link).unwrap();
                    self.model.versions.get_mut(&version).unwrap().linked = false;
                }
            }
            Operation::Recover(version) => self.recover(version),
            Operation::Age { version, days } => self.age(version, days),
            Operation::Deduplicate => drop(self.home.store.deduplicate().unwrap()),
            Operation::EndProcesses => {
                self.leases.clear();
                self.model.running.clear();
            }
            Operation::Collect { keep, older_than } => self.collect(keep, older_than),
            Operation::Use(version)
            | Operation::Keep(version)
            | Operation::Release(version)
            | Operation::UseInProject(version)
            | Operation::BecomeCurrent(version)
            | Operation::StartProcess(version) => self.need(version, operation),
        }
    }

    /// Makes something need a version that is here.
    fn need(&mut self, version: u8, operation: &Operation) {
        let store = &self.home.store;
        if let Operation::Release(version) = operation {
            let was_kept = store.release_kept(&release(&slot(*version))).unwrap();
            assert_eq!(was_kept, self.model.kept.remove(version).is_some());
            return;
        }
        let Some(installed) = self.installed(version) else { return };
        let ModelVersion { content, .. } = self.model.versions[&version];
        match operation {
            Operation::Use(_) => {
                assert_ne!(store.note_use(&installed).unwrap(), NotedUse::Gone);
                self.model.versions.get_mut(&version).unwrap().days = 0;
            }
            Operation::Keep(_) => {
                store.keep_release(&installed).unwrap();
                self.model.kept.insert(version, content);
            }
            Operation::UseInProject(_) => {
                let product = installed.release.product();
                store.keep_for_project(Path::new("/srv/ada"), &product, installed.tree).unwrap();
                self.model.project = Some(content);
            }
            Operation::BecomeCurrent(_) => {
                store.record_generation(&installed, SystemTime::now()).unwrap();
                let list = store.generations(&installed.release.product()).unwrap().list;
                assert_eq!(list[0].tree, installed.tree);
                let trees: BTreeSet<_> = list.iter().map(|known| known.tree).collect();
                let of = |content: &u8| trees.contains(&tree_of(*content));
                self.model.generations = (0..3).filter(of).collect();
            }
            _ => {
                self.leases.push(store.lease(&installed, self.home.folder.path()).unwrap());
                self.model.running.insert(content);
            }
        }
    }

    fn remove(&mut self, version: u8) {
        let known = self.model.versions.get(&version).copied();
        let removed = self.home.store.remove(&release(&slot(version)));
        match known {
            Some(known) if self.model.running.contains(&known.content) => {
                assert!(removed.unwrap_err().is_busy());
            }
            known => {
                assert_eq!(removed.unwrap(), known.is_some());
                self.model.versions.remove(&version);
            }
        }
    }

    fn recover(&mut self, version: u8) {
        let known = self.model.versions.get_mut(&version);
        let recovery = self.home.store.recover(&release(&slot(version)), &lax()).unwrap();
        match known {
            Some(known) => {
                assert!(matches!(recovery, Recovery::Linked(_)), "{recovery:?}");
                known.linked = true;
            }
            None => assert_eq!(recovery, Recovery::Nothing),
        }
    }

    fn age(&mut self, version: u8, days: u32) {
        if let Some(known) = self.model.versions.get_mut(&version) {
            let path = self.home.store.verification_path(&release(&slot(version)));
            let file = fs::File::options().append(true).open(path).unwrap();
            file.set_modified(SystemTime::now() - days * DAY).unwrap();
            known.days = days;
        }
    }

    fn collect(&mut self, keep: Option<u32>, days: Option<u32>) {
        let rules = GcRules { keep, older_than: days.map(|days| days * DAY), ..GcRules::default() };
        let now = SystemTime::now();
        let run = GcRun { rules: &rules, now, dry_run: false, sizes: true, until: None };
        let report = self.home.store.collect(&run).unwrap();
        let before = self.model.versions.len();
        self.model.collect(keep, days);
        assert_eq!(report.removed.len(), before - self.model.versions.len());
    }

    /// The store has what the model has, and is intact.
    fn check(&self) {
        let listed: Vec<String> =
            self.home.store.list().unwrap().iter().map(|it| it.release.slot.to_string()).collect();
        let expected: Vec<String> = self.model.versions.keys().map(|it| slot(*it)).collect();
        assert_eq!(listed, expected);
        for version in 0..5 {
            match (self.installed(version), self.model.linked(version)) {
                (Some(installed), Some(known)) => {
                    assert_eq!(fs::read(&installed.link).unwrap(), bytes(known.content));
                }
                (None, None) => {}
                (here, known) => panic!("{version}: {here:?}, expected {known:?}"),
            }
        }
        assert_intact(&self.home.store);
    }

    /// Once nothing needs anything, nothing is left.
    fn end(mut self) {
        self.apply(&Operation::EndProcesses);
        for version in 0..5 {
            self.remove(version);
            self.home.store.release_kept(&release(&slot(version))).unwrap();
        }
        let roots = self.home.store.root().join("roots");
        if roots.exists() {
            fs::remove_dir_all(roots).unwrap();
        }
        collect(&self.home.store);
        let usage = self.home.store.du().unwrap();
        assert_eq!((usage.trees, usage.objects, usage.garbage), (0, 0, 0), "{usage:?}");
    }
}

/// The tree of a single program with this content.
fn tree_of(content: u8) -> Digest {
    let (program, name) = (bytes(content), Name::default());
    let (digest, size) = (Digest::of(&program), program.len());
    Digest::of(format!("loom-tree 1\nx {digest} {size} {name}\n").as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_what_a_simple_model_says(
        operations in prop::collection::vec(operation(), 1..24)
    ) {
        let mut world = World::new();
        for operation in &operations {
            world.apply(operation);
            world.check();
        }
        world.end();
    }
}
