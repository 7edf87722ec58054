//! Makes documents of a damaged store again, from what is left of it. Trees, verifications and links are made again by
//! `acquire::repair`, which also asks sources.
//!
//! | file | holds |
//! |---|---|
//! | `foundation` | `format`, `CACHEDIR.TAG`, and what is in the place of files and folders |
//! | `readable` | permission to read what is this user's |
//! | `roots` | root files that cannot be used |
//! | `objects` | objects with other bytes than their name says |
//! | `statements` | statements by receipts, and kept checksums by what names them |
//! | `scope` | [`RepairScope`]: everything, or some releases, and which files are theirs |
//! | `records` | records by statements |
//! | `trees` | trees that nothing needs, permissions, and which trees a release has |

mod foundation;
mod objects;
mod readable;
mod records;
mod roots;
mod scope;
mod statements;
mod trees;

use std::path::PathBuf;

pub use scope::RepairScope;

use super::{Store, StoreError};

/// Something that was made again, or taken away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repaired {
    /// The file, folder or link.
    pub path: PathBuf,
    /// How it was repaired.
    pub how: String,
    /// What was wrong, as [`Store::verify`] names it; `None` where verifying did not find it.
    pub what: Option<String>,
}

impl Repaired {
    /// Something at `path` that was repaired in this way.
    pub fn new(path: impl Into<PathBuf>, how: impl Into<String>) -> Self {
        Self { path: path.into(), how: how.into(), what: None }
    }
}

impl Store {
    /// Makes listings, statements, kept checksums and records again that are missing or damaged, as far as the rest of the
    /// store tells what they were.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn repair_documents(&self, scope: RepairScope<'_>) -> Result<Vec<Repaired>, StoreError> {
        self.prepare()?;
        let _exists = self.lock_against_collection()?;
        let mut repaired = vec![];
        let trees = match scope {
            RepairScope::Everything => self.trees_here()?,
            RepairScope::Releases(_) => self.trees_in(scope)?,
        };
        for tree in trees {
            if !matches!(self.listing(&tree), Ok(Some(_))) && self.rebuild_listing(&tree)? {
                repaired.push(Repaired::new(self.object(&tree), "made again from the tree"));
            }
        }
        self.repair_statements(scope, &mut repaired)?;
        self.repair_records(scope, &mut repaired)?;
        self.repair_checksums(scope, &mut repaired)?;
        Ok(repaired)
    }
}
