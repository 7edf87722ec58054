//! Acquisitions from mirrors in folders.

mod cache;
mod listed_only;
mod loose;
mod policy;
mod reverify;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use loom_base::LockExt as _;
use loom_mirror::{Mirror, MirrorOptions};
use loom_source::{Authority, Digest, Name, Platform, Product, Release, Selector};
use tempfile::TempDir;
use url::Url;

use super::{AcquireError, AcquireEvent, AcquireOptions, Acquired, Acquirer, How, Observer};
use crate::{
    sources::{Candidate, Reach, SourceClass},
    state::StateDir,
    store::{Store, TreeLimits},
    trust::{Channel, Policy},
};

/// A store, a state folder and a place for mirrors, removed with the value.
struct Home {
    store: Store,
    state: StateDir,
    folder: TempDir,
    events: Events,
}

/// All events, in order.
#[derive(Default)]
struct Events(Mutex<Vec<String>>);

impl Observer for Events {
    fn on_event(&self, event: AcquireEvent<'_>) {
        self.0.locked().push(format!("{event:?}"));
    }
}

impl Events {
    fn text(&self) -> String {
        self.0.locked().join("\n")
    }
}

/// What a test changes of the default settings.
#[derive(Default)]
struct Settings {
    policy: Policy,
    options: AcquireOptions,
}

fn lax() -> Settings {
    Settings { policy: Policy { allow_unverified: true, ..Policy::default() }, ..default() }
}

fn offline() -> Settings {
    Settings { options: AcquireOptions { offline: true, ..AcquireOptions::default() }, ..default() }
}

fn default() -> Settings {
    Settings::default()
}

impl Drop for Home {
    /// Trees are read-only, so that only root could remove them without changing permissions.
    fn drop(&mut self) {
        for listed in self.store.list().unwrap() {
            self.store.remove(&listed.release).unwrap();
        }
    }
}

fn product() -> Product {
    let (authority, binary) = (Authority::default(), Name::default());
    Product { authority, binary, platform: Platform::LinuxX86_64 }
}

fn release(version: &str) -> Release {
    product().at_version(version.parse().unwrap())
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cache")).unwrap();
    let state = StateDir::new(folder.path().join("state"));
    Home { store, state, folder, events: Events::default() }
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

    /// A `.tar.gz` with the program in the mirror `mirror`, with its `.sha256` file.
    fn archive_in(&self, mirror: &str, version: &str, program: &[u8]) {
        let folder = self.path(mirror).join(format!("v{version}"));
        fs::create_dir_all(&folder).unwrap();
        let level = flate2::Compression::fast();
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(vec![], level));
        for (path, bytes) in [("LICENSE", &b"free\n"[..]), ("loom-bridge-server", program)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o755);
            tar.append_data(&mut header, path, bytes).unwrap();
        }
        let archive = tar.into_inner().unwrap().finish().unwrap();
        let asset = folder.join(release(version).asset_stem().unwrap() + ".tar.gz");
        fs::write(&asset, &archive).unwrap();
        let sidecar = asset.with_added_extension("sha256");
        fs::write(sidecar, format!("{}\n", Digest::of(&archive))).unwrap();
    }

    fn mirror(&self, name: &str) -> Candidate {
        fs::create_dir_all(self.path(name)).unwrap();
        let url = Url::from_file_path(self.path(name)).unwrap();
        Candidate {
            name: name.to_owned(),
            identity: name.to_owned(),
            class: SourceClass::Mirror,
            channel: Channel::Authenticated,
            source: Box::new(Mirror::open(url, MirrorOptions::default()).unwrap()),
            signed: None,
            through: None,
            stop_on_error: false,
            stop_on_absent: false,
            reach: Reach::Disk,
            timeout: Duration::from_secs(10),
            race: false,
            prerelease: false,
        }
    }

    /// A mirror whose lists are cached, as those of a mirror on the network are.
    fn distant(&self, name: &str) -> Candidate {
        Candidate { reach: Reach::Network, ..self.mirror(name) }
    }

    fn acquirer<'a>(&'a self, candidates: &'a [Candidate], settings: &Settings) -> Acquirer<'a> {
        let Settings { policy, options } = settings;
        Acquirer::new(&self.store, &self.state, candidates, policy.clone(), *options, &self.events)
    }

    fn get(&self, candidates: &[Candidate], selector: &str) -> Result<Acquired, AcquireError> {
        self.get_with(candidates, selector, &default())
    }

    fn get_with(
        &self,
        candidates: &[Candidate],
        selector: &str,
        settings: &Settings,
    ) -> Result<Acquired, AcquireError> {
        let selector: Selector = selector.parse().unwrap();
        self.acquirer(candidates, settings).acquire(&product(), &selector)
    }

    fn verification(&self, version: &str) -> PathBuf {
        let below = format!("verifications/loom-os/loom-bridge-server/{version}/linux-x86_64.json");
        self.store.root().join(below)
    }

    /// Whether the release is here and accepted by the default policy.
    fn accepted(&self, version: &str) -> bool {
        let presence = self.store.presence(&release(version), &Policy::default());
        presence.unwrap().accepted().is_some()
    }
}

fn version(acquired: Result<Acquired, AcquireError>) -> String {
    acquired.unwrap().installed.release.slot.to_string()
}
