//! Publishes a release folder to a mirror in the layout of release assets: `v0.2.0/NAME`.

use loom_mirror::destination::{Destination, ObjectBody};
use loom_source::{Digest, asset};

use super::{
    ReleaseFile, ReleaseFolder,
    checksum_files::{SIDECAR, SUMS},
    mirror_publish_error::MirrorPublishError,
    mirrored_sums::MirroredSums,
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

/// Writes what is missing. A file that is there with other bytes is never replaced, except `SHA256SUMS` and its
/// signatures, which grow with the release: a signature over the same `SHA256SUMS` stays. The lines that the mirror's
/// `SHA256SUMS` has for other files, such as those of another binary of this version, stay too.
///
/// Archives and signatures are written before checksum files, and `SHA256SUMS` last: a release that is found is complete.
/// Where `SHA256SUMS` is replaced, its new signatures follow it.
///
/// # Errors
/// [`MirrorPublishError`] where the mirror has other bytes, where a signature would no longer be one over `SHA256SUMS`, and
/// where the mirror cannot be read or written. Nothing is written then, unless writing itself fails.
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
    files.sort_by_key(|file| (file.name.ends_with(SIDECAR), &file.name));
    let sums = MirroredSums::read(folder, mirror, &format!("{below}/{SUMS}")).await?;
    let mut missing = Vec::new();
    // All are compared before any is written.
    for file in files.into_iter().filter(|file| file.name != SUMS) {
        let key = format!("{below}/{}", file.name);
        if is_there(mirror, &key, file, !sums.is_complete()).await? {
            release.kept.push(file.name.clone());
        } else {
            missing.push((key, file));
        }
    }
    // A run that is interrupted leaves no signature over another `SHA256SUMS`: those before go first, and the new ones come last.
    let is_late = |file: &ReleaseFile| sums.is_replaced() && file.name.starts_with(SUMS);
    let (late, missing): (Vec<_>, Vec<_>) =
        missing.into_iter().partition(|(_, file)| is_late(file));
    for (key, file) in &missing {
        observer(file);
        mirror.write(key, body(file)).await?;
        release.uploaded.push(file.name.clone());
    }
    for (key, _) in &late {
        mirror.delete(key).await?;
    }
    mirror.sync().await?;
    if let Some(file) = folder.files.iter().find(|file| file.name == SUMS) {
        if sums.is_complete() {
            release.kept.push(file.name.clone());
        } else {
            observer(file);
            sums.write(folder, mirror).await?;
            release.uploaded.push(file.name.clone());
        }
    }
    for (key, file) in &late {
        observer(file);
        mirror.write(key, body(file)).await?;
        release.uploaded.push(file.name.clone());
    }
    mirror.sync().await?;
    Ok(release)
}

fn body(file: &ReleaseFile) -> ObjectBody {
    ObjectBody::File { path: file.path.clone(), size: file.size }
}

/// Whether the mirror has the file with the same bytes. Signatures over `SHA256SUMS` may have others where it is replaced.
async fn is_there(
    mirror: &dyn Destination,
    key: &str,
    file: &ReleaseFile,
    replaces_signatures: bool,
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
    if replaces_signatures && file.name.starts_with(SUMS) {
        return Ok(false);
    }
    let (mirror, key, expected) = (mirror.to_string(), key.to_owned(), file.sha256);
    Err(MirrorPublishError::Differs { mirror, key, expected })
}
