//! [`ListedStatements`]: what the index of a mirror says about the releases that it listed.

use std::{collections::BTreeMap, sync::Mutex};

use loom_base::LockExt as _;
use loom_source::{Digest, Index, Product, Record, Release};

/// The statements that an index names. A version that was selected by an index is the release that the index means, or
/// none: the record must name the same statement.
#[derive(Debug, Default)]
pub(crate) struct ListedStatements(Mutex<BTreeMap<String, Digest>>);

impl ListedStatements {
    /// Keeps what `index` says about the releases of `product`, instead of what an earlier one said.
    pub(crate) fn keep(&self, index: &Index, product: &Product) {
        let mut kept = self.0.locked();
        kept.clear();
        for entry in &index.payload.releases {
            let of = Product {
                authority: entry.authority.clone(),
                binary: entry.binary.clone(),
                platform: entry.platform,
            };
            if of == *product {
                kept.insert(Record::path(&of.at_version(entry.version.clone())), entry.statement);
            }
        }
    }

    /// The statement that the index names for `release`; `None` where no index was read, or it does not list the release.
    pub(crate) fn get(&self, release: &Release) -> Option<Digest> {
        self.0.locked().get(&Record::path(release)).copied()
    }
}
