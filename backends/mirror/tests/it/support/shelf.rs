//! Published releases in a folder, in either layout.

use std::{fs, io, path::Path};

use loom_source::{
    ArchiveFormat, Digest, Index, Platform, Record, Slot, Statement,
    contract::{PublishedAsset, PublishedChecksum, PublishedRelease},
    record::{IndexEntry, IndexPayload, RecordArtifact, StatementArchive, object_path, tree_path},
};

/// How releases are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `v{version}/{asset}`
    Versioned,
    /// `{asset}` in the root, with one `SHA256SUMS`
    Flat,
    /// A store at rest.
    Store,
    /// A store at rest with an index.
    Indexed,
}

/// Writes exactly these releases into `root`.
pub fn write(root: &Path, layout: Layout, releases: &[PublishedRelease]) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
    }
    match layout {
        Layout::Versioned | Layout::Flat => assets(root, layout, releases),
        Layout::Store | Layout::Indexed => store(root, layout, releases),
    }
}

pub fn put(root: &Path, key: &str, bytes: &[u8]) -> io::Result<()> {
    let path = root.join(key);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

/// The name of a release's asset.
pub fn name(published: &PublishedRelease) -> String {
    let stem = published.release.asset_stem().expect("a version");
    match (published.asset, published.release.platform) {
        (PublishedAsset::Archive(format), _) => format!("{stem}.{}", format.extension()),
        (PublishedAsset::Bare, Platform::WindowsX86_64) => format!("{stem}.exe"),
        (PublishedAsset::Bare, _) => stem,
    }
}

fn assets(root: &Path, layout: Layout, releases: &[PublishedRelease]) -> io::Result<()> {
    let mut sums = String::new();
    for published in releases {
        let name = name(published);
        let folder = match layout {
            Layout::Versioned => format!("v{}/", published.release.slot),
            _ => String::new(),
        };
        put(root, &format!("{folder}{name}"), &published.bytes)?;
        let Some(digest) = published.claimed() else { continue };
        let line = format!("{digest}  {name}\n");
        match layout {
            Layout::Versioned => put(root, &format!("{folder}{name}.sha256"), line.as_bytes())?,
            _ => sums.push_str(&line),
        }
    }
    if sums.is_empty() { Ok(()) } else { put(root, "SHA256SUMS", sums.as_bytes()) }
}

fn store(root: &Path, layout: Layout, releases: &[PublishedRelease]) -> io::Result<()> {
    put(root, "format", b"loom-store 1\n")?;
    let mut entries = Vec::new();
    for published in releases {
        let Slot::Version(version) = &published.release.slot else { continue };
        let (statement, carriers) = described(root, published, version.clone())?;
        let bytes = statement.to_bytes();
        let digest = Digest::of(&bytes);
        put(root, &object_path(&digest), &bytes)?;
        let record = Record { statement: digest, carriers, evidence: vec![] };
        put(root, &Record::path(&published.release), &record.to_bytes())?;
        entries.push(IndexEntry {
            authority: statement.authority,
            binary: statement.binary,
            version: statement.version,
            platform: statement.platform,
            statement: digest,
            yanked: false,
        });
    }
    if layout == Layout::Store {
        return Ok(());
    }
    let payload = IndexPayload { serial: 1, issued: None, expires: None, releases: entries };
    put(root, Index::PATH, &Index { payload, signatures: vec![] }.to_bytes())
}

/// A release's statement and carriers, its objects written: an archive, or one loose file.
fn described(
    root: &Path,
    published: &PublishedRelease,
    version: loom_source::Version,
) -> io::Result<(Statement, Vec<RecordArtifact>)> {
    let PublishedRelease { release, asset, bytes, checksum } = published;
    let entry = release.executable();
    let content = Digest::of(bytes);
    let listing = format!("loom-tree 1\nx {content} {} {entry}\n", bytes.len());
    let tree = Digest::of(listing.as_bytes());
    let mut archives = Vec::new();
    let carrier = match asset {
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
    let (authority, binary) = (release.authority.clone(), release.binary.clone());
    let platform = release.platform;
    let statement = Statement {
        authority,
        binary,
        version,
        platform,
        tree,
        entry,
        archives,
        published: None,
        critical: vec![],
    };
    Ok((statement, vec![RecordArtifact::Unknown, carrier]))
}

fn archive(digest: Digest, size: u64, format: ArchiveFormat) -> StatementArchive {
    StatementArchive { digest, size, format, strip: false }
}
