//! The lines between a command and a supervisor, for the fuzz targets.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    control::{ControlReply, ControlRequest, StartReport},
    start_request::StartRequest,
};

/// Reads a line as each message. What was read is written and read again as it was.
pub fn line(line: &[u8]) {
    again::<ControlRequest>(line);
    again::<ControlReply>(line);
    again::<StartReport>(line);
    again::<StartRequest>(line);
}

fn again<T: Serialize + DeserializeOwned>(line: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(line) else { return };
    let Ok(written) = serde_json::to_value(&read) else { return };
    let read: T = serde_json::from_value(written.clone()).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(serde_json::to_value(&read).ok(), Some(written));
}
