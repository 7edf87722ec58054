//! File names of assets that are not those of Loom's own releases.

use std::fs;

use crate::support::{BINARY, Entry, Packing, Plain, Sandbox, Server, Sums, program};

/// The name of an asset with the target of the Rust compiler.
fn by_target(version: &str) -> String {
    format!("{BINARY}-{version}-{}-unknown-linux-musl.tgz", std::env::consts::ARCH)
}

fn mirror() -> Plain {
    let mirror = Plain::empty();
    let archive = Packing::TarGz.pack(&Entry::program(&program::small("0.2.0")));
    mirror.add_bytes("0.2.0", &by_target("0.2.0"), &archive, Sums::File);
    mirror
}

#[test]
#[cfg(target_os = "linux")]
fn a_pattern_of_the_source_names_them() {
    let mirror = mirror();
    let server = Server::serve(mirror.path());
    for (url, version) in [(mirror.url(), "latest"), (server.url(), "0.2.0")] {
        let sandbox = Sandbox::new();
        sandbox.sources(&[(&url, "asset = \"{binary}-{version}-{target}.tgz\"")]);
        let run = sandbox.loom(&["get", "--version", version]).ok();
        assert_eq!(fs::read(run.path()).unwrap(), program::small("0.2.0"), "{url}");
        sandbox.verify();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_almost_right_are_in_the_error() {
    let tgz = mirror();
    let without_v = Plain::of(&["0.2.0"]);
    fs::rename(without_v.path().join("v0.2.0"), without_v.path().join("0.2.0")).unwrap();
    let folder = format!("0.2.0/{}", Packing::TarGz.asset("0.2.0"));
    // A web server has no list, so that only the usual mistakes are looked for.
    let server = Server::serve(without_v.path());
    let by_target = format!("v0.2.0/{}", by_target("0.2.0"));
    for (url, name) in
        [(tgz.url(), &by_target), (without_v.url(), &folder), (server.url(), &folder)]
    {
        let sandbox = Sandbox::new();
        let get = ["get", "--source", &url, "--version", "0.2.0"];
        sandbox.loom(&get).code(3).says(&["does not have it", name, "`asset`"]);
        let why = sandbox.loom(&["why", "0.2.0"]).ok();
        assert!(why.stdout().contains(name), "{}", why.stdout());
    }
    // Without any version, those of the newest one are named.
    for (url, name) in [(tgz.url(), &by_target), (without_v.url(), &folder)] {
        let sandbox = Sandbox::new();
        sandbox.loom(&["get", "--source", &url]).code(3).says(&["has no versions", name]);
    }
}
