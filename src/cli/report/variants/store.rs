//! Samples of the errors of the store.

use std::{io, path::PathBuf, time::Duration};

use loom_base::file_lock::LockHolder;
use loom_runtime::{
    store::{
        AdmitError, FileKind, StoreError, TreePath, UnpackError, error::FileAction,
        listing::TreeListingError, path::PathError,
    },
    trust::DigestSubject,
};
use loom_source::record::DocumentError;

use super::samples::{digest, io_error, json_error, release, signature_problem};

variants!(StoreError {
    Io,
    Newer,
    NotAStore,
    ForeignFolder,
    NotAFolder,
    DamagedFormat,
    Document,
    Damaged,
    NotExecutable,
    NoLocks,
    Busy,
    Held,
    OpenToAll,
    OpenToGroup,
    NotShared,
    StateFolder,
    Gone,
    Statement
});
variants!(UnpackError { Read, Zip, Path, Entry, Limit, Trailing, Truncated, Strip, Empty, Store });
variants!(AdmitError {
    Mismatch,
    Size,
    OtherArtifact,
    Unverified,
    Signature,
    NoEntry,
    NotAProgram,
    Link,
    Path,
    Listing,
    Store
});
variants!(TreeListingError { Newer, Header, Line, Path, Order, Empty });
variants!(DocumentError { Malformed, Newer, Critical });

fn path() -> PathBuf {
    "/cache/x".into()
}

pub(super) fn busy() -> StoreError {
    StoreError::Busy { what: release().to_string(), path: path(), holder: None }
}

fn path_error() -> PathError {
    "../x".parse::<TreePath>().unwrap_err()
}

pub(super) fn errors() -> Vec<StoreError> {
    let io = |source| StoreError::Io { action: FileAction::Write, path: path(), source };
    let release = || Box::new(release());
    vec![
        io(io_error()),
        io(io::Error::new(io::ErrorKind::StorageFull, "no space left")),
        io(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "read-only")),
        StoreError::Newer { root: path(), found: "loom-store 2".to_owned() },
        StoreError::NotAStore { path: path(), found: "x".to_owned() },
        StoreError::ForeignFolder { path: path().join("bin"), beside: path().join("etc") },
        StoreError::NotAFolder { root: path() },
        StoreError::DamagedFormat { path: path(), found: "x".to_owned() },
        StoreError::Document { path: path(), source: DocumentError::Critical("expiry".to_owned()) },
        StoreError::Damaged { path: path(), what: "its digest is wrong".to_owned() },
        StoreError::NoLocks { path: path(), source: io_error() },
        StoreError::NotExecutable { path: path(), why: "it lost its permission" },
        busy(),
        StoreError::Held {
            path: path(),
            holder: Some(Box::new(LockHolder {
                pid: 7,
                program: Some("x".to_owned()),
                user: Some(1000),
            })),
            waited: Duration::from_secs(60),
        },
        StoreError::OpenToAll { root: path() },
        StoreError::OpenToGroup { root: path() },
        StoreError::NotShared { root: path() },
        StoreError::StateFolder {
            source: Box::new(io(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "read-only"))),
        },
        StoreError::Gone { release: release(), root: path() },
        StoreError::Statement { release: release(), why: "names another tree".to_owned() },
    ]
}

pub(super) fn documents() -> Vec<DocumentError> {
    vec![
        DocumentError::Malformed { kind: "record", source: json_error() },
        DocumentError::Newer { kind: "record", schema: "loom-record 2".to_owned() },
        DocumentError::Critical("expiry".to_owned()),
    ]
}

/// The error for a document that cannot be used.
pub(super) fn unusable(source: DocumentError) -> StoreError {
    StoreError::Document { path: path(), source }
}

pub(super) fn unpack_errors() -> Vec<UnpackError> {
    vec![
        UnpackError::Read(io_error()),
        UnpackError::Zip(zip::result::ZipError::UnsupportedArchive("no end record")),
        UnpackError::Path(path_error()),
        UnpackError::Entry { path: "dev/null".to_owned(), why: "it is a device" },
        UnpackError::Limit { what: "files", limit: 10 },
        UnpackError::Trailing("after"),
        UnpackError::Truncated,
        UnpackError::Strip,
        UnpackError::Empty,
        UnpackError::Store(busy()),
    ]
}

pub(super) fn admit_errors() -> Vec<AdmitError> {
    let release = || Box::new(release());
    let by = || "its .sha256 file".to_owned();
    vec![
        AdmitError::Mismatch {
            release: release(),
            of: DigestSubject::Archive,
            expected: digest("a"),
            got: digest("b"),
            by: by(),
        },
        AdmitError::Size { release: release(), expected: 7, got: 6 },
        AdmitError::OtherArtifact { release: release(), by: by() },
        AdmitError::Unverified(release()),
        AdmitError::Signature(Box::new(signature_problem("v0.2.0/x.minisig"))),
        AdmitError::NoEntry {
            release: release(),
            wanted: "loom".to_owned(),
            found: "README.md".to_owned(),
        },
        AdmitError::NotAProgram {
            release: release(),
            path: "loom".to_owned(),
            found: FileKind::of(b""),
        },
        AdmitError::Link {
            path: "a".to_owned(),
            target: "/etc/passwd".to_owned(),
            why: "it is absolute",
        },
        AdmitError::Path(path_error()),
        AdmitError::Listing(TreeListingError::Empty),
        AdmitError::Store(busy()),
    ]
}

pub(super) fn listing_errors() -> Vec<TreeListingError> {
    vec![
        TreeListingError::Newer("loom-tree 2".to_owned()),
        TreeListingError::Header,
        TreeListingError::Line(2),
        TreeListingError::Path { line: 2, source: path_error() },
        TreeListingError::Order(3),
        TreeListingError::Empty,
    ]
}
