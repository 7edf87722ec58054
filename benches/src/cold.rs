//! `get` of a release that is not installed, beside the commands of a careful user. All contenders write to a disk and
//! sync the files that they made and no others.

use std::path::Path;

use loom_test_support::nginx::Nginx;

use crate::{
    payload::{self, BINARY, VERSION},
    process::{command, shell},
    rounds::{self, Contender, RunCosts, WorkFolder},
    setup::{BenchSetup, Outcome},
    table,
    target::Target,
};

const ROUNDS: usize = 11;

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let folder = payload::real(setup)?;
    let nginx = Nginx::serve(&folder, "");
    let web = fetch(setup, &nginx.url(), "cold get over HTTP from nginx")?;
    fetch(setup, &format!("file://{}", folder.display()), "cold get from a folder")?;
    let (chain, loom) = (&web[0], &web[2]);
    let target = |what, figure, limit, goal| Target { what, figure, limit, goal };
    Ok(vec![
        target("cold get, HTTP: wall, x the chain", loom.wall() / chain.wall(), 1.0, 0.45),
        target("cold get, HTTP: CPU, x the chain", loom.cpu() / chain.cpu(), 1.0, 0.45),
        target("cold get, HTTP: peak MiB", loom.peak(), 40.0, 32.0),
    ])
}

fn fetch(setup: &BenchSetup, url: &str, title: &str) -> Outcome<Vec<RunCosts>> {
    let rounds = setup.rounds(ROUNDS);
    let costs =
        rounds::run(&contenders(setup, url), rounds, &WorkFolder::Fresh(setup.work.clone()))?;
    table::medians(&format!("{title}, medians of {rounds} interleaved rounds"), &costs);
    Ok(costs)
}

fn contenders(setup: &BenchSetup, url: &str) -> [Contender; 3] {
    let asset = payload::asset(VERSION);
    let at = format!("{url}/v{VERSION}/{asset}");
    let chain = format!(
        "curl -fsS -O {at} -O {at}.sha256; sha256sum --quiet -c {asset}.sha256; tar xzf {asset}; sync {BINARY} ."
    );
    let pipe = format!("curl -fsS {at} | tar xz");
    let (loom, url) = (setup.loom.clone(), url.to_owned());
    let get = move |home: &Path| {
        let mut get = command(&loom, home);
        get.args(["get", "--quiet", "--version", VERSION, "--source", &url]);
        get.arg("--cache-dir").arg(home.join("cache"));
        get
    };
    [
        Contender::new("curl -o; sha256sum -c; tar xzf; sync", move |home| shell(&chain, home)),
        Contender::new("curl | tar xz (no hash, no sync)", move |home| shell(&pipe, home)),
        Contender::new("loom get", get),
    ]
}
