//! The scenarios.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{archives::BINARY, scenario::Scenario, tally::Outcome, world::World};

const GET: &str = "get 0.1.0 --source {plain}";
const GET_SECOND: &str = "get 0.2.0 --source {plain}";
/// The digest is that of the project's `loom.toml`.
const ADD: &str = "store add --version 0.1.0 --force loom.toml --sha256 \
    0227dc879fda140d7f0b81fcaf33cb498471513ae579b2cc042379bf0d935aee";
const WHICH: &str = "which --version 0.1.0";

/// All scenarios.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = acquiring();
    all.extend(keeping());
    all.extend(mirrors());
    all
}

/// Commands that bring releases into the store.
fn acquiring() -> Vec<Scenario> {
    vec![
        Scenario::new("get-tar-gz", GET).then(WHICH),
        Scenario::new("get-tar-zst", "get 0.1.0 --source {zsts}").then(WHICH),
        Scenario::new("get-zip", "get 0.1.0 --source {zips}").then(WHICH),
        Scenario::new(
            "get-platforms",
            "get 0.1.0 --platform linux-x86_64,linux-aarch64 --source {plain}",
        )
        .then(WHICH),
        Scenario::new("get-second", GET_SECOND)
            .before(&[GET])
            .then(WHICH)
            .then("which --version 0.2.0"),
        Scenario::new("get-again", "get 0.1.0 --force-download --source {plain}")
            .before(&[GET])
            .then(WHICH),
        Scenario::new("get-damaged", "get 0.1.0 --force-download --source {plain}")
            .before(&[GET])
            .damaged(damage_program)
            .then(WHICH),
        Scenario::new("get-unlinked", GET).before(&[GET]).damage(remove_links).then(WHICH),
        Scenario::new("get-unverified", GET)
            .before(&[GET])
            .damage(remove_verifications)
            .then(WHICH),
        Scenario::new("store-add", ADD).then(WHICH),
        Scenario::new("import", "mirror import ../all.loombundle")
            .before(&[
                GET,
                GET_SECOND,
                "mirror bundle --version 0.1.0 --version 0.2.0 --to ../all.loombundle",
            ])
            .damage(remove_store)
            .then(WHICH)
            .then("which --version 0.2.0"),
        Scenario::new("lock", "lock --full --source {plain}")
            .then("lock --locked --source {plain}"),
    ]
}

/// Commands that change what the store keeps.
fn keeping() -> Vec<Scenario> {
    vec![
        Scenario::new("remove", "remove 0.1.0")
            .before(&[GET, GET_SECOND])
            .next("remove 0.1.0", &[0, 3])
            .then_fails(WHICH, 3)
            .then("which --version 0.2.0"),
        Scenario::new("gc", "store gc")
            .before(&[GET, GET_SECOND])
            .damage(make_garbage)
            .then("which --version 0.2.0"),
        Scenario::new("use", "use 0.2.0").before(&[GET, GET_SECOND]).then("which --version 0.2.0"),
        Scenario::new("repair", "store repair").before(&[GET]).damaged(damage_program).then(WHICH),
    ]
}

/// Commands that write mirrors.
fn mirrors() -> Vec<Scenario> {
    const PUSH: &str = "mirror push --to ../mirror";
    vec![
        Scenario::new("mirror-push", PUSH).before(&[GET, GET_SECOND]).writes("mirror"),
        Scenario::new("mirror-push-more", PUSH)
            .before(&[GET, PUSH, GET_SECOND])
            .writes("mirror")
            .then("get 0.2.0 --force-download --source {mirror}"),
        Scenario::new("mirror-sync", "mirror sync --from {plain} --to ../mirror")
            .writes("mirror")
            .then("get 0.3.0 --source {mirror}"),
        Scenario::new("mirror-yank", "mirror yank ../mirror 0.2.0")
            .before(&[GET, GET_SECOND, PUSH])
            .writes("mirror"),
        Scenario::new("mirror-index", "mirror index ../plain")
            .writes("plain")
            .then("get 0.1.0 --source {plain}"),
        Scenario::new("mirror-bundle", "mirror bundle --version 0.1.0 --to ../one.loombundle")
            .before(&[GET])
            .not_durable()
            .then("mirror verify ../one.loombundle"),
    ]
}

/// Changes a byte of the installed program.
fn damage_program(world: &World) -> Outcome {
    let program = world.cache().join("bin/0.1.0/linux-x86_64").join(BINARY).canonicalize()?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let mut bytes = fs::read(&program)?;
    bytes.reverse();
    Ok(fs::write(&program, bytes)?)
}

fn remove_links(world: &World) -> Outcome {
    Ok(fs::remove_dir_all(world.cache().join("bin"))?)
}

fn remove_verifications(world: &World) -> Outcome {
    Ok(fs::remove_dir_all(world.cache().join("verifications"))?)
}

fn remove_store(world: &World) -> Outcome {
    Ok(crate::copy::remove(&world.cache())?)
}

/// Removes the record and link of 0.1.0, so that nothing names its tree.
fn make_garbage(world: &World) -> Outcome {
    fs::remove_dir_all(world.cache().join("bin/0.1.0"))?;
    Ok(fs::remove_dir_all(world.cache().join(format!("releases/loom-os/{BINARY}/0.1.0")))?)
}
