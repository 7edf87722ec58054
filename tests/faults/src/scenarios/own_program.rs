//! Commands that replace the program `loom` itself. In these worlds the program takes a small script for its own file
//! (`shim`): its own bytes would make every copy of a world a hundred megabytes larger.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::SystemTime};

use loom_signatures::sign::MinisignSecretKey;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::{
    archives::{self, Packed},
    scenario::Scenario,
    shim,
    tally::Outcome,
    world::World,
};

const UPDATE: &str = "self update";
const NEW: &str = "9.0.0";
const OLD: &str = env!("CARGO_PKG_VERSION");

/// All of them.
pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("self-update", UPDATE)
            .setup(install)
            .always(is_complete)
            .in_the_end(|world| has(world, NEW)),
        // The program that runs is always the old one: after the first rollback, a second one has another version before
        // it than it should have, and refuses that.
        Scenario::new("self-rollback", "self rollback")
            .setup(install)
            .before(&[UPDATE])
            .next("self rollback", &[0, 1])
            .always(is_complete)
            .in_the_end(|world| has(world, OLD)),
    ]
}

/// The script that stands for the program in this version.
fn script(version: &str) -> String {
    format!("#!/bin/sh\necho \"loom {version}\"\n")
}

/// Puts the script for the present program into the world, and a signed release with the one of the new version.
fn install(world: &World) -> Outcome {
    shim::build(world.root())?;
    let program = world.own_program();
    fs::create_dir_all(program.with_file_name(""))?;
    fs::write(&program, script(OLD))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let (name, bytes) = archives::packed("loom", NEW, &script(NEW), Packed::TarGz)?;
    let folder = world.path("plain").join(format!("v{NEW}"));
    archives::put(&folder, &name, &bytes)?;
    let files = MinisignSecretKey::generate(None)?;
    let key = MinisignSecretKey::parse(files.secret.expose_secret(), None)?;
    let signature = key.sign(&mut &bytes[..], &name, SystemTime::now())?;
    fs::write(folder.join(format!("{name}.minisig")), signature)?;
    let public = files.public.lines().nth(1).ok_or("the key has one line only")?;
    world.configure(&format!("[trust]\nkeys = [\"minisign:{public}\"]\n"))
}

/// There is a program that can be executed, old or new, and a previous one that is named is the one that was meant.
fn is_complete(world: &World) -> Result<(), String> {
    let path = world.own_program();
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if text != script(OLD) && text != script(NEW) {
        return Err(format!("{} is {text:?}", path.display()));
    }
    let mode = fs::metadata(&path).map_err(|error| error.to_string())?.permissions().mode();
    if mode & 0o777 != 0o755 {
        return Err(format!("{} has mode {mode:o}", path.display()));
    }
    kept_is_complete(&world.state().join("self"))
}

fn kept_is_complete(folder: &Path) -> Result<(), String> {
    let Ok(document) = fs::read_to_string(folder.join("previous.json")) else { return Ok(()) };
    let is_digest = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let digest = document.split('"').find(is_digest).ok_or_else(|| document.clone())?;
    let bytes = fs::read(folder.join(digest)).map_err(|error| format!("{digest}: {error}"))?;
    let found = hex::encode(Sha256::digest(&bytes));
    (found == digest).then_some(()).ok_or_else(|| format!("the kept {digest} is {found}"))
}

/// The program has this version.
fn has(world: &World, version: &str) -> Result<(), String> {
    let text = fs::read_to_string(world.own_program()).map_err(|error| error.to_string())?;
    (text == script(version)).then_some(()).ok_or_else(|| format!("not {version}: {text:?}"))
}
