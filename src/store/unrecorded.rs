//! Releases whose record is missing, but which a verification or a link still names: a user has removed records by hand, or
//! the power failed during a removal. Their trees are needed, since `loom store repair` makes the records again, until the
//! releases are removed or collected like others.

use std::path::Path;

use loom_source::{Authority, Digest, Name, Platform, Product, Release, Slot};

use super::{Store, StoreError};

impl Store {
    /// The releases that a record, a verification or a link names: all that can be removed.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder cannot be listed.
    pub fn removable(&self) -> Result<Vec<Release>, StoreError> {
        let mut releases = self.known()?;
        for (release, _) in self.unrecorded()? {
            if !releases.contains(&release) {
                releases.push(release);
            }
        }
        Ok(releases)
    }

    /// The releases without a record, each with the tree that its verification or its link names.
    pub(super) fn unrecorded(&self) -> Result<Vec<(Release, Digest)>, StoreError> {
        let mut found = Vec::new();
        for release in self.releases_below("verifications")? {
            if !self.record_path(&release).is_file() {
                // One that is damaged names nothing; the link may still lead to a tree.
                let verification = self.verification(&release).ok().flatten();
                found.extend(verification.map(|known| (release, known.tree)));
            }
        }
        for release in self.linked_versions()? {
            if !self.record_path(&release).is_file() {
                let installed = self.or_note(self.find(&release))?.flatten();
                found.extend(installed.map(|installed| (release, installed.tree)));
            }
        }
        Ok(found)
    }

    /// The versions that have a link in `bin/`.
    fn linked_versions(&self) -> Result<Vec<Release>, StoreError> {
        let bin = self.root.join("bin");
        let mut found = self.linked_below(&bin, &Authority::default())?;
        for (name, folder) in self.names(&bin, true)? {
            if let Some(Ok(authority)) = name.strip_prefix('@').map(str::parse) {
                found.extend(self.linked_below(&folder, &authority)?);
            }
        }
        Ok(found)
    }

    fn linked_below(
        &self,
        folder: &Path,
        authority: &Authority,
    ) -> Result<Vec<Release>, StoreError> {
        let mut found = Vec::new();
        for (slot, folder) in self.names(folder, true)? {
            let Ok(slot @ Slot::Version(_)) = slot.parse::<Slot>() else { continue };
            for (platform, folder) in self.names(&folder, true)? {
                let Ok(platform) = platform.parse::<Platform>() else { continue };
                for (file, path) in self.names(&folder, false)? {
                    let name = file.strip_suffix(".exe").unwrap_or(&file);
                    let Ok(binary) = name.parse::<Name>() else { continue };
                    let product = Product { authority: authority.clone(), binary, platform };
                    let release = product.in_slot(slot.clone());
                    found.extend((self.link_path(&release) == path).then_some(release));
                }
            }
        }
        Ok(found)
    }
}
