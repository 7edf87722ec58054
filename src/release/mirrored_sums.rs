//! [`MirroredSums`]: the `SHA256SUMS` of a mirror, which may list files of other binaries of a version.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use loom_base::bounded_file;
use loom_mirror::destination::{Destination, Replacement, VersionTag};
use loom_source::{Digest, asset::EVIDENCE_ENDINGS, checksum};

use super::{
    ReleaseFile, ReleaseFolder,
    checksum_files::{self, SUMS},
    mirror_publish_error::MirrorPublishError,
    release_folder::LONGEST_CHECKSUMS,
};

/// How often `SHA256SUMS` is read again because another writer replaced it.
const MAX_ATTEMPTS: u32 = 5;

/// The pause before `SHA256SUMS` is read again.
const PAUSE: Duration = Duration::from_millis(100);

/// What the `SHA256SUMS` of a mirror is to become.
#[derive(Debug)]
pub(super) struct MirroredSums {
    /// The file below the mirror's root.
    key: String,
    /// The content that was read; `None` where there is none.
    before: Option<VersionTag>,
    /// The bytes to write; `None` where the mirror has every line.
    after: Option<Bytes>,
}

impl MirroredSums {
    /// Reads the file, and adds the lines of the folder. Where it then has lines that the folder does not list, no signature
    /// may be over either of the two.
    pub(super) async fn read(
        folder: &ReleaseFolder,
        mirror: &dyn Destination,
        key: &str,
    ) -> Result<Self, MirrorPublishError> {
        let own = Bytes::from(own_bytes(folder));
        let limit = usize::try_from(LONGEST_CHECKSUMS).unwrap_or(usize::MAX);
        let read = mirror.read(key, limit).await?;
        let key = key.to_owned();
        let Some((there, tag)) = read else {
            return Ok(Self { key, before: None, after: Some(own) });
        };
        let before = Some(tag);
        if there == own {
            return Ok(Self { key, before, after: None });
        }
        let (mirror_name, expected) = (mirror.to_string(), Digest::of(&own));
        let there = lines(&there).ok_or(());
        let merged = there.and_then(|there| Ok((merge(&there, &named(&own))?, there)));
        let Ok((merged, there)) = merged else {
            return Err(MirrorPublishError::Differs { mirror: mirror_name, key, expected });
        };
        let own_lines = named(&own);
        let other = there.keys().find(|name| !own_lines.contains_key(*name));
        if let Some(signature) = outdated_signature(folder, mirror, &key, other.is_some()).await? {
            let added = || own_lines.keys().find(|name| !there.contains_key(*name));
            let other = other.or_else(added).map_or(SUMS, String::as_str);
            let other = binary_of(folder, other);
            let binary = folder.binary.clone();
            return Err(MirrorPublishError::SignedSums {
                mirror: mirror_name,
                key,
                signature,
                binary,
                other,
            });
        }
        let after = match other {
            None => Some(own),
            Some(_) if merged == there => None,
            Some(_) => Some(Bytes::from(checksum_files::sums(&merged))),
        };
        Ok(Self { key, before, after })
    }

    /// Whether the mirror has every line.
    pub(super) fn is_complete(&self) -> bool {
        self.after.is_none()
    }

    /// Whether another file is replaced: signatures over it are replaced with it.
    pub(super) fn is_replaced(&self) -> bool {
        self.before.is_some() && self.after.is_some()
    }

    /// Writes the file, unless another writer replaced it since: then it is read again.
    pub(super) async fn write(
        mut self,
        folder: &ReleaseFolder,
        mirror: &dyn Destination,
    ) -> Result<(), MirrorPublishError> {
        for _ in 0..MAX_ATTEMPTS {
            let Some(after) = self.after.take() else { return Ok(()) };
            let replaced = mirror.replace(&self.key, after, self.before.as_ref()).await?;
            if replaced == Replacement::Replaced {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
            self = Self::read(folder, mirror, &self.key).await?;
        }
        Err(MirrorPublishError::Contended { mirror: mirror.to_string(), key: self.key })
    }
}

/// The `SHA256SUMS` of the folder, which was read before.
fn own_bytes(folder: &ReleaseFolder) -> Vec<u8> {
    bounded_file::read(&folder.path.join(SUMS), LONGEST_CHECKSUMS).unwrap_or_default()
}

fn named(bytes: &[u8]) -> BTreeMap<String, Digest> {
    checksum::named(bytes).into_iter().collect()
}

/// The lines of the file at the mirror; `None` where it has others than digests with names, which would be lost, or several
/// digests of one name.
fn lines(bytes: &[u8]) -> Option<BTreeMap<String, Digest>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let filled = text.lines().filter(|line| !line.trim().is_empty()).count();
    let lines = named(bytes);
    (lines.len() == filled).then_some(lines)
}

/// All lines of both; an error where they give different digests for one name.
fn merge(
    there: &BTreeMap<String, Digest>,
    own: &BTreeMap<String, Digest>,
) -> Result<BTreeMap<String, Digest>, ()> {
    let mut merged = there.clone();
    for (name, digest) in own {
        if *merged.entry(name.clone()).or_insert(*digest) != *digest {
            return Err(());
        }
    }
    Ok(merged)
}

/// The name of a signature that would not be one over the new file: any where the file gets lines that the folder does not
/// list, else one at the mirror that the folder does not replace by another one.
async fn outdated_signature(
    folder: &ReleaseFolder,
    mirror: &dyn Destination,
    key: &str,
    is_merged: bool,
) -> Result<Option<String>, MirrorPublishError> {
    for (ending, _) in EVIDENCE_ENDINGS {
        let name = format!("{SUMS}{ending}");
        let in_folder = folder.files.iter().find(|file| file.name == name);
        if in_folder.is_some() && is_merged {
            return Ok(Some(name));
        }
        let limit = usize::try_from(LONGEST_CHECKSUMS).unwrap_or(usize::MAX);
        let Some((there, _)) = mirror.read(&format!("{key}{ending}"), limit).await? else {
            continue;
        };
        // One that is there already is over the lines before.
        let is_same = |file: &&ReleaseFile| file.sha256 == Digest::of(&there);
        if in_folder.is_none_or(|file| is_same(&file)) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The binary of an asset, for display; its name where it is no asset of this version.
fn binary_of(folder: &ReleaseFolder, name: &str) -> String {
    let version = format!("-{}", folder.version);
    let binary = name.split_once(&version).map(|(binary, _)| binary);
    binary.filter(|binary| *binary != folder.binary.to_string()).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use loom_mirror::{MirrorOptions, open_destination};
    use loom_source::Name;

    use super::*;

    #[test]
    fn lines_are_added_and_none_is_changed() {
        let [a, b] = [b"a", b"b"].map(|bytes| Digest::of(bytes));
        let there = lines(format!("{b}  b.zip\n\n").as_bytes()).unwrap();
        let merged = merge(&there, &named(format!("{a} *a.zip\n").as_bytes())).unwrap();
        assert_eq!(checksum_files::sums(&merged), format!("{a}  a.zip\n{b}  b.zip\n"));
        assert_eq!(merge(&there, &named(format!("{a}  b.zip\n").as_bytes())), Err(()));
        for other in ["-----BEGIN PGP SIGNED MESSAGE-----\n", &format!("{a}  c\n{b}  c\n")] {
            assert_eq!(lines(other.as_bytes()), None, "{other}");
        }
    }

    const ASSET: &str = "loom-bridge-server-0.2.0-linux-x86_64.tar.gz";
    const KEY: &str = "v0.2.0/SHA256SUMS";

    /// A release that is to be published, and a mirror that has the file with one line of another binary.
    struct Publication {
        folder: ReleaseFolder,
        mirror: Box<dyn Destination>,
        sums: PathBuf,
        _made: [tempfile::TempDir; 2],
    }

    fn publication() -> Publication {
        let made = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let write = |name: &str, bytes: &[u8]| fs::write(made[0].path().join(name), bytes).unwrap();
        let line = checksum_files::line(&Digest::of(b"l"), ASSET);
        write(ASSET, b"l");
        write(&format!("{ASSET}.sha256"), line.as_bytes());
        write(SUMS, line.as_bytes());
        let folder = ReleaseFolder::read(made[0].path(), &Name::default()).unwrap();
        let sums = made[1].path().join(KEY);
        fs::create_dir(sums.parent().unwrap()).unwrap();
        fs::write(&sums, checksum_files::line(&Digest::of(b"o"), "other-0.2.0.zip")).unwrap();
        let url = url::Url::from_directory_path(made[1].path()).unwrap();
        let mirror = open_destination(url, MirrorOptions::default()).unwrap();
        Publication { folder, mirror, sums, _made: made }
    }

    /// The lines of all writers are there after `others` were added between the look and the write, or none is lost.
    async fn published(others: &[(&str, &[u8])]) -> (Result<(), MirrorPublishError>, String) {
        let Publication { folder, mirror, sums, _made } = publication();
        let read = MirroredSums::read(&folder, mirror.as_ref(), KEY).await.unwrap();
        let mut text = fs::read_to_string(&sums).unwrap();
        for (name, bytes) in others {
            text += &checksum_files::line(&Digest::of(bytes), name);
        }
        fs::write(&sums, text).unwrap();
        let written = read.write(&folder, mirror.as_ref()).await;
        (written, fs::read_to_string(&sums).unwrap())
    }

    #[tokio::test]
    async fn lines_that_another_writer_added_meanwhile_stay() {
        let (written, text) = published(&[("third-0.2.0.zip", b"t")]).await;
        written.unwrap();
        let names: Vec<String> = named(text.as_bytes()).into_keys().collect();
        assert_eq!(names, [ASSET, "other-0.2.0.zip", "third-0.2.0.zip"]);
    }

    #[tokio::test]
    async fn a_line_that_contradicts_the_release_is_an_error_and_stays() {
        let (written, text) = published(&[(ASSET, b"x")]).await;
        assert!(matches!(written, Err(MirrorPublishError::Differs { .. })), "{written:?}");
        assert_eq!(named(text.as_bytes()).len(), 2);
        assert!(text.contains(&Digest::of(b"x").to_string()), "{text}");
    }
}
