//! A file system in memory: files, folders and links by their numbers, and the operations that change them.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink},
    },
    path::Path,
    time::SystemTime,
};

use sha2::{Digest as _, Sha256};

/// The number of a file, folder or link.
pub(crate) type Inode = usize;

/// The folder that a disk begins with.
pub(crate) const ROOT: Inode = 0;

/// A file, folder or link.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// A file with its mode.
    File(Vec<u8>, u32),
    /// A folder with its mode.
    Folder(BTreeMap<Vec<u8>, Inode>, u32),
    /// A link with its target.
    Link(Vec<u8>),
}

/// What a system call does.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Names are given or taken away, all at once. The last folder is the one whose fsync makes it durable.
    Names(Vec<(Inode, Vec<u8>, Option<Inode>)>),
    /// Bytes are written.
    Write(Inode, usize, Vec<u8>),
    /// A file is cut or extended.
    Truncate(Inode, usize),
    /// A mode is set.
    Mode(Inode, u32),
    /// What was done to a file, or to the names in a folder, is on the disk.
    Sync(Inode),
    /// Everything is on the disk.
    SyncAll,
}

impl Operation {
    /// The file or folder whose fsync makes it durable.
    pub(crate) fn durable_with(&self) -> Option<Inode> {
        match self {
            Self::Names(names) => names.last().map(|(folder, _, _)| *folder),
            Self::Write(inode, ..) | Self::Truncate(inode, _) | Self::Mode(inode, _) => {
                Some(*inode)
            }
            Self::Sync(_) | Self::SyncAll => None,
        }
    }
}

/// A file system.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    /// The files, folders and links by their numbers.
    pub(crate) nodes: Vec<Node>,
    /// When the files that were there from the beginning were changed last.
    modified: BTreeMap<Inode, SystemTime>,
}

impl Disk {
    /// The files below a folder.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut disk = Self::default();
        disk.add(root)?;
        Ok(disk)
    }

    fn add(&mut self, path: &Path) -> io::Result<Inode> {
        let (meta, inode) = (fs::symlink_metadata(path)?, self.nodes.len());
        let mode = meta.permissions().mode() & 0o7777;
        if meta.is_symlink() {
            self.nodes.push(Node::Link(fs::read_link(path)?.into_os_string().into_vec()));
        } else if meta.is_dir() {
            self.nodes.push(Node::Folder(BTreeMap::new(), mode));
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                let child = self.add(&entry.path())?;
                self.names(inode).insert(entry.file_name().into_vec(), child);
            }
        } else {
            self.nodes.push(Node::File(fs::read(path)?, mode));
            self.modified.insert(inode, meta.modified()?);
        }
        Ok(inode)
    }

    /// The names in a folder; a throw-away map where it is none.
    fn names(&mut self, folder: Inode) -> &mut BTreeMap<Vec<u8>, Inode> {
        if !matches!(self.nodes[folder], Node::Folder(..)) {
            self.nodes[folder] = Node::Folder(BTreeMap::new(), 0o755);
        }
        match &mut self.nodes[folder] {
            Node::Folder(names, _) => names,
            _ => unreachable!("it was made a folder"),
        }
    }

    /// The inode of a name in a folder.
    pub(crate) fn entry(&self, folder: Inode, name: &[u8]) -> Option<Inode> {
        match self.nodes.get(folder)? {
            Node::Folder(names, _) => names.get(name).copied(),
            _ => None,
        }
    }

    /// Does what an operation does.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Names(changes) => {
                for (folder, name, inode) in changes {
                    match inode {
                        Some(inode) => self.names(*folder).insert(name.clone(), *inode),
                        None => self.names(*folder).remove(name),
                    };
                }
            }
            Operation::Write(inode, at, bytes) => {
                self.modified.remove(inode);
                if let Node::File(file, _) = &mut self.nodes[*inode] {
                    file.resize(file.len().max(at + bytes.len()), 0);
                    file[*at..at + bytes.len()].copy_from_slice(bytes);
                }
            }
            Operation::Truncate(inode, length) => {
                if let Node::File(file, _) = &mut self.nodes[*inode] {
                    file.resize(*length, 0);
                }
            }
            Operation::Mode(inode, new) => match &mut self.nodes[*inode] {
                Node::File(_, mode) | Node::Folder(_, mode) => *mode = *new,
                Node::Link(_) => {}
            },
            Operation::Sync(_) | Operation::SyncAll => {}
        }
    }

    /// Whether it is a folder.
    pub(crate) fn is_folder(&self, inode: Inode) -> bool {
        matches!(self.nodes.get(inode), Some(Node::Folder(..)))
    }

    /// A digest of everything below a folder: equal for equal contents.
    pub(crate) fn digest(&self, inode: Inode) -> [u8; 32] {
        let mut hash = Sha256::new();
        match &self.nodes[inode] {
            Node::File(bytes, mode) => {
                hash.update([b'f']);
                hash.update(mode.to_le_bytes());
                hash.update(bytes);
            }
            Node::Link(target) => {
                hash.update([b'l']);
                hash.update(target);
            }
            Node::Folder(names, mode) => {
                hash.update([b'd']);
                hash.update(mode.to_le_bytes());
                for (name, child) in names {
                    hash.update((name.len() as u64).to_le_bytes());
                    hash.update(name);
                    hash.update(self.digest(*child));
                }
            }
        }
        hash.finalize().into()
    }

    /// Writes everything to a new folder.
    pub(crate) fn write(&self, inode: Inode, path: &Path) -> io::Result<()> {
        match &self.nodes[inode] {
            Node::File(bytes, mode) => {
                let mut options = fs::OpenOptions::new();
                let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
                io::Write::write_all(&mut file, bytes)?;
                if let Some(modified) = self.modified.get(&inode) {
                    file.set_modified(*modified)?;
                }
                file.set_permissions(fs::Permissions::from_mode(*mode))
            }
            Node::Link(target) => symlink(std::ffi::OsStr::from_bytes(target), path),
            Node::Folder(names, mode) => {
                fs::DirBuilder::new().mode(0o700).create(path)?;
                for (name, child) in names {
                    self.write(*child, &path.join(std::ffi::OsStr::from_bytes(name)))?;
                }
                fs::set_permissions(path, fs::Permissions::from_mode(*mode))
            }
        }
    }
}
