//! Objects with other bytes than their name says: they prove nothing, and nothing can use them.

use std::{fs, path::Path};

use loom_source::Digest;

use super::Repaired;
use crate::store::{
    Damage, Store, StoreError,
    durable::{Barrier, create_folders, sync},
    error::{FileAction, absent, at},
    staged::measure,
};

impl Store {
    /// Takes away the objects among `findings` whose bytes have another digest than their name says. One that is under a
    /// wrong name gets its right one.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn repair_objects(&self, findings: &[Damage]) -> Result<Vec<Repaired>, StoreError> {
        let folder = self.root.join("objects");
        let bad: Vec<&Path> = findings
            .iter()
            .map(|damage| damage.path.as_path())
            .filter(|path| path.starts_with(&folder))
            .collect();
        if bad.is_empty() {
            return Ok(vec![]);
        }
        self.prepare()?;
        // Publishers wait: one of them may just be writing the object again.
        let _alone = self.lock_for_collection()?;
        let mut repaired = vec![];
        for path in bad {
            repaired.extend(self.repair_object(path)?);
        }
        Ok(repaired)
    }

    fn repair_object(&self, path: &Path) -> Result<Option<Repaired>, StoreError> {
        let meta = absent(fs::symlink_metadata(path)).map_err(at(FileAction::Read, path))?;
        let Some(meta) = meta else { return Ok(None) };
        if meta.is_dir() {
            return Ok(None);
        }
        if meta.is_file() {
            let mut file = fs::File::open(path).map_err(at(FileAction::Read, path))?;
            // A disk that cannot read a file does not keep it either.
            if let Ok(got) = measure(&mut file) {
                let right = self.object(&got.digest);
                if right == path {
                    return Ok(None);
                }
                if !right.exists() && self.needs_object(&got.digest)? {
                    self.rename_object(path, &right)?;
                    return Ok(Some(Repaired::new(right, "renamed to what its bytes are")));
                }
            }
        }
        fs::remove_file(path).map_err(at(FileAction::Remove, path))?;
        Ok(Some(Repaired::new(path, "removed: its bytes are not what its name says")))
    }

    fn needs_object(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.needed_objects()?.contains_key(digest))
    }

    fn rename_object(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.refuse_links_to(to)?;
        let mut barrier = Barrier::default();
        if let Some(folder) = to.parent() {
            create_folders(folder, &mut barrier)?;
            barrier.add(folder);
        }
        sync(from)?;
        fs::rename(from, to).map_err(at(FileAction::Rename, to))?;
        barrier.wait(&self.root)
    }
}
