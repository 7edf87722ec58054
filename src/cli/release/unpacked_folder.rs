//! [`UnpackedFolder`]: the assets of a release folder, unpacked as `loom get` would unpack them.

use std::{fs, path::Path};

use loom_runtime::{
    config::{Layout, Resolved, SourceKind, SourceSpec},
    mirror::{StoreRelease, Unpacking},
    release::ReleaseFolder,
    state::StateDir,
    store::Store,
    trust::Policy,
};
use loom_source::{Product, Release, asset};
use tempfile::TempDir;

use crate::cli::{
    CommandError, context::Context, image_layers::unstaged, ready, selection::Selection,
};

/// The assets of a release folder, unpacked into a temporary store: their statements are made by it.
pub(super) struct UnpackedFolder {
    pub(super) store: Store,
    /// The releases of the folder.
    pub(super) releases: Vec<StoreRelease>,
    /// The file name of each asset, and its release.
    pub(super) assets: Vec<(String, Release)>,
    _work: TempDir,
}

impl UnpackedFolder {
    /// Unpacks all assets of a folder.
    pub(super) fn new(
        context: &Context,
        resolved: &Resolved,
        folder: &ReleaseFolder,
    ) -> Result<Self, CommandError> {
        let work = tempfile::tempdir().map_err(|error| unstaged(&error))?;
        let source = staged(context, folder, &work.path().join("packed"))?;
        let store = Store::open(&work.path().join("store"))?;
        let opener = context.opener(resolved)?;
        let open = || opener.open(&source, loom_http::Journal::default());
        let unpacking = Unpacking {
            store: &store,
            // What was published, the mirror says, and not what this machine has seen.
            state: &StateDir::new(work.path().join("state")),
            open: &open,
            policy: Policy::default(),
            options: ready::options(resolved, &Selection::default()),
        };
        let asset = |file: &loom_runtime::release::ReleaseFile| {
            let (authority, binary) = (resolved.authority.value.clone(), folder.binary.clone());
            let product = Product { authority, binary, platform: file.platform? };
            Some((file.name.clone(), product.at_version(folder.version.clone())))
        };
        let assets: Vec<(String, Release)> = folder.assets().filter_map(asset).collect();
        let releases: Vec<Release> = assets.iter().map(|(_, release)| release.clone()).collect();
        if let Some((_, error)) = unpacking.acquire(&releases).pop() {
            // A release is published as a whole.
            return Err(error.into());
        }
        let of = |release: &Release| StoreRelease::of(&store, release).transpose();
        let releases = releases.iter().filter_map(of).collect::<Result<_, _>>()?;
        Ok(Self { store, releases, assets, _work: work })
    }

    /// The names of the assets that `is_new`, and those of the others.
    pub(super) fn split(&self, is_new: impl Fn(&Release) -> bool) -> [Vec<&str>; 2] {
        let (new, others): (Vec<_>, Vec<_>) =
            self.assets.iter().partition(|(_, release)| is_new(release));
        [new, others].map(|assets| assets.into_iter().map(|(name, _)| name.as_str()).collect())
    }
}

/// The folder as a mirror in the layout of release assets, which is what is unpacked.
fn staged(
    context: &Context,
    folder: &ReleaseFolder,
    to: &Path,
) -> Result<SourceSpec, CommandError> {
    let [below, _] = asset::folders(&folder.version);
    let files = to.join(below);
    let place = || -> std::io::Result<()> {
        fs::create_dir_all(&files)?;
        for file in &folder.files {
            let there = files.join(&file.name);
            if fs::hard_link(&file.path, &there).is_err() {
                fs::copy(&file.path, &there)?;
            }
        }
        Ok(())
    };
    place().map_err(|error| unstaged(&error))?;
    let mut spec = SourceSpec::shorthand(&to.display().to_string(), &context.cwd()?)?;
    if let SourceKind::Mirror(mirror) = &mut spec.kind {
        mirror.layout = Some(Layout::Release);
    }
    Ok(spec)
}
