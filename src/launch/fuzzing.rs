//! The lines between a command and a supervisor, for the fuzz targets.

use super::{
    control::{ControlReply, ControlRequest, StartReport},
    start_request::StartRequest,
};
use crate::state::fuzzing::read_again;

/// Reads a line as each message. What was read is written and read again as it was.
pub fn line(line: &[u8]) {
    read_again::<ControlRequest>(line);
    read_again::<ControlReply>(line);
    read_again::<StartReport>(line);
    read_again::<StartRequest>(line);
}
