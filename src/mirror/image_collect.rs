//! [`collect_images`]: removes from a registry the versions that its index has not named for a while.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use loom_base::time::{format_rfc3339, parse_rfc3339};
use loom_oci::{
    ImagePublisher,
    mapping::UNNAMED_PATH,
    publish::{ImageGarbage, SweptBlobs},
};
use loom_source::{Name, Version};
use serde::{Deserialize, Serialize};

use super::{
    CurrentIndex, MirrorGarbage, MirrorTaskError,
    collect::{GRACE, MAX_ATTEMPTS},
};

/// The largest list of images that no index names, in bytes.
const MAX_LIST: usize = 16 * 1024 * 1024;

/// The images that no index names, and since when: a registry does not say when something was written. What a writer is about to
/// name, and what readers of the index before still need, is thereby left alone as in other mirrors.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct UnnamedImages {
    schema: u32,
    /// The time of the first collection that saw each image.
    since: BTreeMap<String, String>,
}

/// Removes the versions that the index of a registry or layout does not name, and did not name at a collection seven days ago or
/// earlier, with their manifests and all that refers to them. What any other tag names stays. Of a layout, the blobs are removed
/// too that no tag needs and that were not written for seven days. With `dry_run` nothing is removed or noted.
///
/// # Errors
/// Where the registry is not signed, cannot be read or written, or deletes nothing; and where its index changes again and again.
pub async fn collect_images(
    publisher: &ImagePublisher,
    binary: &Name,
    dry_run: bool,
    now: SystemTime,
) -> Result<MirrorGarbage, MirrorTaskError> {
    for _ in 0..MAX_ATTEMPTS {
        let current = CurrentIndex::read(publisher).await?;
        if current.file.is_none() {
            return Err(MirrorTaskError::NoIndex { mirror: publisher.to_string() });
        }
        let found = unnamed(publisher, &current, binary).await?;
        let before = read(publisher).await?;
        let (old, young) = before.split(found, now);
        // What the index names that was written meanwhile stays.
        let again = CurrentIndex::read(publisher).await?;
        if again.payload != current.payload {
            continue;
        }
        if !dry_run {
            if !(old.is_empty() && young.since.is_empty()) {
                // Told at once, and not only after seven days.
                publisher.check_deletes(binary).await?;
            }
            for one in &old {
                publisher.remove(one).await?;
            }
            if young.since != before.since {
                let text = serde_json::to_vec(&young).unwrap_or_default();
                publisher.write_document(UNNAMED_PATH, text.into()).await?;
            }
        }
        let swept = publisher.sweep(&old, now.checked_sub(GRACE).unwrap_or(now), dry_run).await?;
        let (bytes, blobs) = match swept {
            Some(SweptBlobs { blobs, bytes }) => (bytes, Some(blobs)),
            None => (old.iter().map(|one| one.bytes).sum(), None),
        };
        let files = old.into_iter().map(|one| one.location).collect();
        return Ok(MirrorGarbage { files, blobs, bytes, young: young.since.len() });
    }
    Err(MirrorTaskError::Contended { mirror: publisher.to_string() })
}

/// The images that an index does not name, of its binaries and of this one.
async fn unnamed(
    publisher: &ImagePublisher,
    current: &CurrentIndex,
    binary: &Name,
) -> Result<Vec<ImageGarbage>, MirrorTaskError> {
    let releases = &current.payload.releases;
    let named: BTreeSet<(&Name, &Version)> =
        releases.iter().map(|entry| (&entry.binary, &entry.version)).collect();
    let mut binaries: BTreeSet<&Name> = named.iter().map(|(binary, _)| *binary).collect();
    binaries.insert(binary);
    let mut found = Vec::new();
    for binary in binaries {
        let is_named = |version: &Version| named.contains(&(binary, version));
        found.extend(publisher.garbage(binary, &is_named).await?);
    }
    Ok(found)
}

/// The list that the last collection wrote; an empty one where it cannot be used, so that all time begins anew.
async fn read(publisher: &ImagePublisher) -> Result<UnnamedImages, MirrorTaskError> {
    let bytes = publisher.document(UNNAMED_PATH, MAX_LIST).await?;
    let list = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(list.unwrap_or_default())
}

impl UnnamedImages {
    /// What of `found` was noted long ago, and the list of the others.
    fn split(&self, found: Vec<ImageGarbage>, now: SystemTime) -> (Vec<ImageGarbage>, Self) {
        let mut young = Self { schema: 1, since: BTreeMap::new() };
        let mut old = Vec::new();
        for one in found {
            let since = self.since.get(&one.location).and_then(|time| parse_rfc3339(time));
            // A time in the future is that of a wrong clock.
            let since = since.unwrap_or(now).min(now);
            match now.duration_since(since).is_ok_and(|age| age >= GRACE) {
                true => old.push(one),
                false => drop(young.since.insert(one.location, format_rfc3339(since))),
            }
        }
        (old, young)
    }
}
