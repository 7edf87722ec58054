//! Tests of the store through its public functions.

mod access;
mod dedup;
mod fingerprints;
mod garbage;
mod hostile_tar;
mod hostile_zip;
mod life;
mod model;
mod partials;
mod remains;
mod sharing;
mod size_limit;
mod verifications;

use std::{path::Path, time::SystemTime};

use loom_source::{ArchiveFormat, Authority, Digest, Name, Platform, Release};

use super::{
    AdmitError, Checked, GcReport, GcRules, GcRun, Installed, Partial, Receipt, Received, Staged,
    Store, TreeLimits, UnpackError,
};
use crate::trust::{
    Checksum, DigestSubject, Expectation, Grade, Pin, PinOrigin, Policy, TrustedDigest, Waiver,
};

/// A store in a temporary folder.
pub(in crate::store) struct Home {
    pub(in crate::store) store: Store,
    folder: tempfile::TempDir,
}

impl Drop for Home {
    /// Trees are read-only, so that only root could remove them without changing permissions.
    fn drop(&mut self) {
        super::durable::remove_tree(self.store.root()).unwrap();
    }
}

pub(in crate::store) fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cache")).unwrap();
    Home { store, folder }
}

/// Collects what nothing names.
fn collect(store: &Store) -> GcReport {
    let rules = GcRules::default();
    let run =
        GcRun { rules: &rules, now: SystemTime::now(), dry_run: false, sizes: true, until: None };
    store.collect(&run).unwrap()
}

pub(in crate::store) fn release(slot: &str) -> Release {
    Release {
        authority: Authority::default(),
        binary: Name::default(),
        slot: slot.parse().unwrap(),
        platform: Platform::LinuxX86_64,
    }
}

fn waived(release: &Release) -> Expectation {
    let waiver = Some(Waiver::AllowUnverified);
    Expectation { waiver, ..Expectation::none(release) }
}

fn archive_digest(digest: Digest) -> Option<TrustedDigest> {
    Some(given(DigestSubject::Archive, digest))
}

fn tree_digest(digest: Digest) -> Option<TrustedDigest> {
    Some(given(DigestSubject::Tree, digest))
}

fn given(of: DigestSubject, digest: Digest) -> TrustedDigest {
    let origin = PinOrigin::Given { by: "the test".into() };
    TrustedDigest::pinned(of, &Pin { digest, origin })
}

/// A policy that accepts releases without a checksum.
fn lax() -> Policy {
    Policy { checksum: Checksum::IfAvailable, ..Policy::default() }
}

/// A transfer of these bytes.
fn received(bytes: &[u8]) -> Received {
    let mut transfer = Partial::passing();
    transfer.push(bytes).unwrap();
    transfer.finish()
}

/// A checked tree of one program.
fn bare(store: &Store, release: &Release, bytes: &[u8]) -> Checked {
    let mut staged = store.stage(TreeLimits::default()).unwrap();
    staged.bare(bytes, &release.executable()).unwrap();
    store.admit(staged, &waived(release), None).unwrap()
}

pub(in crate::store) fn install(store: &Store, slot: &str, bytes: &[u8]) -> Installed {
    let release = release(slot);
    let checked = bare(store, &release, bytes);
    store.publish(vec![(checked, Some(Receipt::new(&release)))]).unwrap().remove(0)
}

/// One entry of a test archive.
struct Part<'a> {
    kind: tar::EntryType,
    path: &'a str,
    mode: u32,
    bytes: &'a [u8],
    target: &'a str,
}

fn file<'a>(path: &'a str, bytes: &'a [u8]) -> Part<'a> {
    Part { kind: tar::EntryType::Regular, path, mode: 0o644, bytes, target: "" }
}

fn program<'a>(path: &'a str, bytes: &'a [u8]) -> Part<'a> {
    Part { mode: 0o755, ..file(path, bytes) }
}

fn entry<'a>(kind: tar::EntryType, path: &'a str, target: &'a str) -> Part<'a> {
    Part { kind, target, ..file(path, b"") }
}

/// Writes header blocks by hand: the builder of the crate makes no forbidden archive.
fn tar_blocks(parts: &[Part<'_>]) -> Vec<u8> {
    let mut tar = vec![];
    for part in parts {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(part.kind);
        header.set_mode(part.mode);
        header.set_size(part.bytes.len() as u64);
        let raw = header.as_mut_bytes();
        raw[..part.path.len()].copy_from_slice(part.path.as_bytes());
        raw[157..157 + part.target.len()].copy_from_slice(part.target.as_bytes());
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(part.bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar
}

fn tar(parts: &[Part<'_>]) -> Vec<u8> {
    let mut tar = tar_blocks(parts);
    tar.resize(tar.len() + 1024, 0);
    tar
}

fn unpack(staged: &mut Staged, tar: &[u8]) -> Result<(), UnpackError> {
    staged.unpack_tar(tar, ArchiveFormat::TarGz, None, &|| tar.len() as u64)
}

/// The names in `store/`.
fn trees(store: &Store) -> Vec<String> {
    names(&store.root().join("store"))
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Overwrites a read-only file in place.
pub(super) fn damage(path: &Path, bytes: &[u8]) {
    let folder = path.parent().unwrap();
    super::durable::set_mode(folder, 0o755).unwrap();
    super::durable::set_mode(path, 0o644).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[track_caller]
pub(super) fn assert_intact(store: &Store) {
    let report = store.verify().unwrap();
    assert_eq!(report.findings, []);
}

fn mismatch(result: Result<Checked, AdmitError>) -> &'static str {
    match result {
        Err(AdmitError::Mismatch { of, .. }) => of.as_str(),
        other => panic!("{other:?}"),
    }
}
