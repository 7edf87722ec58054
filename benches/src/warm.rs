//! Asking for what is there, beside `/bin/true`: the least that starting a process can cost.

use crate::{
    Ground, Outcome,
    mark::Mark,
    payload::{self, VERSION},
    process::{command, measure},
    rounds::{self, Contender, Place},
    table,
};

const RUNS: usize = 300;

pub(crate) fn run(ground: &Ground) -> Outcome<Vec<Mark>> {
    let source = format!("file://{}", payload::real(ground)?.display());
    let home = tempfile::tempdir_in(&ground.work)?;
    let cache = home.path().join("cache");
    let loom = ground.loom.clone();
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
    let runs = ground.rounds(RUNS);
    let costs = rounds::run(&contenders, runs, &Place::Same(home.path().to_owned()))?;
    table::best(&format!("warm, the best of {runs} interleaved runs"), &costs);
    let ratio = |at: usize| costs[at].best() / costs[0].best();
    let mark = |what, at| Mark { what, got: ratio(at), limit: 3.0, target: 2.0 };
    Ok(vec![mark("warm which, x /bin/true", 1), mark("warm get, x /bin/true", 2)])
}
