//! Commands that change which version is used.

use super::{
    changes::{ask_for_any_version, ask_for_the_first},
    command_lines::{GET, GET_SECOND, WHICH_SECOND},
};
use crate::scenario::Scenario;

/// All of them.
pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("lock", "lock --full --source {plain}")
            .then("lock --locked --source {plain}"),
        Scenario::new("update-lock", "update")
            .setup(ask_for_the_first)
            .before(&["lock"])
            .damage(ask_for_any_version)
            .then("update --check")
            .then("lock --locked"),
        Scenario::new("update-newest", "update")
            .setup(ask_for_any_version)
            .before(&[GET])
            .then("update --check")
            .then("which --version 0.3.0"),
        Scenario::new("use", "use 0.2.0").before(&[GET, GET_SECOND]).then(WHICH_SECOND),
        Scenario::new("rollback", "rollback")
            .before(&[GET, GET_SECOND, "use 0.1.0", "use 0.2.0"])
            .next("rollback", &[0, 3])
            .then_says("which", "/0.1.0/")
            .then_says("list --generations", "0.2.0"),
    ]
}
