//! Commands that bring releases into the store.

use super::{
    changes::{damage_program, make_old, remove_links, remove_store, remove_verifications},
    command_lines::{GET, GET_SECOND, GET_THIRD, WHICH, WHICH_SECOND},
};
use crate::scenario::Scenario;

/// The digest is that of the project's `loom.toml`.
const ADD: &str = "store add --version 0.1.0 --force loom.toml --sha256 \
    0227dc879fda140d7f0b81fcaf33cb498471513ae579b2cc042379bf0d935aee";

/// All of them.
pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("get-tar-gz", GET).then(WHICH),
        Scenario::new("get-tar-zst", "get 0.1.0 --source {zsts}").then(WHICH),
        Scenario::new("get-zip", "get 0.1.0 --source {zips}").then(WHICH),
        Scenario::new(
            "get-platforms",
            "get 0.1.0 --platform linux-x86_64,linux-aarch64 --source {plain}",
        )
        .then(WHICH),
        Scenario::new("get-second", GET_SECOND).before(&[GET]).then(WHICH).then(WHICH_SECOND),
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
            .then(WHICH_SECOND),
        // What is too much is removed after the acquisition, or by the next collection.
        Scenario::new("get-full-store", GET_THIRD)
            .setup(|world| world.configure("[store]\nmax_size = \"1kB\"\n"))
            .before(&[GET, GET_SECOND])
            .damage(make_old)
            .then("store gc")
            .then("which --version 0.3.0")
            .then_fails(WHICH, 3),
    ]
}
