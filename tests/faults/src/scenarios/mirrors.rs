//! Commands that write mirrors, and releases.

use super::{
    changes::{abandon_objects, has_nothing_abandoned, make_program},
    command_lines::{GET, GET_SECOND},
};
use crate::scenario::Scenario;

const PUSH: &str = "mirror push --to ../mirror";
const PACK: &str = "release pack --program ../program --version 0.9.0 --to ../dist";

/// All of them.
pub(super) fn all() -> Vec<Scenario> {
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
            .then("mirror verify ../one.loombundle"),
        Scenario::new("mirror-gc", "mirror gc ../mirror")
            .before(&[GET, PUSH])
            .damage(abandon_objects)
            .in_the_end(has_nothing_abandoned)
            .writes("mirror")
            .then("get 0.1.0 --force-download --source {mirror}"),
        Scenario::new("release-pack", PACK)
            .setup(make_program)
            .then("release publish ../dist --to ../mirror")
            .then("get 0.9.0 --source {mirror}"),
        Scenario::new("release-publish", "release publish ../dist --to ../mirror")
            .setup(make_program)
            .before(&[PACK])
            .then("get 0.9.0 --source {mirror}"),
    ]
}
