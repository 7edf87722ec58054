//! Lists the releases and trees of a store.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
    path::{Path, PathBuf},
};

use loom_source::{Authority, Digest, Name, Platform, Product, Release, Slot};

use super::{
    Installed, Store, StoreError,
    error::{FileAction, at, undamaged},
    folder_entries::{FolderEntryKind, folder_entries},
    trash::trash_name,
};

/// A release that has a record or a development root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRelease {
    /// The release.
    pub release: Release,
    /// The installed release; `None` where its link or its tree is missing.
    pub installed: Option<Installed>,
}

impl Store {
    /// All releases with a record and all development builds with a root, ordered by name, version and platform.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder or a link cannot be read.
    pub fn list(&self) -> Result<Vec<ListedRelease>, StoreError> {
        let listed =
            |release: Release| Ok(ListedRelease { installed: self.find(&release)?, release });
        self.known()?.into_iter().map(listed).collect()
    }

    /// The releases with a record, and the development slots of the products with a root.
    pub(super) fn known(&self) -> Result<Vec<Release>, StoreError> {
        let mut known = vec![];
        if !self.exists() {
            return Ok(known);
        }
        known.extend(self.releases_below("releases")?);
        let built = self.products_in("roots/dev", "")?.into_iter();
        known.extend(built.map(|product| product.in_slot(Slot::Dev)));
        known.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(known)
    }

    /// The releases with a file `<authority>/<binary>/<slot>/<platform>.json` below a folder of the root.
    pub(super) fn releases_below(&self, folder: &str) -> Result<Vec<Release>, StoreError> {
        self.releases_in(folder, ".json")
    }

    /// The releases with a file `<authority>/<binary>/<slot>/<platform>`, and this ending, below a folder of the root.
    pub(super) fn releases_in(
        &self,
        folder: &str,
        ending: &str,
    ) -> Result<Vec<Release>, StoreError> {
        let mut found = vec![];
        for (authority, folder) in self.folders::<Authority>(&self.root.join(folder))? {
            for (binary, folder) in self.folders::<Name>(&folder)? {
                for (slot, folder) in self.folders::<Slot>(&folder)? {
                    for platform in self.files::<Platform>(&folder, ending)? {
                        let product = Product {
                            authority: authority.clone(),
                            binary: binary.clone(),
                            platform,
                        };
                        found.push(product.in_slot(slot.clone()));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The products with a file `<authority>/<binary>/<platform>`, and this ending, below a folder of the root.
    pub(super) fn products_in(
        &self,
        folder: &str,
        ending: &str,
    ) -> Result<Vec<Product>, StoreError> {
        let mut found = vec![];
        for (authority, folder) in self.folders::<Authority>(&self.root.join(folder))? {
            for (binary, folder) in self.folders::<Name>(&folder)? {
                for platform in self.files::<Platform>(&folder, ending)? {
                    let (authority, binary) = (authority.clone(), binary.clone());
                    found.push(Product { authority, binary, platform });
                }
            }
        }
        Ok(found)
    }

    /// The objects in `objects/`; files with another name are none.
    pub(super) fn objects_here(&self) -> Result<Vec<Digest>, StoreError> {
        let mut found = vec![];
        for (_, folder) in self.names(&self.root.join("objects/sha256"), true)? {
            let digests = self.names(&folder, false)?.into_iter();
            found.extend(digests.filter_map(|(name, _)| name.parse::<Digest>().ok()));
        }
        Ok(found)
    }

    /// The versions of a product that have a record.
    pub(super) fn releases_of(&self, product: &Product) -> Result<Vec<Release>, StoreError> {
        let Product { authority, binary, platform } = product;
        let folder = self.root.join(format!("releases/{authority}/{binary}"));
        let mut found = vec![];
        for (slot, folder) in self.folders::<Slot>(&folder)? {
            if folder.join(format!("{platform}.json")).is_file() {
                found.push(product.in_slot(slot));
            }
        }
        Ok(found)
    }

    /// The trees that a record, a link or a root names, with the releases that name them.
    pub(super) fn named_trees(&self) -> Result<BTreeMap<Digest, Vec<Release>>, StoreError> {
        let mut named: BTreeMap<Digest, Vec<Release>> = BTreeMap::new();
        for release in self.known()? {
            let mut trees = vec![];
            if release.slot == Slot::Dev {
                let kept = self.or_note(undamaged(self.dev_trees(&release)))?.flatten();
                let kept = kept.unwrap_or_default();
                trees.extend(kept.into_iter().map(|kept| kept.tree));
            }
            // A record that cannot be read names no tree; the link may still lead to one.
            trees.extend(self.recorded_tree(&release).ok().flatten().map(|recorded| recorded.tree));
            trees.extend(
                self.or_note(self.find(&release))?.flatten().map(|installed| installed.tree),
            );
            trees.sort();
            trees.dedup();
            for tree in trees {
                named.entry(tree).or_default().push(release.clone());
            }
        }
        for (release, tree) in self.unrecorded()? {
            let by = named.entry(tree).or_default();
            if !by.contains(&release) {
                by.push(release);
            }
        }
        Ok(named)
    }

    /// The trees in `store/`, without those that are being deleted.
    pub(super) fn trees_here(&self) -> Result<Vec<Digest>, StoreError> {
        let found = self.or_note(folders_and_files(&self.trees()))?;
        let (folders, files) = found.unwrap_or_default();
        let marks: HashSet<String> = files.into_iter().map(|(name, _)| name).collect();
        let is_marked = |tree: &Digest| !marks.is_empty() && marks.contains(&trash_name(tree));
        let mut here: Vec<Digest> =
            folders.iter().filter_map(|(name, _)| name.parse().ok()).collect();
        here.retain(|tree| !is_marked(tree));
        here.sort_unstable();
        Ok(here)
    }
}

/// What releases are ordered by: name, version and platform.
pub(super) fn order(release: &Release) -> (&Authority, &Name, &Slot, Platform) {
    (&release.authority, &release.binary, &release.slot, release.platform)
}

impl Store {
    /// The folders whose names parse as a `T`, sorted by name; all others are skipped.
    fn folders<T: std::str::FromStr>(
        &self,
        folder: &Path,
    ) -> Result<Vec<(T, PathBuf)>, StoreError> {
        let parsed = |(name, path): (String, PathBuf)| Some((name.parse().ok()?, path));
        let mut found = self.names(folder, true)?;
        found.sort();
        Ok(found.into_iter().filter_map(parsed).collect())
    }

    /// The files whose names without `ending` parse as a `T`.
    fn files<T: std::str::FromStr>(
        &self,
        folder: &Path,
        ending: &str,
    ) -> Result<Vec<T>, StoreError> {
        let found = self.names(folder, false)?;
        Ok(found.iter().filter_map(|(name, _)| name.strip_suffix(ending)?.parse().ok()).collect())
    }

    /// The files `depth` levels below a folder.
    pub(super) fn files_below(
        &self,
        folder: &Path,
        depth: usize,
    ) -> Result<Vec<PathBuf>, StoreError> {
        let mut level = vec![folder.to_owned()];
        for _ in 1..depth {
            let mut next = vec![];
            for folder in &level {
                next.extend(self.names(folder, true)?.into_iter().map(|(_, path)| path));
            }
            level = next;
        }
        let mut files = vec![];
        for folder in &level {
            files.extend(self.names(folder, false)?.into_iter().map(|(_, path)| path));
        }
        Ok(files)
    }
}

/// The names and paths of the folders (or else the files and links) in a folder; empty where the folder is missing. A link
/// in the place of the folder is damage: what it leads to is not the store's, so that it is neither read nor removed.
pub(super) fn names(folder: &Path, folders: bool) -> Result<Vec<NamedPath>, StoreError> {
    let (found, files) = folders_and_files(folder)?;
    Ok(if folders { found } else { files })
}

/// A name and its path.
pub(super) type NamedPath = (String, PathBuf);

/// Both the folders, and the files and links, in a folder, as [`names`] answers them.
pub(super) fn folders_and_files(
    folder: &Path,
) -> Result<(Vec<NamedPath>, Vec<NamedPath>), StoreError> {
    if folder.is_symlink() {
        return Ok((vec![], vec![]));
    }
    let entries = folder_entries(folder).map_err(at(FileAction::Read, folder))?;
    let (folders, files) = entries
        .into_iter()
        .flatten()
        .partition::<Vec<_>, _>(|(_, kind)| *kind == FolderEntryKind::Folder);
    let named = |entries: Vec<(OsString, FolderEntryKind)>| {
        let names = entries.into_iter().map(|(name, _)| name);
        names.map(|name| (name.to_string_lossy().into_owned(), folder.join(name))).collect()
    };
    Ok((named(folders), named(files)))
}
