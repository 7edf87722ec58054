//! Hashes many files on all cores.
//!
//! Files with one inode are read once: hard links, and links of a tree. The largest files come first, so that one of them
//! does not begin when all others are done.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use loom_base::LockExt as _;
use loom_source::Digest;

use super::{
    Damage, StoreError, TreeListing,
    error::{FileAction, absent, at},
    fingerprint::inode,
    rehash::{TARGET_IS_MISSING, check_kind, compare},
    staged::{BUFFER, Measured, measure_with},
    unreadable::unreadable,
};

/// What is to be hashed, with how to fix it where it is damaged.
#[derive(Default)]
pub(super) struct HashJobs {
    trees: Vec<(Digest, PathBuf, TreeListing, String)>,
    objects: Vec<(PathBuf, Digest, String)>,
}

/// A file that is to be hashed.
#[derive(Clone, Copy)]
enum VerifiedFile {
    /// The object at this place of the list.
    Object(usize),
    /// An entry of a tree: the places of the tree and of the entry.
    Entry(usize, usize),
}

/// The files of one inode.
struct HashJob {
    size: u64,
    files: Vec<VerifiedFile>,
}

impl HashJobs {
    pub(super) fn add_object(&mut self, path: PathBuf, digest: Digest, fix: String) {
        self.objects.push((path, digest, fix));
    }

    pub(super) fn add_tree(
        &mut self,
        tree: Digest,
        folder: PathBuf,
        listing: TreeListing,
        fix: String,
    ) {
        self.trees.push((tree, folder, listing, fix));
    }

    /// Only the trees and objects in which something was found.
    pub(super) fn only(mut self, found: &[Damage]) -> Self {
        self.trees.retain(|(_, folder, ..)| found.iter().any(|one| one.path.starts_with(folder)));
        self.objects.retain(|(object, ..)| found.iter().any(|one| one.path == *object));
        self
    }

    /// Only the trees for which `is_wanted`, and no objects.
    pub(super) fn only_trees(mut self, is_wanted: impl Fn(&Digest, &TreeListing) -> bool) -> Self {
        self.trees.retain(|(tree, _, listing, _)| is_wanted(tree, listing));
        self.objects.clear();
        self
    }

    /// The number of trees.
    pub(super) fn trees(&self) -> usize {
        self.trees.len()
    }

    /// The files that are missing, or are no files; nothing is hashed.
    pub(super) fn missing(&self) -> Vec<Damage> {
        self.jobs().1
    }

    /// Hashes everything; returns the damages and the number of bytes that were read.
    pub(super) fn run(&self) -> (Vec<Damage>, u64) {
        let (jobs, damages) = self.jobs();
        let (next, bytes, found) = (AtomicUsize::new(0), AtomicU64::new(0), Mutex::new(damages));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..cores.min(jobs.len()) {
                scope.spawn(|| {
                    let mut buffer = vec![0; BUFFER];
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let (damages, read) = self.hash(job, &mut buffer);
                        bytes.fetch_add(read, Ordering::Relaxed);
                        if !damages.is_empty() {
                            found.locked().extend(damages);
                        }
                    }
                });
            }
        });
        let damages = std::mem::take(&mut *found.locked());
        (damages, bytes.into_inner())
    }

    /// One job for each inode, the largest first, and the files that cannot be hashed.
    fn jobs(&self) -> (Vec<HashJob>, Vec<Damage>) {
        let objects = (0..self.objects.len()).map(VerifiedFile::Object);
        let entries = self.trees.iter().enumerate().flat_map(|(tree, (_, _, listing, _))| {
            (0..listing.entries().len()).map(move |entry| VerifiedFile::Entry(tree, entry))
        });
        let mut by_inode: BTreeMap<(u64, u64), HashJob> = BTreeMap::new();
        let (mut single, mut damages) = (vec![], vec![]);
        for file in objects.chain(entries) {
            match self.look(file) {
                Ok((size, Some(inode))) => {
                    let job = HashJob { size, files: vec![] };
                    by_inode.entry(inode).or_insert(job).files.push(file);
                }
                Ok((size, None)) => single.push(HashJob { size, files: vec![file] }),
                Err(error) => damages.push(self.damage(file, error)),
            }
        }
        let mut jobs: Vec<HashJob> = by_inode.into_values().chain(single).collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.size));
        (jobs, damages)
    }

    /// The size of a file and the identity of its inode, where the system tells.
    fn look(&self, file: VerifiedFile) -> Result<(u64, Option<(u64, u64)>), StoreError> {
        let path = match file {
            VerifiedFile::Object(_) => self.path(file),
            VerifiedFile::Entry(tree, entry) => {
                let (_, folder, listing, _) = &self.trees[tree];
                check_kind(folder, &listing.entries()[entry])?
            }
        };
        let meta = absent(fs::metadata(&path)).map_err(at(FileAction::Read, &path))?;
        let Some(meta) = meta else {
            return Err(StoreError::Damaged { path, what: TARGET_IS_MISSING.to_owned() });
        };
        if !meta.is_file() {
            return Err(StoreError::Damaged { path, what: "it is not a file".to_owned() });
        }
        Ok((meta.len(), device(&meta).map(|device| (device, inode(&meta)))))
    }

    fn path(&self, file: VerifiedFile) -> PathBuf {
        match file {
            VerifiedFile::Object(place) => self.objects[place].0.clone(),
            VerifiedFile::Entry(tree, entry) => {
                let (_, folder, listing, _) = &self.trees[tree];
                folder.join(listing.entries()[entry].path.as_str())
            }
        }
    }

    /// Reads one inode, and compares it with all that it has to be.
    fn hash(&self, job: &HashJob, buffer: &mut [u8]) -> (Vec<Damage>, u64) {
        let Some(first) = job.files.first() else { return (vec![], 0) };
        let path = self.path(*first);
        let read = File::open(&path).and_then(|mut file| measure_with(&mut file, buffer));
        let got = match read.map_err(at(FileAction::Read, &path)) {
            Ok(got) => got,
            Err(error) => return (vec![self.damage(*first, error)], 0),
        };
        let check = |file: &VerifiedFile| {
            self.compare(*file, got).err().map(|error| self.damage(*file, error))
        };
        (job.files.iter().filter_map(check).collect(), got.size)
    }

    fn compare(&self, file: VerifiedFile, got: Measured) -> Result<(), StoreError> {
        match file {
            VerifiedFile::Object(place) if self.objects[place].1 == got.digest => Ok(()),
            VerifiedFile::Object(place) => {
                let what =
                    format!("expected SHA-256 {}, got {}", self.objects[place].1, got.digest);
                Err(StoreError::Damaged { path: self.path(file), what })
            }
            VerifiedFile::Entry(tree, entry) => {
                compare(self.path(file), &self.trees[tree].2.entries()[entry], got)
            }
        }
    }

    fn damage(&self, file: VerifiedFile, error: StoreError) -> Damage {
        let fix = match file {
            VerifiedFile::Object(place) => self.objects[place].2.clone(),
            VerifiedFile::Entry(tree, _) => self.trees[tree].3.clone(),
        };
        match error {
            StoreError::Damaged { path, what } => Damage { path, what, fix },
            StoreError::Io { path, source, .. } => unreadable(path, &source),
            other => Damage { path: self.path(file), what: other.to_string(), fix },
        }
    }
}

fn device(meta: &fs::Metadata) -> Option<u64> {
    #[cfg(unix)]
    {
        Some(std::os::unix::fs::MetadataExt::dev(meta))
    }
    #[cfg(not(unix))]
    {
        let _ = meta;
        None
    }
}
