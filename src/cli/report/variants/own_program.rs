//! Samples of the errors of replacing the program file of `loom`.

use std::io;

use loom_runtime::own_program::{OwnProgramError, ProgramOwner};

use super::samples;

variants!(OwnProgramError {
    Owned,
    Io,
    Broken,
    Changed,
    NoPrevious,
    OtherPrevious,
    PreviousGone,
    State
});

pub(super) fn errors() -> Vec<OwnProgramError> {
    let path = || "/srv/ada/bin/loom".into();
    let owners = [
        ProgramOwner::User,
        ProgramOwner::Pip,
        ProgramOwner::CargoInstall,
        ProgramOwner::CargoBuild,
        ProgramOwner::Homebrew,
        ProgramOwner::Nix,
        ProgramOwner::Snap,
        ProgramOwner::System,
    ];
    let io = |kind: io::ErrorKind| OwnProgramError::Io {
        action: "replace",
        path: path(),
        source: kind.into(),
    };
    let mut errors: Vec<OwnProgramError> =
        owners.into_iter().map(|owner| OwnProgramError::Owned { path: path(), owner }).collect();
    errors.extend([
        io(io::ErrorKind::PermissionDenied),
        io(io::ErrorKind::StorageFull),
        io(io::ErrorKind::Other),
        OwnProgramError::Broken { expected: "0.3.0".into(), got: "\"loom 0.2.0\"".into() },
        OwnProgramError::Changed { path: path(), expected: "aa".into(), got: "bb".into() },
        OwnProgramError::NoPrevious,
        OwnProgramError::OtherPrevious { path: path() },
        OwnProgramError::PreviousGone { path: path() },
        OwnProgramError::State(samples::state_error()),
    ]);
    errors
}
