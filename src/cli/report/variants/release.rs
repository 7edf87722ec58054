//! Errors of making releases.

use std::io;

use loom_github::publish::PublishError;
use loom_mirror::destination::DestinationError;
use loom_runtime::{
    release::{
        LibraryError, MirrorPublishError, ReleaseFolderError, SbomError, pack::PackError,
        sign::SignError,
    },
    store::{AdmitError, FileKind, UnpackError},
};
use loom_signatures::{EvidenceKind, SignatureError, sign::SigningError};
use loom_source::{Digest, Name, Platform, SourceErrorKind};

use super::{samples, sources};

variants!(PackError {
    NoProgram,
    OtherPlatform,
    DevelopmentBuild,
    OtherVersion,
    NotAReleaseVersion,
    SameName,
    Differs,
    Io,
    Unpacked,
    Unpack,
    Admit,
    Store,
});

variants!(LibraryError { Missing, TooMany, Io });

variants!(SbomError { OtherFormat, Io });

variants!(ReleaseFolderError { Empty, Versions, NotAFile, Checksum, TooMany, Io });

variants!(MirrorPublishError { StoreLayout, Differs, SignedSums, Contended, Destination });

variants!(SignError { Key, Other, Gpg, Io });

variants!(PublishError {
    Request,
    Invalid,
    Differs,
    Immutable,
    NoTag,
    SeveralDrafts,
    UploadHost,
    Incomplete,
    Read,
    Changed,
});

const ASSET: &str = "loom-bridge-server-0.2.0-linux-x86_64.tar.gz";

fn denied() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

pub(super) fn library_errors() -> Vec<LibraryError> {
    vec![
        LibraryError::Missing {
            name: "libssl.so.3".to_owned(),
            of: "loom-bridge-server".to_owned(),
            folders: vec![
                "/lib/x86_64-linux-gnu".to_owned(),
                "/usr/lib/x86_64-linux-gnu".to_owned(),
            ],
        },
        LibraryError::TooMany { of: "loom-bridge-server".to_owned() },
        LibraryError::Io { path: "/lib64/ld-linux-x86-64.so.2".into(), source: denied() },
        LibraryError::Io {
            path: "/tmp/linux-x86_64.tar.gz".into(),
            source: io::ErrorKind::StorageFull.into(),
        },
    ]
}

pub(super) fn sbom_errors() -> Vec<SbomError> {
    let path = || "dist/loom-0.2.0.cdx.json".into();
    vec![
        SbomError::OtherFormat { path: path(), ending: ".cdx.json" },
        SbomError::Io { path: path(), source: denied() },
    ]
}

pub(super) fn pack_errors() -> Vec<PackError> {
    let (path, platform) = (|| "/builds/loom-bridge-server".into(), Platform::LinuxX86_64);
    let version = || samples::version("0.2.0");
    vec![
        PackError::NoProgram {
            executable: "loom-bridge-server".to_owned(),
            platform,
            place: "/builds".into(),
            tried: vec!["/builds/linux-x86_64/loom-bridge-server".into()],
        },
        PackError::OtherPlatform {
            path: path(),
            platform,
            kind: FileKind::Executable(vec![Platform::MacosAarch64]),
        },
        PackError::DevelopmentBuild {
            path: path(),
            why: "it is in the folder of cargo's profile dev",
        },
        PackError::OtherVersion {
            path: path(),
            expected: version(),
            said: "loom-bridge-server 0.1.0".to_owned(),
        },
        PackError::NotAReleaseVersion {
            version: samples::version("0.2.0-dirty"),
            why: "the checkout had changes that were not committed",
        },
        PackError::SameName("LICENSE".to_owned()),
        PackError::Differs { path: format!("/dist/{ASSET}").into() },
        PackError::Io { path: path(), source: denied() },
        PackError::Io { path: path(), source: io::ErrorKind::StorageFull.into() },
        PackError::Unpacked {
            release: samples::release().into(),
            why: "expected a, got b".to_owned(),
        },
        PackError::Unpack(UnpackError::Empty),
        PackError::Admit(AdmitError::Unverified(samples::release().into())),
        PackError::Store(super::store::errors().remove(0)),
    ]
}

pub(super) fn folder_errors() -> Vec<ReleaseFolderError> {
    let path = || "/dist".into();
    vec![
        ReleaseFolderError::Empty { path: path(), binary: Name::default() },
        ReleaseFolderError::Versions {
            path: path(),
            first: samples::version("0.1.0"),
            second: samples::version("0.2.0"),
        },
        ReleaseFolderError::NotAFile { path: "/dist/builds".into(), why: "it is not a file" },
        ReleaseFolderError::Checksum {
            file: "SHA256SUMS".to_owned(),
            asset: ASSET.to_owned(),
            sha256: Digest::of(b"asset"),
        },
        ReleaseFolderError::TooMany { path: path() },
        ReleaseFolderError::Io { path: path(), source: denied() },
    ]
}

pub(super) fn sign_errors() -> Vec<SignError> {
    let kind = EvidenceKind::Minisign;
    vec![
        SignError::Key { name: ASSET.to_owned(), source: SigningError::Content(denied()) },
        SignError::Other {
            path: format!("/dist/{ASSET}.minisig").into(),
            source: Some(SignatureError::UnknownKey { kind, got: None, expected: Vec::new() }),
        },
        SignError::Gpg {
            program: "gpg".to_owned(),
            name: ASSET.to_owned(),
            said: "gpg: no default secret key: No secret key".to_owned(),
        },
        SignError::Io { path: format!("/dist/{ASSET}").into(), source: denied() },
    ]
}

pub(super) fn publish_errors() -> Vec<PublishError> {
    let (tag, repo) = (|| "v0.2.0".to_owned(), || "github:loom-os/loom".to_owned());
    let name = || ASSET.to_owned();
    vec![
        PublishError::Request(sources::at_url(SourceErrorKind::HttpStatus {
            status: 502,
            retry_after: None,
        })),
        PublishError::Invalid {
            at: "https://api.github.com/repos/loom-os/loom/releases".to_owned(),
            why: "Validation Failed (tag_name missing_field)".to_owned(),
        },
        PublishError::Differs {
            tag: tag(),
            name: name(),
            expected: "5 bytes".to_owned(),
            got: "6 bytes".to_owned(),
        },
        PublishError::Immutable { tag: tag(), name: name() },
        PublishError::NoTag { tag: tag(), repo: repo() },
        PublishError::SeveralDrafts { tag: tag(), repo: repo(), count: 2 },
        PublishError::UploadHost { repo: repo(), host: "uploads.example".to_owned() },
        PublishError::Incomplete { tag: tag(), name: name() },
        PublishError::Read { path: format!("/dist/{ASSET}").into(), source: denied() },
        PublishError::Changed { path: format!("/dist/{ASSET}").into() },
    ]
}

pub(super) fn mirror_errors() -> Vec<MirrorPublishError> {
    let mirror = || "file:///mirror".to_owned();
    let write = |kind: io::ErrorKind| {
        MirrorPublishError::Destination(DestinationError::Write {
            path: "/mirror/v0.2.0".to_owned(),
            source: kind.into(),
        })
    };
    vec![
        MirrorPublishError::StoreLayout(mirror()),
        MirrorPublishError::Differs {
            mirror: mirror(),
            key: format!("v0.2.0/{ASSET}"),
            expected: Digest::of(b"asset"),
        },
        MirrorPublishError::SignedSums {
            mirror: mirror(),
            key: "v0.2.0/SHA256SUMS".to_owned(),
            signature: "SHA256SUMS.minisig".to_owned(),
            binary: Name::default(),
            other: "loom".to_owned(),
        },
        MirrorPublishError::Contended { mirror: mirror(), key: "v0.2.0/SHA256SUMS".to_owned() },
        write(io::ErrorKind::PermissionDenied),
        write(io::ErrorKind::StorageFull),
        MirrorPublishError::Destination(DestinationError::Locked {
            path: "/mirror/lock".to_owned(),
            holder: "process 7".to_owned(),
        }),
    ]
}
