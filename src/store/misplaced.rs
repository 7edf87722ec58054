//! What is in the place of something else: a folder where a file belongs, a file where a folder belongs, a FIFO or a device.
//! No program of Loom leaves that, so it is damage, and a repair sets it aside.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
};

use loom_source::Digest;

use super::{
    Store, StoreError,
    document_file::in_words,
    durable::create_folder,
    error::{FileAction, absent, at},
    move_folder::move_folder,
};

/// Something in the place of something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misplaced {
    pub(super) path: PathBuf,
    /// What belongs there, and what is there.
    pub(super) what: String,
}

/// What belongs at the lowest level of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaf {
    File,
    /// A link, or a copy where links are impossible.
    Link,
    Tree,
}

/// The files and folders of a store, each with the number of levels of folders that it has.
const PLACES: [(&str, u32, Leaf); 17] = [
    ("format", 0, Leaf::File),
    ("CACHEDIR.TAG", 0, Leaf::File),
    ("locks", 1, Leaf::File),
    ("leases", 1, Leaf::File),
    ("tmp", 1, Leaf::Link),
    ("partial", 1, Leaf::File),
    ("fingerprints", 1, Leaf::File),
    ("store", 1, Leaf::Tree),
    ("objects", 3, Leaf::File),
    ("releases", 4, Leaf::File),
    ("verifications", 4, Leaf::File),
    ("receipts", 4, Leaf::File),
    ("failures", 3, Leaf::File),
    ("roots/dev", 3, Leaf::File),
    ("roots/projects", 1, Leaf::File),
    ("roots/generations", 4, Leaf::File),
    ("roots/kept", 4, Leaf::File),
];

/// The folder of what repairs have set aside.
const ASIDE: &str = "damaged";

impl Store {
    /// Everything that is in the place of something else.
    pub(super) fn misplaced(&self) -> Result<Vec<Misplaced>, StoreError> {
        self.misplaced_below("")
    }

    /// The same for the places whose paths begin with `prefix`.
    pub(super) fn misplaced_below(&self, prefix: &str) -> Result<Vec<Misplaced>, StoreError> {
        let mut found = vec![];
        for (place, levels, leaf) in PLACES.iter().filter(|(place, ..)| place.starts_with(prefix)) {
            look(&self.root.join(place), *levels, *leaf, &mut found)?;
        }
        let roots = self.root.join("roots");
        if is_there(&roots)?.is_some_and(|meta| !meta.is_dir()) {
            found.push(Misplaced::new(&roots, "a folder", &fs::symlink_metadata(&roots)));
        }
        if "bin".starts_with(prefix) {
            self.look_at_links(&mut found)?;
        }
        Ok(found)
    }

    fn look_at_links(&self, found: &mut Vec<Misplaced>) -> Result<(), StoreError> {
        let bin = self.root.join("bin");
        let Some(entries) = entries(&bin, found)? else { return Ok(()) };
        for path in entries {
            let is_authority = name(&path).starts_with('@');
            look(&path, if is_authority { 3 } else { 2 }, Leaf::Link, found)?;
        }
        Ok(())
    }

    /// Renames what is damaged to `damaged/<n>-<name>`, where it stays until the next collection. Returns its path there;
    /// `None` where it is gone.
    pub(super) fn set_file_aside(&self, path: &Path) -> Result<Option<PathBuf>, StoreError> {
        if absent(fs::symlink_metadata(path)).map_err(at(FileAction::Read, path))?.is_none() {
            return Ok(None);
        }
        let folder = self.aside();
        if is_there(&folder)?.is_some_and(|meta| !meta.is_dir()) {
            fs::remove_file(&folder).map_err(at(FileAction::Remove, &folder))?;
        }
        create_folder(&folder)?;
        let to = (1_u32..)
            .map(|number| folder.join(format!("{number}-{}", name(path))))
            .find(|to| fs::symlink_metadata(to).is_err())
            .unwrap_or_else(|| folder.join(name(path)));
        move_folder(path, &to)?;
        Ok(Some(to))
    }

    /// The folder of what repairs have set aside.
    pub(super) fn aside(&self) -> PathBuf {
        self.root.join(ASIDE)
    }
}

impl Misplaced {
    fn new(path: &Path, expected: &str, meta: &std::io::Result<Metadata>) -> Self {
        let got = meta.as_ref().map_or("nothing", |meta| in_words(meta.file_type()));
        Self { path: path.to_owned(), what: format!("expected {expected}, got {got}") }
    }
}

/// Looks at a file, or at a folder with this number of levels.
fn look(
    path: &Path,
    levels: u32,
    leaf: Leaf,
    found: &mut Vec<Misplaced>,
) -> Result<(), StoreError> {
    if levels == 0 {
        let Some(meta) = absent(fs::symlink_metadata(path)).map_err(at(FileAction::Read, path))?
        else {
            return Ok(());
        };
        let (is_right, expected) = match leaf {
            Leaf::File => (meta.is_file(), "a file"),
            Leaf::Link => (meta.is_file() || meta.is_symlink(), "a link or a file"),
            Leaf::Tree => {
                let is_tree = name(path).parse::<Digest>().is_ok();
                (!is_tree || meta.is_dir(), "a folder")
            }
        };
        if !is_right {
            found.push(Misplaced::new(path, expected, &Ok(meta)));
        }
        return Ok(());
    }
    for path in entries(path, found)?.unwrap_or_default() {
        look(&path, levels - 1, leaf, found)?;
    }
    Ok(())
}

/// What is in a folder, without hidden files and the files of a mirror; `None` where there is no folder.
fn entries(folder: &Path, found: &mut Vec<Misplaced>) -> Result<Option<Vec<PathBuf>>, StoreError> {
    let Some(meta) = is_there(folder)? else { return Ok(None) };
    if !meta.is_dir() {
        found.push(Misplaced::new(folder, "a folder", &fs::symlink_metadata(folder)));
        return Ok(None);
    }
    let Some(entries) = absent(fs::read_dir(folder)).map_err(at(FileAction::Read, folder))? else {
        return Ok(None);
    };
    let is_of_mirror = |name: &str| {
        folder.ends_with("releases") && ["index.json", "timestamp.json", "history"].contains(&name)
    };
    let mut paths = vec![];
    for entry in entries {
        let path = entry.map_err(at(FileAction::Read, folder))?.path();
        if !name(&path).starts_with('.') && !is_of_mirror(&name(&path)) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(Some(paths))
}

/// What a path leads to; `None` where it leads nowhere. A folder may be a link to one on another disk.
fn is_there(path: &Path) -> Result<Option<Metadata>, StoreError> {
    absent(fs::metadata(path)).map_err(at(FileAction::Read, path))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
