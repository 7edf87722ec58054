//! What is here.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use loom_source::{Authority, Digest, Name, Platform, Release, Slot};

use super::{
    Installed, Store, StoreError,
    error::{Act, absent, at},
};

/// A release that the store knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRelease {
    /// The release.
    pub release: Release,
    /// What stands in its slot; `None` where the link or the tree is missing, or the record unreadable.
    pub installed: Option<Installed>,
}

impl Store {
    /// All releases and development builds that have a record or a root, ordered by name, version and platform.
    pub fn list(&self) -> Result<Vec<ListedRelease>, StoreError> {
        let listed =
            |release: Release| Ok(ListedRelease { installed: self.find(&release)?, release });
        self.known()?.into_iter().map(listed).collect()
    }

    /// The releases that have a record, and the lines that have a development build.
    pub(super) fn known(&self) -> Result<Vec<Release>, StoreError> {
        let mut known = vec![];
        if !self.exists() {
            return Ok(known);
        }
        let releases = self.root.join("releases");
        for (authority, folder) in folders::<Authority>(&releases)? {
            for (binary, folder) in folders::<Name>(&folder)? {
                for (slot, folder) in folders::<Slot>(&folder)? {
                    for platform in files::<Platform>(&folder, ".json")? {
                        let (authority, binary) = (authority.clone(), binary.clone());
                        known.push(Release { authority, binary, slot: slot.clone(), platform });
                    }
                }
            }
        }
        for (authority, folder) in folders::<Authority>(&self.root.join("roots/dev"))? {
            for (binary, folder) in folders::<Name>(&folder)? {
                for platform in files::<Platform>(&folder, "")? {
                    let (authority, binary) = (authority.clone(), binary.clone());
                    known.push(Release { authority, binary, slot: Slot::Dev, platform });
                }
            }
        }
        known.sort_by(|a, b| key(a).cmp(&key(b)));
        Ok(known)
    }

    /// The trees that a record, a link or a root names, and the releases that name them.
    pub(super) fn named_trees(&self) -> Result<BTreeMap<Digest, Vec<Release>>, StoreError> {
        let mut named: BTreeMap<Digest, Vec<Release>> = BTreeMap::new();
        for release in self.known()? {
            let mut trees = vec![];
            if release.slot == Slot::Dev {
                trees.extend(self.dev_trees(&release)?.into_iter().map(|(tree, _)| tree));
            }
            // A record that cannot be read names nothing; its link still may.
            trees.extend(self.pointed(&release).ok().flatten().map(|(tree, _)| tree));
            trees.extend(self.find(&release)?.map(|installed| installed.tree));
            trees.sort();
            trees.dedup();
            for tree in trees {
                named.entry(tree).or_default().push(release.clone());
            }
        }
        Ok(named)
    }

    /// The trees that lie in `store/`.
    pub(super) fn trees_here(&self) -> Result<Vec<Digest>, StoreError> {
        Ok(folders::<Digest>(&self.trees())?.into_iter().map(|(tree, _)| tree).collect())
    }
}

fn key(release: &Release) -> (&Authority, &Name, &Slot, Platform) {
    (&release.authority, &release.binary, &release.slot, release.platform)
}

/// The folders whose names are a `T`; all others are none of ours.
fn folders<T: std::str::FromStr>(folder: &Path) -> Result<Vec<(T, PathBuf)>, StoreError> {
    let parsed = |(name, path): (String, PathBuf)| Some((name.parse().ok()?, path));
    let mut found = names(folder, true)?;
    found.sort();
    Ok(found.into_iter().filter_map(parsed).collect())
}

fn files<T: std::str::FromStr>(folder: &Path, ending: &str) -> Result<Vec<T>, StoreError> {
    let found = names(folder, false)?;
    Ok(found.iter().filter_map(|(name, _)| name.strip_suffix(ending)?.parse().ok()).collect())
}

pub(super) fn names(folder: &Path, folders: bool) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let Some(entries) = absent(fs::read_dir(folder)).map_err(at(Act::Read, folder))? else {
        return Ok(vec![]);
    };
    let mut found = vec![];
    for entry in entries {
        let entry = entry.map_err(at(Act::Read, folder))?;
        let is_folder = entry.file_type().map_err(at(Act::Read, folder))?.is_dir();
        if is_folder == folders {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    Ok(found)
}
