//! Looking at everything: all trees and objects are hashed, records and links followed.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use loom_source::{Digest, Release, Slot};

use super::{
    EntryKind, Store, StoreError, TreeEntry, TreeListing,
    error::{Act, at},
    list::names,
    rehash::{check_entry, extra, mode_of},
    remove::objects_of,
    staged::measure,
};

/// What a look at everything found.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// Trees looked at.
    pub trees: usize,
    /// Objects looked at.
    pub objects: usize,
    /// Releases and development builds looked at.
    pub releases: usize,
    /// Bytes hashed.
    pub bytes: u64,
    /// What is wrong, ordered by path. None: the store is sound.
    pub findings: Vec<Damage>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// The file, tree or link.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

/// One thing to hash.
enum Job {
    Object(Digest),
    File(PathBuf, TreeEntry, String),
}

const REFETCH: &str = "fetch it again: loom up --force-download";

impl VerifyReport {
    fn find(&mut self, path: impl Into<PathBuf>, what: impl Into<String>, cure: impl Into<String>) {
        self.findings.push(Damage { path: path.into(), what: what.into(), cure: cure.into() });
    }
}

impl Store {
    /// Hashes all trees and objects, on all cores, and follows all records and links. Changes nothing.
    ///
    /// What a crash may leave (a tree, record or object that nothing names, a dangling link) is no finding.
    pub fn verify(&self) -> Result<VerifyReport, StoreError> {
        let mut report = VerifyReport::default();
        if !self.exists() {
            return Ok(report);
        }
        let mut jobs = vec![];
        self.verify_objects(&mut report, &mut jobs)?;
        self.verify_trees(&mut report, &mut jobs)?;
        self.verify_releases(&mut report)?;
        let (findings, bytes) = self.work(&jobs);
        report.findings.extend(findings);
        report.findings.sort();
        report.findings.dedup();
        report.bytes = bytes;
        Ok(report)
    }

    fn verify_objects(
        &self,
        report: &mut VerifyReport,
        jobs: &mut Vec<Job>,
    ) -> Result<(), StoreError> {
        for (prefix, folder) in names(&self.root.join("objects/sha256"), true)? {
            for (name, path) in names(&folder, false)? {
                match name.parse::<Digest>() {
                    Ok(digest) if digest.prefix() == prefix && digest.to_string() == name => {
                        report.objects += 1;
                        jobs.push(Job::Object(digest));
                    }
                    _ => report.find(path, "no object has such a name here", "remove it"),
                }
            }
        }
        Ok(())
    }

    fn verify_trees(
        &self,
        report: &mut VerifyReport,
        jobs: &mut Vec<Job>,
    ) -> Result<(), StoreError> {
        let named = self.named_trees()?;
        for tree in self.trees_here()? {
            let by = named.get(&tree).map_or(&[][..], Vec::as_slice);
            let folder = self.tree(&tree);
            report.trees += 1;
            match self.listing(&tree) {
                Ok(Some(listing)) => {
                    verify_tree(&folder, &listing, report)?;
                    let job =
                        |entry: &TreeEntry| Job::File(folder.clone(), entry.clone(), cure(by));
                    jobs.extend(listing.entries().iter().map(job));
                }
                // Before the first barrier of a publish a tree may be there without its listing.
                Ok(None) if by.is_empty() => {}
                Ok(None) => report.find(folder, "its listing is missing", cure(by)),
                Err(StoreError::Damaged { path, what }) => report.find(path, what, cure(by)),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn verify_releases(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        for release in self.known()? {
            report.releases += 1;
            if release.slot != Slot::Dev {
                self.verify_record(&release, report)?;
            }
            self.verify_link(&release, report)?;
        }
        Ok(())
    }

    fn verify_record(
        &self,
        release: &Release,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let path = self.record_path(release);
        let cure = cure(std::slice::from_ref(release));
        let record = match self.record(release) {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(()),
            Err(StoreError::Document { path, source }) => {
                report.find(path, source.to_string(), cure);
                return Ok(());
            }
            Err(e) => return Err(e),
        };
        for object in objects_of(&record) {
            if !self.object(&object).is_file() {
                report.find(
                    &path,
                    format!("it names the object {object}, which is missing"),
                    &cure,
                );
            }
        }
        match self.statement(&record.statement) {
            Ok(Some(statement)) if statement.release() != *release => {
                report.find(path, "its statement speaks of another release", cure);
            }
            Ok(_) => {}
            Err(StoreError::Damaged { path, what }) => report.find(path, what, cure),
            Err(StoreError::Document { path, source }) => {
                report.find(path, source.to_string(), cure)
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// A link may be missing or dangle; where it leads to a tree, it must be the one of the record.
    fn verify_link(&self, release: &Release, report: &mut VerifyReport) -> Result<(), StoreError> {
        let Some(installed) = self.find(release)? else { return Ok(()) };
        let Some((tree, entry)) = self.pointed(release).ok().flatten() else { return Ok(()) };
        if installed.tree != tree || installed.entry != self.tree(&tree).join(entry.as_str()) {
            let cure = format!("remove it: loom up --version {} links it anew", release.slot);
            report.find(installed.link, "it does not lead where the record says", cure);
        }
        Ok(())
    }

    fn work(&self, jobs: &[Job]) -> (Vec<Damage>, u64) {
        let (next, bytes, found) = (AtomicUsize::new(0), AtomicU64::new(0), Mutex::new(vec![]));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..cores.min(jobs.len()) {
                scope.spawn(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        match self.hash(job) {
                            Ok(n) => drop(bytes.fetch_add(n, Ordering::Relaxed)),
                            Err(finding) => {
                                found.lock().unwrap_or_else(PoisonError::into_inner).push(finding)
                            }
                        }
                    }
                });
            }
        });
        (found.into_inner().unwrap_or_else(PoisonError::into_inner), bytes.into_inner())
    }

    fn hash(&self, job: &Job) -> Result<u64, Damage> {
        let result = match job {
            Job::Object(digest) => check_object(&self.object(digest), digest),
            Job::File(folder, entry, _) => check_entry(folder, entry).map(|()| entry.size),
        };
        let cure = match job {
            Job::Object(_) => "remove it; what needs it is fetched again".to_owned(),
            Job::File(_, _, cure) => cure.clone(),
        };
        result.map_err(|e| match e {
            StoreError::Damaged { path, what } => Damage { path, what, cure },
            StoreError::Io { path, source, .. } => {
                let what = format!("it cannot be read: {source}");
                Damage { path, what, cure: "look at its permissions and at the disk".into() }
            }
            other => Damage { path: self.root.clone(), what: other.to_string(), cure },
        })
    }
}

fn verify_tree(
    folder: &Path,
    listing: &TreeListing,
    report: &mut VerifyReport,
) -> Result<(), StoreError> {
    for path in extra(folder, listing)? {
        report.find(path, "it is not in the tree's listing", "remove it");
    }
    for entry in listing.entries().iter().filter(|entry| entry.kind == EntryKind::Executable) {
        let path = folder.join(entry.path.as_str());
        if path.is_file() && mode_of(&path)?.is_some_and(|mode| mode & 0o100 == 0) {
            let cure = format!("chmod 555 {}", path.display());
            report.find(path, "it is a program but may not be executed", cure);
        }
    }
    Ok(())
}

fn check_object(path: &Path, digest: &Digest) -> Result<u64, StoreError> {
    let mut file = fs::File::open(path).map_err(at(Act::Read, path))?;
    let got = measure(&mut file.by_ref()).map_err(at(Act::Read, path))?;
    if got.digest == *digest {
        return Ok(got.size);
    }
    let what = format!("its SHA-256 is {}", got.digest);
    Err(StoreError::Damaged { path: path.to_owned(), what })
}

fn cure(by: &[Release]) -> String {
    match by.first() {
        Some(Release { slot: Slot::Version(version), .. }) => {
            format!("{REFETCH} --version {version}")
        }
        Some(_) => "loom up --build makes it anew".to_owned(),
        None => "remove it: nothing needs it".to_owned(),
    }
}
