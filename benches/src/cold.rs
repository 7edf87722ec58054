//! Fetching what is not there, beside what a careful person types. Everything is written to a disk and kept:
//! the floors sync the files they made and no others, as loom does.

use std::path::Path;

use loom_test_support::nginx::Nginx;

use crate::{
    Ground, Outcome,
    mark::Mark,
    payload::{self, BINARY, VERSION},
    process::{command, shell},
    rounds::{self, Contender, Costs, Place},
    table,
};

const ROUNDS: usize = 11;

pub(crate) fn run(ground: &Ground) -> Outcome<Vec<Mark>> {
    let folder = payload::real(ground)?;
    let nginx = Nginx::serve(&folder, "");
    let web = fetch(ground, &nginx.url(), "cold get over HTTP from nginx")?;
    fetch(ground, &format!("file://{}", folder.display()), "cold get from a folder")?;
    let (chain, loom) = (&web[0], &web[2]);
    let mark = |what, got, limit, target| Mark { what, got, limit, target };
    Ok(vec![
        mark("cold get, HTTP: wall, x the chain", loom.wall() / chain.wall(), 1.0, 0.45),
        mark("cold get, HTTP: CPU, x the chain", loom.cpu() / chain.cpu(), 1.0, 0.45),
        mark("cold get, HTTP: peak MiB", loom.peak(), 40.0, 32.0),
    ])
}

fn fetch(ground: &Ground, url: &str, title: &str) -> Outcome<Vec<Costs>> {
    let rounds = ground.rounds(ROUNDS);
    let costs = rounds::run(&contenders(ground, url), rounds, &Place::Fresh(ground.work.clone()))?;
    table::medians(&format!("{title}, medians of {rounds} interleaved rounds"), &costs);
    Ok(costs)
}

fn contenders(ground: &Ground, url: &str) -> [Contender; 3] {
    let asset = payload::asset(VERSION);
    let at = format!("{url}/v{VERSION}/{asset}");
    let chain = format!(
        "curl -fsS -O {at} -O {at}.sha256; sha256sum --quiet -c {asset}.sha256; tar xzf {asset}; sync {BINARY} ."
    );
    let pipe = format!("curl -fsS {at} | tar xz");
    let (loom, url) = (ground.loom.clone(), url.to_owned());
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
