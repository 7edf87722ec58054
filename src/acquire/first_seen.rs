//! The digests a release had when it was first seen here, kept in `pins/` of the state folder.
//!
//! A release whose digest differs from the one first seen is refused, whoever serves it.

use loom_source::{Record, Release};

use crate::{
    state::{StateDir, StateError, StateFile},
    trust::Pins,
};

/// `pins/<authority>/<binary>/<version>/<platform>.json`
fn file(state: &StateDir, release: &Release) -> StateFile {
    let below = Record::path(release);
    state.file(format!("pins/{}", below.trim_start_matches("releases/")))
}

/// What was seen of `release`; nothing for a development build, which may change at will.
pub(super) fn load(state: &StateDir, release: &Release) -> Result<Pins, StateError> {
    if release.slot.version().is_none() {
        return Ok(Pins::default());
    }
    Ok(file(state, release).read_json_strictly()?.unwrap_or_default())
}

/// Remembers what was seen; the first tree stays, archives are added.
pub(super) fn remember(state: &StateDir, release: &Release, seen: Pins) -> Result<(), StateError> {
    if release.slot.version().is_none() {
        return Ok(());
    }
    let file = file(state, release);
    let _lock = file.lock(&mut || {})?;
    let before: Option<Pins> = file.read_json_strictly()?;
    let mut pins = before.clone().unwrap_or_default();
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
    file.write_json(&pins)
}

/// Forgets what was seen; whether there was anything.
pub fn forget(state: &StateDir, release: &Release) -> Result<bool, StateError> {
    file(state, release).remove()
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Digest, Name, Platform, Product};

    use super::*;
    use crate::trust::{Pin, PinOrigin};

    fn pin(of: &str) -> Pin {
        let origin = PinOrigin::Given { by: "the test".to_owned() };
        Pin { digest: Digest::of(of.as_bytes()), origin }
    }

    #[test]
    fn the_first_tree_stays_and_what_cannot_be_read_is_not_nothing() {
        let (authority, binary) = (Authority::default(), Name::default());
        let line = Product { authority, binary, platform: Platform::LinuxX86_64 };
        let release = line.at_version("0.2.0".parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        for (tree, archive) in [("t", "a"), ("u", "b"), ("t", "a")] {
            let seen = Pins { tree: Some(pin(tree)), archives: vec![pin(archive)] };
            remember(&state, &release, seen).unwrap();
        }
        let expected = Pins { tree: Some(pin("t")), archives: vec![pin("a"), pin("b")] };
        assert_eq!(load(&state, &release).unwrap(), expected);

        file(&state, &release).write(b"{").unwrap();
        assert!(load(&state, &release).is_err());
        assert!(forget(&state, &release).unwrap());
        assert_eq!(load(&state, &release).unwrap(), Pins::default());
    }
}
