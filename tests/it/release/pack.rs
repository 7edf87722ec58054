//! `loom release pack`

use std::{fs, path::Path, process::Command};

use super::{PLATFORMS, asset, pack, packed, program, sandbox, tool};
use crate::support::{BINARY, Sandbox, sandbox::names, sha256};

/// The files of a folder with their bytes.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(folder.join(&name)).unwrap();
        (name, bytes)
    };
    names(folder).into_iter().map(read).collect()
}

#[test]
fn a_release_has_an_archive_and_checksums_for_each_platform() {
    let (sandbox, dist) = packed("0.2.0");
    let mut expected: Vec<String> = PLATFORMS
        .iter()
        .flat_map(|platform| {
            let asset = asset("0.2.0", platform);
            [format!("{asset}.sha256"), asset]
        })
        .chain(["SHA256SUMS".to_owned()])
        .collect();
    expected.sort();
    assert_eq!(names(&dist), expected);
    // coreutils accept what we wrote.
    let checked = tool(&sandbox, &dist, &["sha256sum", "--check", "--strict", "SHA256SUMS"]);
    assert_eq!(checked.matches(": OK").count(), 5, "{checked}");
    for platform in PLATFORMS {
        let name = asset("0.2.0", platform);
        let sidecar = format!("{name}.sha256");
        tool(&sandbox, &dist, &["sha256sum", "--check", "--strict", &sidecar]);
        let plain = tool(&sandbox, &dist, &["sha256sum", &name]);
        assert_eq!(fs::read_to_string(dist.join(&sidecar)).unwrap(), plain);
    }
    // tar and unzip list and unpack our archives.
    let listed = tool(
        &sandbox,
        &dist,
        &["tar", "--numeric-owner", "-tvzf", &asset("0.2.0", "linux-x86_64")],
    );
    assert!(listed.starts_with("-rwxr-xr-x 0/0 ") && listed.contains(" 1980-01-01 "), "{listed}");
    assert_eq!(listed.lines().count(), 1);
    let unpacked = sandbox.folder("unpacked");
    for (platform, line) in
        [("macos-aarch64", &["tar", "-xzf"][..]), ("windows-x86_64", &["unzip", "-q"])]
    {
        let archive = dist.join(asset("0.2.0", platform));
        tool(&sandbox, &unpacked, &[line, &[archive.to_str().unwrap()]].concat());
    }
    assert_eq!(fs::read(unpacked.join(BINARY)).unwrap(), program("macos-aarch64", "0.2.0"));
    let exe = unpacked.join(format!("{BINARY}.exe"));
    assert_eq!(fs::read(exe).unwrap(), program("windows-x86_64", "0.2.0"));
    let windows = asset("0.2.0", "windows-x86_64");
    let zipinfo = tool(&sandbox, &dist, &["unzip", "-Z", &windows]);
    assert!(zipinfo.contains("-rwxr-xr-x") && zipinfo.contains("80-Jan-01 00:00"), "{zipinfo}");
    tool(&sandbox, &dist, &["gzip", "--test", &asset("0.2.0", "linux-aarch64")]);
}

#[test]
fn the_same_program_gives_the_same_bytes() {
    let mut sandbox = sandbox("0.2.0");
    pack(&sandbox, "0.2.0", "first").ok();
    // Later, by somebody with another umask, from files with other times and modes.
    let files: Vec<_> = sandbox
        .files("project")
        .into_iter()
        .filter(|f| f.to_string_lossy().contains("builds"))
        .collect();
    for file in &files {
        tool(&sandbox, &sandbox.project(), &["chmod", "0600", file.to_str().unwrap()]);
        tool(&sandbox, &sandbox.project(), &["touch", "-d", "2001-02-03", file.to_str().unwrap()]);
    }
    let line = format!(
        "umask 077; exec {} release pack --program builds --version 0.2.0 --to second --platform {}",
        Sandbox::program().display(),
        PLATFORMS.join(" ")
    );
    tool(&sandbox, &sandbox.project(), &["sh", "-c", &line]);
    let (first, second) = (sandbox.project().join("first"), sandbox.project().join("second"));
    assert_eq!(contents(&first), contents(&second));
    // The time is set by the variable of reproducible builds only.
    sandbox.set("SOURCE_DATE_EPOCH", "1700000000");
    pack(&sandbox, "0.2.0", "third").ok();
    let listed = tool(
        &sandbox,
        &sandbox.project(),
        &["env", "TZ=UTC", "tar", "-tvzf", &format!("third/{}", asset("0.2.0", "linux-x86_64"))],
    );
    assert!(listed.contains(" 2023-11-14 22:13 "), "{listed}");
    let zipinfo = tool(
        &sandbox,
        &sandbox.project(),
        &["unzip", "-Z", &format!("third/{}", asset("0.2.0", "windows-x86_64"))],
    );
    assert!(zipinfo.contains("23-Nov-14 22:13"), "{zipinfo}");
    assert_ne!(contents(&first), contents(&sandbox.project().join("third")));
    for wrong in ["yesterday", "-1", "4354819200"] {
        sandbox.set("SOURCE_DATE_EPOCH", wrong);
        let args = ["release", "pack", "--program", "builds", "--version", "0.2.0"];
        let run = sandbox.loom(&[&args[..], &["--to", "fourth"]].concat());
        run.code(2).says(&["SOURCE_DATE_EPOCH", wrong]);
    }
}

#[test]
fn a_packed_release_installs() {
    let (sandbox, dist) = packed("0.2.0");
    let dist = dist.to_str().unwrap();
    fs::create_dir(sandbox.project().join("mirror")).unwrap();
    tool(&sandbox, &sandbox.project(), &["cp", "-r", dist, "mirror/v0.2.0"]);
    let link = sandbox.loom(&["get", "0.2.0", "--source", "./mirror"]).ok().path();
    let output = Command::new(link).output().unwrap();
    assert_eq!(output.stdout, format!("{BINARY} 0.2.0\n").into_bytes());
    let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    let document = pack(&sandbox, "0.2.0", "dist").ok().json();
    let asset = document["assets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|asset| asset["platform"] == "linux-x86_64")
        .unwrap();
    assert!(why.to_string().contains(asset["tree"].as_str().unwrap()), "{why}");
    assert_eq!(asset["created"], false, "packing again changes nothing");
}

#[test]
fn further_platforms_and_files_are_added() {
    let sandbox = sandbox("0.2.0");
    sandbox.write("LICENSE", "the license\n");
    let args = ["release", "pack", "--program", "builds", "--version", "0.2.0", "--to", "dist"];
    for platform in ["linux-x86_64", "windows-x86_64"] {
        let more = ["--platform", platform, "--include", "LICENSE"];
        sandbox.loom(&[&args[..], &more].concat()).ok();
    }
    let dist = sandbox.project().join("dist");
    let checked = tool(&sandbox, &dist, &["sha256sum", "--check", "--strict", "SHA256SUMS"]);
    assert_eq!(checked.lines().count(), 2);
    let listed = tool(&sandbox, &dist, &["tar", "-tzf", &asset("0.2.0", "linux-x86_64")]);
    assert_eq!(listed, format!("LICENSE\n{BINARY}\n"));
    // Packed anew with other content: nothing is replaced.
    let before = contents(&dist);
    sandbox.write("LICENSE", "another license\n");
    let more = ["--platform", "linux-x86_64", "--include", "LICENSE"];
    let name = asset("0.2.0", "linux-x86_64");
    sandbox.loom(&[&args[..], &more].concat()).code(6).says(&[&name, "other bytes"]);
    assert_eq!(contents(&dist), before);
    assert!(!names(&dist).iter().any(|name| name.starts_with('.')));
}

#[test]
fn wheels_are_attached_and_signed_like_archives() {
    let sandbox = sandbox("0.2.0");
    let wheels = ["loom-0.2.0-py3-none-win_amd64.whl", "loom-0.2.0-py3-none-macosx_11_0_arm64.whl"];
    let args = ["release", "pack", "--program", "builds", "--version", "0.2.0", "--to", "dist"];
    let paths = wheels.map(|wheel| sandbox.write(format!("wheels/{wheel}"), wheel));
    let paths = paths.each_ref().map(|path| path.to_str().unwrap());
    let more = ["--platform", "linux-x86_64", "--attach"];
    let document = sandbox.loom(&[&args[..], &["--json"], &more, &paths].concat()).ok().json();
    assert_eq!(document["attached"].as_array().unwrap().len(), 2);
    let dist = sandbox.project().join("dist");
    let checked = tool(&sandbox, &dist, &["sha256sum", "--check", "--strict", "SHA256SUMS"]);
    assert_eq!(checked.lines().count(), 3);
    tool(&sandbox, &sandbox.project(), &["minisign", "-G", "-W", "-s", "key", "-p", "pub"]);
    sandbox.loom(&["release", "sign", "dist", "--minisign", "key"]).ok();
    for wheel in wheels {
        tool(&sandbox, &dist, &["minisign", "-V", "-p", "../pub", "-m", wheel]);
    }
}

#[test]
fn what_is_no_release_is_not_packed() {
    let sandbox = sandbox("0.2.0");
    let pack = |program: &str, version: &str, platform: &str| {
        let args = ["release", "pack", "--program", program, "--to", "dist"];
        sandbox.loom(&[&args[..], &["--version", version, "--platform", platform]].concat())
    };
    let linux = format!("builds/linux-aarch64/{BINARY}");
    pack(&linux, "0.2.0", "linux-x86_64")
        .code(6)
        .says(&["not a program for linux-x86_64", "a program for linux-aarch64"]);
    for version in ["0.2.0-dirty", "0.2.0-3-gabcdef1", "0.2.0-dev"] {
        pack("builds", version, "macos-x86_64")
            .code(2)
            .says(&[version, "not the version of a release"]);
    }
    pack("builds", "0.2.0+local", "macos-x86_64").code(2);
    pack("nowhere", "0.2.0", "macos-x86_64")
        .code(3)
        .says(&["no loom-bridge-server", "x86_64-apple-darwin"]);
    fs::create_dir_all(sandbox.project().join("target/debug")).unwrap();
    let debug = format!("target/debug/{BINARY}");
    fs::copy(sandbox.project().join(&linux), sandbox.project().join(&debug)).unwrap();
    pack(&debug, "0.2.0", "linux-aarch64").code(6).says(&["development build"]);
    sandbox.write("empty", "");
    pack("empty", "0.2.0", "linux-x86_64").code(6).says(&["an empty file"]);
    assert!(
        !sandbox.project().join("dist").exists()
            || names(&sandbox.project().join("dist")).is_empty()
    );
}

#[test]
fn a_program_that_has_another_version_is_refused() {
    let sandbox = sandbox("0.2.0");
    // The real server says its version. As a development build it is refused, as long as it is not stripped.
    fs::write(sandbox.project().join("server"), crate::support::program::server()).unwrap();
    tool(&sandbox, &sandbox.project(), &["chmod", "755", "server"]);
    let version = env!("CARGO_PKG_VERSION");
    let args = ["release", "pack", "--program", "server", "--to", "dist", "--version"];
    sandbox
        .loom(&[&args[..], &[version]].concat())
        .code(6)
        .says(&["development build", "debug information"]);
    tool(&sandbox, &sandbox.project(), &["strip", "server"]);
    sandbox.loom(&[&args[..], &["9.9.9"]].concat()).code(6).says(&["expected version 9.9.9"]);
    let document = sandbox.loom(&[&args[..], &[version, "--json"]].concat()).ok().json();
    let name = document["assets"][0]["name"].as_str().unwrap().to_owned();
    let bytes = fs::read(sandbox.project().join("dist").join(name)).unwrap();
    assert_eq!(document["assets"][0]["sha256"], sha256(&bytes));
}
