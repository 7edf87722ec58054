//! Samples of the errors of tasks on mirrors.

use loom_runtime::mirror::{MirrorTaskError, serve::ServeError};
use loom_source::{SourceError, SourceErrorKind, record::DocumentError};

use super::samples::{io_error, json_error};

variants!(MirrorTaskError { Source, Document, NoIndex });
variants!(ServeError { Folder, Listen, Remote, NoStore, Source });

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

pub(super) fn serve_errors() -> Vec<ServeError> {
    let address = || std::net::SocketAddr::from(([10, 0, 0, 1], 8180));
    vec![
        ServeError::Folder { path: "/srv/loom".into(), source: io_error() },
        ServeError::Listen { address: address(), source: io_error() },
        ServeError::Remote { address: address() },
        ServeError::NoStore { mirror: "https://mirror.example/loom".to_owned() },
        SourceError::new("https://mirror.example/loom/format", SourceErrorKind::Tls).into(),
    ]
}
