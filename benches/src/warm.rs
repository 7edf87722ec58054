//! `which` and `get` of an installed release, beside `/bin/true`, which is the least that starting a process costs.

use crate::{
    payload::{self, VERSION},
    process::{command, measure},
    rounds::{self, Contender, WorkFolder},
    setup::{BenchSetup, Outcome},
    table,
    target::Target,
};

const RUNS: usize = 300;

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let source = format!("file://{}", payload::real(setup)?.display());
    let home = tempfile::tempdir_in(&setup.work)?;
    let cache = home.path().join("cache");
    let loom = setup.loom.clone();
    let ask = move |name: &'static str| {
        let (loom, cache) = (loom.clone(), cache.clone());
        move |home: &std::path::Path| {
            let mut command = command(&loom, home);
            command.args([name, "--version", VERSION, "--cache-dir"]).arg(&cache);
            command
        }
    };
    measure(ask("get")(home.path()).args(["--quiet", "--source", &source]))?;
    let contenders = [
        Contender::new("/bin/true", |home| command("/bin/true", home)),
        Contender::new("loom which", ask("which")),
        Contender::new("loom get", ask("get")),
    ];
    let runs = setup.rounds(RUNS);
    let costs = rounds::run(&contenders, runs, &WorkFolder::Same(home.path().to_owned()))?;
    table::best(&format!("warm, the best of {runs} interleaved runs"), &costs);
    let ratio = |at: usize| costs[at].best() / costs[0].best();
    let target = |what, at| Target { what, figure: ratio(at), limit: 3.0, goal: 2.0 };
    Ok(vec![target("warm which, x /bin/true", 1), target("warm get, x /bin/true", 2)])
}
