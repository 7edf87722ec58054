//! A folder in the store layout, written according to `store-format.md` and without the program under test.

use std::{
    cell::RefCell,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use loom_source::{
    ArchiveFormat, Authority, Digest, Index, Name, Platform, Record, Statement,
    record::{IndexEntry, IndexPayload, RecordArtifact, StatementArchive, object_path, tree_path},
};

use super::{BINARY, Entry, Packing, program};

/// How the depot serves a release's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactKind {
    /// As an archive object.
    Archive(Packing),
    /// As loose files below `store/<tree>/`.
    Loose,
}

/// A mirror in the store layout; its folder is removed when dropped.
#[derive(Debug)]
pub struct Depot {
    folder: tempfile::TempDir,
    index: RefCell<IndexPayload>,
    published: RefCell<Option<String>>,
}

/// The digests of an added release.
#[derive(Debug, Clone)]
pub struct AddedRelease {
    /// Digest of the tree listing.
    pub tree: Digest,
    /// Digest of the statement.
    pub statement: Digest,
    /// Digest of the first archive, if there is one.
    pub archive: Option<Digest>,
}

impl AddedRelease {
    /// Path of the archive below the depot's root.
    pub fn archive_path(&self) -> String {
        object_path(&self.archive.expect("the release has an archive"))
    }
}

impl Depot {
    /// A depot with a `format` file and an index without releases.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("loom-depot-").tempdir().unwrap();
        let payload = IndexPayload {
            mirror: None,
            root: None,
            serial: 0,
            issued: None,
            expires: None,
            releases: Vec::new(),
        };
        let depot = Self { folder, index: RefCell::new(payload), published: RefCell::default() };
        depot.put("format", b"loom-store 1\n");
        depot.write_index();
        depot
    }

    /// A depot with a small program in a `.tar.gz` for each of these versions.
    pub fn of(versions: &[&str]) -> Self {
        let depot = Self::empty();
        for version in versions {
            let entries = Entry::program(&program::small(version));
            depot.add(version, &entries, &[ArtifactKind::Archive(Packing::TarGz)]);
        }
        depot
    }

    /// Adds a small program whose statement has a publication time `age` ago.
    pub fn add_aged(&self, version: &str, age: std::time::Duration) -> AddedRelease {
        let at = humantime::format_rfc3339_seconds(std::time::SystemTime::now() - age);
        *self.published.borrow_mut() = Some(at.to_string());
        let entries = Entry::program(&program::small(version));
        let added = self.add(version, &entries, &[ArtifactKind::Archive(Packing::TarGz)]);
        *self.published.borrow_mut() = None;
        added
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its `file://` URL.
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// Adds a release and its index entry. The entry program is the file named `loom-bridge-server`.
    pub fn add(&self, version: &str, entries: &[Entry], kinds: &[ArtifactKind]) -> AddedRelease {
        self.add_of(BINARY, version, entries, kinds)
    }

    /// The same for a program of another name, which the file of this name is.
    pub fn add_of(
        &self,
        binary: &str,
        version: &str,
        entries: &[Entry],
        kinds: &[ArtifactKind],
    ) -> AddedRelease {
        let tree = self.object(listing(entries).as_bytes());
        let mut artifacts = Vec::new();
        let mut archives = Vec::new();
        for kind in kinds {
            match kind {
                ArtifactKind::Archive(packing) => {
                    let archive = self.archive(*packing, entries);
                    artifacts.push(RecordArtifact::Archive { digest: archive.digest });
                    archives.push(archive);
                }
                ArtifactKind::Loose => {
                    self.loose(&tree, entries);
                    artifacts.push(RecordArtifact::Loose);
                }
            }
        }
        let archive = archives.first().map(|a| a.digest);
        let statement = Statement {
            authority: Authority::default(),
            binary: binary.parse::<Name>().unwrap(),
            version: version.parse().unwrap(),
            platform: Platform::current().unwrap(),
            tree,
            entry: binary.into(),
            archives,
            published: self.published.borrow().clone(),
            critical: Vec::new(),
        };
        let digest = self.object(&statement.to_bytes());
        let record = Record { statement: digest, artifacts, evidence: Vec::new() };
        self.put(&Record::path(&statement.release()), &record.to_bytes());
        self.list(&statement, digest);
        AddedRelease { tree, statement: digest, archive }
    }

    /// What the index lists.
    pub fn releases(&self) -> Vec<IndexEntry> {
        self.index.borrow().releases.clone()
    }

    /// Marks a version as withdrawn in the index.
    pub fn yank(&self, version: &str) {
        let version = version.parse().unwrap();
        for entry in &mut self.index.borrow_mut().releases {
            entry.yanked |= entry.version == version;
        }
        self.write_index();
    }

    /// Writes a file below the root; returns its path.
    pub fn put(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn object(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.put(&object_path(&digest), bytes);
        digest
    }

    fn archive(&self, packing: Packing, entries: &[Entry]) -> StatementArchive {
        let format = match packing {
            Packing::TarGz => ArchiveFormat::TarGz,
            Packing::TarZst => ArchiveFormat::TarZst,
            Packing::Zip => ArchiveFormat::Zip,
            Packing::Bare => panic!("a bare program is served as loose files"),
        };
        let bytes = packing.pack(entries);
        StatementArchive {
            digest: self.object(&bytes),
            size: bytes.len() as u64,
            format,
            strip: false,
        }
    }

    fn loose(&self, tree: &Digest, entries: &[Entry]) {
        for Entry { path, exec, bytes } in entries {
            let file = self.put(&format!("{}/{path}", tree_path(tree)), bytes);
            let mode = if *exec || path == BINARY { 0o755 } else { 0o644 };
            fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn list(&self, statement: &Statement, digest: Digest) {
        self.index.borrow_mut().releases.push(IndexEntry {
            authority: statement.authority.clone(),
            binary: statement.binary.clone(),
            version: statement.version.clone(),
            platform: statement.platform,
            statement: digest,
            record: None,
            merged: Vec::new(),
            yanked: false,
        });
        self.write_index();
    }

    fn write_index(&self) {
        self.index.borrow_mut().serial += 1;
        let payload = self.index.borrow().clone();
        self.put(Index::PATH, &Index::unsigned(payload).to_bytes());
    }
}

/// The canonical listing of a tree of plain files: its SHA-256 is the tree's digest.
pub fn listing(entries: &[Entry]) -> String {
    let mut lines: Vec<(&str, String)> = entries
        .iter()
        .map(|Entry { path, exec, bytes }| {
            let kind = if *exec || path == BINARY { 'x' } else { 'f' };
            (path.as_str(), format!("{kind} {} {} {path}\n", super::sha256(bytes), bytes.len()))
        })
        .collect();
    lines.sort_by_key(|(path, _)| path.as_bytes());
    "loom-tree 1\n".to_owned() + &lines.into_iter().map(|(_, line)| line).collect::<String>()
}
