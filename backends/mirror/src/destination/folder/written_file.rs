//! [`WrittenFile`]: a file that has its content and not yet its name.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use tempfile::TempPath;

use super::super::ObjectBody;

/// A file that has its content and not yet its name. It is removed with this value.
#[derive(Debug)]
pub(super) struct WrittenFile {
    file: File,
    path: TempPath,
}

impl WrittenFile {
    /// A file in `folder` with these bytes, and with the permissions that the umask leaves.
    pub(super) fn new(folder: &Path, body: ObjectBody) -> io::Result<Self> {
        let open = |path: &Path| File::options().write(true).create_new(true).open(path);
        let (file, path) =
            tempfile::Builder::new().prefix("mirror-").make_in(folder, open)?.into_parts();
        let mut written = Self { file, path };
        match body {
            ObjectBody::Bytes(bytes) => written.file.write_all(&bytes)?,
            ObjectBody::File { path, .. } => written.copy(&path)?,
            ObjectBody::Temporary { path, .. } => written.take(path)?,
        }
        Ok(written)
    }

    fn copy(&mut self, from: &Path) -> io::Result<()> {
        io::copy(&mut File::open(from)?, &mut self.file).map(drop)
    }

    /// Moves a file of the same file system here; copies one of another.
    fn take(&mut self, from: TempPath) -> io::Result<()> {
        let permissions = self.file.metadata()?.permissions();
        if fs::rename(&from, &self.path).is_err() {
            return self.copy(&from);
        }
        // The path may be that of another file from now on.
        from.keep().map_err(|error| error.error)?;
        self.file = File::open(&self.path)?;
        fs::set_permissions(&self.path, permissions)
    }

    /// Waits until the disk has the content.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Gives the file its name. A file that has the name is replaced.
    pub(super) fn persist(self, path: &Path) -> io::Result<()> {
        self.path.persist(path).map_err(|error| error.error)
    }
}
