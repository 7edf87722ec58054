//! Writes published releases into a folder, in any layout of a mirror.

use std::{fs, io, path::Path};

use loom_source::{
    ArchiveFormat, Digest, Index, Platform, Record, Slot, Statement,
    contract::{PublishedAsset, PublishedChecksum, PublishedRelease},
    record::{IndexEntry, IndexPayload, RecordArtifact, StatementArchive, object_path, tree_path},
};

/// A layout of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseLayout {
    /// Assets as `v{version}/{asset}`, each with a `.sha256` file.
    Versioned,
    /// Assets as `{asset}` in the root, with one `SHA256SUMS`.
    Flat,
    /// A store without an index.
    Store,
    /// A store with an index.
    Indexed,
}

/// Writes exactly these releases into `root`; everything else in the folder is removed.
///
/// # Errors
/// Whatever the operating system reports.
pub fn write(root: &Path, layout: ReleaseLayout, releases: &[PublishedRelease]) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
    }
    match layout {
        ReleaseLayout::Versioned | ReleaseLayout::Flat => assets(root, layout, releases),
        ReleaseLayout::Store | ReleaseLayout::Indexed => store(root, layout, releases),
    }
}

/// Writes the file `key` below `root`, and makes the folders above it.
///
/// # Errors
/// Whatever the operating system reports.
pub fn put(root: &Path, key: &str, bytes: &[u8]) -> io::Result<()> {
    let path = root.join(key);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

/// The file name of a release's asset.
pub fn asset_name(published: &PublishedRelease) -> String {
    let stem = published.release.asset_stem().expect("a version");
    match (published.asset, published.release.platform) {
        (PublishedAsset::Archive(format), _) => format!("{stem}.{}", format.extension()),
        (PublishedAsset::Bare, Platform::WindowsX86_64) => format!("{stem}.exe"),
        (PublishedAsset::Bare, _) => stem,
    }
}

fn assets(root: &Path, layout: ReleaseLayout, releases: &[PublishedRelease]) -> io::Result<()> {
    let mut sums = String::new();
    for published in releases {
        let name = asset_name(published);
        let folder = match layout {
            ReleaseLayout::Versioned => format!("v{}/", published.release.slot),
            _ => String::new(),
        };
        put(root, &format!("{folder}{name}"), &published.bytes)?;
        let Some(digest) = published.claimed() else { continue };
        let line = format!("{digest}  {name}\n");
        match layout {
            ReleaseLayout::Versioned => {
                put(root, &format!("{folder}{name}.sha256"), line.as_bytes())?
            }
            _ => sums.push_str(&line),
        }
    }
    if sums.is_empty() { Ok(()) } else { put(root, "SHA256SUMS", sums.as_bytes()) }
}

fn store(root: &Path, layout: ReleaseLayout, releases: &[PublishedRelease]) -> io::Result<()> {
    put(root, "format", b"loom-store 1\n")?;
    let mut entries = Vec::new();
    for published in releases {
        let Slot::Version(version) = &published.release.slot else { continue };
        let (statement, artifact) = write_objects(root, published, version.clone())?;
        let artifacts = vec![RecordArtifact::Unknown, artifact];
        let bytes = statement.to_bytes();
        let digest = Digest::of(&bytes);
        put(root, &object_path(&digest), &bytes)?;
        let record = Record { statement: digest, artifacts, evidence: vec![] };
        put(root, &Record::path(&published.release), &record.to_bytes())?;
        entries.push(IndexEntry {
            authority: statement.authority,
            binary: statement.binary,
            version: statement.version,
            platform: statement.platform,
            statement: digest,
            record: None,
            merged: Vec::new(),
            yanked: false,
        });
    }
    if layout == ReleaseLayout::Store {
        return Ok(());
    }
    let payload = IndexPayload {
        mirror: None,
        root: None,
        serial: 1,
        issued: None,
        expires: None,
        releases: entries,
    };
    put(root, Index::PATH, &Index::unsigned(payload).to_bytes())
}

/// Writes the objects of a release, an archive or one loose file; returns its statement and its artifact.
fn write_objects(
    root: &Path,
    published: &PublishedRelease,
    version: loom_source::Version,
) -> io::Result<(Statement, RecordArtifact)> {
    let PublishedRelease { release, asset, bytes, checksum } = published;
    let entry = release.executable();
    let content = Digest::of(bytes);
    let listing = format!("loom-tree 1\nx {content} {} {entry}\n", bytes.len());
    let tree = Digest::of(listing.as_bytes());
    let mut archives = Vec::new();
    let artifact = match asset {
        PublishedAsset::Archive(format) => {
            let digest = match checksum {
                PublishedChecksum::Wrong(digest) => *digest,
                _ => content,
            };
            put(root, &object_path(&digest), bytes)?;
            archives.push(archive(digest, bytes.len() as u64, *format));
            RecordArtifact::Archive { digest }
        }
        PublishedAsset::Bare => {
            put(root, &object_path(&tree), listing.as_bytes())?;
            put(root, &format!("{}/{entry}", tree_path(&tree)), bytes)?;
            RecordArtifact::Loose
        }
    };
    let statement = Statement {
        authority: release.authority.clone(),
        binary: release.binary.clone(),
        version,
        platform: release.platform,
        tree,
        entry,
        archives,
        published: None,
        critical: vec![],
    };
    Ok((statement, artifact))
}

fn archive(digest: Digest, size: u64, format: ArchiveFormat) -> StatementArchive {
    StatementArchive { digest, size, format, strip: false }
}
