//! What is done to worlds before a scenario begins, and what is looked at after it.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{archives::BINARY, copy, tally::Outcome, world::World};

/// Older than everything that is kept because it is young.
const OLD: Duration = Duration::from_secs(30 * 86_400);

/// Changes a byte of the installed program.
pub(super) fn damage_program(world: &World) -> Outcome {
    let program = world.cache().join("bin/0.1.0/linux-x86_64").join(BINARY).canonicalize()?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let mut bytes = fs::read(&program)?;
    bytes.reverse();
    Ok(fs::write(&program, bytes)?)
}

pub(super) fn remove_links(world: &World) -> Outcome {
    Ok(fs::remove_dir_all(world.cache().join("bin"))?)
}

pub(super) fn remove_verifications(world: &World) -> Outcome {
    Ok(fs::remove_dir_all(world.cache().join("verifications"))?)
}

pub(super) fn remove_store(world: &World) -> Outcome {
    Ok(copy::remove(&world.cache())?)
}

/// Removes all that names the tree of 0.1.0, and makes the tree old.
pub(super) fn make_garbage(world: &World) -> Outcome {
    fs::remove_dir_all(world.cache().join("bin/0.1.0"))?;
    for kind in ["releases", "verifications"] {
        fs::remove_dir_all(world.cache().join(format!("{kind}/loom-os/{BINARY}/0.1.0")))?;
    }
    forget_projects(world)?;
    Ok(age(&world.cache().join("objects"))?)
}

/// One tree is left.
pub(super) fn has_one_tree(world: &World) -> Result<(), String> {
    let entries = fs::read_dir(world.cache().join("store")).map_err(|error| error.to_string())?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    // What is being deleted is no tree any more.
    let names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    (names.len() == 1).then_some(()).ok_or_else(|| format!("in the store there are {names:?}"))
}

/// All releases were used a month ago.
pub(super) fn make_old(world: &World) -> Outcome {
    forget_projects(world)?;
    Ok(age(&world.cache().join("verifications"))?)
}

/// No project keeps what it used.
fn forget_projects(world: &World) -> io::Result<()> {
    match fs::remove_dir_all(world.cache().join("roots/projects")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes all files below a folder a month old.
fn age(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => age(&path)?,
            false => fs::File::open(&path)?.set_modified(SystemTime::now() - OLD)?,
        }
    }
    Ok(())
}

/// The project selects the first version.
pub(super) fn ask_for_the_first(world: &World) -> Outcome {
    select(world, "<0.2")
}

/// The project selects all versions.
pub(super) fn ask_for_any_version(world: &World) -> Outcome {
    select(world, ">=0.1")
}

fn select(world: &World, range: &str) -> Outcome {
    let text = format!("[bridge]\nversion = \"{range}\"\n");
    Ok(fs::write(world.path("project/loom.toml"), text)?)
}

/// A program that can be packed.
pub(super) fn make_program(world: &World) -> Outcome {
    let path = world.path("program");
    fs::write(&path, format!("#!/bin/sh\n# packed\necho {BINARY} 0.9.0\n"))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

/// A file that no index names.
const ABANDONED: &str = "mirror/objects/sha256/ab/abandoned";

/// A month ago, a push broke off.
pub(super) fn abandon_objects(world: &World) -> Outcome {
    let path = world.path(ABANDONED);
    fs::create_dir_all(path.with_file_name(""))?;
    fs::write(&path, "left by a push that broke off")?;
    Ok(age(&world.path("mirror"))?)
}

/// What the push left is gone.
pub(super) fn has_nothing_abandoned(world: &World) -> Result<(), String> {
    let is_there = world.path(ABANDONED).exists();
    (!is_there).then_some(()).ok_or_else(|| format!("{ABANDONED} is there again"))
}
