//! The documents of language models, for the fuzz targets.

use super::piece::{self, ChatPiece};

/// Reads a document of a stream, and the body of a failed request.
pub fn document(bytes: &[u8]) {
    if let Ok(piece) = ChatPiece::read(bytes) {
        let texts = [&piece.model, &piece.delta, &piece.message, &piece.finish_reason];
        let length: usize = texts.into_iter().flatten().map(String::len).sum();
        // Each byte of a document can become at most one character, of at most three bytes where it is replaced.
        assert!(length <= bytes.len() * 3, "{length} of {}", bytes.len());
    }
    let _ = piece::error_message(bytes);
}
