//! A missing link is doubt: somebody removed it, perhaps because the tree is bad.

use loom_source::Release;

use super::{Installed, Store, StoreError, durable::Barrier};

/// What became of a release without a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing is here; fetch it.
    Nothing,
    /// Its tree is sound and linked again.
    Linked(Installed),
    /// Its tree was damaged and has been set aside; fetch it. The text says what was wrong.
    Damaged(String),
}

impl Store {
    /// Looks for a release by its record, hashes its whole tree, and links it again if that is sound.
    ///
    /// To be called with the release's lock held, after [`find`](Self::find) found nothing.
    pub fn recover(&self, release: &Release) -> Result<Recovery, StoreError> {
        if !self.exists() {
            return Ok(Recovery::Nothing);
        }
        let (tree, entry) = match self.pointed(release) {
            Ok(Some(pointed)) => pointed,
            Ok(None) => return Ok(Recovery::Nothing),
            Err(e @ (StoreError::Damaged { .. } | StoreError::Document { .. })) => {
                return Ok(Recovery::Damaged(e.to_string()));
            }
            Err(e) => return Err(e),
        };
        if !self.tree(&tree).is_dir() {
            return Ok(Recovery::Nothing);
        }
        self.prepare()?;
        let _exists = self.lock_against_collection()?;
        let sound = self.listing(&tree).and_then(|listing| match listing {
            Some(listing) => self.rehash(&tree, &listing).map(|()| listing),
            None => Err(StoreError::Damaged {
                path: self.object(&tree),
                what: "the tree's listing is missing".into(),
            }),
        });
        let listing = match sound {
            Ok(listing) => listing,
            Err(e @ StoreError::Damaged { .. }) => {
                self.set_aside(&tree, e.to_string())?;
                return Ok(Recovery::Damaged(e.to_string()));
            }
            Err(e) => return Err(e),
        };
        self.protect(&tree, &listing)?;
        self.write_fingerprint(&tree, &listing);
        let mut barrier = Barrier::default();
        let installed = self.point(release, &tree, &entry, &mut barrier)?;
        barrier.wait(&self.root)?;
        Ok(Recovery::Linked(installed))
    }
}
