//! Interleaved runs of several contenders.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    process::{ProcessCost, measure},
    setup::Outcome,
};

/// One way of doing the work.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Makes the command, whose home and working folder is the given one.
    pub(crate) command: Box<dyn Fn(&Path) -> Command>,
}

impl Contender {
    pub(crate) fn new(name: &'static str, command: impl Fn(&Path) -> Command + 'static) -> Self {
        Self { name, command: Box::new(command) }
    }
}

/// What the runs of one contender cost.
#[derive(Debug)]
pub(crate) struct RunCosts {
    pub(crate) name: &'static str,
    runs: Vec<ProcessCost>,
}

/// The folder that a run works in.
#[derive(Debug)]
pub(crate) enum WorkFolder {
    /// A new folder below this one, on the same disk, removed after the run.
    Fresh(PathBuf),
    /// This folder, as the last run left it.
    Same(PathBuf),
}

/// Runs every contender once per round, in an order that rotates: effects of one run on the next are spread over all.
pub(crate) fn run(
    contenders: &[Contender],
    rounds: usize,
    folder: &WorkFolder,
) -> Outcome<Vec<RunCosts>> {
    let mut costs: Vec<RunCosts> = contenders
        .iter()
        .map(|c| RunCosts { name: c.name, runs: Vec::with_capacity(rounds) })
        .collect();
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let at = (round + turn) % contenders.len();
            costs[at].runs.push(once(&contenders[at], folder)?);
        }
    }
    Ok(costs)
}

fn once(contender: &Contender, folder: &WorkFolder) -> Outcome<ProcessCost> {
    match folder {
        WorkFolder::Same(folder) => measure(&mut (contender.command)(folder)),
        WorkFolder::Fresh(below) => {
            let folder = tempfile::tempdir_in(below)?;
            let cost = measure(&mut (contender.command)(folder.path()))?;
            discard(folder)?;
            Ok(cost)
        }
    }
}

/// Removes a folder, including read-only folders in it.
pub(crate) fn discard(folder: tempfile::TempDir) -> Outcome {
    remove(&folder.keep())
}

/// Removes the folder with this path, including read-only folders in it.
pub(crate) fn remove(path: &Path) -> Outcome {
    let mut chmod = Command::new("chmod");
    chmod.args(["-R", "u+w"]).arg(path).status()?;
    fs::remove_dir_all(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

impl RunCosts {
    /// What these runs cost.
    #[cfg(unix)]
    pub(crate) fn of(name: &'static str, runs: Vec<ProcessCost>) -> Self {
        Self { name, runs }
    }

    /// The best time, in seconds.
    pub(crate) fn best(&self) -> f64 {
        self.runs.iter().map(|cost| cost.wall).min().unwrap_or_default().as_secs_f64()
    }

    /// The median time, in seconds.
    pub(crate) fn wall(&self) -> f64 {
        median(self.runs.iter().map(|cost| cost.wall))
    }

    /// The median processor time, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        median(self.runs.iter().map(|cost| cost.cpu))
    }

    /// The largest peak, in MiB.
    pub(crate) fn peak(&self) -> f64 {
        let bytes = self.runs.iter().map(|cost| cost.peak).max().unwrap_or_default();
        bytes as f64 / f64::from(1 << 20)
    }
}

fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    let middle = times.len() / 2;
    match times.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => (times[middle - 1] + times[middle]).as_secs_f64() / 2.0,
        _ => times[middle].as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::shell;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values() {
        let of = |times: &[u64]| median(times.iter().map(|s| Duration::from_secs(*s)));
        assert_eq!(of(&[9, 1, 2]), 2.0);
        assert_eq!(of(&[4, 1, 9, 2]), 3.0);
        assert!(of(&[]).is_nan());
    }

    #[test]
    fn contenders_take_turns_and_leave_nothing() {
        let setup = tempfile::tempdir().unwrap();
        let log = setup.path().join("log");
        let contender = |name: &'static str| {
            let log = log.display().to_string();
            Contender::new(name, move |folder| {
                shell(&format!("printf {name} >> {log}; mkdir d; touch d/f; chmod a-w d"), folder)
            })
        };
        let folder = WorkFolder::Fresh(setup.path().to_owned());
        let costs = run(&[contender("a"), contender("b")], 3, &folder).unwrap();
        assert_eq!(fs::read_to_string(&log).unwrap(), "abbaab");
        assert_eq!(costs.iter().map(|c| c.runs.len()).collect::<Vec<_>>(), [3, 3]);
        assert_eq!(fs::read_dir(setup.path()).unwrap().count(), 1, "only the log is left");
    }
}
