//! Samples of the errors of tasks on mirrors.

use loom_mirror::{
    MirrorError,
    bundle::{BundleError, BundleWriteError},
    destination::DestinationError,
};
use loom_runtime::{
    acquire::AcquireError,
    mirror::{MirrorTaskError, bundle::BundleTaskError, serve::MirrorServeError},
    trust::mirror::MirrorRejection,
};
use loom_source::{SourceError, SourceErrorKind, record::DocumentError};

use super::samples::{digest, io_error, json_error, release, version};

variants!(MirrorTaskError {
    Source,
    Destination,
    Images,
    Open,
    Acquire,
    Store,
    Staging,
    Document,
    Rejected,
    Mismatch,
    NoIndex,
    Unlistable,
    NotListed,
    Differs,
    Unverified,
    NoArchive,
    Authority,
    NoRoot,
    NoMirror,
    RootExists,
    Unsigned,
    Root,
    KeyFile,
    Keys,
    LastSerial,
    Contended
});
variants!(DestinationError { Answer, Write, Locked, NoTag });

fn mirror() -> String {
    "https://mirror.example/loom".to_owned()
}

fn index() -> String {
    format!("{}/releases/index.json", mirror())
}
variants!(BundleTaskError {
    Mirror,
    Source,
    Document,
    NoStore,
    NoRelease,
    Missing,
    Unlistable,
    NoArtifact,
    Overtaken,
    File,
    Write,
    Read,
});
variants!(MirrorServeError { Folder, Listen, Remote, NoStore, Source });

pub(super) fn errors() -> Vec<MirrorTaskError> {
    let mut errors = errors_of_others();
    errors.extend(errors_of_documents());
    errors.extend(errors_of_keys());
    errors
}

fn errors_of_others() -> Vec<MirrorTaskError> {
    let store = super::store::errors().into_iter().next();
    let mut errors = vec![
        SourceError::new(index(), SourceErrorKind::Tls).into(),
        DestinationError::NoTag { at: index() }.into(),
        loom_oci::ImageWriteError::Contended { at: "oci://registry.example/loom:0.2.0".to_owned() }
            .into(),
        MirrorTaskError::Open(MirrorError::ReadOnly { location: mirror() }.into()),
        AcquireError::NoSource("loom-bridge-server".to_owned()).into(),
        MirrorTaskError::Staging { folder: "/cache/mirror".into(), source: io_error() },
    ];
    errors.extend(store.map(MirrorTaskError::Store));
    errors
}

fn errors_of_documents() -> Vec<MirrorTaskError> {
    let release = release();
    vec![
        MirrorTaskError::Document {
            at: index(),
            source: DocumentError::Malformed { kind: "index", source: json_error() },
        },
        MirrorTaskError::Rejected {
            at: index(),
            source: Box::new(MirrorRejection::Absent("index")),
        },
        MirrorTaskError::Mismatch { at: index(), expected: digest("a"), got: digest("b") },
        MirrorTaskError::NoIndex { mirror: mirror() },
        MirrorTaskError::Unlistable { at: mirror(), why: "there is no index" },
        MirrorTaskError::NotListed { binary: release.binary.clone(), version: version("0.2.0") },
        MirrorTaskError::Differs {
            release: Box::new(release.clone()),
            here: digest("a"),
            there: digest("b"),
        },
        MirrorTaskError::Unverified {
            release: Box::new(release.clone()),
            why: "was accepted without a checksum",
        },
        MirrorTaskError::NoArchive { release: Box::new(release.clone()) },
        MirrorTaskError::Authority { authority: release.authority, mirror: mirror() },
    ]
}

fn errors_of_keys() -> Vec<MirrorTaskError> {
    vec![
        MirrorTaskError::NoRoot { mirror: mirror(), number: 2 },
        MirrorTaskError::NoMirror { at: mirror() },
        MirrorTaskError::RootExists { mirror: mirror(), number: 1 },
        MirrorTaskError::Unsigned { mirror: mirror() },
        MirrorTaskError::Root("the role root has the threshold 2 of 1 keys".to_owned()),
        MirrorTaskError::KeyFile {
            path: "/keys/index.pem".into(),
            why: "not an Ed25519 key".to_owned(),
        },
        MirrorTaskError::Keys {
            role: "index",
            threshold: 1,
            keys: vec!["0123456789ab".to_owned()],
            got: 0,
        },
        MirrorTaskError::LastSerial { mirror: mirror() },
        MirrorTaskError::Contended { mirror: mirror() },
    ]
}

pub(super) fn destination_errors() -> Vec<DestinationError> {
    vec![
        SourceError::new(index(), SourceErrorKind::Offline).into(),
        DestinationError::Write { path: "/srv/loom/format".to_owned(), source: io_error() },
        DestinationError::Locked {
            path: "/srv/loom/locks/mirror".to_owned(),
            holder: "process 7".to_owned(),
        },
        DestinationError::NoTag { at: index() },
    ]
}

pub(super) fn serve_errors() -> Vec<MirrorServeError> {
    let address = || std::net::SocketAddr::from(([10, 0, 0, 1], 8180));
    vec![
        MirrorServeError::Folder { path: "/srv/loom".into(), source: io_error() },
        MirrorServeError::Listen { address: address(), source: io_error() },
        MirrorServeError::Listen {
            address: address(),
            source: std::io::ErrorKind::AddrInUse.into(),
        },
        MirrorServeError::Remote { address: address() },
        MirrorServeError::NoStore { mirror: "https://mirror.example/loom".to_owned() },
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
        BundleTaskError::Overtaken { mirror: mirror() },
        BundleTaskError::File { path: path(), source: io_error() },
        BundleWriteError::Changed("objects/sha256/ab/abcd".to_owned()).into(),
        BundleTaskError::Read { path: path(), source: BundleError::Size { expected: 2, got: 1 } },
        BundleTaskError::Read { path: path(), source: io_error().into() },
    ]
}
