//! `loom store gc`, `loom store keep` and the limits of the store.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::support::{Packing, Plain, Sandbox, Sums, program};

const DAY: Duration = Duration::from_secs(86_400);

const VERSIONS: [&str; 4] = ["0.1.0", "0.2.0", "0.3.0", "0.4.0"];

/// Four versions from a configured mirror, which were last used ten days ago.
fn with_four() -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&VERSIONS));
    configure(&sandbox, &mirror, "");
    for version in VERSIONS {
        sandbox.loom(&["get", version]).ok();
        age(&sandbox, version, 10);
    }
    (sandbox, mirror)
}

fn configure(sandbox: &Sandbox, mirror: &Plain, more: &str) {
    let file = sandbox.home().join(".config/loom/config.toml");
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    sandbox.write(file, &format!("{source}{more}"));
}

fn verification(sandbox: &Sandbox, version: &str) -> PathBuf {
    let below = format!("verifications/loom-os/loom-bridge-server/{version}");
    let folder = sandbox.cache().join(below);
    fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
}

/// Makes the last use of a version this many days old.
fn age(sandbox: &Sandbox, version: &str, days: u32) {
    let file = fs::File::options().append(true).open(verification(sandbox, version)).unwrap();
    file.set_modified(SystemTime::now() - days * DAY).unwrap();
}

fn versions(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = list.as_array().unwrap().iter();
    list.map(|one| (text(&one["version"]), text(&one["why"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(version, why)| ((*version).to_owned(), (*why).to_owned())).collect()
}

#[test]
fn only_what_both_rules_give_up_goes() {
    let (sandbox, _mirror) = with_four();
    let gone = |options: &[&str]| {
        let gc = [&["store", "gc", "--dry-run", "--json"], options].concat();
        versions(&sandbox.loom(&gc).ok().json()["removed"]).len()
    };
    assert_eq!(gone(&["--older-than", "1d"]), 3);
    assert_eq!(gone(&["--older-than", "1d", "--keep", "2"]), 2);
    assert_eq!(gone(&["--older-than", "1d", "--keep", "all"]), 0);
}

#[test]
fn a_project_keeps_every_version_that_it_used_and_the_one_of_its_lock() {
    let (sandbox, _mirror) = with_four();
    let project = sandbox.project();
    sandbox.write(project.join("loom.toml"), "[bridge]\nversion = \"0.1.0\"\n");
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&["lock"]).ok();
    sandbox.loom(&["get", "0.2.0"]).ok();
    for version in VERSIONS {
        age(&sandbox, version, 10);
    }
    let report = sandbox.loom(&["store", "gc", "--keep", "1", "--json"]).ok().json();
    assert_eq!(versions(&report["removed"]), pairs(&[("0.3.0", "older")]));
    let kept = [("0.1.0", "project"), ("0.2.0", "project"), ("0.4.0", "newest")];
    assert_eq!(versions(&report["kept"]), pairs(&kept));
    sandbox.loom(&["get", "--locked", "--offline"]).ok();
}

#[test]
fn versions_are_removed_by_the_rules_and_the_output_says_why() {
    let (sandbox, _mirror) = with_four();
    age(&sandbox, "0.2.0", 0);
    let kept = sandbox.loom(&["store", "keep", "0.1.0"]).ok().stdout();
    assert!(kept.starts_with("loom-bridge-server 0.1.0 "), "{kept}");
    let gc = ["store", "gc", "--keep", "1", "--json"];
    let dry = sandbox.loom(&[&gc[..], &["--dry-run"]].concat()).ok().json();
    assert_eq!(versions(&dry["removed"]), pairs(&[("0.3.0", "older")]));
    assert_eq!(sandbox.trees().len(), 4);
    let explain = ["store", "gc", "--keep", "1", "--dry-run", "--explain"];
    let text = sandbox.loom(&explain).ok().stdout();
    for part in ["keep", "`loom store keep` keeps it", "it was used in the last day", "remove"] {
        assert!(text.contains(part), "{text}");
    }
    let after = sandbox.loom(&gc).ok().json();
    let kept = [("0.1.0", "explicit"), ("0.2.0", "just_used"), ("0.4.0", "newest")];
    assert_eq!(versions(&after["kept"]), pairs(&kept));
    assert_eq!(sandbox.trees().len(), 3);
    sandbox.verify();
    sandbox.loom(&["which", "0.3.0"]).code(3);
    sandbox.loom(&["store", "keep", "--remove", "0.1.0"]).ok();
    sandbox.loom(&["store", "keep", "--remove", "0.1.0"]).code(3).says(&["is not kept"]);
    let text = sandbox.loom(&["store", "gc", "--older-than", "5days"]).ok().stdout();
    for part in ["0.1.0", "was not used for 5 days", "removed 1 version,"] {
        assert!(text.contains(part), "{text}");
    }
    let run = sandbox.loom(&["store", "gc", "--older-than", "soon"]).code(2);
    run.says(&["expected a duration, such as 30d or 12h"]);
    sandbox.loom(&["store", "gc", "--max-size", "big"]).code(2).says(&["20GiB"]);
}

#[test]
fn what_no_source_can_serve_again_stays() {
    let (sandbox, mirror) = with_four();
    let source = mirror.path().with_extension("gone");
    fs::rename(mirror.path(), &source).unwrap();
    let json = sandbox.loom(&["store", "gc", "--keep", "0", "--json"]).ok().json();
    assert!(versions(&json["kept"]).iter().all(|(_, why)| why == "not_fetchable"), "{json}");
    fs::rename(&source, mirror.path()).unwrap();
    sandbox.write("server", "#!/bin/sh\n");
    let add = ["store", "add", "server", "--version", "0.0.1", "--allow-unverified"];
    sandbox.loom(&add).ok();
    age(&sandbox, "0.0.1", 3);
    let json = sandbox.loom(&["store", "gc", "--keep", "0", "--json"]).ok().json();
    assert_eq!(versions(&json["kept"]), pairs(&[("0.0.1", "not_fetchable")]));
    assert_eq!(json["removed"].as_array().unwrap().len(), 4);
    let json = sandbox.loom(&["store", "gc", "--keep", "0", "--all", "--json"]).ok().json();
    assert_eq!(versions(&json["removed"]), pairs(&[("0.0.1", "older")]));
    assert!(sandbox.trees().is_empty() && sandbox.objects().is_empty());
    sandbox.verify();
}

#[test]
fn the_limits_of_the_configuration_are_enforced_after_an_acquisition() {
    let (sandbox, mirror) = with_four();
    configure(&sandbox, &mirror, "[store]\nkeep = 2\n");
    mirror.add("0.5.0", Packing::TarGz, &program::small("0.5.0"), Sums::Sidecar);
    // The result is printed first, and is all that stdout has.
    let run = sandbox.loom(&["get", "0.5.0"]).ok();
    assert_eq!(run.path(), sandbox.link("0.5.0"));
    let run = run.says(&["removed", "0.1.0", "0.2.0", "0.3.0", "to keep to store.keep; "]);
    let told = run.never_says(&["store.max_size"]).stderr();
    assert_eq!(told.matches(" KiB)").count() + told.matches(" B)").count(), 3, "{told}");
    assert_eq!(sandbox.trees().len(), 2);
    // Nothing was acquired: nothing is collected.
    age(&sandbox, "0.4.0", 10);
    configure(&sandbox, &mirror, "[store]\nkeep = 0\n");
    sandbox.loom(&["get", "0.5.0"]).ok().never_says(&["removed"]);
    configure(&sandbox, &mirror, "[store]\nkeep = \"all\"\nmax_size = \"1\"\n");
    let run = sandbox.loom(&["get", "0.3.0"]).ok();
    run.says(&["removed", "0.4.0", "to keep to store.max_size; "]).never_says(&["store.keep"]);
    // 0.5.0 is the newest, 0.3.0 was just used.
    assert_eq!(sandbox.trees().len(), 2);
    sandbox.loom(&["store", "gc"]).ok().says(&["larger than allowed"]);
    sandbox.verify();
}

#[test]
fn a_project_keeps_the_version_that_it_used() {
    let (sandbox, _mirror) = with_four();
    sandbox.write("loom.toml", "[bridge]\nversion = \"0.4.0\"\n");
    sandbox.loom(&["get"]).ok();
    age(&sandbox, "0.4.0", 10);
    fs::remove_file(sandbox.project().join("loom.toml")).unwrap();
    let json = sandbox.loom(&["store", "gc", "--keep", "0", "--json"]).ok().json();
    assert_eq!(versions(&json["kept"]), pairs(&[("0.4.0", "project")]));
    let roots = sandbox.cache().join("roots/projects");
    let root = fs::read_dir(roots).unwrap().next().unwrap().unwrap().path();
    let file = fs::File::options().append(true).open(root).unwrap();
    file.set_modified(SystemTime::now() - 91 * DAY).unwrap();
    let json = sandbox.loom(&["store", "gc", "--keep", "0", "--json"]).ok().json();
    assert_eq!(versions(&json["removed"]), pairs(&[("0.4.0", "older")]));
}

#[test]
fn a_version_whose_record_was_removed_by_hand_is_not_lost() {
    let (sandbox, mirror) = with_four();
    sandbox.write("server", "#!/bin/sh\n");
    let add = ["store", "add", "server", "--version", "0.0.1", "--allow-unverified"];
    sandbox.loom(&add).ok();
    let records = sandbox.cache().join("releases");
    for removed in [records.join("loom-os/loom-bridge-server/0.0.1"), records] {
        fs::remove_dir_all(removed).unwrap();
        mirror.add("0.5.0", Packing::TarGz, &program::small("0.5.0"), Sums::Sidecar);
        sandbox.loom(&["get", "0.5.0"]).ok();
        sandbox.loom(&["store", "gc", "--keep", "0", "--all"]).ok();
        assert!(sandbox.link("0.0.1").exists(), "its link leads to a tree");
    }
    sandbox.loom(&["store", "repair", "--offline"]).ok();
    sandbox.verify();
    assert!(sandbox.link("0.0.1").exists());
}

#[test]
fn the_default_version_stays_also_if_it_was_set_before_it_was_installed() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&VERSIONS));
    configure(&sandbox, &mirror, "");
    sandbox.loom(&["use", "0.1.0"]).ok();
    for version in VERSIONS {
        sandbox.loom(&["get", version]).ok();
        age(&sandbox, version, 10);
    }
    let json = sandbox.loom(&["store", "gc", "--keep", "1", "--json"]).ok().json();
    assert_eq!(versions(&json["kept"]), pairs(&[("0.1.0", "default"), ("0.4.0", "newest")]));
    let json = sandbox.loom(&["store", "gc", "--older-than", "1day", "--json"]).ok().json();
    assert!(json["removed"].as_array().unwrap().is_empty(), "the newest one stays: {json}");
}

#[test]
fn a_use_is_noted_once_an_hour() {
    let (sandbox, _mirror) = with_four();
    let modified =
        |version: &str| fs::metadata(verification(&sandbox, version)).unwrap().modified().unwrap();
    let before = modified("0.1.0");
    sandbox.loom(&["which", "0.1.0"]).ok();
    assert_eq!(modified("0.1.0"), before, "which only reads");
    sandbox.loom(&["get", "0.1.0"]).ok();
    let noted = modified("0.1.0");
    assert!(noted > before + 9 * DAY);
    sandbox.loom(&["get", "0.1.0"]).ok();
    assert_eq!(modified("0.1.0"), noted);
    let text = sandbox.loom(&["list"]).ok().stdout();
    assert!(["LAST USE", "just now", "10 days"].iter().all(|part| text.contains(part)), "{text}");
}

#[test]
fn collections_and_acquisitions_at_the_same_time_lose_nothing() {
    let (sandbox, _mirror) = with_four();
    let mut running = Vec::new();
    for round in 0..6 {
        for version in VERSIONS {
            if round == 0 {
                age(&sandbox, version, 10);
            }
            running.push((Some(version), sandbox.spawn(&["get", version])));
            running.push((None, sandbox.spawn(&["store", "gc", "--keep", "0"])));
        }
    }
    for (version, running) in running {
        let run = running.wait().ok();
        // A day of grace: what was handed out is still there.
        if version.is_some() {
            assert!(run.path().exists(), "{}", run.line);
        }
    }
    sandbox.verify();
}

#[test]
fn remove_takes_ranges_and_several_versions() {
    let (sandbox, _mirror) = with_four();
    let json = sandbox.loom(&["remove", "<0.2", "0.3.0", "--json"]).ok().json();
    assert_eq!(json["releases"].as_array().unwrap().len(), 2);
    assert_eq!(sandbox.trees().len(), 2);
    sandbox.loom(&["remove", "<0.2"]).code(3).says(&["no installed version", "loom list"]);
    sandbox.loom(&["remove", "latest"]).code(2);
    let json = sandbox.loom(&["remove", "0.2.0", "--json"]).ok().json();
    assert_eq!(json["version"], "0.2.0");
    assert!(Path::new(&sandbox.link("0.4.0")).exists());
    sandbox.verify();
}

/// What killed processes and repairs have left counts in a dry run as in the run.
#[test]
fn a_dry_run_has_the_totals_of_the_run() {
    let (sandbox, _mirror) = with_four();
    let old = |path: PathBuf, bytes: &str| {
        sandbox.write(&path, bytes);
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - 9 * DAY).unwrap();
    };
    let cache = sandbox.cache();
    let digest = "0".repeat(64);
    old(cache.join("partial").join(&digest), "part of a transfer");
    old(cache.join("tmp/t0123456789ab"), "temporary");
    old(sandbox.state().join(".new-0123456789ab"), "state");
    old(sandbox.state().join("self/.loom-new-abcdef"), "own program");
    sandbox.write(sandbox.state().join(".new-younger"), "younger");
    for folder in [format!(".new-{}", "a".repeat(12)), format!(".damaged-{digest}-1")] {
        sandbox.write(cache.join("store").join(folder).join("0/file"), "a tree");
    }
    sandbox.write(cache.join("damaged/1-format"), "set aside");
    let args = ["store", "gc", "--keep", "2", "--json"];
    let counts = |dry: bool| {
        let more: &[&str] = if dry { &["--dry-run"] } else { &[] };
        let json = sandbox.loom(&[&args[..], more].concat()).ok().json();
        let versions = versions(&json["removed"]);
        (versions, ["trees", "objects", "stale", "freed"].map(|key| json[key].as_u64().unwrap()))
    };
    let before = sandbox.files("").len();
    let planned = counts(true);
    assert_eq!(sandbox.files("").len(), before, "nothing was changed");
    assert_eq!(planned, counts(false));
    assert_eq!(planned.0.len(), 2);
    assert_eq!(&planned.1[..3], [2, 2 * 3, 1 + 1 + 2]);
    assert_eq!(counts(true).1, [0; 4]);
    assert!(sandbox.state().join(".new-younger").exists());
}

#[test]
fn all_versions_may_be_kept() {
    let (sandbox, mirror) = with_four();
    configure(&sandbox, &mirror, "[store]\nkeep = 1\n");
    let json = sandbox.loom(&["store", "gc", "--keep", "all", "--json"]).ok().json();
    assert_eq!(json["removed"].as_array().unwrap().len(), 0, "{json}");
    sandbox.loom(&["store", "gc", "--keep", "some"]).code(2).says(&["or all"]);
    let run = sandbox.loom(&["store", "gc", "--keep", "1"]).ok();
    assert!(run.stdout().contains("it is not the newest version"), "{}", run.stdout());
    assert!(!run.stdout().contains("1 newest versions"), "{}", run.stdout());
}

/// Removes folders of the store, as a user does by hand.
fn remove_folders(sandbox: &Sandbox, folders: &[&str]) {
    for folder in folders {
        let _ = fs::remove_dir_all(sandbox.cache().join(folder));
    }
}

#[test]
fn a_collection_spares_what_a_half_deleted_store_is_made_of_again() {
    let (sandbox, _mirror) = with_four();
    let installed = || sandbox.loom(&["list", "--json"]).ok().json()["releases"].clone();
    let all = installed();
    remove_folders(&sandbox, &["bin", "releases"]);
    sandbox.loom(&["store", "verify"]).ok().says(&["the record of", "is missing, but its tree is"]);
    sandbox.loom(&["store", "gc"]).ok();
    sandbox.loom(&["--offline", "store", "repair"]).ok();
    assert_eq!(installed().as_array().unwrap().len(), all.as_array().unwrap().len());
    sandbox.verify();
}

#[test]
fn what_roots_keep_is_made_again_of_its_statement_or_fetched() {
    let (sandbox, _mirror) = with_four();
    sandbox.loom(&["store", "keep", "0.1.0"]).ok();
    remove_folders(&sandbox, &["bin", "releases", "verifications", "receipts"]);
    sandbox.loom(&["store", "gc"]).ok();
    sandbox.loom(&["--offline", "store", "repair"]).ok();
    sandbox.loom(&["which", "0.1.0", "--offline"]).ok();
    sandbox.verify();
    // Nothing is left but the root: the version comes from a source.
    let store = sandbox.cache().join("store");
    assert!(Command::new("chmod").args(["-R", "u+w"]).arg(&store).status().unwrap().success());
    let folders = ["bin", "releases", "verifications", "receipts", "objects", "store"];
    remove_folders(&sandbox, &folders);
    sandbox.loom(&["store", "verify"]).ok().says(&["0.1.0", "is kept by `loom store keep`"]);
    sandbox.loom(&["store", "repair"]).ok();
    sandbox.loom(&["which", "0.1.0", "--offline"]).ok();
    sandbox.verify();
}

/// Another project used the version in the same hour.
#[test]
fn a_version_that_a_project_uses_is_kept_at_once() {
    let (sandbox, _mirror) = with_four();
    sandbox.write("loom.toml", "");
    sandbox.write("other/loom.toml", "");
    sandbox.loom(&["get", "0.1.0"]).ok();
    let other = sandbox.project().join("other/loom.toml");
    sandbox.loom(&["get", "--config", other.to_str().unwrap(), "0.2.0"]).ok();
    sandbox.loom(&["get", "0.2.0"]).ok();
    let roots = sandbox.cache().join("roots/projects");
    let lines = |name: &String| fs::read_to_string(roots.join(name)).unwrap().lines().count();
    let mut counts: Vec<usize> = crate::support::sandbox::names(&roots).iter().map(lines).collect();
    counts.sort_unstable();
    assert_eq!(counts, [2, 3], "a header, and a line for each version of a project");
}
