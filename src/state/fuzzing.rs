//! What the fuzz targets of documents have in common.

use serde::{Serialize, de::DeserializeOwned};

/// Reads bytes as a document. What was read is written and read again as it was.
pub(crate) fn read_again<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let Ok(written) = serde_json::to_value(&read) else { return };
    let read: T = serde_json::from_value(written.clone()).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(serde_json::to_value(&read).ok(), Some(written));
}
