//! The scenarios.
//!
//! | file | holds |
//! |---|---|
//! | `acquiring` | commands that bring releases into the store |
//! | `keeping` | commands that change what the store keeps |
//! | `choosing` | commands that change which version is used: locks, defaults |
//! | `mirrors` | commands that write mirrors and releases |
//! | `own_program` | commands that replace the program `loom` itself |
//! | `command_lines` | the commands that several scenarios run |
//! | `changes` | what is done to worlds before a scenario begins |

mod acquiring;
mod changes;
mod choosing;
mod command_lines;
mod keeping;
mod mirrors;
mod own_program;

use crate::scenario::Scenario;

/// All scenarios.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = acquiring::all();
    all.extend(keeping::all());
    all.extend(choosing::all());
    all.extend(mirrors::all());
    all.extend(own_program::all());
    all
}
