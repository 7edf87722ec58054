//! Mirrors of plain web servers, whose folder pages are read: the newest version is found without an index.

use std::fs;

use loom_test_support::python_files::PythonFiles;

use crate::support::{self, Depot, Fault, Nginx, Packing, Plain, Sandbox, Server};

/// Renames the files of a version to those for another platform.
fn for_another_platform(mirror: &Plain, version: &str) {
    let asset = mirror.asset(version, Packing::TarGz);
    let folder = asset.parent().unwrap();
    for name in support::sandbox::names(folder) {
        let other = name.replace(&support::platform(), "windows-x86_64");
        fs::rename(folder.join(name), folder.join(other)).unwrap();
    }
}

#[test]
fn latest_works_on_pythons_server() {
    let mirror = Plain::of(&["0.1.0", "0.2.0", "0.10.0"]);
    let server = PythonFiles::serve(mirror.path());
    let sandbox = Sandbox::new();
    let run = sandbox.loom(&["get", "--source", server.url()]).ok();
    assert_eq!(run.path(), sandbox.link("0.10.0"));
    let range = sandbox.loom(&["get", "--source", server.url(), "--version", "<0.2"]).ok();
    assert_eq!(range.path(), sandbox.link("0.1.0"));
    sandbox.verify();
}

#[test]
fn latest_works_on_nginx_below_a_path_and_without_a_slash() {
    let root = Plain::empty();
    let inner = Plain::of(&["0.1.0", "0.2.0"]);
    fs::create_dir(root.path().join("some")).unwrap();
    for version in ["v0.1.0", "v0.2.0"] {
        fs::rename(inner.path().join(version), root.path().join("some").join(version)).unwrap();
    }
    let nginx = Nginx::serve(root.path(), "autoindex on;");
    for url in [format!("{}/some", nginx.url()), format!("{}/some/", nginx.url())] {
        let sandbox = Sandbox::new();
        assert_eq!(sandbox.loom(&["get", "--source", &url]).ok().path(), sandbox.link("0.2.0"));
    }
    // The page above lists no version.
    let above = Sandbox::new().loom(&["get", "--source", &nginx.url()]).code(3);
    above.says(&["no page of the folder lists them", "--version"]);
}

#[test]
fn without_a_page_the_version_has_to_be_named() {
    let mirror = Plain::of(&["0.2.0"]);
    let nginx = Nginx::serve(mirror.path(), "");
    let sandbox = Sandbox::new();
    sandbox.loom(&["get", "--source", &nginx.url()]).code(3).says(&["--version"]);
    sandbox.loom(&["get", "--source", &nginx.url(), "--version", "0.2.0"]).ok();
}

#[test]
fn a_store_without_an_index_is_listed_too() {
    let depot = Depot::of(&["0.1.0", "0.2.0"]);
    fs::remove_file(depot.path().join("releases/index.json")).unwrap();
    let nginx = Nginx::serve(depot.path(), "autoindex on;");
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.loom(&["get", "--source", &nginx.url()]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn a_folder_without_this_platform_leads_to_the_next_lower_version() {
    let mirror = Plain::of(&["0.1.0", "0.2.0", "0.3.0"]);
    for_another_platform(&mirror, "0.3.0");
    let server = PythonFiles::serve(mirror.path());
    let sandbox = Sandbox::new();
    let run = sandbox.loom(&["get", "--source", server.url()]).ok();
    let run = run.says(&["lists 0.3.0, but has nothing for"]);
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    let test = sandbox.loom(&["source", "test", "--source", server.url()]).ok();
    assert!(test.stdout().contains("0.2.0"), "{}", test.stdout());
}

#[test]
fn a_login_page_is_reported_for_files_only() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    server.fault("/", Fault::Html);
    sandbox.loom(&["get", "--source", &server.url()]).code(3).says(&["--version"]);
}
