//! Samples of the errors of tasks on mirrors.

use loom_mirror::bundle::{BundleError, BundleWriteError};
use loom_runtime::mirror::{MirrorTaskError, bundle::BundleTaskError, serve::ServeError};
use loom_source::{SourceError, SourceErrorKind, record::DocumentError};

use super::samples::{io_error, json_error, release};

variants!(MirrorTaskError { Source, Document, NoIndex });
variants!(BundleTaskError {
    Mirror,
    Source,
    Document,
    NoStore,
    NoRelease,
    Missing,
    Unlistable,
    NoArtifact,
    File,
    Write,
    Read,
});
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

pub(super) fn bundle_errors() -> Vec<BundleTaskError> {
    let mirror = || "https://mirror.example/loom".to_owned();
    let at = || format!("{}/releases/index.json", mirror());
    let boxed = || Box::new(release());
    let path = || std::path::PathBuf::from("/media/usb/loom-0.2.0.loombundle");
    vec![
        MirrorTaskError::NoIndex { mirror: mirror() }.into(),
        SourceError::new(at(), SourceErrorKind::Tls).into(),
        BundleTaskError::Document {
            at: at(),
            source: DocumentError::Malformed { kind: "index", source: json_error() },
        },
        BundleTaskError::NoStore { mirror: mirror() },
        BundleTaskError::NoRelease { mirror: mirror(), versions: "latest, ^0.3".to_owned() },
        BundleTaskError::Missing { mirror: mirror(), release: boxed() },
        BundleTaskError::Unlistable { mirror: mirror(), selector: "^0.3".parse().unwrap() },
        BundleTaskError::NoArtifact { mirror: mirror(), release: boxed() },
        BundleTaskError::File { path: path(), source: io_error() },
        BundleWriteError::Changed("objects/sha256/ab/abcd".to_owned()).into(),
        BundleTaskError::Read { path: path(), source: BundleError::Size { expected: 2, got: 1 } },
        BundleTaskError::Read { path: path(), source: io_error().into() },
    ]
}
