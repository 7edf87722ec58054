//! Samples of the errors of tasks on mirrors.

use loom_runtime::mirror::MirrorTaskError;
use loom_source::{SourceError, SourceErrorKind, record::DocumentError};

use super::samples::json_error;

variants!(MirrorTaskError { Source, Document, NoIndex });

pub(super) fn errors() -> Vec<MirrorTaskError> {
    let mirror = || "https://mirror.example/loom".to_owned();
    let at = || format!("{}/releases/index.json", mirror());
    vec![
        SourceError::new(at(), SourceErrorKind::Tls).into(),
        MirrorTaskError::Document {
            at: at(),
            source: DocumentError::Malformed { kind: "index", source: json_error() },
        },
        MirrorTaskError::NoIndex { mirror: mirror() },
    ]
}
