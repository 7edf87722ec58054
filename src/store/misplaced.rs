//! What is in the place of something else: a folder where a file belongs, a file where a folder belongs, a FIFO or a device.
//! No program of Loom leaves that, so it is damage, and a repair sets it aside.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
};

use loom_source::{Digest, Name, Platform, Slot};

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

/// Whether a name is one of the layout, at one level of a folder. All others are ignored: they may be of a later version.
type KnownName = fn(&str) -> bool;

/// The files and folders of a store, each with the names at each of its levels.
const PLACES: [(&str, &[KnownName], Leaf); 17] = [
    ("format", &[], Leaf::File),
    ("CACHEDIR.TAG", &[], Leaf::File),
    ("locks", &[is_lock], Leaf::File),
    ("leases", &[is_digest], Leaf::File),
    ("tmp", &[is_none], Leaf::File),
    ("partial", &[is_digest], Leaf::File),
    ("fingerprints", &[is_digest], Leaf::File),
    ("store", &[is_digest], Leaf::Tree),
    ("objects", &[is_kind, is_prefix, is_digest], Leaf::File),
    ("releases", &[is_word, is_word, is_slot, is_document], Leaf::File),
    ("verifications", &[is_word, is_word, is_slot, is_document], Leaf::File),
    ("receipts", &[is_word, is_word, is_slot, is_document], Leaf::File),
    ("failures", &[is_word, is_word, is_document], Leaf::File),
    ("roots/dev", &[is_word, is_word, is_platform], Leaf::File),
    ("roots/projects", &[is_digest], Leaf::File),
    ("roots/generations", &[is_digest, is_word, is_word, is_platform], Leaf::File),
    ("roots/kept", &[is_word, is_word, is_slot, is_platform], Leaf::File),
];

/// The names below `bin/`, and below the folder of an authority in it.
const LINKS: [KnownName; 3] = [is_slot, is_platform, is_program];

fn is_none(_: &str) -> bool {
    false
}

fn is_lock(name: &str) -> bool {
    ["format", "collect"].contains(&name) || name.contains('@')
}

fn is_digest(name: &str) -> bool {
    name.parse::<Digest>().is_ok()
}

fn is_kind(name: &str) -> bool {
    name == "sha256"
}

fn is_prefix(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The name of an authority or a program. One with a dot may be a file of a mirror or of another program.
fn is_word(name: &str) -> bool {
    name.parse::<Name>().is_ok() && !name.contains('.')
}

fn is_slot(name: &str) -> bool {
    name == "latest" || name.parse::<Slot>().is_ok()
}

fn is_platform(name: &str) -> bool {
    name.parse::<Platform>().is_ok()
}

fn is_document(name: &str) -> bool {
    name.strip_suffix(".json").is_some_and(is_platform)
}

fn is_program(name: &str) -> bool {
    name.strip_suffix(".exe").unwrap_or(name).parse::<Name>().is_ok()
}

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
            look(&self.root.join(place), levels, *leaf, &mut found)?;
        }
        let roots = self.root.join("roots");
        if let Some(meta) = is_there(&roots)?.filter(|meta| !meta.is_dir()) {
            found.retain(|it| !it.path.starts_with(&roots));
            found.push(Misplaced::new(&roots, "a folder", &meta));
        }
        if "bin".starts_with(prefix) {
            self.look_at_links(&mut found)?;
        }
        Ok(found)
    }

    fn look_at_links(&self, found: &mut Vec<Misplaced>) -> Result<(), StoreError> {
        let bin = self.root.join("bin");
        look(&bin, &LINKS, Leaf::Link, found)?;
        let is_authority: KnownName = |name| name.strip_prefix('@').is_some_and(is_word);
        for path in entries(&bin, is_authority, &mut vec![])?.unwrap_or_default() {
            look(&path, &LINKS, Leaf::Link, found)?;
        }
        Ok(())
    }

    /// Renames what is damaged to `damaged/<n>-<name>`, where it stays until the next collection. Returns its path there;
    /// `None` where it is gone.
    pub(super) fn set_file_aside(&self, path: &Path) -> Result<Option<PathBuf>, StoreError> {
        if is_there(path)?.is_none() {
            return Ok(None);
        }
        let folder = self.aside();
        // Nothing is moved to where a link leads.
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
    fn new(path: &Path, expected: &str, meta: &Metadata) -> Self {
        let got = in_words(meta.file_type());
        Self { path: path.to_owned(), what: format!("expected {expected}, got {got}") }
    }
}

/// Looks at a file, or at a folder with these levels.
fn look(
    path: &Path,
    levels: &[KnownName],
    leaf: Leaf,
    found: &mut Vec<Misplaced>,
) -> Result<(), StoreError> {
    if let [known, below @ ..] = levels {
        for path in entries(path, *known, found)?.unwrap_or_default() {
            look(&path, below, leaf, found)?;
        }
        return Ok(());
    }
    let Some(meta) = is_there(path)? else { return Ok(()) };
    let (is_right, expected) = match leaf {
        Leaf::File => (meta.is_file(), "a file"),
        Leaf::Link => (meta.is_file() || meta.is_symlink(), "a link or a file"),
        Leaf::Tree => (meta.is_dir(), "a folder"),
    };
    if !is_right {
        found.push(Misplaced::new(path, expected, &meta));
    }
    Ok(())
}

/// What is in a folder under a known name; `None` where there is no folder.
fn entries(
    folder: &Path,
    known: KnownName,
    found: &mut Vec<Misplaced>,
) -> Result<Option<Vec<PathBuf>>, StoreError> {
    let Some(meta) = is_there(folder)? else { return Ok(None) };
    if !meta.is_dir() {
        found.push(Misplaced::new(folder, "a folder", &meta));
        return Ok(None);
    }
    let Some(entries) = absent(fs::read_dir(folder)).map_err(at(FileAction::Read, folder))? else {
        return Ok(None);
    };
    let mut paths = vec![];
    for entry in entries {
        let path = entry.map_err(at(FileAction::Read, folder))?.path();
        if known(&name(&path)) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(Some(paths))
}

/// What is at a path; `None` where nothing is. A link is not followed: what it leads to is not the store's.
fn is_there(path: &Path) -> Result<Option<Metadata>, StoreError> {
    absent(fs::symlink_metadata(path)).map_err(at(FileAction::Read, path))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
