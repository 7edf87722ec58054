//! Errors of writing images.

use std::io;

use loom_oci::ImageWriteError;
use loom_source::{Platform, SourceErrorKind};

use super::{
    samples::{digest, io_error},
    sources::at_url,
};

variants!(ImageWriteError {
    Answer,
    Write,
    Read,
    Locked,
    TarLayout,
    Taken,
    NoRepository,
    NoImage,
    Foreign,
    Undeletable,
    Contended,
    Mismatch,
    Statement,
});

pub(super) fn errors() -> Vec<ImageWriteError> {
    let at = || "oci://registry.example/loom/loom-bridge-server:0.2.0".to_owned();
    let path = || "/srv/images/index.json".to_owned();
    vec![
        at_url(SourceErrorKind::Tls).into(),
        ImageWriteError::Write { path: path(), source: io_error() },
        ImageWriteError::Write { path: path(), source: io::ErrorKind::StorageFull.into() },
        ImageWriteError::Read { path: "/glibc.tar".to_owned(), source: io_error() },
        ImageWriteError::Locked {
            path: "/srv/images/oci-layout".to_owned(),
            holder: "process 7".to_owned(),
        },
        ImageWriteError::TarLayout { at: "/srv/images.tar".to_owned() },
        ImageWriteError::Taken {
            at: at(),
            platform: Platform::LinuxX86_64,
            here: digest("a"),
            there: digest("b"),
        },
        ImageWriteError::NoRepository { at: "oci://registry.example".to_owned() },
        ImageWriteError::NoImage {
            image: "loom-bridge-server:0.2.0".to_owned(),
            platform: Platform::MacosAarch64,
        },
        ImageWriteError::Foreign { at: at(), why: "unknown field `subject`".to_owned() },
        ImageWriteError::Undeletable {
            at: "oci://registry.example/loom/loom-bridge-server".to_owned(),
        },
        ImageWriteError::Contended { at: at() },
        ImageWriteError::Mismatch {
            path: "/cache/store/archive".to_owned(),
            expected: digest("a"),
            got: digest("b"),
        },
        ImageWriteError::Statement("its schema is \"x\"".to_owned()),
    ]
}
