//! The platform, and which `loom` a shell executes.

use std::path::{Path, PathBuf};

use loom_source::Platform;

use loom_runtime::{own_program, state::StateDir};

use super::check::DoctorCheck;
use crate::cli::context::Context;

/// Whether there are releases for this machine.
pub(super) fn platform(_: &Context) -> DoctorCheck {
    let (version, os, arch) =
        (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    match Platform::current() {
        Some(platform) => DoctorCheck::ok("platform", format!("{platform}, loom {version}")),
        None => {
            DoctorCheck::failure("platform", format!("there are no releases for {os} on {arch}"))
                .hint("build the runtime: `loom up --build` in a checkout of Loom")
        }
    }
}

/// Whether a shell executes this program as `loom`.
pub(super) fn program(context: &Context) -> DoctorCheck {
    let ours = match std::env::current_exe().and_then(|path| path.canonicalize()) {
        Ok(path) => path,
        Err(e) => {
            return DoctorCheck::warning(
                "program",
                format!("could not find the program file: {e}"),
            );
        }
    };
    let shown = ours.display();
    match on_path(context) {
        Some(first) if first.canonicalize().is_ok_and(|first| first == ours) => {
            DoctorCheck::ok("program", first.display().to_string())
        }
        Some(first) => {
            let first = first.display();
            DoctorCheck::warning("program", format!("another loom comes first on PATH: {first}"))
                .hint(format!("this one is {shown}; remove one of them, or change their order"))
        }
        None => DoctorCheck::warning("program", format!("{shown} is not on PATH"))
            .hint("add its folder to PATH to execute it as `loom`"),
    }
}

/// Files that a killed `loom self update` has left; `None` where there are none.
pub(super) fn remains(state: &StateDir) -> Option<DoctorCheck> {
    let program = std::env::current_exe().and_then(|path| path.canonicalize()).ok()?;
    let remains = own_program::remains(&program, state);
    let shown: Vec<String> = remains.iter().map(|path| path.display().to_string()).collect();
    (!shown.is_empty()).then(|| {
        let message = format!("an update of loom that was killed has left {}", shown.join(", "));
        DoctorCheck::warning("program", message)
            .hint("the next `loom self update` that replaces the program removes these files")
    })
}

fn on_path(context: &Context) -> Option<PathBuf> {
    let name = format!("loom{}", std::env::consts::EXE_SUFFIX);
    let paths = context.env().path("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(&name)).find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
