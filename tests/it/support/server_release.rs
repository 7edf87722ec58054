//! The real server and the real `loom` as packed releases, to be published.

use std::{fs, path::Path, process::Command};

use super::{BINARY, Run, Sandbox, platform, program};

/// The version of the server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The binary `loom`.
pub const LOOM: &str = "loom";

/// Packs the server of the tests for this platform into the folder `dist` of the project.
pub fn pack(sandbox: &Sandbox) {
    pack_binary(sandbox, BINARY, &program::server_path());
}

/// Packs the program `loom` of the tests into the same folder.
pub fn pack_loom(sandbox: &Sandbox) {
    pack_binary(sandbox, LOOM, &Sandbox::program());
}

fn pack_binary(sandbox: &Sandbox, binary: &str, program: &Path) {
    let platform = platform();
    let folder = sandbox.project().join("builds").join(&platform);
    fs::create_dir_all(&folder).unwrap();
    // A release has no debug information.
    let strip = Command::new("strip")
        .arg("-o")
        .arg(folder.join(binary))
        .arg(program)
        .output()
        .expect("strip starts (Debian's package binutils)");
    assert!(strip.status.success(), "{strip:?}");
    let pack = ["release", "pack", "--program", "builds", "--version", VERSION, "--to", "dist"];
    sandbox.loom(&[&pack[..], &["--platform", &platform, "--binary", binary]].concat()).ok();
}

/// Publishes a binary of the folder `dist` as an image that runs; what is printed, and the digest of its index.
pub fn publish_packed(sandbox: &Sandbox, binary: &str, to: &str) -> (Run, String) {
    let publish = ["release", "publish", "dist", "--json", "--runtime-layer", "auto", "--to", to];
    let run = sandbox.loom(&[&publish[..], &["--binary", binary]].concat()).ok();
    let digest = run.json()["digest"].as_str().unwrap().to_owned();
    (run, digest)
}

/// Packs the server, and publishes it as an image that runs; returns the digest of its index.
pub fn publish(sandbox: &Sandbox, to: &str) -> String {
    pack(sandbox);
    publish_packed(sandbox, BINARY, to).1
}
