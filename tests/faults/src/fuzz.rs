//! Runs the fuzz targets, one after another, and reads what libFuzzer prints.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use loom_fuzz_targets::{FuzzTarget, TARGETS, named};

use crate::{corpora, fuzz_plan::FuzzPlan, tally::Outcome};

/// The heading of the section of tests/FAULTS.md.
pub(crate) const HEADING: &str = "Hostile input";

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
    /// The executions of the rounds before this one.
    earlier: u64,
}

/// Runs the targets; answers the table, and whether all were survived.
pub(crate) fn run(plan: &FuzzPlan) -> Outcome<(String, bool)> {
    let chosen = |target: &&FuzzTarget| {
        plan.targets.is_empty() || plan.targets.iter().any(|name| name == target.name)
    };
    let start = |target: &FuzzTarget| FuzzRun { name: target.name, ..FuzzRun::default() };
    for target in TARGETS.iter().filter(chosen) {
        fs::create_dir_all(plan.scratch.join(target.name))?;
        corpora::unpack(plan, target, &plan.scratch.join(target.name))?;
    }
    let waiting: VecDeque<FuzzRun> = TARGETS.iter().filter(chosen).map(start).collect();
    let queue = FuzzQueue { waiting: Mutex::new(waiting), end: Instant::now() + plan.time };
    let mut runs = thread::scope(|scope| {
        let work = || queue.work(plan).map_err(|error| error.to_string());
        let workers: Vec<_> = (0..plan.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let mut runs = Vec::new();
        for worker in workers {
            runs.extend(worker.join().map_err(|_| "a worker panicked")??);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(runs)
    })?;
    for target in TARGETS.iter().filter(|target| plan.keep && chosen(target)) {
        corpora::keep(plan, target, &plan.scratch.join(target.name))?;
    }
    runs.sort_by_key(|run| TARGETS.iter().position(|target| target.name == run.name));
    let survived = !runs.is_empty() && runs.iter().all(|run| run.failed.is_none());
    Ok((table(&runs), survived))
}

/// The targets that wait for a worker. One whose share of the time was not enough waits again, behind the others.
#[derive(Debug)]
struct FuzzQueue {
    waiting: Mutex<VecDeque<FuzzRun>>,
    end: Instant,
}

impl FuzzQueue {
    /// Runs targets until none waits; answers those that ended here.
    fn work(&self, plan: &FuzzPlan) -> Outcome<Vec<FuzzRun>> {
        let mut ended = Vec::new();
        while let Some((mut run, count)) = self.next() {
            let left = self.end - Instant::now().min(self.end);
            one(plan, &mut run, share(left, plan.jobs, count))?;
            println!("{:16} {} executions, coverage {}", run.name, run.executions, run.coverage);
            if let Some(why) = &run.failed {
                println!("FAILED {}: {why}", run.name);
            }
            let is_over = Instant::now() + Duration::from_secs(5) >= self.end;
            if is_over || run.failed.is_some() || run.is_done(plan) {
                ended.push(run);
            } else {
                self.waiting.lock().map_err(|_| "a worker panicked")?.push_back(run);
            }
        }
        Ok(ended)
    }

    /// The next target, and how many wait with it.
    fn next(&self) -> Option<(FuzzRun, usize)> {
        let mut waiting = self.waiting.lock().ok()?;
        let count = waiting.len();
        Some((waiting.pop_front()?, count))
    }
}

/// The time that one target may take: what the others did not need is shared by those that are left.
fn share(left: Duration, jobs: usize, targets: usize) -> Duration {
    let jobs = u32::try_from(jobs.clamp(1, targets.max(1))).unwrap_or(1);
    left * jobs / u32::try_from(targets.max(1)).unwrap_or(u32::MAX)
}

/// Runs one target in rounds, until it is done or the time is over.
fn one(plan: &FuzzPlan, run: &mut FuzzRun, time: Duration) -> Outcome {
    let target = named(run.name).ok_or("no such target")?;
    let end = Instant::now() + time;
    while run.failed.is_none() && !run.is_done(plan) {
        let left = (end - Instant::now().min(end)).as_secs();
        if left == 0 {
            break;
        }
        let wanted = plan.runs.saturating_sub(run.executions).max(plan.runs / 4);
        round(plan, target, run, left, wanted)?;
    }
    Ok(())
}

/// Runs libFuzzer once, with what the rounds before found.
fn round(
    plan: &FuzzPlan,
    target: &FuzzTarget,
    run: &mut FuzzRun,
    seconds: u64,
    executions: u64,
) -> Outcome {
    let (found, artifacts) = (plan.scratch.join(target.name), plan.scratch.join("artifacts"));
    fs::create_dir_all(&artifacts)?;
    let mut command = Command::new(&plan.program);
    command.env("LOOM_FUZZ_TARGET", target.name);
    command.arg(&found).arg(plan.corpora.join(target.name));
    command.arg(format!("-artifact_prefix={}/{}-", artifacts.display(), target.name));
    command.arg(format!("-max_len={}", target.longest));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-runs={executions}"));
    command.args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut last = Vec::new();
    run.earlier = run.executions;
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
    Ok(())
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
            self.executions = self.earlier + count.trim().parse::<u64>().unwrap_or(0);
        }
        let Some(rest) = line.strip_prefix('#') else { return };
        let mut words = rest.split_whitespace();
        let Some(Ok(execution)) = words.next().map(str::parse::<u64>) else { return };
        let coverage = words.skip_while(|word| *word != "cov:").nth(1).and_then(|n| n.parse().ok());
        if let Some(coverage) = coverage.filter(|coverage| *coverage > self.coverage) {
            (self.coverage, self.newest) = (coverage, self.earlier + execution);
        }
    }

    /// Whether it ran often enough, and its last tenth covered nothing new.
    fn is_done(&self, plan: &FuzzPlan) -> bool {
        self.executions >= plan.runs && self.is_flat()
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
        run.earlier = run.executions;
        for line in ["#2\tINITED cov: 12 ft: 20", "#5\tNEW cov: 13 ft: 21"] {
            run.read(line);
        }
        run.read("stat::number_of_executed_units: 10");
        assert_eq!(
            (run.executions, run.coverage, run.newest, run.is_flat()),
            (110, 13, 105, false)
        );
    }

    #[test]
    fn the_time_is_shared() {
        let hour = Duration::from_secs(3600);
        for (jobs, targets, seconds) in [(1, 36, 100), (2, 36, 200), (2, 1, 3600), (0, 2, 1800)] {
            assert_eq!(
                share(hour, jobs, targets).as_secs(),
                seconds,
                "{jobs} jobs, {targets} targets"
            );
        }
    }
}
