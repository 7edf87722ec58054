//! Commands that change what the store keeps.

use super::{
    changes::{damage_program, has_one_tree, make_garbage, make_old},
    command_lines::{GET, GET_SECOND, GET_THIRD, WHICH, WHICH_SECOND},
};
use crate::scenario::Scenario;

/// All of them.
pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("remove", "remove 0.1.0")
            .before(&[GET, GET_SECOND])
            .next("remove 0.1.0", &[0, 3])
            .then_fails(WHICH, 3)
            .then(WHICH_SECOND),
        Scenario::new("gc", "store gc")
            .before(&[GET, GET_SECOND])
            .damage(make_garbage)
            .in_the_end(has_one_tree)
            .then(WHICH_SECOND),
        Scenario::new("repair", "store repair").before(&[GET]).damaged(damage_program).then(WHICH),
        Scenario::new("remove-range", "remove <0.3")
            .before(&[GET, GET_SECOND, GET_THIRD])
            .next("remove <0.3", &[0, 3])
            .then_fails(WHICH, 3)
            .then_fails(WHICH_SECOND, 3)
            .then("which --version 0.3.0"),
        Scenario::new("gc-keep", "store gc --keep 1")
            .before(&[GET, GET_SECOND, GET_THIRD])
            .damage(make_old)
            .then_fails(WHICH, 3)
            .then_fails(WHICH_SECOND, 3)
            .then("which --version 0.3.0"),
        Scenario::new("keep", "store keep 0.1.0")
            .before(&[GET, GET_SECOND])
            .then_says("store keep", "0.1.0"),
        // The copy of a world has no hard links, so that identical files are found again.
        Scenario::new("dedup", "store dedup")
            .before(&[GET, GET_SECOND])
            .then(WHICH)
            .then(WHICH_SECOND),
    ]
}
