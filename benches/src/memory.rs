//! The peak memory while a 500 MB archive arrives: memory must not grow with the size of an archive.

use loom_test_support::nginx::Nginx;

use crate::{
    payload::{self, VERSION},
    process::command,
    rounds::{self, Contender, WorkFolder},
    setup::{BenchSetup, Outcome},
    table,
    target::Target,
};

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let nginx = Nginx::serve(&payload::big(setup)?, "");
    let (loom, url) = (setup.loom.clone(), nginx.url());
    let get = Contender::new("loom get", move |home| {
        let mut get = command(&loom, home);
        get.args(["get", "--quiet", "--version", VERSION, "--source", &url]);
        get.arg("--cache-dir").arg(home.join("cache"));
        get
    });
    let costs = rounds::run(&[get], 1, &WorkFolder::Fresh(setup.work.clone()))?;
    table::medians("a 500 MB archive over HTTP, one run", &costs);
    let figure = costs[0].peak();
    Ok(vec![Target { what: "500 MB archive: peak MiB", figure, limit: 40.0, goal: 32.0 }])
}
