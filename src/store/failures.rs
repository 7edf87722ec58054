//! The last attempts that brought nothing: receipts of failures, for this machine and its people.
//!
//! One file for a program on a platform, the newest failure first, one for each thing that was wanted,
//! and no more than [`KEPT`].

use std::{
    fs,
    path::{Path, PathBuf},
};

use loom_source::{Product, Slot};
use serde::{Deserialize, Serialize};

use super::{
    Attempt, Store, StoreError,
    durable::replace_lazily,
    error::{Act, absent, at},
};

/// How many failures of a program on a platform are kept.
pub const KEPT: usize = 16;

const SCHEMA: &str = "loom-failures 1";

/// `failures/<authority>/<binary>/<platform>.json`. Fields that a reader does not know are ignored.
#[derive(Debug, Serialize, Deserialize)]
struct Failures {
    schema: String,
    failures: Vec<Failed>,
}

/// One attempt that brought nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// What was wanted, as it was asked for: `0.2.0`, `latest`, `>=0.1,<0.3`, `dev`.
    pub wanted: String,
    /// The version that this came to, or `dev`, where it came to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// When (RFC 3339, UTC).
    pub at: String,
    /// What failed, for people.
    pub message: String,
    /// What to do, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The policy that was in force.
    #[serde(default)]
    pub policy: serde_json::Value,
    /// How long it took in all, in milliseconds.
    #[serde(default)]
    pub ms: u64,
    /// Who was asked, in order.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
}

impl Failed {
    /// Whether it is about this version.
    pub fn is_about(&self, slot: &Slot) -> bool {
        let slot = slot.to_string();
        self.wanted == slot || self.slot.as_ref() == Some(&slot)
    }
}

impl Store {
    /// The last failures of a line, the newest first. A file that cannot be read counts as none.
    pub fn failures(&self, line: &Product) -> Result<Vec<Failed>, StoreError> {
        let path = self.failures_path(line);
        let bytes = absent(fs::read(&path)).map_err(at(Act::Read, &path))?;
        let read = bytes.and_then(|bytes| serde_json::from_slice::<Failures>(&bytes).ok());
        let of_ours = read.filter(|read| read.schema == SCHEMA);
        Ok(of_ours.map(|read| read.failures).unwrap_or_default())
    }

    /// Remembers a failure, in place of the last one with the same wish.
    pub fn note_failure(&self, line: &Product, failed: Failed) -> Result<(), StoreError> {
        self.change_failures(line, |failures| {
            failures.retain(|old| old.wanted != failed.wanted);
            failures.insert(0, failed);
            failures.truncate(KEPT);
        })
    }

    /// Forgets failures that were about what is here now.
    pub fn forget_failures(
        &self,
        line: &Product,
        wanted: &str,
        slot: &Slot,
    ) -> Result<(), StoreError> {
        let settled = |failed: &Failed| failed.wanted == wanted || failed.is_about(slot);
        if !self.failures(line)?.iter().any(settled) {
            return Ok(());
        }
        self.change_failures(line, |failures| failures.retain(|failed| !settled(failed)))
    }

    fn change_failures(
        &self,
        line: &Product,
        change: impl FnOnce(&mut Vec<Failed>),
    ) -> Result<(), StoreError> {
        let path = self.failures_path(line);
        let below = path.strip_prefix(&self.root).unwrap_or(&path).display().to_string();
        let _alone = self.lock_named(&below, &mut || {})?;
        let mut failures = self.failures(line)?;
        change(&mut failures);
        let document = Failures { schema: SCHEMA.to_owned(), failures };
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(at(Act::Create, folder))?;
        let mut bytes = serde_json::to_vec_pretty(&document).unwrap_or_default();
        bytes.push(b'\n');
        replace_lazily(&self.tmp(), &path, &bytes)
    }

    fn failures_path(&self, line: &Product) -> PathBuf {
        let Product { authority, binary, platform } = line;
        self.root.join(format!("failures/{authority}/{binary}/{platform}.json"))
    }
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Name, Platform};

    use super::*;

    fn failed(wanted: &str, slot: Option<&str>) -> Failed {
        Failed {
            wanted: wanted.to_owned(),
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
    fn the_newest_failures_stay_one_for_each_wish() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cache")).unwrap();
        let (authority, binary) = (Authority::default(), Name::default());
        let line = Product { authority, binary, platform: Platform::LinuxX86_64 };
        assert_eq!(store.failures(&line).unwrap(), []);
        for count in 0..KEPT + 3 {
            store.note_failure(&line, failed(&format!("0.{count}.0"), None)).unwrap();
        }
        store.note_failure(&line, failed("latest", Some("0.9.0"))).unwrap();
        store.note_failure(&line, failed("latest", Some("0.4.0"))).unwrap();
        let wanted = |failures: Vec<Failed>| -> Vec<String> {
            failures.into_iter().map(|failed| failed.wanted).collect()
        };
        let all = wanted(store.failures(&line).unwrap());
        assert_eq!(all.len(), KEPT);
        assert_eq!(all[..2], ["latest", "0.18.0"]);
        store.forget_failures(&line, "^0.4", &"0.4.0".parse().unwrap()).unwrap();
        assert!(
            !wanted(store.failures(&line).unwrap()).iter().any(|w| w == "latest" || w == "0.4.0")
        );
        fs::write(store.failures_path(&line), "{").unwrap();
        assert_eq!(store.failures(&line).unwrap(), []);
    }
}
