//! The real server as a packed release, to be published.

use std::{fs, process::Command};

use super::{BINARY, Sandbox, platform, program};

/// The version of the server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Packs the server of the tests for this platform into the folder `dist` of the project.
pub fn pack(sandbox: &Sandbox) {
    let platform = platform();
    let folder = sandbox.folder("project/builds").join(&platform);
    fs::create_dir(&folder).unwrap();
    // A release has no debug information.
    let strip = Command::new("strip")
        .arg("-o")
        .arg(folder.join(BINARY))
        .arg(program::server_path())
        .output()
        .expect("strip starts (Debian's package binutils)");
    assert!(strip.status.success(), "{strip:?}");
    let pack = ["release", "pack", "--program", "builds", "--version", VERSION, "--to", "dist"];
    sandbox.loom(&[&pack[..], &["--platform", &platform]].concat()).ok();
}

/// Packs the server, and publishes it as an image that runs; returns the digest of its index.
pub fn publish(sandbox: &Sandbox, to: &str) -> String {
    pack(sandbox);
    let publish = ["release", "publish", "dist", "--json", "--runtime-layer", "auto", "--to", to];
    let document = sandbox.loom(&publish).ok().json();
    document["digest"].as_str().unwrap().to_owned()
}
