//! `loom list`: what is here, and what is on offer.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Depot, Plain, Sandbox, Server};

fn versions(document: &serde_json::Value) -> Vec<String> {
    let releases = document["releases"].as_array().unwrap_or_else(|| panic!("{document}"));
    releases.iter().map(|r| r["version"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn nothing_here_is_an_empty_list() {
    let sandbox = Sandbox::new();
    sandbox.loom(&["list"]).ok();
    assert!(versions(&sandbox.loom(&["list", "--json"]).ok().json()).is_empty());
    assert!(!sandbox.cache().exists(), "asking creates nothing");
}

#[test]
fn versions_are_listed_newest_first() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0", "0.2.9", "0.2.10"]));
    for version in ["0.2.0", "0.2.10", "0.2.9"] {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    let document = sandbox.loom(&["list", "--json"]).ok().json();
    assert_eq!(versions(&document), ["0.2.10", "0.2.9", "0.2.0"]);
    let text = sandbox.loom(&["list"]).ok().stdout();
    let place = |version| text.find(version).unwrap_or_else(|| panic!("{version} in {text}"));
    assert!(place("0.2.10") < place("0.2.9") && place("0.2.9") < place("0.2.0"), "{text}");
}

#[test]
fn what_is_on_offer_is_listed_without_fetching_it() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(depot.path());
    for source in [depot.url(), server.url()] {
        let run = sandbox.loom(&["list", "--remote", "--json", "--source", &source]).ok();
        let document = run.json();
        assert_eq!(versions(&document), ["0.2.0", "0.1.0"], "{document}");
    }
    assert!(sandbox.trees().is_empty());
}

#[test]
fn a_plain_http_folder_says_that_it_cannot_list() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    sandbox.loom(&["list", "--remote", "--source", &server.url()]).code(3).says(&["list"]);
}
