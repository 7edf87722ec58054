//! [`LayoutArchive`]: an image layout as a tar archive.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use loom_source::Digest;

/// An image layout that was packed as a tar archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutArchive {
    /// The digest of the archive.
    pub digest: Digest,
    /// The size of the archive in bytes.
    pub size: u64,
    /// The number of files in it.
    pub files: usize,
}

impl LayoutArchive {
    /// Packs the layout in a folder. The same layout gives the same bytes: files are sorted, and have neither times nor
    /// owners.
    ///
    /// # Errors
    /// Whatever the operating system reports.
    pub fn write(folder: &Path, file: &Path) -> io::Result<Self> {
        let blobs = "blobs/sha256";
        let mut names = Vec::new();
        for entry in fs::read_dir(folder.join(blobs))? {
            let name = entry?.file_name();
            let name = name.to_str().ok_or_else(|| io::Error::other("a blob has no digest"))?;
            names.push(format!("{blobs}/{name}"));
        }
        names.sort_unstable();
        names.splice(0..0, ["oci-layout", "index.json"].map(str::to_owned));
        let mut tar = tar::Builder::new(BufWriter::new(File::create(file)?));
        for name in &names {
            let source = File::open(folder.join(name))?;
            let size = source.metadata()?.len();
            append(&mut tar, name, size, source)?;
        }
        let mut written = tar.into_inner()?;
        written.flush()?;
        written.get_ref().sync_all()?;
        let (digest, size) = Digest::of_file(file)?;
        Ok(Self { digest, size, files: names.len() })
    }
}

/// Adds a file, without a time or an owner.
pub(super) fn append(
    tar: &mut tar::Builder<impl Write>,
    name: &str,
    size: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    tar.append(&header, content)
}
