//! What a history keeps, where and how much.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use crate::{key_patterns::KeyPatterns, prices::ModelPrices};

/// Where a history is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryLocation {
    /// In the memory of the process: it ends with the process.
    Memory,
    /// In a file. SQLite's files with the endings `-wal` and `-shm`, and a lock with the ending `.lock`, are beside it.
    File(PathBuf),
}

/// The bytes of a history in memory.
pub const MEMORY_BYTES: u64 = 64 << 20;
/// The default size of a file.
pub const FILE_BYTES: u64 = 256 << 20;
/// The smallest size of a history: below it, indexes alone would fill the file.
pub const SMALLEST_BYTES: u64 = 2 << 20;

/// Settings of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistorySettings {
    /// Where it is.
    pub location: HistoryLocation,
    /// The size of the file, with SQLite's log of changes beside it; at least [`SMALLEST_BYTES`].
    pub bytes: u64,
    /// The age after which a run is removed.
    pub age: Duration,
    /// The rows that are stored in one second; beyond it, whole runs are left out.
    pub rows_per_second: u32,
    /// The part of a body that is kept, in bytes.
    pub body_bytes: usize,
    /// Whether bodies and previews are kept.
    pub content: bool,
    /// The prices of tokens by the name of the provider.
    pub prices: BTreeMap<String, ModelPrices>,
    /// The keys whose values are replaced.
    pub redaction: KeyPatterns,
}

impl HistorySettings {
    /// The default settings of a file: 256 MiB, 7 days, 2,000 rows per second.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            location: HistoryLocation::File(path.into()),
            bytes: FILE_BYTES,
            age: Duration::from_secs(7 * 86_400),
            rows_per_second: 2_000,
            body_bytes: 64 << 10,
            content: true,
            prices: BTreeMap::new(),
            redaction: KeyPatterns::default(),
        }
    }

    /// The default settings of a history in memory: 64 MiB.
    pub fn memory() -> Self {
        let file = Self::file(PathBuf::new());
        Self { location: HistoryLocation::Memory, bytes: MEMORY_BYTES, ..file }
    }
}
