//! Lock files.

use std::io;

use loom_runtime::lock::{LockConflict, LockError};
use loom_source::Platform;

use super::samples::version;

variants!(LockError { Malformed, Newer, Unusable, Read, Write, Changed });
variants!(LockConflict { OtherRequest, OtherVersion, NoPlatform });

pub(super) fn errors() -> Vec<LockError> {
    let file = || "/p/loom.lock".into();
    let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
    vec![
        LockError::Malformed("missing field `schema`".to_owned()),
        LockError::Newer("loom-lock 2".to_owned()),
        LockError::Unusable {
            file: file(),
            source: Box::new(LockError::Newer("loom-lock 2".to_owned())),
        },
        LockError::Read { file: file(), source: refused() },
        LockError::Write { file: file(), source: refused() },
        LockError::Changed {
            release: super::samples::release().to_string(),
            what: "the tree".to_owned(),
            locked: "12".to_owned(),
            got: "34".to_owned(),
        },
    ]
}

pub(super) fn conflicts() -> Vec<LockConflict> {
    let selector = |text: &str| text.parse().expect("a selector");
    vec![
        LockConflict::OtherRequest {
            version: version("0.2.0"),
            locked: Box::new(selector("^0.2")),
            requested: Box::new(selector("^0.3")),
            by: "/p/loom.toml:2".to_owned(),
        },
        LockConflict::OtherVersion {
            version: version("0.2.0"),
            requested: selector("0.1.0"),
            by: "--version".to_owned(),
        },
        LockConflict::NoPlatform {
            platform: Platform::MacosAarch64,
            has: vec![Platform::LinuxX86_64],
        },
    ]
}
