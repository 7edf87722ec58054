//! `loom get`: installs releases from folders and servers, in every layout and packaging.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::support::{
    self, ArtifactKind, BINARY, Depot, Entry, Packing, Plain, Sandbox, Server, Sums, program,
};

/// Asserts that the link is as store-format.md specifies and that the program runs.
#[track_caller]
fn assert_runs(sandbox: &Sandbox, link: &Path, version: &str) {
    assert_eq!(link, sandbox.link(version), "the unresolved link is printed");
    let target = fs::read_link(link).unwrap();
    let tree = &sandbox.trees()[0];
    assert_eq!(target, Path::new("../../../store").join(tree).join(BINARY));
    let output = Command::new(link).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{BINARY} {version}\n"));
}

#[test]
fn a_release_is_installed_from_a_folder() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    assert_runs(&sandbox, &run.path(), "0.2.0");
    sandbox.verify();
}

#[test]
fn a_release_is_installed_over_http_in_one_transfer() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let run = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    assert_runs(&sandbox, &run.path(), "0.2.0");
    assert_eq!(server.gets(".tar.gz"), 1, "{:#?}", server.requests());
    sandbox.verify();
}

#[test]
fn every_packaging_is_installed() {
    for packing in Packing::ALL {
        let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
        mirror.add("0.2.0", packing, &program::small("0.2.0"), Sums::Sidecar);
        let server = Server::serve(mirror.path());
        for source in [mirror.url(), server.url()] {
            let run = sandbox.loom(&["get", "--source", &source, "--version", "0.2.0"]).ok();
            assert_runs(&sandbox, &run.path(), "0.2.0");
            sandbox.verify();
            sandbox.loom(&["remove", "0.2.0"]).ok();
        }
    }
}

#[test]
fn one_checksum_file_covers_all_assets() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::File);
    let server = Server::serve(mirror.path());
    let run = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    assert_runs(&sandbox, &run.path(), "0.2.0");
}

#[test]
fn the_store_layout_serves_archives_and_loose_files() {
    let entries = [
        Entry::program(&program::small("0.2.0")),
        vec![Entry::data("share/notes.txt", b"notes\n")],
    ]
    .concat();
    let kinds = [
        ArtifactKind::Archive(Packing::TarGz),
        ArtifactKind::Archive(Packing::TarZst),
        ArtifactKind::Archive(Packing::Zip),
        ArtifactKind::Loose,
    ];
    for kind in kinds {
        let (sandbox, depot) = (Sandbox::new(), Depot::empty());
        let added = depot.add("0.2.0", &entries, &[kind]);
        let server = Server::serve(depot.path());
        for source in [depot.url(), server.url()] {
            let run = sandbox.loom(&["get", "--source", &source, "--version", "0.2.0"]).ok();
            assert_runs(&sandbox, &run.path(), "0.2.0");
            assert_eq!(sandbox.trees(), [added.tree.to_string()]);
            let notes = sandbox.cache().join(format!("store/{}/share/notes.txt", added.tree));
            assert_eq!(fs::read_to_string(notes).unwrap(), "notes\n");
            sandbox.verify();
            sandbox.loom(&["remove", "0.2.0"]).ok();
        }
    }
}

#[test]
fn the_tree_is_the_same_for_every_packaging() {
    let mut trees = Vec::new();
    for packing in Packing::ALL {
        let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
        mirror.add("0.2.0", packing, &program::small("0.2.0"), Sums::Sidecar);
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
        trees.extend(sandbox.trees());
    }
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    sandbox.loom(&["get", "--source", &depot.url(), "--version", "0.2.0"]).ok();
    trees.extend(sandbox.trees());
    assert_eq!(trees.len(), 5);
    trees.dedup();
    assert_eq!(trees.len(), 1, "{trees:?}");
}

#[test]
fn a_single_top_folder_is_dropped() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    let mut entries = Entry::program(&program::small("0.2.0"));
    entries.push(Entry::data("README", b"read me\n"));
    for entry in &mut entries {
        entry.path = format!("{BINARY}-0.2.0/{}", entry.path);
    }
    mirror.add_entries("0.2.0", Packing::TarGz, &entries, Sums::Sidecar);
    let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    assert_runs(&sandbox, &run.path(), "0.2.0");
}

#[test]
fn trees_are_read_only_and_programs_executable() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let link = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok().path();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&link) & 0o222, 0, "{:o}", mode(&link));
    assert_eq!(mode(&link) & 0o555, 0o555, "{:o}", mode(&link));
    let tree = link.canonicalize().unwrap();
    assert_eq!(mode(tree.parent().unwrap()) & 0o222, 0);
}

#[test]
fn ranges_and_latest_select_the_newest_matching_version() {
    let mirror = Plain::of(&["0.1.9", "0.2.0", "0.2.10", "0.3.0-rc.1", "0.2.9"]);
    let depot = Depot::of(&["0.1.9", "0.2.0", "0.2.10", "0.3.0-rc.1", "0.2.9"]);
    let server = Server::serve(depot.path());
    for source in [mirror.url(), depot.url(), server.url()] {
        let sandbox = Sandbox::new();
        for (requested, selected) in [
            ("latest", "0.2.10"),
            ("0.1", "0.1.9"),
            ("^0.2", "0.2.10"),
            (">=0.1,<0.2.10", "0.2.9"),
            ("0.3.0-rc.1", "0.3.0-rc.1"),
        ] {
            let run = sandbox.loom(&["get", "--source", &source, "--version", requested]).ok();
            assert_eq!(run.path(), sandbox.link(selected), "{requested} from {source}");
        }
        let default = sandbox.loom(&["get", "--source", &source]).ok();
        assert_eq!(default.path(), sandbox.link("0.2.10"));
    }
}

#[test]
fn a_withdrawn_version_is_never_selected_but_can_be_named() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    depot.yank("0.2.0");
    let get = |version| sandbox.loom(&["get", "--source", &depot.url(), "--version", version]).ok();
    assert_eq!(get("latest").path(), sandbox.link("0.1.0"));
    assert_eq!(get("0.2.0").path(), sandbox.link("0.2.0"));
}

/// The only version of a range is here, and is withdrawn since: a range does not select it, on a disk and over a network.
#[test]
fn a_range_does_not_select_an_installed_version_that_is_withdrawn() {
    let depot = Depot::of(&["0.1.0", "0.2.0", "0.3.0"]);
    let server = Server::serve(depot.path());
    let sandboxes = [depot.url(), server.url()].map(|url| {
        let sandbox = Sandbox::new();
        sandbox.sources(&[(&url, "")]);
        for version in ["0.2.0", "0.3.0"] {
            sandbox.loom(&["get", version]).ok();
        }
        sandbox
    });
    depot.yank("0.3.0");
    for sandbox in &sandboxes {
        for command in ["get", "which"] {
            let refused = sandbox.loom(&[command, "0.3"]).code(3);
            refused
                .says(&[
                    "has withdrawn loom-bridge-server 0.3.0",
                    "which is here",
                    "loom get 0.3.0",
                ])
                .never_says(&["could not check"]);
            // A version that is named is used, and another one of the range is selected.
            assert_eq!(sandbox.loom(&[command, "0.3.0"]).ok().path(), sandbox.link("0.3.0"));
            assert_eq!(sandbox.loom(&[command, ">=0.2"]).ok().path(), sandbox.link("0.2.0"));
        }
        assert_eq!(sandbox.loom(&["get", "latest"]).ok().path(), sandbox.link("0.2.0"));
        sandbox.loom(&["get", "0.3", "--offline"]).code(3).says(&["has withdrawn"]);
        sandbox.loom(&["which", "0.3"]).code(3).says(&["has withdrawn"]);
    }
}

#[test]
fn an_installed_version_needs_no_source() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let first = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    server.forget();
    let again = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    assert_eq!(first.path(), again.path());
    assert!(server.requests().is_empty(), "{:#?}", server.requests());
    drop(server);
    sandbox.loom(&["get", "--offline", "--version", "0.2.0"]).ok();
}

#[test]
fn the_environment_names_sources_version_and_cache() {
    let (mut sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    let cache = sandbox.root().join("elsewhere");
    sandbox.set("LOOM_SOURCES", mirror.url()).set("LOOM_VERSION", "0.1.0");
    sandbox.set("LOOM_CACHE_DIR", &cache);
    assert!(sandbox.loom(&["get"]).ok().path().starts_with(cache.join("bin/0.1.0")));
    let flag = sandbox.root().join("flag");
    let run = sandbox.loom(&["get", "--version", "0.2.0", "--cache-dir", flag.to_str().unwrap()]);
    assert!(run.ok().path().starts_with(flag.join("bin/0.2.0")));
    let xdg = sandbox.root().join("xdg");
    sandbox.unset("LOOM_CACHE_DIR").set("XDG_CACHE_HOME", xdg);
    assert!(sandbox.loom(&["get"]).ok().path().starts_with(sandbox.root().join("xdg/loom/bin")));
    assert!(!sandbox.cache().exists(), "the default cache is not created");
}

#[test]
fn paths_with_spaces_and_accents_are_supported() {
    let (mut sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let odd = sandbox.folder("spaced née/mirror [1]");
    let version = odd.join("v0.2.0");
    fs::create_dir(&version).unwrap();
    for name in support::sandbox::names(&mirror.path().join("v0.2.0")) {
        fs::copy(mirror.path().join("v0.2.0").join(&name), version.join(&name)).unwrap();
    }
    sandbox.set("LOOM_CACHE_DIR", sandbox.root().join("spaced née/cache"));
    let url = format!("file://{}", odd.display()).replace(' ', "%20");
    let link = sandbox.loom(&["get", "--source", &url, "--version", "0.2.0"]).ok().path();
    assert!(Command::new(link).status().unwrap().success());
}

#[test]
fn only_data_goes_to_stdout() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::large("0.2.0", 1 << 20), Sums::Sidecar);
    let args = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    let run = sandbox.loom(&args).ok();
    assert_eq!(run.stdout(), format!("{}\n", sandbox.link("0.2.0").display()));
    assert!(!run.stderr().contains('\u{1b}'), "no escape sequences without a terminal");
    assert!(!run.stderr().contains('\r'), "{:?}", run.stderr());
    assert!(run.stderr().contains("0.2.0"), "the fetched version is reported: {:?}", run.stderr());
}

#[test]
fn quiet_prints_only_the_path() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let run = sandbox.loom(&["get", "-q", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    assert_eq!(run.stdout(), format!("{}\n", sandbox.link("0.2.0").display()));
    assert_eq!(run.stderr(), "");
}

#[test]
fn json_describes_the_installed_release() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    let entries = Entry::program(&program::small("0.2.0"));
    let added = depot.add("0.2.0", &entries, &[ArtifactKind::Archive(Packing::TarZst)]);
    let run = sandbox.loom(&["get", "--json", "--source", &depot.url()]).ok();
    let document = run.json();
    assert_eq!(document["version"], "0.2.0");
    assert_eq!(document["tree"], added.tree.to_string());
    assert_eq!(document["path"], sandbox.link("0.2.0").to_str().unwrap());
    let warm = sandbox.loom(&["get", "--json", "--version", "0.2.0", "--offline"]).ok().json();
    assert_eq!(warm["tree"], document["tree"]);
    assert_eq!(warm["path"], document["path"]);
}

#[test]
fn a_checksum_may_be_waived_with_a_warning() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let args = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    sandbox.loom(&args).code(6).says(&["--allow-unverified"]);
    assert!(sandbox.trees().is_empty());
    sandbox.loom(&[&args[..], &["--allow-unverified"]].concat()).ok();
    sandbox.verify();
    // The waiver applied to that run only: the next run checks the installed release again.
    sandbox.loom(&args).code(6);
    sandbox.loom(&["which", "--version", "0.2.0"]).code(6).says(&["is here", "trust.checksum"]);
    sandbox.loom(&["which"]).code(3);
}

#[test]
fn a_digest_that_differs_from_the_first_seen_one_is_refused() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let args = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    sandbox.loom(&args).ok();
    sandbox.loom(&["remove", "0.2.0"]).ok();
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0 again"), Sums::Sidecar);
    sandbox.loom(&args).code(6);
    assert!(sandbox.trees().is_empty());
}

#[test]
fn force_fetches_an_installed_version_again() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let get = ["get", "--source", &server.url(), "--version", "0.2.0"];
    sandbox.loom(&get).ok();
    sandbox.loom(&[&get[..], &["--force-download"]].concat()).ok();
    assert_eq!(server.gets(".tar.gz"), 2);
    sandbox.verify();
}

#[test]
fn the_list_for_latest_is_requested_once_and_stays_fresh() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0"]));
    let server = Server::serve(depot.path());
    let get = ["get", "--source", &server.url()];
    sandbox.loom(&get).ok();
    let entries = Entry::program(&program::small("0.2.0"));
    depot.add("0.2.0", &entries, &[ArtifactKind::Archive(Packing::TarGz)]);
    assert_eq!(sandbox.loom(&get).ok().path(), sandbox.link("0.1.0"), "the list is still fresh");
    assert_eq!(server.gets("index.json"), 1);
    sandbox.write("loom.toml", "[update]\ncheck_interval = \"0s\"\n");
    let run = sandbox.loom(&get).ok().says(&["is not trusted to set update.check_interval"]);
    assert_eq!(run.path(), sandbox.link("0.1.0"), "a project that is not trusted changes nothing");
    sandbox.loom(&["trust"]).ok();
    assert_eq!(
        sandbox.loom(&get).ok().path(),
        sandbox.link("0.2.0"),
        "the list is requested again"
    );
}

#[test]
fn latest_is_not_downgraded_without_allow_downgrade() {
    let (sandbox, depot, older) =
        (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]), Depot::of(&["0.1.0"]));
    sandbox.write("loom.toml", "[update]\ncheck_interval = \"0s\"\n");
    sandbox.loom(&["trust"]).ok();
    let get = ["get", "--source", &depot.url()];
    assert_eq!(sandbox.loom(&get).ok().path(), sandbox.link("0.2.0"));
    fs::copy(older.path().join("releases/index.json"), depot.path().join("releases/index.json"))
        .unwrap();
    let run = sandbox.loom(&get);
    assert_ne!(run.exit(), 0, "{}", run.stdout());
    run.says(&["0.1.0", "0.2.0", "--allow-downgrade"]);
    let run = sandbox.loom(&[&get[..], &["--allow-downgrade"]].concat()).ok();
    assert_eq!(run.path(), sandbox.link("0.1.0"));
}

#[test]
fn a_folder_needs_no_certificates() {
    let (mut sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.set("SSL_CERT_FILE", "/no/such/file.pem");
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    let remote = ["get", "--source", "https://mirror.invalid/x", "--version", "0.3.0"];
    sandbox.loom(&remote).code(2).says(&["SSL_CERT_FILE"]);
}

#[test]
fn build_and_version_exclude_each_other() {
    let sandbox = Sandbox::new();
    sandbox.loom(&["get", "--build", "--version", "0.2.0"]).code(2).says(&["--build", "0.2.0"]);
}
