//! Generations: `loom use`, `loom rollback` and `loom list --generations`.

use crate::support::{Depot, Packing, Plain, Sandbox, Sums, program};

fn with_two() -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    (sandbox, mirror)
}

#[test]
fn rollback_goes_to_the_version_before() {
    let (sandbox, _mirror) = with_two();
    sandbox.loom(&["rollback"]).code(3).says(&["no earlier generation", "loom use VERSION"]);
    sandbox.loom(&["list", "--generations"]).ok().says(&["no generations yet"]);
    for version in ["0.1.0", "0.2.0", "0.2.0"] {
        sandbox.loom(&["use", version]).ok();
    }
    let list = || sandbox.loom(&["list", "--generations", "--json"]).ok().json();
    let document = list();
    let all = document["generations"].as_array().unwrap();
    assert_eq!(all.len(), 2, "the same version again is no new generation");
    assert!(all[0]["version"] == "0.2.0" && all[0]["current"] == true);
    let json = sandbox.loom(&["rollback", "--json"]).ok().json();
    assert!(json["version"] == "0.1.0" && json["generation"] == 1);
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.1.0"));
    sandbox.loom(&["get", "-v"]).ok().says(&["version 0.1.0, set by `loom rollback`\n"]);
    sandbox.loom(&["rollback"]).code(3);
    sandbox.loom(&["rollback", "--to", "2"]).ok();
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.loom(&["rollback", "--to", "7"]).code(3).says(&["no generation 7"]);
    sandbox.loom(&["remove", "0.1.0"]).ok();
    sandbox.loom(&["rollback"]).code(3).says(&["no longer installed", "loom get 0.1.0"]);
    sandbox.loom(&["list", "--generations"]).ok().says(&["*", "!", "no longer installed"]);
}

#[test]
fn rollback_goes_to_what_was_the_default_before() {
    let (sandbox, mirror) = with_two();
    mirror.add("0.3.0", Packing::TarGz, &program::small("0.3.0"), Sums::Sidecar);
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.3.0"]).ok();
    let rollback = || sandbox.loom(&["rollback"]).ok().stdout();
    sandbox.loom(&["use", "0.1.0"]).ok();
    sandbox.loom(&["use", "0.2.0"]).ok();
    assert_eq!(rollback(), "0.1.0\n");
    // 0.2.0 was gone back from.
    sandbox.loom(&["use", "0.3.0"]).ok();
    assert_eq!(rollback(), "0.1.0\n");
    // A version that was never installed is no generation.
    sandbox.loom(&["use", "0.9.0"]).ok();
    assert_eq!(rollback(), "0.1.0\n");
}

#[test]
fn a_default_version_that_is_installed_later_is_a_generation_and_none_goes_back_to_it() {
    let (sandbox, mirror) = with_two();
    mirror.add("0.3.0", Packing::TarGz, &program::small("0.3.0"), Sums::Sidecar);
    for version in ["0.1.0", "0.2.0", "0.3.0"] {
        sandbox.loom(&["use", version]).ok();
    }
    sandbox.loom(&["get", "--source", &mirror.url()]).ok();
    let current = || {
        let json = sandbox.loom(&["list", "--generations", "--json"]).ok().json();
        let all = json["generations"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["current"] == true).unwrap()["version"].clone()
    };
    assert_eq!(current(), "0.3.0");
    let rollback = || sandbox.loom(&["rollback"]).ok();
    assert_eq!(rollback().stdout(), "0.2.0\n");
    // What was the default before the latest version is the version before.
    sandbox.loom(&["use", "--none"]).ok();
    sandbox.loom(&["use", "--none"]).ok();
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.3.0"));
    assert_eq!(rollback().stdout(), "0.2.0\n");
    // One that is no longer here is passed over.
    sandbox.loom(&["use", "0.3.0"]).ok();
    sandbox.loom(&["remove", "0.2.0"]).ok();
    let run = rollback().says(&["0.2.0 of generation 2 is no longer installed"]);
    assert_eq!(run.stdout(), "0.1.0\n");
}

#[test]
fn the_version_of_a_project_takes_precedence_and_is_named() {
    let (sandbox, _mirror) = with_two();
    sandbox.loom(&["use", "0.1.0"]).ok();
    sandbox.loom(&["use", "0.2.0"]).ok();
    sandbox.write("loom.toml", "[bridge]\nversion = \"0.2.0\"\n");
    sandbox.loom(&["rollback"]).ok().says(&["loom.toml", "takes precedence"]);
}

#[test]
fn a_runtime_that_became_ready_is_a_generation() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::with_server("0.2.0"));
    let up = ["up", "--detach", "--bridge-port", "0", "--dashboard-port", "0"];
    sandbox.loom(&[&up[..], &["--source", &mirror.url()]].concat()).ok();
    let json = sandbox.loom(&["list", "--generations", "--json"]).ok().json();
    assert_eq!(json["generations"][0]["version"], "0.2.0");
    sandbox.loom(&["get", "--source", &mirror.url(), "0.2.0"]).ok();
    sandbox.loom(&["down"]).ok();
    // An option is no default.
    let (sandbox, mirror) = (Sandbox::new(), Plain::with_server("0.2.0"));
    sandbox.loom(&[&up[..], &["--source", &mirror.url(), "--version", "0.2.0"]].concat()).ok();
    sandbox.loom(&["down"]).ok();
    let json = sandbox.loom(&["list", "--generations", "--json"]).ok().json();
    assert_eq!(json["generations"].as_array().unwrap().len(), 0);
}

/// A version that its source has withdrawn is no target of its own accord, and is marked.
#[test]
fn a_withdrawn_generation_is_passed_over() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0", "0.3.0"]));
    let config = sandbox.home().join(".config/loom/config.toml");
    sandbox.write(config, &format!("sources = [\"{}\"]\n", depot.url()));
    for version in ["0.1.0", "0.2.0", "0.3.0"] {
        sandbox.loom(&["get", version]).ok();
        sandbox.loom(&["use", version]).ok();
    }
    depot.yank("0.2.0");
    let list = sandbox.loom(&["list", "--generations", "--json"]).ok().json();
    let marked: Vec<bool> = list["generations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["withdrawn"].is_string())
        .collect();
    assert_eq!(marked, [false, true, false], "{list}");
    let run = sandbox.loom(&["list", "--generations"]).ok();
    run.says(&["- withdrawn by its source"]);
    let run = sandbox.loom(&["rollback"]).ok();
    let run = run.says(&["0.2.0 of generation 2 was withdrawn by ", "passed over"]);
    assert_eq!(run.stdout(), "0.1.0\n");
    // A generation that is named is the target all the same.
    let run = sandbox.loom(&["rollback", "--to", "2"]).ok();
    assert_eq!(run.says(&["was withdrawn by"]).stdout(), "0.2.0\n");
    sandbox.loom(&["use", "0.1.0"]).ok();
    depot.yank("0.3.0");
    let run = sandbox.loom(&["rollback"]).code(3);
    run.says(&["was withdrawn by", "`loom rollback --to "]);
}
