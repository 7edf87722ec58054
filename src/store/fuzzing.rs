//! Files of the store, for the fuzz targets.

use serde::{Serialize, de::DeserializeOwned};

use super::{Receipt, failures::FailuresDocument, partial::PartialHeader};

/// Reads a receipt, failures and the file beside a partial transfer. What was read is written and read again as it was.
pub fn documents(bytes: &[u8]) {
    again::<Receipt>(bytes);
    again::<FailuresDocument>(bytes);
    again::<PartialHeader>(bytes);
}

/// Reads a root file.
pub fn root_file(bytes: &[u8]) {
    super::roots::generations::read_again(bytes);
}

fn again<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_value(&read).unwrap_or_default();
    let read: T = serde_json::from_value(written.clone()).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(serde_json::to_value(&read).unwrap_or_default(), written);
}
