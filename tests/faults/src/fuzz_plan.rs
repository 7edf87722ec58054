//! What a run of the fuzz targets does.

use std::{path::PathBuf, time::Duration};

/// What is run, and for how long.
#[derive(Debug)]
pub(crate) struct FuzzPlan {
    /// The program that `cargo fuzz build` made.
    pub(crate) program: PathBuf,
    /// The folder with the corpora.
    pub(crate) corpora: PathBuf,
    /// The folder with the archives of what earlier runs found.
    pub(crate) found: PathBuf,
    /// Whether to pack what is found into these archives.
    pub(crate) keep: bool,
    /// The folder for what is found.
    pub(crate) scratch: PathBuf,
    /// The targets; all where there are none.
    pub(crate) targets: Vec<String>,
    /// The longest time for all targets together.
    pub(crate) time: Duration,
    /// The number of executions after which a target may end.
    pub(crate) runs: u64,
    /// The number of targets that run at the same time.
    pub(crate) jobs: usize,
}
