//! The last failed acquisitions of a product, for `loom why`.
//!
//! One file per product: the newest failure first, one for each requested version, range or slot, at most
//! [`MAX_FAILURES`].

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use loom_base::time::parse_rfc3339;
use loom_source::{Product, Slot};
use serde::{Deserialize, Serialize};

use super::{
    Attempt, Store, StoreError,
    document_file::read_document,
    durable::{create_folder, replace_lazily},
    error::{FileAction, absent, at, undamaged},
};

/// The number of failures of a product that are kept.
pub const MAX_FAILURES: usize = 16;

const SCHEMA: &str = "loom-failures 1";

/// `failures/<authority>/<binary>/<platform>.json`. Fields that a reader does not know are ignored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FailuresDocument {
    schema: String,
    failures: Vec<FailureRecord>,
}

/// One failed acquisition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// What was requested: `0.2.0`, `latest`, `>=0.1,<0.3` or `dev`.
    #[serde(rename = "wanted")]
    pub requested: String,
    /// The version that this resolved to, or `dev`; `None` where it resolved to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The time of the failure (RFC 3339, UTC).
    pub at: String,
    /// The error, for display.
    pub message: String,
    /// What to do, for display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The policy that was in force.
    #[serde(default)]
    pub policy: serde_json::Value,
    /// How long the acquisition took, in milliseconds.
    #[serde(default)]
    pub ms: u64,
    /// The sources that were asked, in order.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
}

impl FailureRecord {
    /// Whether the failure concerns this slot.
    pub fn concerns(&self, slot: &Slot) -> bool {
        let slot = slot.to_string();
        self.requested == slot || self.slot.as_ref() == Some(&slot)
    }
}

impl Store {
    /// The last failures of a product, the newest first. A file that cannot be understood counts as empty.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the file is there and cannot be read.
    pub fn failures(&self, product: &Product) -> Result<Vec<FailureRecord>, StoreError> {
        let path = self.failures_path(product);
        let bytes = undamaged(read_document(&path))?.flatten();
        let read = bytes.and_then(|bytes| serde_json::from_slice::<FailuresDocument>(&bytes).ok());
        let known = read.filter(|read| read.schema == SCHEMA);
        Ok(known.map(|read| read.failures).unwrap_or_default())
    }

    /// Keeps a failure, in place of the last one with the same request.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn keep_failure(
        &self,
        product: &Product,
        failure: FailureRecord,
    ) -> Result<(), StoreError> {
        self.change_failures(product, |failures| {
            failures.retain(|old| old.requested != failure.requested);
            failures.insert(0, failure);
            failures.truncate(MAX_FAILURES);
        })
    }

    /// Removes the failures that a success settles: those of the same request or slot.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn forget_failures(
        &self,
        product: &Product,
        requested: &str,
        slot: &Slot,
    ) -> Result<(), StoreError> {
        let settled =
            |failure: &FailureRecord| failure.requested == requested || failure.concerns(slot);
        if !self.failures(product)?.iter().any(settled) {
            return Ok(());
        }
        self.change_failures(product, |failures| failures.retain(|failure| !settled(failure)))
    }

    /// Removes the failures of all products that are older than `age`, and returns their number.
    ///
    /// # Errors
    /// [`StoreError`] where a file cannot be read or written.
    pub(super) fn forget_old_failures(
        &self,
        age: Duration,
        now: SystemTime,
    ) -> Result<usize, StoreError> {
        let is_old = |failure: &FailureRecord| is_old(failure, age, now);
        let mut removed = 0;
        for product in self.products_in("failures", ".json")? {
            let old = self.failures(&product)?.iter().filter(|failure| is_old(failure)).count();
            if old > 0 {
                self.change_failures(&product, |failures| failures.retain(|f| !is_old(f)))?;
            }
            removed += old;
        }
        Ok(removed)
    }

    /// How many failures [`forget_old_failures`](Self::forget_old_failures) would remove.
    pub(super) fn old_failures(&self, age: Duration, now: SystemTime) -> Result<usize, StoreError> {
        let mut count = 0;
        for product in self.products_in("failures", ".json")? {
            let failures = self.failures(&product)?;
            count += failures.iter().filter(|failure| is_old(failure, age, now)).count();
        }
        Ok(count)
    }

    fn change_failures(
        &self,
        product: &Product,
        change: impl FnOnce(&mut Vec<FailureRecord>),
    ) -> Result<(), StoreError> {
        let path = self.failures_path(product);
        let below = path.strip_prefix(&self.root).unwrap_or(&path).display().to_string();
        let _alone = self.lock_named(&below)?;
        self.refuse_links_to(&path)?;
        let mut failures = self.failures(product)?;
        change(&mut failures);
        if failures.is_empty() {
            return absent(std::fs::remove_file(&path))
                .map(drop)
                .map_err(at(FileAction::Remove, &path));
        }
        let document = FailuresDocument { schema: SCHEMA.to_owned(), failures };
        let folder = path.parent().unwrap_or(Path::new("."));
        create_folder(folder)?;
        let mut bytes = serde_json::to_vec_pretty(&document).unwrap_or_default();
        bytes.push(b'\n');
        replace_lazily(&self.tmp(), &path, &bytes)
    }

    fn failures_path(&self, product: &Product) -> PathBuf {
        let Product { authority, binary, platform } = product;
        self.root.join(format!("failures/{authority}/{binary}/{platform}.json"))
    }
}

/// Whether a failure has this age. One without a time is as old as can be.
fn is_old(failure: &FailureRecord, age: Duration, now: SystemTime) -> bool {
    let at = parse_rfc3339(&failure.at);
    at.is_none_or(|at| now.duration_since(at).is_ok_and(|since| since >= age))
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Name, Platform};

    use super::*;

    fn failure(requested: &str, slot: Option<&str>) -> FailureRecord {
        FailureRecord {
            requested: requested.to_owned(),
            slot: slot.map(str::to_owned),
            at: "2026-01-03T00:00:00Z".to_owned(),
            message: "no source could serve it".to_owned(),
            hint: None,
            policy: serde_json::Value::Null,
            ms: 3,
            attempts: Vec::new(),
        }
    }

    #[test]
    fn the_newest_failures_are_kept_one_for_each_request() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cache")).unwrap();
        let (authority, binary) = (Authority::default(), Name::default());
        let product = Product { authority, binary, platform: Platform::LinuxX86_64 };
        assert_eq!(store.failures(&product).unwrap(), []);
        for count in 0..MAX_FAILURES + 3 {
            store.keep_failure(&product, failure(&format!("0.{count}.0"), None)).unwrap();
        }
        store.keep_failure(&product, failure("latest", Some("0.9.0"))).unwrap();
        store.keep_failure(&product, failure("latest", Some("0.4.0"))).unwrap();
        let requested = |failures: Vec<FailureRecord>| -> Vec<String> {
            failures.into_iter().map(|failure| failure.requested).collect()
        };
        let all = requested(store.failures(&product).unwrap());
        assert_eq!(all.len(), MAX_FAILURES);
        assert_eq!(all[..2], ["latest", "0.18.0"]);
        store.forget_failures(&product, "^0.4", &"0.4.0".parse().unwrap()).unwrap();
        assert!(
            !requested(store.failures(&product).unwrap())
                .iter()
                .any(|w| w == "latest" || w == "0.4.0")
        );
        std::fs::write(store.failures_path(&product), "{").unwrap();
        assert_eq!(store.failures(&product).unwrap(), []);
    }
}
