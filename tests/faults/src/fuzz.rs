//! Runs the fuzz targets, one after another, and reads what libFuzzer prints.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use loom_fuzz_targets::{FuzzTarget, TARGETS};

use crate::tally::Outcome;

/// The heading of the section of tests/FAULTS.md.
pub(crate) const HEADING: &str = "Hostile input";

/// What is run, and for how long.
#[derive(Debug)]
pub(crate) struct FuzzPlan {
    /// The program that `cargo fuzz build` made.
    pub(crate) program: PathBuf,
    /// The folder with the corpora.
    pub(crate) corpora: PathBuf,
    /// The folder for what is found.
    pub(crate) scratch: PathBuf,
    /// The targets; all where there are none.
    pub(crate) targets: Vec<String>,
    /// The longest time for one target, in seconds.
    pub(crate) seconds: u64,
    /// The number of executions after which a target ends.
    pub(crate) runs: u64,
}

/// What one target did.
#[derive(Debug, Default)]
struct FuzzRun {
    name: &'static str,
    executions: u64,
    /// The covered edges.
    coverage: u64,
    /// The execution that covered the last new edge.
    newest: u64,
    failed: Option<String>,
}

/// Runs the targets; answers the table, and whether all were survived.
pub(crate) fn run(plan: &FuzzPlan) -> Outcome<(String, bool)> {
    let chosen = |target: &&FuzzTarget| {
        plan.targets.is_empty() || plan.targets.iter().any(|name| name == target.name)
    };
    let mut runs = Vec::new();
    for target in TARGETS.iter().filter(chosen) {
        let run = one(plan, target)?;
        println!("{:16} {} executions, coverage {}", run.name, run.executions, run.coverage);
        if let Some(why) = &run.failed {
            println!("FAILED {}: {why}", run.name);
        }
        runs.push(run);
    }
    let survived = !runs.is_empty() && runs.iter().all(|run| run.failed.is_none());
    Ok((table(&runs), survived))
}

/// Runs one target.
fn one(plan: &FuzzPlan, target: &FuzzTarget) -> Outcome<FuzzRun> {
    let (found, artifacts) = (plan.scratch.join(target.name), plan.scratch.join("artifacts"));
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&artifacts)?;
    let mut command = Command::new(&plan.program);
    command.env("LOOM_FUZZ_TARGET", target.name);
    command.arg(&found).arg(plan.corpora.join(target.name));
    command.arg(format!("-artifact_prefix={}/{}-", artifacts.display(), target.name));
    command.arg(format!("-max_len={}", target.longest));
    command.arg(format!("-max_total_time={}", plan.seconds)).arg(format!("-runs={}", plan.runs));
    command.args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut run = FuzzRun { name: target.name, ..FuzzRun::default() };
    let mut last = Vec::new();
    for line in child.stderr.take().map(BufReader::new).into_iter().flat_map(BufReader::split_lines)
    {
        run.read(&line);
        last.push(line);
        if last.len() > 40 {
            last.remove(0);
        }
    }
    if !child.wait()?.success() {
        run.failed = Some(last.join("\n"));
    }
    Ok(run)
}

/// The lines of a stream that may be no UTF-8.
trait SplitLines {
    fn split_lines(self) -> impl Iterator<Item = String>;
}

impl<R: std::io::Read> SplitLines for BufReader<R> {
    fn split_lines(self) -> impl Iterator<Item = String> {
        self.split(b'\n')
            .map_while(Result::ok)
            .map(|line| String::from_utf8_lossy(&line).into_owned())
    }
}

impl FuzzRun {
    /// Reads a line such as `#4096 NEW cov: 120 ft: 300 …` or `stat::number_of_executed_units: 5000`.
    fn read(&mut self, line: &str) {
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = count.trim().parse().unwrap_or(0);
        }
        let Some(rest) = line.strip_prefix('#') else { return };
        let mut words = rest.split_whitespace();
        let Some(Ok(execution)) = words.next().map(str::parse::<u64>) else { return };
        let coverage = words.skip_while(|word| *word != "cov:").nth(1).and_then(|n| n.parse().ok());
        if let Some(coverage) = coverage.filter(|coverage| *coverage > self.coverage) {
            (self.coverage, self.newest) = (coverage, execution);
        }
    }

    /// Whether the last tenth of the executions covered nothing new.
    fn is_flat(&self) -> bool {
        self.newest <= self.executions / 10 * 9
    }
}

fn table(runs: &[FuzzRun]) -> String {
    let mut table =
        "| target | executions | edges | last new edge at | none in the last tenth | survived |\n\
                     |---|--:|--:|--:|---|---|\n"
            .to_owned();
    let yes = |is: bool| if is { "yes" } else { "no" };
    for run in runs {
        let (flat, survived) = (yes(run.is_flat()), yes(run.failed.is_none()));
        let FuzzRun { name, executions, coverage, newest, .. } = run;
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {name} | {executions} | {coverage} | {newest} | {flat} | {survived} |"
        );
    }
    let sum: u64 = runs.iter().map(|run| run.executions).sum();
    let _ = writeln!(table, "| **total** | {sum} | | | | |");
    table
}

/// Where `cargo fuzz build` puts its program.
pub(crate) fn built(root: &Path) -> PathBuf {
    root.join("fuzz/target/x86_64-unknown-linux-gnu/release/any")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_new_edge_is_found() {
        let mut run = FuzzRun::default();
        for line in [
            "#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb",
            "#90\tNEW    cov: 12 ft: 20 corp: 2/2b",
            "#95\tREDUCE cov: 12 ft: 20 corp: 2/2b",
            "#100\tDONE   cov: 12 ft: 20",
            "stat::number_of_executed_units: 100",
        ] {
            run.read(line);
        }
        assert_eq!((run.executions, run.coverage, run.newest, run.is_flat()), (100, 12, 90, true));
    }
}
