//! The commands that several scenarios run.

pub(super) const GET: &str = "get 0.1.0 --source {plain}";
pub(super) const GET_SECOND: &str = "get 0.2.0 --source {plain}";
pub(super) const GET_THIRD: &str = "get 0.3.0 --source {plain}";
pub(super) const WHICH: &str = "which --version 0.1.0";
pub(super) const WHICH_SECOND: &str = "which --version 0.2.0";
