//! Publishes a release folder to a mirror in the layout of release assets: `v0.2.0/NAME`.

use loom_mirror::destination::{Destination, DestinationError, ObjectBody};
use loom_source::{Digest, asset};

use super::{
    ReleaseFile, ReleaseFolder,
    checksum_files::{SIDECAR, SUMS},
};

/// The largest file that is compared with one of the same name, in bytes.
const LARGEST: usize = 1 << 30;

/// A release that a mirror has, with all of its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirroredRelease {
    /// The folder of the release below the mirror's root.
    pub folder: String,
    /// The files that this run wrote.
    pub uploaded: Vec<String>,
    /// The files that were there.
    pub kept: Vec<String>,
}

/// Why a release is not published to a mirror.
#[derive(Debug, thiserror::Error)]
pub enum MirrorPublishError {
    /// The mirror has the layout of a store.
    #[error("{0} has the layout of a store")]
    StoreLayout(String),
    /// The mirror has another file of the same name.
    #[error("{key} of {mirror} has other bytes: expected {expected}")]
    Differs {
        /// The mirror.
        mirror: String,
        /// The file below its root.
        key: String,
        /// The digest of the file that was to be published.
        expected: Digest,
    },
    /// The mirror could not be read or written.
    #[error(transparent)]
    Destination(#[from] DestinationError),
}

/// Writes what is missing. A file that is there with other bytes is never replaced, except `SHA256SUMS` and its
/// signatures, which grow with the release: a signature over the same `SHA256SUMS` stays.
///
/// Archives and signatures are written before checksum files, and `SHA256SUMS` last: a release that is found is complete.
///
/// # Errors
/// [`MirrorPublishError`] where the mirror has other bytes, and where it cannot be read or written.
pub async fn publish_to_mirror(
    folder: &ReleaseFolder,
    mirror: &dyn Destination,
    mut observer: impl FnMut(&ReleaseFile),
) -> Result<MirroredRelease, MirrorPublishError> {
    if mirror.stat("format").await?.is_some() {
        return Err(MirrorPublishError::StoreLayout(mirror.to_string()));
    }
    let [below, _] = asset::folders(&folder.version);
    let mut release = MirroredRelease { folder: below.clone(), ..MirroredRelease::default() };
    let mut files: Vec<&ReleaseFile> = folder.files.iter().collect();
    files.sort_by_key(|file| (rank(&file.name), &file.name));
    let mut missing = Vec::new();
    let sums = folder.files.iter().find(|file| file.name == SUMS);
    let grows = match sums {
        Some(sums) => !is_there(mirror, &format!("{below}/{SUMS}"), sums, true).await?,
        None => false,
    };
    // All are compared before any is written.
    for file in files {
        let key = format!("{below}/{}", file.name);
        if is_there(mirror, &key, file, grows).await? {
            release.kept.push(file.name.clone());
        } else {
            missing.push((key, file));
        }
    }
    for (key, file) in missing {
        observer(file);
        let body = ObjectBody::File { path: file.path.clone(), size: file.size };
        mirror.write(&key, body).await?;
        release.uploaded.push(file.name.clone());
    }
    mirror.sync().await?;
    Ok(release)
}

/// In which order files are written.
fn rank(name: &str) -> u8 {
    if name == SUMS {
        2
    } else if name.ends_with(SIDECAR) {
        1
    } else {
        0
    }
}

/// Whether the mirror has the file with the same bytes. Where `SHA256SUMS` `grows`, it and its signatures may have others.
async fn is_there(
    mirror: &dyn Destination,
    key: &str,
    file: &ReleaseFile,
    grows: bool,
) -> Result<bool, MirrorPublishError> {
    let Some(stat) = mirror.stat(key).await? else { return Ok(false) };
    let is_same = stat.size == file.size
        && match mirror.read(key, LARGEST).await? {
            Some((bytes, _)) => Digest::of(&bytes) == file.sha256,
            None => return Ok(false),
        };
    if is_same {
        return Ok(true);
    }
    if grows && file.name.starts_with(SUMS) {
        return Ok(false);
    }
    let (mirror, key, expected) = (mirror.to_string(), key.to_owned(), file.sha256);
    Err(MirrorPublishError::Differs { mirror, key, expected })
}
