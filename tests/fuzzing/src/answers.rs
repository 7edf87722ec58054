//! What servers answer.

use loom_core::llm::sse::SseDecoder;
use loom_environment::ReadyDocument;

use crate::input::text;

/// The page that a web server makes of a folder.
pub(crate) fn folder_page(data: &[u8]) {
    if let Some(page) = text(data) {
        loom_mirror::fuzzing::folder_page(page);
    }
}

/// Server-sent events are the same wherever the bytes are split.
pub(crate) fn events(data: &[u8]) {
    let mut at_once = SseDecoder::default();
    let expected = at_once.push(data).expect("it is shorter than the limit");
    let mut decoder = SseDecoder::default();
    let size = data.first().map_or(1, |byte| usize::from(*byte % 7) + 1);
    let parts = data.chunks(size).map(|part| decoder.push(part).expect("it is shorter"));
    assert_eq!(parts.flatten().collect::<Vec<_>>(), expected);
}

/// The file in which a server writes its addresses.
pub(crate) fn ready(data: &[u8]) {
    let Ok(read) = serde_json::from_slice::<ReadyDocument>(data) else { return };
    let written = serde_json::to_vec(&read).expect("it is a document");
    let read = serde_json::from_slice::<ReadyDocument>(&written).expect("it was written");
    assert_eq!(serde_json::to_vec(&read).expect("it is a document"), written);
}
