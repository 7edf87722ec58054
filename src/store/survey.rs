//! One look at all folders of a store: which releases have documents and links, and what is in the place of something else.
//!
//! Folders are read, and no file: what the system says of the entries of a folder is enough.

use std::{
    iter,
    path::{Path, PathBuf},
};

use loom_source::{Authority, Digest, Name, Platform, Product, Release, Slot};

use super::{
    Store, StoreError,
    cores::{on_all_cores, on_all_cores_singly},
    error::{FileAction, at},
    folder_entries::{FolderEntryKind, folder_entries},
    misplaced::{Misplaced, is_there},
};

/// The number of folders from which on they are read on all cores.
const MANY: usize = 64;

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

/// A file or folder of a store, with the names at each of its levels.
type Place = (&'static str, &'static [KnownName], Leaf);

/// The files and folders of a store.
const PLACES: [Place; 17] = [
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

/// What a look at the folders of a store found.
#[derive(Debug, Default)]
pub(super) struct StoreSurvey {
    /// What is in the place of something else.
    pub(super) misplaced: Vec<Misplaced>,
    /// The releases with a record.
    pub(super) recorded: Vec<Release>,
    /// The releases with a verification.
    pub(super) verified: Vec<Release>,
    /// The versions with a link in `bin/`.
    pub(super) linked: Vec<Release>,
    /// The objects.
    pub(super) objects: Vec<Digest>,
}

impl Store {
    /// Looks at all folders.
    pub(super) fn survey(&self) -> Result<StoreSurvey, StoreError> {
        let mut survey = StoreSurvey::default();
        // The links take the longest, so they come first.
        let places: Vec<Option<&Place>> = iter::once(None).chain(PLACES.iter().map(Some)).collect();
        let looks = on_all_cores_singly(&places, |place| self.look_at(*place));
        let mut linked = Look::of(self);
        for (place, look) in places.into_iter().zip(looks) {
            let mut look = look?;
            match place.map(|(place, ..)| *place) {
                None => {
                    linked = look;
                    continue;
                }
                Some("releases") => survey.recorded = look.releases(&self.root.join("releases")),
                Some("verifications") => {
                    survey.verified = look.releases(&self.root.join("verifications"));
                }
                Some("objects") => survey.objects = look.digests(),
                Some(_) => {}
            }
            survey.misplaced.append(&mut look.misplaced);
        }
        self.look_at_roots(&mut survey.misplaced)?;
        survey.linked = linked.leaves.iter().filter_map(|path| self.linked_as(path)).collect();
        survey.misplaced.append(&mut linked.misplaced);
        Ok(survey)
    }

    /// Looks at one place, or at the links.
    fn look_at(&self, place: Option<&Place>) -> Result<Look<'_>, StoreError> {
        let mut look = Look::of(self);
        match place {
            Some((place, levels, leaf)) => look.at_path(&self.root.join(place), levels, *leaf)?,
            None => self.look_at_links(&mut look)?,
        }
        Ok(look)
    }

    /// Everything that is in the place of something else.
    pub(super) fn misplaced(&self) -> Result<Vec<Misplaced>, StoreError> {
        Ok(self.survey()?.misplaced)
    }

    /// What is in the place of something else in `roots/`.
    pub(super) fn misplaced_roots(&self) -> Result<Vec<Misplaced>, StoreError> {
        let mut look = Look::of(self);
        for (place, levels, leaf) in PLACES.iter().filter(|(place, ..)| place.starts_with("roots"))
        {
            look.at_path(&self.root.join(place), levels, *leaf)?;
        }
        self.look_at_roots(&mut look.misplaced)?;
        Ok(look.misplaced)
    }

    /// Something else in the place of the folder of roots is one finding.
    fn look_at_roots(&self, found: &mut Vec<Misplaced>) -> Result<(), StoreError> {
        let roots = self.root.join("roots");
        if let Some(meta) = self.or_note(is_there(&roots))?.flatten().filter(|meta| !meta.is_dir())
        {
            found.retain(|it| !it.path.starts_with(&roots));
            found.push(Misplaced::new(&roots, "a folder", meta.file_type()));
        }
        Ok(())
    }

    fn look_at_links(&self, look: &mut Look<'_>) -> Result<(), StoreError> {
        let bin = self.root.join("bin");
        look.at_path(&bin, &LINKS, Leaf::Link)?;
        let is_authority: KnownName = |name| name.strip_prefix('@').is_some_and(is_word);
        if self.or_note(is_there(&bin))?.flatten().is_some_and(|meta| meta.is_dir()) {
            for (path, kind) in look.entries(&bin, is_authority)? {
                look.at(&path, kind, &LINKS, Leaf::Link)?;
            }
        }
        Ok(())
    }

    /// The version that has this link; `None` for `latest`, and where the link of that version is another path.
    fn linked_as(&self, link: &Path) -> Option<Release> {
        let below = link.strip_prefix(self.root.join("bin")).ok()?;
        let mut parts: Vec<&str> = below.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
        let authority = match parts[0].strip_prefix('@') {
            Some(name) => name.parse().ok()?,
            None => Authority::default(),
        };
        parts.retain(|part| !part.starts_with('@'));
        let [slot, platform, file] = *parts else { return None };
        let slot = slot.parse::<Slot>().ok().filter(|slot| *slot != Slot::Dev)?;
        let binary = file.strip_suffix(".exe").unwrap_or(file).parse().ok()?;
        let product = Product { authority, binary, platform: platform.parse().ok()? };
        let release = product.in_slot(slot);
        (self.link_path(&release) == link).then_some(release)
    }
}

/// A look at files and folders.
#[derive(Debug)]
struct Look<'a> {
    store: &'a Store,
    misplaced: Vec<Misplaced>,
    /// The paths at the lowest level, without folders.
    leaves: Vec<PathBuf>,
}

impl<'a> Look<'a> {
    fn of(store: &'a Store) -> Self {
        Self { store, misplaced: vec![], leaves: vec![] }
    }

    /// Looks at a file, or at a folder with these levels, if something is there.
    fn at_path(&mut self, path: &Path, levels: &[KnownName], leaf: Leaf) -> Result<(), StoreError> {
        // Where a verification goes on, a folder that cannot be read does not hide what is wrong with the others.
        match self.store.or_note(is_there(path))?.flatten() {
            Some(meta) => self.at(path, meta.file_type().into(), levels, leaf),
            None => Ok(()),
        }
    }

    fn at(
        &mut self,
        path: &Path,
        kind: FolderEntryKind,
        levels: &[KnownName],
        leaf: Leaf,
    ) -> Result<(), StoreError> {
        let Some((known, below)) = levels.split_first() else {
            return self.at_leaf(path, kind, leaf);
        };
        if kind != FolderEntryKind::Folder {
            return self.note_misplaced(path, "a folder");
        }
        let entries = self.entries(path, *known)?;
        if below.is_empty() || entries.len() < MANY {
            return entries.iter().try_for_each(|(path, kind)| self.at(path, *kind, below, leaf));
        }
        let looks = on_all_cores(&entries, |(path, kind)| {
            let mut look = Look::of(self.store);
            look.at(path, *kind, below, leaf).map(|()| look)
        });
        for look in looks {
            let Look { mut misplaced, mut leaves, .. } = look?;
            self.misplaced.append(&mut misplaced);
            self.leaves.append(&mut leaves);
        }
        Ok(())
    }

    fn entries(
        &self,
        folder: &Path,
        known: KnownName,
    ) -> Result<Vec<(PathBuf, FolderEntryKind)>, StoreError> {
        Ok(self.store.or_note(entries(folder, known))?.unwrap_or_default())
    }

    fn at_leaf(
        &mut self,
        path: &Path,
        kind: FolderEntryKind,
        leaf: Leaf,
    ) -> Result<(), StoreError> {
        use FolderEntryKind::{File, Folder, Link};
        let (is_right, expected) = match leaf {
            Leaf::File => (kind == File, "a file"),
            Leaf::Link => (matches!(kind, File | Link), "a link or a file"),
            Leaf::Tree => (kind == Folder, "a folder"),
        };
        if !is_right {
            self.note_misplaced(path, expected)?;
        }
        if kind != Folder {
            self.leaves.push(path.to_owned());
        }
        Ok(())
    }

    /// Notes what is in the place of something else, unless it is gone.
    fn note_misplaced(&mut self, path: &Path, expected: &str) -> Result<(), StoreError> {
        if let Some(meta) = self.store.or_note(is_there(path))?.flatten() {
            self.misplaced.push(Misplaced::new(path, expected, meta.file_type()));
        }
        Ok(())
    }

    /// The releases whose documents `<authority>/<binary>/<slot>/<platform>.json` were seen below a folder.
    fn releases(&self, folder: &Path) -> Vec<Release> {
        self.leaves.iter().filter_map(|path| documented(path.strip_prefix(folder).ok()?)).collect()
    }

    /// The digests that name the files.
    fn digests(&self) -> Vec<Digest> {
        let names = self.leaves.iter().filter_map(|path| path.file_name()?.to_str());
        names.filter_map(|name| name.parse().ok()).collect()
    }
}

fn documented(path: &Path) -> Option<Release> {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    let [authority, binary, slot, file] = *parts else { return None };
    let product = Product {
        authority: authority.parse().ok()?,
        binary: binary.parse().ok()?,
        platform: file.strip_suffix(".json")?.parse().ok()?,
    };
    Some(product.in_slot(slot.parse().ok()?))
}

/// What is in a folder under a known name, sorted; nothing where there is no folder any more.
fn entries(folder: &Path, known: KnownName) -> Result<Vec<(PathBuf, FolderEntryKind)>, StoreError> {
    let found = folder_entries(folder).map_err(at(FileAction::Read, folder))?;
    let known = found.into_iter().flatten().filter(|(name, _)| known(&name.to_string_lossy()));
    let mut found: Vec<_> = known.map(|(name, kind)| (folder.join(name), kind)).collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}
