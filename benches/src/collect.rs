//! `store gc` of half a store, beside `rm -rf` of as many folders and the collector of Nix over the same files.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    process::{ProcessCost, command, measure, shell},
    rounds,
    setup::{BenchSetup, Outcome},
    table,
    target::Target,
    trees,
};

const ROUNDS: usize = 5;

/// Many small trees, half of them garbage.
const MANY: (usize, usize) = (10_000, 200);

/// The trees that are also collected by others: 1,000 of them, with 50 KiB each.
const COMPARED: (usize, usize) = (2000, 50 * 1024);

/// One program that collects, with the folder that it collects in.
struct ComparedCollector {
    name: &'static str,
    /// What each run begins with a copy of.
    template: PathBuf,
    command: Box<dyn Fn(&Path) -> Command>,
}

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let folder = tempfile::tempdir_in(&setup.work)?;
    let at = folder.path().join("run");
    let rounds = setup.rounds(ROUNDS);
    let many = loom(setup, folder.path(), "many", MANY)?;
    let many = costs(&[many], &at, rounds)?;
    table::medians(&format!("store gc, 5,000 of 10,000 trees, medians of {rounds} rounds"), &many);
    let compared = [
        remove(folder.path())?,
        nix(folder.path(), &at)?,
        loom(setup, folder.path(), "loom", COMPARED)?,
    ];
    let compared = costs(&compared, &at, rounds)?;
    let title = format!("1,000 of 2,000 trees of 50 KiB, medians of {rounds} rounds");
    table::medians(&title, &compared);
    rounds::discard(folder)?;
    let [remove, nix, loom] = [0, 1, 2].map(|number: usize| compared[number].wall());
    let target = |what, figure, limit, goal| Target { what, figure, limit, goal };
    Ok(vec![
        target("store gc: s for 5,000 of 10,000 trees", many[0].wall(), 2.0, 1.0),
        target("store gc: wall, x rm -rf", loom / remove, 3.0, 1.5),
        target("store gc: wall, x nix-store --gc", loom / nix, 0.3, 0.2),
    ])
}

/// Runs each collector once per round over a fresh copy at the same place: Nix's database has the path of its store.
fn costs(
    collectors: &[ComparedCollector],
    at: &Path,
    rounds: usize,
) -> Outcome<Vec<rounds::RunCosts>> {
    let mut costs: Vec<(&'static str, Vec<ProcessCost>)> =
        collectors.iter().map(|collector| (collector.name, Vec::new())).collect();
    for round in 0..rounds {
        for turn in 0..collectors.len() {
            let number = (round + turn) % collectors.len();
            let collector = &collectors[number];
            let script =
                format!("cp -a '{}' '{}'; sync", collector.template.display(), at.display());
            measure(&mut shell(&script, Path::new("/")))?;
            costs[number].1.push(measure(&mut (collector.command)(at))?);
            rounds::remove(at)?;
        }
    }
    Ok(costs.into_iter().map(|(name, runs)| rounds::RunCosts::of(name, runs)).collect())
}

fn loom(
    setup: &BenchSetup,
    folder: &Path,
    name: &'static str,
    (count, size): (usize, usize),
) -> Outcome<ComparedCollector> {
    let template = folder.join(name);
    trees::write_store(&template.join("cache"), count, size)?;
    let loom = setup.loom.clone();
    let command = move |home: &Path| {
        let mut gc = command(&loom, home);
        gc.args(["store", "gc", "--quiet", "--cache-dir", "cache"]);
        gc
    };
    Ok(ComparedCollector { name: "loom store gc", template, command: Box::new(command) })
}

fn remove(folder: &Path) -> Outcome<ComparedCollector> {
    let template = folder.join("plain");
    let (count, size) = COMPARED;
    trees::write_folders(&template.join("garbage"), count / 2, size)?;
    let command = |home: &Path| shell("rm -rf garbage", home);
    Ok(ComparedCollector { name: "rm -rf", template, command: Box::new(command) })
}

/// A store of Nix, made at the place where it is collected.
fn nix(folder: &Path, at: &Path) -> Outcome<ComparedCollector> {
    let (count, size) = COMPARED;
    let files = folder.join("files");
    trees::write_folders(&files, count, size)?;
    fs::create_dir_all(at.join("conf"))?;
    fs::write(at.join("conf/nix.conf"), "build-users-group =\nsandbox = false\n")?;
    let script = format!("nix-store --add {}/* > paths; mkdir -p var/gcroots", files.display());
    measure(&mut nix_shell(&script, at))?;
    let paths = fs::read_to_string(at.join("paths"))?;
    for (number, path) in paths.lines().enumerate().filter(|(number, _)| number % 2 == 0) {
        symlink(path, at.join(format!("var/gcroots/{number}")))?;
    }
    let template = folder.join("nix");
    fs::rename(at, &template)?;
    let command = |home: &Path| nix_shell("nix-store --gc 2>/dev/null", home);
    Ok(ComparedCollector { name: "nix-store --gc", template, command: Box::new(command) })
}

fn nix_shell(script: &str, at: &Path) -> Command {
    let mut shell = shell(script, at);
    let folders = [
        ("STORE", "store"),
        ("STATE", "var"),
        ("LOCALSTATE", "state"),
        ("LOG", "log"),
        ("CONF", "conf"),
    ];
    for (name, folder) in folders {
        shell.env(format!("NIX_{name}_DIR"), at.join(folder));
    }
    shell
}
