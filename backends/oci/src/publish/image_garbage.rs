//! [`ImageGarbage`]: what a repository has of versions that are not needed any more, and its removal.

use std::{collections::HashSet, time::SystemTime};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use loom_source::{Digest, Name, SourceError, Version};

use super::ImagePublisher;
use crate::{
    image_store::{ImageStore, SweptBlobs, UnneededTags},
    image_write_error::ImageWriteError,
    manifest::{Descriptor, ImageContent, ImageDocument},
    mapping::INDEX_TYPES,
    version_list,
};

/// How many tags are read at the same time.
const AT_ONCE: usize = 8;

/// The largest number of documents that are removed with one tag: manifests, and what refers to them.
const MAX_DOCUMENTS: usize = 10_000;

/// The largest number of documents that the tags which stay may need.
const MAX_KEPT: usize = 1_000_000;

/// A tag that is not needed, with the documents that nothing else names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageGarbage {
    /// The repository, the tag and the digest that it names, for display.
    pub location: String,
    /// The size of the documents, in bytes. The registry frees what they name when it collects its own garbage.
    pub bytes: u64,
    repository: String,
    /// In the order in which they are deleted: what the tag names is the last, so that the next run goes on with what is left
    /// of a run that broke off.
    documents: Vec<Digest>,
}

/// The tags of a repository, on the way to finding those that are not needed.
struct TagSweep<'a> {
    store: &'a dyn ImageStore,
    repository: String,
    /// The tags with what refers to a document, and that document.
    lists: Vec<(Digest, String)>,
    /// The documents that other tags need.
    kept: HashSet<Digest>,
}

impl ImagePublisher {
    /// The tags of a binary's repository that are versions and not `is_kept`, each with its manifests, what refers to them, and
    /// the tags that list it; and what is left of earlier removals. What another tag names is never part of it.
    ///
    /// # Errors
    /// Where the location cannot be read, and where a tag that is kept cannot be understood.
    pub async fn garbage(
        &self,
        binary: &Name,
        is_kept: &(dyn Fn(&Version) -> bool + Sync),
    ) -> Result<Vec<ImageGarbage>, ImageWriteError> {
        let store = self.store.as_ref();
        let repository = store.repository(binary);
        let (mut kept, mut unneeded, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for tag in store.tags(&repository).await? {
            match (subject_of(&tag), version_list::version_of(&tag)) {
                (Some(subject), _) => lists.push((subject, tag)),
                (None, Some(version)) if !is_kept(&version) => unneeded.push(tag),
                (None, _) => kept.push(tag),
            }
        }
        if unneeded.is_empty() && lists.is_empty() {
            return Ok(Vec::new());
        }
        let mut sweep = TagSweep { store, repository, lists, kept: HashSet::new() };
        sweep.keep(&kept).await?;
        let mut garbage = Vec::new();
        for tag in &unneeded {
            garbage.extend(sweep.of_version(tag).await?);
        }
        for (subject, list) in &sweep.lists {
            garbage.extend(sweep.of_list(subject, list).await?);
        }
        Ok(garbage)
    }

    /// Deletes the documents of a tag, and the tag with the last of them.
    ///
    /// # Errors
    /// [`ImageWriteError::Undeletable`] where the location deletes nothing; and where it cannot be written.
    pub async fn remove(&self, garbage: &ImageGarbage) -> Result<(), ImageWriteError> {
        for digest in &garbage.documents {
            self.store.delete_document(&garbage.repository, digest).await?;
        }
        Ok(())
    }

    /// Removes the blobs of a layout that no tag needs and that were not written since `before`: also those that only `garbage` needs,
    /// whether it is [removed](Self::remove) already or not. With `dry_run` nothing is removed. `None` for a registry, which
    /// collects its blobs itself.
    ///
    /// # Errors
    /// Where the layout cannot be read or written, and where a document that is kept cannot be understood.
    pub async fn sweep(
        &self,
        garbage: &[ImageGarbage],
        before: SystemTime,
        dry_run: bool,
    ) -> Result<Option<SweptBlobs>, ImageWriteError> {
        let removed = garbage.iter().flat_map(|one| &one.documents).copied().collect();
        self.store.sweep(&UnneededTags(removed), before, dry_run).await
    }

    /// Asks the location to delete a document that it cannot have.
    ///
    /// # Errors
    /// As for [`remove`](Self::remove).
    pub async fn check_deletes(&self, binary: &Name) -> Result<(), ImageWriteError> {
        let repository = self.store.repository(binary);
        self.store.delete_document(&repository, &Digest::of(b"")).await.map(drop)
    }
}

/// The document that a tag lists referrers of: `sha256-<digest>`, also with an ending as cosign writes it (`.sig`).
fn subject_of(tag: &str) -> Option<Digest> {
    let rest = tag.strip_prefix("sha256-")?;
    let digest = rest.split('.').next()?;
    digest.parse().ok()
}

impl TagSweep<'_> {
    /// Notes what tags need: their documents, and all that an index names.
    async fn keep(&mut self, tags: &[String]) -> Result<(), ImageWriteError> {
        let (store, repository) = (self.store, self.repository.as_str());
        let reading = tags.iter().map(|tag| store.tagged(repository, tag));
        let tagged: Vec<Option<ImageDocument>> =
            stream::iter(reading).buffered(AT_ONCE).try_collect().await?;
        let mut unread: Vec<ImageDocument> = tagged.into_iter().flatten().collect();
        while let Some(document) = unread.pop() {
            if !self.kept.insert(document.digest) {
                continue;
            }
            if self.kept.len() + unread.len() > MAX_KEPT {
                let why = format!("its tags need more than {MAX_KEPT} documents");
                return Err(SourceError::malformed(store.location(repository, ""), why).into());
            }
            let at = || store.location(repository, &format!("sha256:{}", document.digest));
            // What cannot be understood may name anything.
            let content = document.content().map_err(|why| SourceError::malformed(at(), why))?;
            let ImageContent::Index(index) = content else { continue };
            for descriptor in index.manifests {
                let Some(digest) = descriptor.sha256() else { continue };
                match INDEX_TYPES.contains(&descriptor.media_type.as_str()) {
                    true => unread.extend(store.manifest(repository, &digest).await?),
                    false => drop(self.kept.insert(digest)),
                }
            }
        }
        Ok(())
    }

    /// A version that is not needed; `None` where another tag names the same image.
    async fn of_version(&self, tag: &str) -> Result<Option<ImageGarbage>, ImageWriteError> {
        let Some(document) = self.store.tagged(&self.repository, tag).await? else {
            return Ok(None);
        };
        if self.kept.contains(&document.digest) {
            return Ok(None);
        }
        let mut named = match document.content() {
            Ok(ImageContent::Index(index)) => sizes(&index.manifests),
            _ => Vec::new(),
        };
        named.push((document.digest, document.bytes.len() as u64));
        self.with_referrers(tag, document.digest, named).await.map(Some)
    }

    /// A list of what refers to a document that is gone; `None` where the document is there, or goes with its version.
    async fn of_list(
        &self,
        subject: &Digest,
        tag: &str,
    ) -> Result<Option<ImageGarbage>, ImageWriteError> {
        let reference = format!("sha256:{subject}");
        if self.kept.contains(subject)
            || self.store.tag_digest(&self.repository, &reference).await?.is_some()
        {
            return Ok(None);
        }
        self.of_version(tag).await
    }

    /// Documents with all that refers to them, which comes first.
    async fn with_referrers(
        &self,
        tag: &str,
        digest: Digest,
        named: Vec<(Digest, u64)>,
    ) -> Result<ImageGarbage, ImageWriteError> {
        let (store, repository) = (self.store, self.repository.as_str());
        let location = format!("{}@sha256:{digest}", store.location(repository, tag));
        let mut found: Vec<(Digest, u64)> = Vec::new();
        // The last one is found first, and deleted last.
        let mut unread: Vec<(Digest, u64)> = named;
        while let Some((subject, size)) = unread.pop() {
            if self.kept.contains(&subject) || found.iter().any(|(known, _)| *known == subject) {
                continue;
            }
            if found.len() >= MAX_DOCUMENTS {
                let why = format!("more than {MAX_DOCUMENTS} documents refer to it");
                return Err(SourceError::malformed(location, why).into());
            }
            found.push((subject, size));
            unread.extend(sizes(&store.referrers(repository, &subject).await?));
            for (_, list) in self.lists.iter().filter(|(of, _)| *of == subject) {
                let list = store.tag_digest(repository, list).await?;
                unread.extend(list.map(|list| (list, 0)));
            }
        }
        let bytes = found.iter().map(|(_, size)| size).sum();
        let documents = found.into_iter().rev().map(|(digest, _)| digest).collect();
        Ok(ImageGarbage { location, bytes, repository: repository.to_owned(), documents })
    }
}

fn sizes(descriptors: &[Descriptor]) -> Vec<(Digest, u64)> {
    descriptors.iter().filter_map(|one| Some((one.sha256()?, one.size))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_referrers_are_known_by_their_tags() {
        let digest = Digest::of(b"x");
        for (tag, expected) in [
            (format!("sha256-{digest}"), Some(digest)),
            (format!("sha256-{digest}.sig"), Some(digest)),
            (format!("sha256-{digest}0"), None),
            (format!("sha512-{digest}"), None),
            ("0.2.0".to_owned(), None),
        ] {
            assert_eq!(subject_of(&tag), expected, "{tag}");
        }
    }
}
