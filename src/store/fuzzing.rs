//! Files of the store, for the fuzz targets.

use super::{Receipt, failures::FailuresDocument, partial_header::PartialHeader};
use crate::state::fuzzing::read_again;

/// Reads a receipt, failures and the file beside a partial transfer. What was read is written and read again as it was.
pub fn documents(bytes: &[u8]) {
    read_again::<Receipt>(bytes);
    read_again::<FailuresDocument>(bytes);
    read_again::<PartialHeader>(bytes);
}

/// Reads a root file.
pub fn root_file(bytes: &[u8]) {
    super::roots::generations::read_again(bytes);
}
