//! [`UpdateMemory`]: the files about the updates of one product.

use loom_source::{Product, Version};

use super::{
    journal::{UpdateEntry, UpdateJournal},
    last_check::LastCheck,
    rolled_back::{RolledBackVersion, RolledBackVersions},
};
use crate::state::{StateDir, StateError, StateFile};

/// The files about the updates of one product. A file that cannot be understood counts as absent.
///
/// # Examples
/// ```
/// use loom_runtime::{
///     state::StateDir,
///     update::{UpdateEntry, UpdateEvent, UpdateMemory},
/// };
/// use loom_source::{Platform, Product};
///
/// let folder = tempfile::tempdir()?;
/// let product = Product {
///     authority: "loom-os".parse()?,
///     binary: "loom-bridge-server".parse()?,
///     platform: Platform::LinuxX86_64,
/// };
/// let memory = UpdateMemory::of(&StateDir::new(folder.path()), &product);
/// memory.note(UpdateEntry::new(UpdateEvent::Checked, "/srv/ada", "0.2.0", Some("0.2.1")))?;
/// assert_eq!(memory.journal()?[0].to.as_deref(), Some("0.2.1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct UpdateMemory {
    state: StateDir,
    key: String,
}

impl UpdateMemory {
    /// The files about a product.
    pub fn of(state: &StateDir, product: &Product) -> Self {
        Self::named(state, &Self::key(product))
    }

    /// The files about the product with this key.
    pub fn named(state: &StateDir, key: &str) -> Self {
        Self { state: state.clone(), key: key.to_owned() }
    }

    /// The key of a product: the name of its folder.
    pub fn key(product: &Product) -> String {
        let Product { authority, binary, platform } = product;
        format!("{authority}@{binary}@{platform}")
    }

    /// What happened, the oldest first.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read.
    pub fn journal(&self) -> Result<Vec<UpdateEntry>, StateError> {
        let journal: Option<UpdateJournal> = self.file("journal.json").read_document()?;
        Ok(journal.unwrap_or_default().entries)
    }

    /// Adds an entry to the journal.
    ///
    /// # Errors
    /// [`StateError`] where the file cannot be locked, read or written.
    pub fn note(&self, entry: UpdateEntry) -> Result<(), StateError> {
        let file = self.file("journal.json");
        let _lock = file.lock(&mut || {})?;
        let mut journal: UpdateJournal = file.read_document()?.unwrap_or_default();
        journal.add(entry);
        file.write_document(&journal)
    }

    /// The versions that were rolled back, the lowest first.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read.
    pub fn rolled_back(&self) -> Result<Vec<RolledBackVersion>, StateError> {
        let versions: Option<RolledBackVersions> = self.file("rolled-back.json").read_document()?;
        Ok(versions.unwrap_or_default().versions)
    }

    /// What is known of a version that was rolled back; `None` where it was not.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read.
    pub fn roll_back_of(&self, version: &Version) -> Result<Option<RolledBackVersion>, StateError> {
        Ok(self.rolled_back()?.into_iter().find(|known| known.version == *version))
    }

    /// Remembers a version that was rolled back.
    ///
    /// # Errors
    /// [`StateError`] where the file cannot be locked, read or written.
    pub fn keep_rolled_back(&self, version: RolledBackVersion) -> Result<(), StateError> {
        let file = self.file("rolled-back.json");
        let _lock = file.lock(&mut || {})?;
        let mut versions: RolledBackVersions = file.read_document()?.unwrap_or_default();
        versions.add(version);
        file.write_document(&versions)
    }

    /// Forgets that a version was rolled back: it has become ready since.
    ///
    /// # Errors
    /// [`StateError`] where the file cannot be locked, read or written.
    pub fn forget_rolled_back(&self, version: &Version) -> Result<(), StateError> {
        if self.roll_back_of(version)?.is_none() {
            return Ok(());
        }
        let file = self.file("rolled-back.json");
        let _lock = file.lock(&mut || {})?;
        let mut versions: RolledBackVersions = file.read_document()?.unwrap_or_default();
        if versions.remove(version) { file.write_document(&versions) } else { Ok(()) }
    }

    /// What the last check found; `None` before the first one.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read.
    pub fn last_check(&self) -> Result<Option<LastCheck>, StateError> {
        self.file("check.json").read_document()
    }

    /// Keeps what a check found.
    ///
    /// # Errors
    /// [`StateError`] where the file cannot be written.
    pub fn keep_check(&self, check: &LastCheck) -> Result<(), StateError> {
        self.file("check.json").write_document(check)
    }

    fn file(&self, name: &str) -> StateFile {
        self.state.file(format!("updates/{}/{name}", self.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_became_ready_is_no_longer_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let memory = UpdateMemory::named(&StateDir::new(folder.path()), "a@b@c");
        let version: Version = "0.2.1".parse().unwrap();
        memory.forget_rolled_back(&version).unwrap();
        let known = RolledBackVersion::now(version.clone(), "x".to_owned(), None, None);
        memory.keep_rolled_back(known).unwrap();
        assert!(memory.roll_back_of(&version).unwrap().is_some());
        memory.forget_rolled_back(&version).unwrap();
        assert_eq!(memory.rolled_back().unwrap(), []);
    }
}
