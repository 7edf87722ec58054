//! Durable writes: bytes, fsync, rename, fsync of the folder. What has its final name is complete and stays.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

use tempfile::TempPath;

use super::{
    error::{FileAction, StoreError, at},
    own_place::{refuse_link, refuse_links},
};

/// Above this many files and folders one `syncfs` is cheaper than an `fsync` for each.
#[cfg(target_os = "linux")]
const MANY: usize = 24;

/// The files and folders that have to be on the disk before the next step.
#[derive(Debug, Default)]
pub(super) struct Barrier(BTreeSet<PathBuf>);

impl Barrier {
    /// Adds a file or folder.
    pub(super) fn add(&mut self, path: impl Into<PathBuf>) {
        self.0.insert(path.into());
    }

    /// Adds a folder, if there is one and it exists.
    pub(super) fn add_existing(&mut self, folder: Option<&Path>) {
        self.0.extend(folder.filter(|folder| folder.is_dir()).map(Path::to_owned));
    }

    /// Waits until the disk has everything that was added.
    ///
    /// After a failure none of it may be used: the kernel may have dropped the bytes, and a second call would report
    /// success all the same.
    pub(super) fn wait(&mut self, root: &Path) -> Result<(), StoreError> {
        self.wait_with(root, sync)
    }

    /// The same for folders that another process may remove meanwhile: one that is gone has nothing to wait for.
    pub(super) fn wait_for_existing(&mut self, root: &Path) -> Result<(), StoreError> {
        self.wait_with(root, |path| match sync(path) {
            Err(error) if error.is_absent() => Ok(()),
            result => result,
        })
    }

    fn wait_with(
        &mut self,
        root: &Path,
        sync: impl Fn(&Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let paths = std::mem::take(&mut self.0);
        #[cfg(target_os = "linux")]
        if paths.len() > MANY {
            let folder = fs::File::open(root).map_err(at(FileAction::Sync, root))?;
            return rustix::fs::syncfs(folder)
                .map_err(super::error::at_sys(FileAction::Sync, root));
        }
        let _ = root;
        paths.iter().try_for_each(|path| sync(path))
    }
}

/// Waits until the disk has a file's bytes or a folder's names.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    // Windows cannot sync a folder or a read-only file: such a file was synced when it was written.
    if cfg!(windows) && fs::metadata(path).is_ok_and(|m| m.is_dir() || m.permissions().readonly()) {
        return Ok(());
    }
    let open = || fs::OpenOptions::new().read(true).write(cfg!(windows)).open(path);
    open().and_then(|file| file.sync_all()).map_err(at(FileAction::Sync, path))
}

/// Makes a folder and its ancestors, for what need not be durable.
pub(super) fn create_folder(folder: &Path) -> Result<(), StoreError> {
    create_folders(folder, &mut Barrier::default())
}

/// Makes one folder with the permissions of the store, whatever the umask is.
fn create_one(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().mode(super::writers::OWNED).create(folder)?;
        super::writers::inherit_group(folder)
    }
    #[cfg(not(unix))]
    fs::create_dir(folder)
}

/// Makes a folder and its ancestors; the parent of each new one joins the barrier. A link in its place is refused.
pub(super) fn create_folders(folder: &Path, barrier: &mut Barrier) -> Result<(), StoreError> {
    match create_one(folder) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => {
            return refuse_link(folder);
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let Some(parent) = folder.parent() else {
                return Err(at(FileAction::Create, folder)(e));
            };
            create_folders(parent, barrier)?;
            match create_one(folder) {
                Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(at(FileAction::Create, folder)(e));
                }
                _ => {}
            }
        }
        Err(e) => return Err(at(FileAction::Create, folder)(e)),
    }
    if let Some(parent) = folder.parent() {
        barrier.add(parent);
    }
    Ok(())
}

/// Temporary files that wait for their final paths.
#[derive(Debug, Default)]
pub(super) struct PendingFiles(Vec<(TempPath, PathBuf)>);

impl PendingFiles {
    /// Writes a temporary file in `tmp`, a folder of the root, that [`place`](Self::place) renames to `to`; its bytes join
    /// the barrier.
    pub(super) fn write(
        &mut self,
        tmp: &Path,
        to: PathBuf,
        bytes: &[u8],
        barrier: &mut Barrier,
    ) -> Result<(), StoreError> {
        refuse_links(tmp.parent().unwrap_or(tmp), &to)?;
        let mut file = tempfile_in(tmp)?;
        file.write_all(bytes).map_err(at(FileAction::Write, &to))?;
        set_mode(file.path(), 0o644)?;
        barrier.add(file.path());
        self.0.push((file.into_temp_path(), to));
        Ok(())
    }

    /// Sets the time of the last change of all files.
    fn date(&self, changed: SystemTime) -> Result<(), StoreError> {
        let date = |file: &Path| fs::File::options().append(true).open(file)?.set_modified(changed);
        self.0.iter().try_for_each(|(temp, to)| date(temp).map_err(at(FileAction::Write, to)))
    }

    /// Renames all files to their final paths; their folders join the barrier.
    pub(super) fn place(&mut self, barrier: &mut Barrier) -> Result<(), StoreError> {
        for (temp, to) in std::mem::take(&mut self.0) {
            if let Some(folder) = to.parent() {
                create_folders(folder, barrier)?;
                barrier.add(folder);
            }
            temp.persist(&to).map_err(|e| at(FileAction::Rename, &to)(e.error))?;
        }
        Ok(())
    }
}

/// A new file in `tmp`, removed when dropped unless it is renamed or kept.
pub(super) fn tempfile_in(tmp: &Path) -> Result<tempfile::NamedTempFile, StoreError> {
    refuse_link(tmp)?;
    temporary_in(tmp, |path| {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create_new(true).open(path)
    })
    .map_err(at(FileAction::Create, tmp))
}

/// Makes a file or link in `tmp` under a random name, and the folder `tmp` too where it was removed.
pub(super) fn temporary_in<R>(
    tmp: &Path,
    mut make: impl FnMut(&Path) -> std::io::Result<R>,
) -> std::io::Result<tempfile::NamedTempFile<R>> {
    if tmp.is_symlink() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix("t").rand_bytes(12);
    match builder.make_in(tmp, &mut make) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            fs::create_dir_all(tmp)?;
            builder.make_in(tmp, make)
        }
        result => result,
    }
}

/// Replaces one file durably: temporary file, fsync, rename, fsync of the folder.
pub(super) fn replace(root: &Path, tmp: &Path, to: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    replace_dated(root, tmp, to, bytes, None)
}

/// As [`replace`]; the file gets this time of its last change before it has its final path.
pub(super) fn replace_dated(
    root: &Path,
    tmp: &Path,
    to: &Path,
    bytes: &[u8],
    changed: Option<SystemTime>,
) -> Result<(), StoreError> {
    let mut files = PendingFiles::default();
    let mut barrier = Barrier::default();
    files.write(tmp, to.to_owned(), bytes, &mut barrier)?;
    changed.map_or(Ok(()), |changed| files.date(changed))?;
    barrier.wait(root)?;
    files.place(&mut barrier)?;
    barrier.wait(root)
}

/// Replaces one file atomically without waiting for the disk: for files that can be made again.
pub(super) fn replace_lazily(tmp: &Path, to: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut never_awaited = Barrier::default();
    let mut files = PendingFiles::default();
    files.write(tmp, to.to_owned(), bytes, &mut never_awaited)?;
    files.place(&mut never_awaited)
}

/// Sets Unix permissions; on other systems only whether a file may be written.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), StoreError> {
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    #[cfg(not(unix))]
    let permissions = {
        let meta = fs::metadata(path).map_err(at(FileAction::Protect, path))?;
        if meta.is_dir() {
            return Ok(());
        }
        let mut permissions = meta.permissions();
        permissions.set_readonly(mode & 0o200 == 0);
        permissions
    };
    fs::set_permissions(path, permissions).map_err(at(FileAction::Protect, path))
}

/// Removes a folder and everything below it, read-only or not. A missing folder is no error.
pub(super) fn remove_tree(folder: &Path) -> Result<(), StoreError> {
    make_writable(folder)?;
    match super::error::absent(fs::remove_dir_all(folder)) {
        Ok(_) => Ok(()),
        Err(e) => Err(at(FileAction::Remove, folder)(e)),
    }
}

/// Removes a file, or whatever is in its place. What is missing is no error.
pub(super) fn remove_any(path: &Path) -> Result<(), StoreError> {
    match super::error::absent(fs::remove_file(path)) {
        Ok(_) => Ok(()),
        Err(_) if fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir()) => remove_tree(path),
        Err(e) => Err(at(FileAction::Remove, path)(e)),
    }
}

/// Makes the folders of a tree writable. What is missing is no error: other processes may be deleting the same tree.
fn make_writable(folder: &Path) -> Result<(), StoreError> {
    match make_folders_writable(folder) {
        Err(e) if e.is_absent() => Ok(()),
        result => result,
    }
}

fn make_folders_writable(folder: &Path) -> Result<(), StoreError> {
    let meta = fs::symlink_metadata(folder).map_err(at(FileAction::Read, folder))?;
    if !meta.is_dir() {
        return if cfg!(windows) { set_mode(folder, 0o644) } else { Ok(()) };
    }
    set_mode(folder, 0o700)?;
    for entry in fs::read_dir(folder).map_err(at(FileAction::Read, folder))? {
        let entry = entry.map_err(at(FileAction::Read, folder))?;
        let kind = entry.file_type().map_err(at(FileAction::Read, folder))?;
        if kind.is_dir() || (cfg!(windows) && kind.is_file()) {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}
