//! Exit codes and hints of replacing the program file of `loom`.

use loom_runtime::own_program::{OwnProgramError, ProgramOwner};

use super::{CommandError, exit::Exit, state};

fn exit(error: &OwnProgramError) -> Exit {
    match error {
        _ if error.is_disk_full() => Exit::DiskFull,
        OwnProgramError::Changed { .. } => Exit::Integrity,
        OwnProgramError::NoPrevious
        | OwnProgramError::OtherPrevious { .. }
        | OwnProgramError::PreviousGone { .. } => Exit::Absent,
        _ => Exit::Failure,
    }
}

fn hint(error: &OwnProgramError) -> Option<&'static str> {
    Some(match error {
        OwnProgramError::Owned { owner, .. } => owner_hint(*owner),
        OwnProgramError::State(error) => state::hint(error),
        _ if error.is_disk_full() => "the disk or quota is full: free some space",
        _ if error.is_read_only() => {
            "run the command as the owner of the file, or install loom in a folder of yours"
        }
        OwnProgramError::Broken { .. } => {
            "the present program stays; tell the maintainers of the release"
        }
        OwnProgramError::Changed { .. } => {
            "the present program stays; `loom self update --version VERSION` installs any version"
        }
        OwnProgramError::NoPrevious
        | OwnProgramError::OtherPrevious { .. }
        | OwnProgramError::PreviousGone { .. } => {
            "`loom self update --version VERSION` installs any version"
        }
        OwnProgramError::Io { .. } => return None,
    })
}

/// How to update a program that something else installed.
fn owner_hint(owner: ProgramOwner) -> &'static str {
    match owner {
        ProgramOwner::Pip => {
            "update it with `pip install --upgrade loom`, or the tool that installed the package"
        }
        ProgramOwner::CargoInstall => "update it with `cargo install`",
        ProgramOwner::CargoBuild => "update the checkout and build it again",
        ProgramOwner::Homebrew => "update it with `brew upgrade loom`",
        ProgramOwner::Nix => "update the flake or the channel that it comes from",
        ProgramOwner::Snap => "update it with `snap refresh loom`",
        ProgramOwner::System => "update it with the package manager of this system",
        ProgramOwner::User => "update it where it was installed",
    }
}

impl From<OwnProgramError> for CommandError {
    fn from(error: OwnProgramError) -> Self {
        Self::of(exit(&error), &error).maybe_hint(hint(&error).map(str::to_owned))
    }
}
