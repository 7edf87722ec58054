//! [`pack`]: packs one release, and unpacks it again to compare.

use std::{
    fs::{self, File},
    io::{BufReader, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_base::bounded_file::RegularFile;
use loom_source::{ArchiveFormat, Digest, Platform, Release};

use super::{
    AdditionalFile, PackError,
    archive::{self, ArchiveFile},
    program,
    repeated_writer::RepeatedWriter,
};
use crate::{
    release::{
        checksum_files::{self, SIDECAR},
        placed_file::{self, PlaceError, Placed},
    },
    store::{EntryKind, Store, TreeEntry, TreeLimits, TreeListing},
    trust::{ArtifactSignatures, Expectation, Waiver},
};

/// A release to be packed.
#[derive(Debug, Clone)]
pub struct PackRequest {
    /// The release.
    pub release: Release,
    /// Its program.
    pub program: PathBuf,
    /// What is packed beside the program.
    pub include: Vec<AdditionalFile>,
    /// The time of all files in the archive.
    pub time: SystemTime,
    /// The folder for the archive.
    pub to: PathBuf,
}

/// A packed release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedAsset {
    /// The file name of the archive.
    pub name: String,
    /// The path of the archive.
    pub path: PathBuf,
    /// The digest of the archive.
    pub sha256: Digest,
    /// The size of the archive in bytes.
    pub size: u64,
    /// The digest of the tree that the archive unpacks to.
    pub tree: Digest,
    /// Whether the archive was written or was there.
    pub placed: Placed,
}

/// Packs a release as an archive with its `.sha256` file: `tar.gz` for Unix, `zip` for Windows.
///
/// The archive is unpacked again by the unpacker that `loom get` uses, into a temporary store, and gets its name only if
/// the tree is the expected one. A file of the same name with other bytes is never replaced.
///
/// # Errors
/// [`PackError`] says why the release was not packed.
pub fn pack(request: &PackRequest) -> Result<PackedAsset, PackError> {
    let PackRequest { release, program, time, to, .. } = request;
    if let Some(version) = release.slot.version() {
        program::check_version(version)?;
        program::check_program(program, release.platform, version)?;
    }
    let files = files(request)?;
    let (format, name) = asset(release);
    placed_file::create_folder(to).map_err(PackError::at(to))?;
    let mut temporary = placed_file::temporary_in(to).map_err(PackError::at(to))?;
    let mut out = RepeatedWriter(temporary.as_file_mut());
    let written = archive::write(format, &files, *time, &mut out);
    written.and_then(|()| temporary.flush()).map_err(PackError::at(to))?;
    let (sha256, size) = measure(temporary.path())?;
    let tree = unpacked(release, format, temporary.path(), &listing(release, &files)?)?;
    let path = to.join(&name);
    let placed = placed_file::place(temporary, &path).map_err(placing(&path))?;
    place_sidecar(to, &name, &sha256)?;
    Ok(PackedAsset { name, path, sha256, size, tree, placed })
}

/// A file that is published beside the archives, such as a wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedFile {
    /// The file name.
    pub name: String,
    /// The digest.
    pub sha256: Digest,
}

/// Copies a file into the folder of a release, with its `.sha256` file.
///
/// # Errors
/// [`PackError`] where the file cannot be copied, and where the folder has another file of this name.
pub fn attach(file: &Path, to: &Path) -> Result<AttachedFile, PackError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    placed_file::create_folder(to).map_err(PackError::at(to))?;
    let mut source = RegularFile::open(file).map_err(PackError::at(file))?.into_file();
    let mut temporary = placed_file::temporary_in(to).map_err(PackError::at(to))?;
    std::io::copy(&mut source, &mut temporary).map_err(PackError::at(file))?;
    temporary.flush().map_err(PackError::at(to))?;
    let (sha256, _) = measure(temporary.path())?;
    let path = to.join(&name);
    placed_file::place(temporary, &path).map_err(placing(&path))?;
    place_sidecar(to, &name, &sha256)?;
    Ok(AttachedFile { name, sha256 })
}

/// Writes the `.sha256` file beside a file.
fn place_sidecar(to: &Path, name: &str, sha256: &Digest) -> Result<Placed, PackError> {
    let sidecar = to.join(format!("{name}{SIDECAR}"));
    let line = checksum_files::line(sha256, name);
    placed_file::place_bytes(line.as_bytes(), &sidecar).map_err(placing(&sidecar))
}

/// The format and the file name of a release's archive.
fn asset(release: &Release) -> (ArchiveFormat, String) {
    let format = match release.platform {
        Platform::WindowsX86_64 => ArchiveFormat::Zip,
        _ => ArchiveFormat::TarGz,
    };
    let stem = release.asset_stem().unwrap_or_else(|| release.binary.to_string());
    (format, format!("{stem}.{}", format.extension()))
}

/// The files of the archive, sorted by the bytes of their names.
fn files(request: &PackRequest) -> Result<Vec<ArchiveFile>, PackError> {
    let mut files = vec![file(&request.program, request.release.executable(), true)?];
    for AdditionalFile { path } in &request.include {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(file(path, name, false)?);
    }
    files.sort_by(|one, other| one.name.as_bytes().cmp(other.name.as_bytes()));
    match files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(PackError::SameName(pair[0].name.clone())),
        None => Ok(files),
    }
}

fn file(path: &Path, name: String, executable: bool) -> Result<ArchiveFile, PackError> {
    let open = RegularFile::open(path).map_err(PackError::at(path))?;
    let size = open.metadata().len();
    Ok(ArchiveFile { name, path: path.to_owned(), executable, size })
}

/// The listing of the tree that the archive has to unpack to.
fn listing(release: &Release, files: &[ArchiveFile]) -> Result<TreeListing, PackError> {
    let entry = |file: &ArchiveFile| {
        let (digest, size) = measure(&file.path)?;
        let runs = file.executable || file.name.ends_with(".exe");
        let kind = if runs { EntryKind::Executable } else { EntryKind::File };
        let path = file.name.parse().map_err(|error| unlike(release, format!("{error}")))?;
        Ok(TreeEntry { kind, digest, size, path })
    };
    let entries = files.iter().map(entry).collect::<Result<_, PackError>>()?;
    TreeListing::new(entries).map_err(|error| unlike(release, error.to_string()))
}

/// Unpacks the archive as an installation would, and returns the digest of the tree if it is the expected one.
fn unpacked(
    release: &Release,
    format: ArchiveFormat,
    archive: &Path,
    expected: &TreeListing,
) -> Result<Digest, PackError> {
    // In the folder of the archive: what fits there as an archive may not fit elsewhere as a tree.
    let beside = archive.parent().unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new().prefix(".new-").tempdir_in(beside);
    let folder = folder.map_err(PackError::at(beside))?;
    let store = Store::open(folder.path())?;
    let mut staged = store.stage(TreeLimits::default())?;
    let file = || File::open(archive).map(BufReader::new).map_err(PackError::at(archive));
    match format {
        ArchiveFormat::Zip => staged.unpack_zip(file()?, None)?,
        _ => {
            let size = fs::metadata(archive).map_err(PackError::at(archive))?.len();
            let tar = flate2::bufread::GzDecoder::new(file()?);
            staged.unpack_tar(tar, format, None, &|| size)?;
        }
    }
    let expectation = Expectation {
        release: release.clone(),
        archive: None,
        tree: None,
        waiver: Some(Waiver::AllowUnverified),
        size: None,
        signatures: ArtifactSignatures::default(),
        signature_required: false,
    };
    let checked = store.admit(staged, &expectation, None)?;
    if checked.listing() == expected {
        return Ok(checked.tree());
    }
    let files = |listing: &TreeListing| {
        let names = listing.entries().iter().map(|entry| entry.path.to_string());
        names.collect::<Vec<_>>().join(", ")
    };
    let (expected, got) = (files(expected), files(checked.listing()));
    Err(unlike(release, format!("expected {expected}, got {got}")))
}

fn unlike(release: &Release, why: String) -> PackError {
    PackError::Unpacked { release: Box::new(release.clone()), why }
}

/// The digest and the size of a file.
pub(super) fn measure(path: &Path) -> Result<(Digest, u64), PackError> {
    Digest::of_file(path).map_err(PackError::at(path))
}

/// The error of a file that was not placed.
pub(super) fn placing(path: &Path) -> impl FnOnce(PlaceError) -> PackError + use<> {
    let path = path.to_owned();
    move |error| match error {
        PlaceError::Differs => PackError::Differs { path },
        PlaceError::Io(source) => PackError::Io { path, source },
    }
}
