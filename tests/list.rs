//! `loom list`: what is here.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Plain, Sandbox};

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
fn versions_are_listed_in_their_order() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0", "0.2.9", "0.2.10"]));
    for version in ["0.2.0", "0.2.10", "0.2.9"] {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    let document = sandbox.loom(&["list", "--json"]).ok().json();
    assert_eq!(versions(&document), ["0.2.0", "0.2.9", "0.2.10"]);
    let text = sandbox.loom(&["list"]).ok().stdout();
    let place = |version| text.find(version).unwrap_or_else(|| panic!("{version} in {text}"));
    assert!(place("0.2.0") < place("0.2.9") && place("0.2.9") < place("0.2.10"), "{text}");
}

#[test]
fn each_row_says_where_it_came_from_and_which_is_in_use() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    sandbox.loom(&["use", "0.1.0"]).ok();
    let document = sandbox.loom(&["list", "--json"]).ok().json();
    let row = &document["releases"][0];
    assert_eq!(row["source"], mirror.url());
    assert_eq!(row["path"], sandbox.link("0.1.0").to_str().unwrap());
    assert_eq!(row["platform"], support::platform());
    assert_eq!((&row["used"], &document["releases"][1]["used"]), (&true.into(), &false.into()));
}
