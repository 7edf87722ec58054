//! `loom list`: installed and remote releases.

use crate::support::{self, Depot, Fault, Packing, Plain, Sandbox, Server, Unreachable};

fn versions(document: &serde_json::Value) -> Vec<String> {
    let releases = document["releases"].as_array().unwrap_or_else(|| panic!("{document}"));
    releases.iter().map(|r| r["version"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn without_releases_the_list_is_empty() {
    let sandbox = Sandbox::new();
    sandbox.loom(&["list"]).ok();
    assert!(versions(&sandbox.loom(&["list", "--json"]).ok().json()).is_empty());
    assert!(!sandbox.cache().exists(), "list creates no files");
}

#[test]
fn versions_are_listed_in_order() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0", "0.2.9", "0.2.10"]));
    for version in ["0.2.0", "0.2.10", "0.2.9"] {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    let document = sandbox.loom(&["list", "--json"]).ok().json();
    assert_eq!(versions(&document), ["0.2.0", "0.2.9", "0.2.10"]);
    let text = sandbox.loom(&["list"]).ok().stdout();
    let position = |version| text.find(version).unwrap_or_else(|| panic!("{version} in {text}"));
    assert!(
        position("0.2.0") < position("0.2.9") && position("0.2.9") < position("0.2.10"),
        "{text}"
    );
}

#[test]
fn each_row_has_source_size_and_date_and_the_default_is_marked() {
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
    assert!(row["bytes"].as_u64().unwrap() > 0);
    assert!(row["at"].as_str().unwrap().ends_with('Z'), "{row}");
    let run = sandbox.loom(&["ls"]).ok();
    let text = run.stdout();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    let header: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(
        header,
        ["VERSION", "PLATFORM", "BINARY", "SIZE", "INSTALLED", "LAST", "USE", "SOURCE"]
    );
    assert!(lines[1].starts_with("*  0.1.0 ") && lines[2].starts_with("   0.2.0 "), "{text}");
    let day = row["at"].as_str().unwrap().split('T').next().unwrap();
    assert!(lines[1].contains(" B  ") && lines[1].contains(day), "{text}");
    run.says(&["* default version, set with `loom use` or `loom rollback`\n"]);
    assert_eq!(sandbox.loom(&["list", "--quiet"]).ok().stderr(), "");
}

#[test]
fn a_release_without_its_link_is_marked() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["get", "0.2.0", "--source", &mirror.url()]).ok();
    std::fs::remove_file(sandbox.link("0.2.0")).unwrap();
    let run = sandbox.loom(&["list"]).ok();
    assert!(run.stdout().lines().nth(1).unwrap().starts_with("!  0.2.0"), "{}", run.stdout());
    run.says(&["! not linked; `loom get` verifies its files and links them again\n"]);
}

#[test]
fn remote_releases_are_listed_and_installed_ones_marked() {
    let (sandbox, corp, public) = (
        Sandbox::new(),
        Plain::of(&["0.1.0", "0.2.0"]),
        Plain::of(&["0.2.0", "0.3.0", "0.4.0-rc.1"]),
    );
    sandbox.sources(&[(&corp.url(), "name = \"corp\""), (&public.url(), "name = \"public\"")]);
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    sandbox.snapshot("list_remote", &sandbox.loom(&["list", "--remote"]).ok());
    let document = sandbox.loom(&["list", "--remote", "--prerelease", "--json"]).ok().json();
    assert_eq!(versions(&document), ["0.1.0", "0.2.0", "0.3.0", "0.4.0-rc.1"]);
    let row = &document["releases"][1];
    assert_eq!(
        row["sources"],
        serde_json::json!(["corp", "public"]),
        "in the order of the sources"
    );
    assert_eq!((&row["here"], &row["prerelease"]), (&true.into(), &false.into()));
    assert_eq!(document["sources"][0]["platforms"][0]["answer"], "lists");
}

#[test]
fn pre_releases_of_a_source_that_allows_them_are_listed() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.4.0-rc.1"]));
    sandbox.sources(&[(&mirror.url(), "prerelease = true")]);
    let document = sandbox.loom(&["list", "--remote", "--json"]).ok().json();
    assert_eq!(versions(&document), ["0.4.0-rc.1"]);
}

#[test]
fn other_platforms_are_listed_on_request() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let asset = mirror.asset("0.2.0", Packing::TarGz);
    let other = asset.to_str().unwrap().replace(&support::platform(), "macos-aarch64");
    std::fs::copy(&asset, other).unwrap();
    let list = ["list", "--remote", "--json", "--source", &mirror.url()];
    let platforms = |more: &[&str]| -> Vec<String> {
        let document = sandbox.loom(&[&list[..], more].concat()).ok().json();
        let rows = document["releases"].as_array().unwrap();
        rows.iter().map(|row| row["platform"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(platforms(&[]), [support::platform()]);
    assert_eq!(platforms(&["--platform", "macos-aarch64"]), ["macos-aarch64"]);
    assert_eq!(platforms(&["--all-platforms"]).len(), 2);
    sandbox.loom(&["list", "--all-platforms"]).code(2);
}

#[test]
fn a_source_that_cannot_list_or_be_reached_is_reported() {
    let (sandbox, mirror, unreachable) =
        (Sandbox::new(), Plain::of(&["0.2.0"]), Unreachable::new());
    let server = Server::serve(mirror.path());
    sandbox.sources(&[(&server.url(), ""), (&unreachable.url(), ""), (&mirror.url(), "")]);
    let run = sandbox.loom(&["list", "--remote"]).ok();
    assert!(run.stdout().contains("0.2.0"), "{}", run.stdout());
    run.says(&["cannot be listed", "did not answer", "could not connect"]);
    sandbox.sources(&[(&unreachable.url(), "")]);
    sandbox.snapshot("list_remote_nobody", &sandbox.loom(&["list", "--remote"]).code(5));
}

#[test]
fn a_listing_is_used_for_the_next_latest() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(depot.path());
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["list", "--remote"]).ok();
    server.fault("/index.json", Fault::Status(500, vec![]));
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    assert_eq!(server.gets("/index.json"), 1);
}

#[test]
fn a_release_that_does_not_count_is_marked() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0", "0.3.0"]));
    mirror.add("0.4.0", Packing::TarGz, &support::program::small("0.4.0"), support::Sums::None);
    for version in ["0.1.0", "0.2.0", "0.3.0", "0.4.0"] {
        let get = ["get", version, "--source", &mirror.url(), "--allow-unverified"];
        sandbox.loom(&get).ok();
    }
    let below = |version| {
        format!("verifications/loom-os/{}/{version}/{}.json", support::BINARY, support::platform())
    };
    std::fs::remove_file(sandbox.cache().join(below("0.1.0"))).unwrap();
    std::fs::write(sandbox.cache().join(below("0.2.0")), "{").unwrap();
    sandbox.loom(&["use", "0.3.0"]).ok();
    let run = sandbox.loom(&["list"]).ok();
    let text = run.stdout();
    let marks: Vec<&str> = text.lines().skip(1).map(|line| line[..2].trim()).collect();
    assert_eq!(marks, ["?", "?", "*", "?"], "{text}");
    run.says(&["? does not count; `loom why VERSION` gives the reason"]);
    let document = sandbox.loom(&["list", "--json"]).ok().json();
    let refused = |row: usize| document["releases"][row]["refused"].as_str().unwrap_or_default();
    assert_eq!(refused(0), "its verification is missing");
    assert!(refused(1).starts_with("its verification is damaged"), "{document}");
    assert_eq!((refused(2), &document["releases"][2]["accepted"]), ("", &true.into()));
    assert_eq!(refused(3), "it was installed without a checksum");
}

#[test]
fn sources_that_cannot_be_listed_are_an_error() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let run = sandbox.loom(&["list", "--remote", "--source", &server.url()]).code(3);
    run.says(&["no source could list its versions", "cannot be listed", "`loom get VERSION`"]);
    let offline = ["list", "--remote", "--offline", "--source", "https://mirror.invalid/loom"];
    sandbox.loom(&offline).code(7).says(&["not asked: loom is offline"]);
}
