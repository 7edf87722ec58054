//! The peak while a 500 MB archive arrives: memory must not grow with what is fetched.

use loom_test_support::nginx::Nginx;

use crate::{
    Ground, Outcome,
    mark::Mark,
    payload::{self, VERSION},
    process::command,
    rounds::{self, Contender, Place},
    table,
};

pub(crate) fn run(ground: &Ground) -> Outcome<Vec<Mark>> {
    let nginx = Nginx::serve(&payload::big(ground)?, "");
    let (loom, url) = (ground.loom.clone(), nginx.url());
    let get = Contender::new("loom get", move |home| {
        let mut get = command(&loom, home);
        get.args(["get", "--quiet", "--version", VERSION, "--source", &url]);
        get.arg("--cache-dir").arg(home.join("cache"));
        get
    });
    let costs = rounds::run(&[get], 1, &Place::Fresh(ground.work.clone()))?;
    table::medians("a 500 MB archive over HTTP, one run", &costs);
    let got = costs[0].peak();
    Ok(vec![Mark { what: "500 MB archive: peak MiB", got, limit: 40.0, target: 32.0 }])
}
