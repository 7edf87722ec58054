//! A kill, a full disk or a failing fsync at any system call of publishing leaves a store that verifies and that the
//! next command completes.
//!
//! The test runs itself as a child under strace: once to list the system calls on the store, then once for each of them,
//! which kills the child or fails.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, exit},
};

use loom_runtime::{
    store::{
        AdmitError, Installed, Partial, Presence, Receipt, Store, StoreError, TransferSubject,
        TreeLimits, UnpackError,
    },
    trust::{DigestSubject, Expectation, Pin, PinOrigin, Policy, TrustedDigest},
};
use loom_source::{
    ArchiveFormat, AssetRef, Authority, Digest, Download, Name, Platform, Release, Slot,
};

/// All system calls that change a folder.
const CALLS: &str = "write,rename,renameat,renameat2,fsync,fdatasync,syncfs,symlink,symlinkat,mkdir,mkdirat,\
                     unlink,unlinkat,rmdir,chmod,fchmod,fchmodat,ftruncate,link,linkat";

/// The variable with the path of the child's store.
const STORE: &str = "LOOM_TEST_CRASH_STORE";

fn release() -> Release {
    Release {
        authority: Authority::default(),
        binary: Name::default(),
        slot: Slot::Version("0.1.0".parse().unwrap()),
        platform: Platform::LinuxX86_64,
    }
}

fn archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(vec![]);
    for (path, bytes) in
        [("top/bin/loom-bridge-server", "#!/bin/true\n"), ("top/LICENSE", "free\n")]
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, path, bytes.as_bytes()).unwrap();
    }
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "top/server", "bin/loom-bridge-server").unwrap();
    tar.into_inner().unwrap()
}

enum ChildFailure {
    Full,
    Other(String),
}

impl From<StoreError> for ChildFailure {
    fn from(e: StoreError) -> Self {
        if e.is_disk_full() { Self::Full } else { Self::Other(e.to_string()) }
    }
}

impl From<UnpackError> for ChildFailure {
    fn from(e: UnpackError) -> Self {
        if e.is_disk_full() { Self::Full } else { Self::Other(e.to_string()) }
    }
}

impl From<AdmitError> for ChildFailure {
    fn from(e: AdmitError) -> Self {
        if e.is_disk_full() { Self::Full } else { Self::Other(e.to_string()) }
    }
}

/// Performs the store operations of a `get`: lock, transfer, unpack, admit, and publish with the archive and its
/// checksum kept.
fn get(store: &Store) -> Result<Installed, ChildFailure> {
    let (release, bytes) = (release(), archive());
    let _lock = store.lock_release(&release, &mut || {})?;
    let (asset, archive) = (AssetRef::new("archive"), Some(Digest::of(&bytes)));
    let subject = TransferSubject { source: "the test", asset: &asset, archive, size: None };
    let mut transfer = Partial::open(store, &subject)?;
    let body = Box::pin(futures::stream::empty());
    transfer.begin(&Download { start: 0, total: None, validator: None, body });
    transfer.take(store)?;
    transfer.push(&bytes)?;
    let received = transfer.finish();
    let mut staged = store.stage(TreeLimits::default())?;
    staged.unpack_tar(&bytes[..], ArchiveFormat::TarGz, None, &|| 1)?;
    let origin = PinOrigin::Given { by: "the test".to_owned() };
    let pin = Pin { digest: Digest::of(&bytes), origin };
    let archive = Some(TrustedDigest::pinned(DigestSubject::Archive, &pin));
    let expectation = Expectation { archive, ..Expectation::none(&release) };
    let checked = store.admit(staged, &expectation, Some(&received))?.keep_archive(received);
    let checked = checked.from_source("file", "the test").with_checksums("archive", &[]);
    let receipt = Receipt::new(checked.release());
    Ok(store.publish(vec![(checked, Some(receipt))])?.remove(0))
}

/// In the child process, runs one `get` and exits with a code for its result. Otherwise returns.
fn run_as_child() {
    let Some(root) = env::var_os(STORE) else { return };
    // strace counts calls per thread. These writes raise the numbers of the store's writes above those of the few lines
    // that the test harness writes in its own thread.
    let mut null = fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
    for _ in 0..16 {
        null.write_all(b".").unwrap();
    }
    match Store::open(Path::new(&root)).map_err(ChildFailure::from).and_then(|store| get(&store)) {
        Ok(_) => exit(0),
        Err(ChildFailure::Full) => exit(10),
        Err(ChildFailure::Other(text)) => {
            eprintln!("{text}");
            exit(1)
        }
    }
}

struct Run {
    root: PathBuf,
    folder: tempfile::TempDir,
    status: ExitStatus,
}

/// Runs a `get` into a fresh store under strace with these options.
fn run(test: &str, options: &[&str]) -> Run {
    // The result of a kill does not depend on the disk, and on a memory file system an fsync costs nothing.
    let shm = Path::new("/dev/shm");
    let parent = if shm.is_dir() { shm.to_owned() } else { env::temp_dir() };
    let folder = tempfile::Builder::new().prefix("crash-").tempdir_in(parent).unwrap();
    let root = folder.path().join("cache");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "4096", "-o"]).arg(folder.path().join("log")).args(options);
    let test = format!("crash::{test}");
    strace.arg(env::current_exe().unwrap()).args(["--exact", &test, "--test-threads=1"]);
    let output = strace.env(STORE, &root).output().expect("strace is needed");
    Run { root, folder, status: output.status }
}

impl Drop for Run {
    /// Trees are read-only, so that only root could remove them without changing permissions.
    fn drop(&mut self) {
        let status = Command::new("chmod").args(["-R", "u+w"]).arg(&self.root).status();
        assert!(status.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

impl Run {
    /// The calls on the store, each with its name and its number among the thread's calls of that name.
    fn calls(&self) -> Vec<(String, usize)> {
        let mut log = String::new();
        let path = self.folder.path().join("log");
        fs::File::open(path).unwrap().read_to_string(&mut log).unwrap();
        let (mut counts, mut calls) = (BTreeMap::new(), vec![]);
        for line in log.lines() {
            let Some((pid, call)) = line.split_once(' ') else { continue };
            let Some((name, _)) = call.trim_start().split_once('(') else { continue };
            let count = counts.entry((pid.to_owned(), name.to_owned())).or_insert(0);
            *count += 1;
            if line.contains(self.root.to_str().unwrap()) {
                calls.push((name.to_owned(), *count));
            }
        }
        calls
    }

    /// Asserts that the store verifies, that a release found in it is complete and accepted, and that the next command
    /// completes the rest.
    fn check(&self, what: &str) {
        let store = Store::open(&self.root).unwrap();
        let report = store.verify().unwrap();
        assert_eq!(report.findings, [], "{what}");
        if let Some(installed) = store.find(&release()).unwrap() {
            store.check_installed(&installed).unwrap();
            // A link never precedes the verification that it needs.
            let presence = store.presence(&release(), &Policy::default()).unwrap();
            assert!(matches!(presence, Presence::Accepted(_)), "{what}: {presence:?}");
        }
        let Ok(installed) = get(&store) else { panic!("{what}: the next command fails") };
        assert_eq!(store.find(&release()).unwrap(), Some(installed), "{what}");
        let report = store.verify().unwrap();
        assert_eq!((report.findings, report.trees), (vec![], 1), "{what}");
        let presence = store.presence(&release(), &Policy::default()).unwrap();
        assert!(matches!(presence, Presence::Accepted(_)), "{what}: {presence:?}");
        // The next writer removes leftovers; only the tree remains.
        let names = fs::read_dir(self.root.join("store")).unwrap();
        assert_eq!(names.count(), 1, "{what}");
    }
}

fn calls_of(test: &str) -> Vec<(String, usize)> {
    let complete = run(test, &["-e", &format!("trace={CALLS}")]);
    assert!(complete.status.success(), "{:?}", complete.status);
    let calls = complete.calls();
    for name in ["write", "fsync", "rename", "symlink", "mkdir", "chmod"] {
        assert!(calls.iter().any(|(call, _)| call == name), "no {name} in {calls:?}");
    }
    complete.check("no fault");
    calls
}

#[test]
fn a_kill_at_any_call() {
    run_as_child();
    use std::os::unix::process::ExitStatusExt as _;
    for (name, n) in calls_of("a_kill_at_any_call") {
        let inject = format!("inject={name}:signal=KILL:when={n}");
        let killed = run("a_kill_at_any_call", &["-e", &format!("trace={name}"), "-e", &inject]);
        assert_eq!(killed.status.signal(), Some(9), "{inject}: {:?}", killed.status);
        killed.check(&inject);
    }
}

#[test]
fn a_full_disk_at_any_call() {
    run_as_child();
    let mut full = 0;
    for (name, n) in calls_of("a_full_disk_at_any_call") {
        let fails = ["write", "mkdir", "symlink", "rename", "fsync"].contains(&name.as_str());
        if !fails {
            continue;
        }
        let inject = format!("inject={name}:error=ENOSPC:when={n}");
        let run = run("a_full_disk_at_any_call", &["-e", &format!("trace={name}"), "-e", &inject]);
        match run.status.code() {
            Some(10) => full += 1,
            // A fingerprint that cannot be written is written later.
            Some(0) => assert!(Store::open(&run.root).unwrap().find(&release()).unwrap().is_some()),
            _ => panic!("{inject}: {:?}", run.status),
        }
        run.check(&inject);
    }
    assert!(full > 20, "only {full} calls reported a full disk");
}

#[test]
fn a_disk_that_fails_to_sync() {
    run_as_child();
    for (name, n) in calls_of("a_disk_that_fails_to_sync") {
        if name == "fsync" {
            let inject = format!("inject=fsync:error=EIO:when={n}");
            let run = run("a_disk_that_fails_to_sync", &["-e", "trace=fsync", "-e", &inject]);
            assert_eq!(run.status.code(), Some(1), "{inject}");
            run.check(&inject);
        }
    }
}
