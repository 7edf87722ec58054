//! What fuzz targets found, packed: one archive for each target, so that a run goes on where the one before ended.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use loom_fuzz_targets::FuzzTarget;

use crate::{fuzz_plan::FuzzPlan, tally::Outcome};

/// The archive of a target.
fn archive(plan: &FuzzPlan, target: &FuzzTarget) -> PathBuf {
    plan.found.join(format!("{}.tar.xz", target.name))
}

/// Unpacks what earlier runs found to `folder`.
pub(crate) fn unpack(plan: &FuzzPlan, target: &FuzzTarget, folder: &Path) -> Outcome {
    let archive = archive(plan, target);
    if !archive.is_file() {
        return Ok(());
    }
    succeed(Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(folder))
}

/// Packs the fewest inputs that cover all edges which the inputs in `folder` cover.
pub(crate) fn keep(plan: &FuzzPlan, target: &FuzzTarget, folder: &Path) -> Outcome {
    let merged = plan.scratch.join("merged").join(target.name);
    match fs::remove_dir_all(&merged) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir_all(&merged)?,
    }
    let mut merge = Command::new(&plan.program);
    merge.env("LOOM_FUZZ_TARGET", target.name).stderr(Stdio::null());
    merge.args(["-merge=1", "-use_counters=0", &format!("-max_len={}", target.longest)]);
    succeed(merge.arg(&merged).arg(plan.corpora.join(target.name)).arg(folder))?;
    fs::create_dir_all(&plan.found)?;
    let mut pack = Command::new("tar");
    pack.args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "-C"]);
    succeed(pack.arg(&merged).arg("-cJf").arg(archive(plan, target)).arg(".").env("XZ_OPT", "-9e"))
}

fn succeed(command: &mut Command) -> Outcome {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
