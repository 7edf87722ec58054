//! Acquisitions from real mirrors in folders.

mod loose;
mod memory;
mod policy;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use loom_mirror::{Mirror, MirrorOptions};
use loom_source::{Authority, Digest, Name, Platform, Product, Release, Selector};
use tempfile::TempDir;
use url::Url;

use super::{AcquireError, Acquired, Acquirer, Observer, Progress, SourceRuntime, TransferRetry};
use crate::sources::{Candidate, Reach};
use crate::{
    state::StateDir,
    store::{Store, TreeLimits},
    trust::{Policy, SourceClass},
};

/// A store, a state folder and a place for mirrors, gone with the value.
struct Home {
    store: Store,
    folder: TempDir,
    told: Told,
}

/// What was said, in order.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn on_event(&self, progress: Progress<'_>) {
        self.0.lock().unwrap().push(format!("{progress:?}"));
    }
}

impl Drop for Home {
    /// Trees are read-only, and only root could remove them as they are.
    fn drop(&mut self) {
        for listed in self.store.list().unwrap() {
            self.store.remove(&listed.release).unwrap();
        }
    }
}

fn line() -> Product {
    let (authority, binary) = (Authority::default(), Name::default());
    Product { authority, binary, platform: Platform::LinuxX86_64 }
}

fn release(version: &str) -> Release {
    line().at_version(version.parse().unwrap())
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cache")).unwrap();
    Home { store, folder, told: Told::default() }
}

impl Home {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A bare program in the mirror `mirror`, with a `.sha256` file where `checksum` says so.
    fn release_in(&self, mirror: &str, version: &str, program: &[u8], checksum: bool) -> PathBuf {
        let folder = self.path(mirror).join(format!("v{version}"));
        fs::create_dir_all(&folder).unwrap();
        let asset = folder.join(release(version).asset_stem().unwrap());
        fs::write(&asset, program).unwrap();
        if checksum {
            let sidecar = asset.with_added_extension("sha256");
            fs::write(sidecar, format!("{}\n", Digest::of(program))).unwrap();
        }
        asset
    }

    fn mirror(&self, name: &str) -> Candidate {
        fs::create_dir_all(self.path(name)).unwrap();
        let mirror =
            Mirror::open(Url::from_file_path(self.path(name)).unwrap(), MirrorOptions::default())
                .unwrap();
        Candidate {
            name: name.to_owned(),
            origin: SourceClass::Mirror,
            source: Box::new(mirror),
            stop_on_error: false,
            stop_on_absent: false,
            reach: Reach::Disk,
            timeout: Duration::from_secs(10),
            race: false,
            prerelease: false,
        }
    }

    /// A mirror whose listings are remembered, as those of one far away are.
    fn distant(&self, name: &str) -> Candidate {
        Candidate { reach: Reach::Network, ..self.mirror(name) }
    }

    fn acquirer<'a>(&'a self, state: &'a StateDir, candidates: &'a [Candidate]) -> Acquirer<'a> {
        Acquirer {
            store: &self.store,
            state,
            candidates,
            policy: Policy::default(),
            observer: &self.told,
            limits: TreeLimits::default(),
            retry: TransferRetry::default(),
            keep_archives: false,
            freshness: Duration::from_secs(3600),
            offline: false,
            force: false,
            allow_downgrade: false,
            quarantine: true,
            network: SourceRuntime::default(),
        }
    }

    fn get(&self, candidates: &[Candidate], selector: &str) -> Result<Acquired, AcquireError> {
        self.get_with(candidates, selector, |_| {})
    }

    fn get_with(
        &self,
        candidates: &[Candidate],
        selector: &str,
        change: impl FnOnce(&mut Acquirer<'_>),
    ) -> Result<Acquired, AcquireError> {
        let selector: Selector = selector.parse().unwrap();
        let state = StateDir::new(self.path("state"));
        let mut acquirer = self.acquirer(&state, candidates);
        change(&mut acquirer);
        acquirer.acquire(&line(), &selector)
    }
}

fn version(acquired: Result<Acquired, AcquireError>) -> String {
    acquired.unwrap().installed.release.slot.to_string()
}
