//! The digests that a release had when it was first acquired, kept in `pins/` of the state folder.
//!
//! A release whose digest differs from the first one is refused, whichever source serves it.

use std::path::PathBuf;

use loom_source::{Record, Release};

use super::super::AcquireError;
use crate::{
    state::{StateDir, StateError, StateFile},
    trust::{Keyring, Pin, Pins},
};

/// `pins/<authority>/<binary>/<version>/<platform>.json`
fn file(state: &StateDir, release: &Release) -> StateFile {
    state.file(below(release))
}

/// The path of the file below the state folder.
fn below(release: &Release) -> String {
    format!("pins/{}", Record::path(release).trim_start_matches("releases/"))
}

/// The path of the file.
pub(in crate::acquire) fn path(state: &StateDir, release: &Release) -> PathBuf {
    state.path().join(below(release))
}

/// The first-seen digests of a release that may vouch for it; empty for a development build, which may change.
///
/// # Errors
/// [`AcquireError::FirstSeen`] where the file is there and cannot be understood, [`AcquireError::State`] where it cannot
/// be read.
pub fn load(state: &StateDir, release: &Release, keyring: &Keyring) -> Result<Pins, AcquireError> {
    if release.slot.version().is_none() {
        return Ok(Pins::default());
    }
    let pins: Option<Pins> =
        file(state, release).read_document_strictly().map_err(|error| unusable(release, error))?;
    Ok(vouching(pins.unwrap_or_default(), release, keyring))
}

/// The digests that may vouch: a revoked signer must not count by the memory of what it signed.
fn vouching(mut pins: Pins, release: &Release, keyring: &Keyring) -> Pins {
    let counts = |pin: &Pin| keyring.lets_vouch(&pin.origin, release);
    pins.tree = pins.tree.filter(counts);
    pins.archives.retain(counts);
    pins
}

fn unusable(release: &Release, source: StateError) -> AcquireError {
    if source.is_malformed() || source.is_misplaced() {
        AcquireError::FirstSeen { release: Box::new(release.clone()), source }
    } else {
        source.into()
    }
}

/// Keeps digests: the first tree stays, archives are added.
pub(in crate::acquire) fn remember(
    state: &StateDir,
    release: &Release,
    seen: Pins,
    keyring: &Keyring,
) -> Result<(), AcquireError> {
    if release.slot.version().is_none() {
        return Ok(());
    }
    let file = file(state, release);
    let _lock = file.lock(&mut || {})?;
    let before = file.read_document_strictly();
    let before: Option<Pins> = before.map_err(|error| unusable(release, error))?;
    let mut pins = vouching(before.clone().unwrap_or_default(), release, keyring);
    if pins.tree.is_none() {
        pins.tree = seen.tree;
    }
    for pin in seen.archives {
        if !pins.archives.iter().any(|held| held.digest == pin.digest) {
            pins.archives.push(pin);
        }
    }
    if before.as_ref() == Some(&pins) {
        return Ok(());
    }
    Ok(file.write_document(&pins)?)
}

/// Replaces the first-seen digest of a release's tree by one that the user accepts, and forgets those of its archives;
/// returns what was kept before.
///
/// # Errors
/// [`AcquireError::State`] where the file cannot be written. A file that cannot be understood is replaced.
pub fn accept(state: &StateDir, release: &Release, tree: Pin) -> Result<Pins, AcquireError> {
    let file = file(state, release);
    let _lock = file.lock(&mut || {})?;
    let before = file.read_document_strictly().ok().flatten().unwrap_or_default();
    file.write_document(&Pins { tree: Some(tree), ..Pins::default() })?;
    Ok(before)
}

/// Forgets the first-seen digests of a release; returns whether there were any.
///
/// # Errors
/// [`StateError`] where the file cannot be removed.
pub fn forget(state: &StateDir, release: &Release) -> Result<bool, StateError> {
    // A folder in the place of the file keeps nothing.
    if path(state, release).symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        return state.folder(below(release)).remove_all().map(|()| true);
    }
    file(state, release).remove()
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Digest, Name, Platform, Product};

    use super::*;
    use crate::trust::{PinOrigin, PinSigner, SignatureOrigin};

    fn pin(of: &str) -> Pin {
        let origin = PinOrigin::Given { by: "the test".to_owned() };
        Pin { digest: Digest::of(of.as_bytes()), origin }
    }

    fn release() -> Release {
        let (authority, binary) = (Authority::default(), Name::default());
        let product = Product { authority, binary, platform: Platform::LinuxX86_64 };
        product.at_version("0.2.0".parse().unwrap())
    }

    #[test]
    fn the_first_tree_stays_and_an_unreadable_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        for (tree, archive) in [("t", "a"), ("u", "b"), ("t", "a")] {
            let seen =
                Pins { tree: Some(pin(tree)), archives: vec![pin(archive)], ..Pins::default() };
            remember(&state, &release(), seen, &Keyring::default()).unwrap();
        }
        let expected =
            Pins { tree: Some(pin("t")), archives: vec![pin("a"), pin("b")], ..Pins::default() };
        assert_eq!(load(&state, &release(), &Keyring::default()).unwrap(), expected);

        file(&state, &release()).write(b"{").unwrap();
        assert!(load(&state, &release(), &Keyring::default()).is_err());
        assert!(forget(&state, &release()).unwrap());
        assert_eq!(load(&state, &release(), &Keyring::default()).unwrap(), Pins::default());
    }

    #[test]
    fn digests_that_an_older_version_kept_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        let digest = Digest::of(b"t");
        let text = format!(
            r#"{{"tree":{{"digest":"{digest}","origin":{{"kind":"first-seen","source":"corp","at":"2026-01-03T00:00:00Z"}}}}}}"#
        );
        file(&state, &release()).write(text.as_bytes()).unwrap();
        let tree = load(&state, &release(), &Keyring::default()).unwrap().tree.unwrap();
        assert_eq!(tree.digest, digest);
        assert_eq!(tree.origin.to_string(), "first seen 2026-01-03T00:00:00Z from corp");
    }

    #[test]
    fn what_only_a_revoked_key_signed_vouches_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        let signer = |key: &str| {
            let (scheme, key) = ("minisign".to_owned(), key.to_owned());
            PinSigner::Signature(SignatureOrigin { scheme, key, identity: None })
        };
        let seen = |of: &str, signers: &[&str]| {
            let origin = PinOrigin::FirstSeen {
                source: "corp".to_owned(),
                class: None,
                at: "2026-01-03T00:00:00Z".to_owned(),
                signers: signers.iter().map(|key| signer(key)).collect(),
            };
            Pins {
                tree: Some(Pin { digest: Digest::of(of.as_bytes()), origin }),
                ..Pins::default()
            }
        };
        let revoked = Keyring::new(vec![], vec!["a".to_owned()]);
        for (signers, counts) in [(&[][..], true), (&["a"], false), (&["a", "b"], true)] {
            let _ = forget(&state, &release());
            let (none, seen) = (Keyring::default(), seen("t", signers));
            remember(&state, &release(), seen.clone(), &none).unwrap();
            assert_eq!(load(&state, &release(), &none).unwrap(), seen, "{signers:?}");
            let found = load(&state, &release(), &revoked).unwrap().tree;
            assert_eq!(found.is_some(), counts, "{signers:?}");
        }
        // What is seen after the key was revoked takes the place of what it signed.
        let _ = forget(&state, &release());
        remember(&state, &release(), seen("t", &["a"]), &Keyring::default()).unwrap();
        remember(&state, &release(), seen("u", &[]), &revoked).unwrap();
        assert_eq!(load(&state, &release(), &revoked).unwrap(), seen("u", &[]));
    }
}
