//! A disk that is full: at each size from that of the world in which the command begins, and at each number of inodes.

use std::path::Path;

use rustix::fs::{StatVfs, statvfs};

use super::{mount::Mount, trial::Trial};
use crate::{tally::Outcome, world::World};

/// The unit in which a file system in memory counts.
const PAGE: u64 = 4096;

/// A command that needs more pages or inodes than this never ends.
const MOST: usize = 5_000;

/// The exit code for a full disk.
const DISK_FULL: i32 = 10;

/// Sizes of the disk.
pub(super) fn space(trial: &Trial<'_>, count: &mut dyn FnMut(&str, Result<(), String>)) -> Outcome {
    let size = |used: &StatVfs, more: u64| {
        let pages = (used.f_blocks - used.f_bfree) * used.f_frsize / PAGE;
        format!("size={}", (pages + more) * PAGE)
    };
    sweep(trial, &size, "size=256m", count)
}

/// Numbers of inodes.
pub(super) fn inodes(
    trial: &Trial<'_>,
    count: &mut dyn FnMut(&str, Result<(), String>),
) -> Outcome {
    let number =
        |used: &StatVfs, more: u64| format!("nr_inodes={}", used.f_files - used.f_ffree + more);
    sweep(trial, &number, "nr_inodes=100000", count)
}

/// Tries limits, each larger than the one before, until the command succeeds.
fn sweep(
    trial: &Trial<'_>,
    limit: &dyn Fn(&StatVfs, u64) -> String,
    unlimited: &str,
    count: &mut dyn FnMut(&str, Result<(), String>),
) -> Outcome {
    let disk = trial.area.path("disk");
    for more in (trial.offset % trial.every..MOST).step_by(trial.every) {
        let mounted = Mount::memory(&disk)?;
        let world = World::at(disk.join("world"));
        world.reset(trial.template)?;
        let options = limit(&used(&disk)?, more as u64);
        mounted.change(&options)?;
        let result = one(trial, &world, &mounted, unlimited);
        let is_enough = matches!(result, Ok(true));
        count(&options, result.map(drop));
        if is_enough {
            return Ok(());
        }
    }
    Err(format!("it needs more than {MOST} pages or inodes").into())
}

fn used(disk: &Path) -> Outcome<StatVfs> {
    Ok(statvfs(disk)?)
}

/// One run on a limited disk; answers whether it succeeded.
fn one(trial: &Trial<'_>, world: &World, disk: &Mount, unlimited: &str) -> Result<bool, String> {
    let run = trial.runs(world)?;
    let succeeded = run.code == Some(0);
    if !succeeded && run.code != Some(DISK_FULL) {
        return Err(format!("expected exit code {DISK_FULL}: {run}"));
    }
    disk.change(unlimited).map_err(|error| error.to_string())?;
    trial.completes(world)?;
    Ok(succeeded)
}
