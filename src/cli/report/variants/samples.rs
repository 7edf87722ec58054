//! Values that many errors have in common.

use std::io;

use loom_runtime::{
    state::{StateDir, StateError},
    trust::SignatureProblem,
};
use loom_source::{Authority, Digest, Name, Platform, Product, Release, Version};

pub(super) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// The same release on every machine.
pub(super) fn release() -> Release {
    let platform = Platform::LinuxX86_64;
    let product = Product { authority: Authority::default(), binary: Name::default(), platform };
    product.at_version(version("0.2.0"))
}

/// The digest of a text.
pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// An error of the operating system with a text that is the same on every platform.
pub(super) fn io_error() -> io::Error {
    io::Error::other("refused")
}

/// An error of a JSON parser.
pub(super) fn json_error() -> serde_json::Error {
    serde_json::from_str::<u8>("x").unwrap_err()
}

/// An error of the state folder, whose path is `state.json` in a folder that the text does not show.
pub(super) fn state_error() -> StateError {
    let folder = tempfile::tempdir().unwrap();
    let file = StateDir::new(folder.path()).file("state.json");
    file.write(b"x").unwrap();
    file.read_json_strictly::<u8>().unwrap_err()
}

/// A signature that does not verify.
pub(super) fn signature_problem(at: &str) -> SignatureProblem {
    SignatureProblem::Bad {
        at: at.to_owned(),
        of: "loom-0.2.0-linux-x86_64.tar.gz".to_owned(),
        keys: vec!["E7620F1842B4E81F".to_owned()],
    }
}
