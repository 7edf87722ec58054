//! `loom release`: pack, sign, publish and check, judged by the tools that users have.

mod check;
mod images;
#[cfg(target_os = "linux")]
mod images_offline;
#[cfg(target_os = "linux")]
mod loom_image;
mod pack;
mod publish;
#[cfg(target_os = "linux")]
mod published_port;
#[cfg(target_os = "linux")]
mod readers;
mod referrers;
#[cfg(target_os = "linux")]
mod runtime_layers;
mod sboms;
mod sign;
#[cfg(target_os = "linux")]
mod workflow;

use std::{fs, path::PathBuf};

use crate::support::{BINARY, Run, Sandbox};

/// The platforms, with the first bytes of a program for each.
const PLATFORMS: [&str; 5] =
    ["linux-aarch64", "linux-x86_64", "macos-aarch64", "macos-x86_64", "windows-x86_64"];

/// The archive of a platform.
fn asset(version: &str, platform: &str) -> String {
    let extension = if platform == "windows-x86_64" { "zip" } else { "tar.gz" };
    format!("{BINARY}-{version}-{platform}.{extension}")
}

/// The bytes of a program that is one of the platform by its first bytes.
fn program(platform: &str, version: &str) -> Vec<u8> {
    let elf = |machine: u8| {
        let mut head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
        head.extend([machine, 0]);
        head
    };
    let mut bytes = match platform {
        "linux-aarch64" => elf(183),
        // It runs here: a script is a program of every platform.
        "linux-x86_64" => format!("#!/bin/sh\necho {BINARY} {version}\n").into_bytes(),
        "macos-aarch64" => b"\xcf\xfa\xed\xfe\x0c\0\0\x01".to_vec(),
        "macos-x86_64" => b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec(),
        _ => {
            let mut head = b"MZ".to_vec();
            head.resize(60, 0);
            head.extend([0x40, 0, 0, 0]);
            head.extend(b"PE\0\0\x64\x86");
            head
        }
    };
    bytes.extend((0..40_000_u32).flat_map(|n| (n / 9).to_le_bytes()));
    bytes
}

/// A sandbox whose project has `builds/PLATFORM/` for each platform.
fn sandbox(version: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for platform in PLATFORMS {
        let folder = sandbox.project().join("builds").join(platform);
        fs::create_dir_all(&folder).unwrap();
        let extension = if platform == "windows-x86_64" { ".exe" } else { "" };
        fs::write(folder.join(format!("{BINARY}{extension}")), program(platform, version)).unwrap();
    }
    sandbox
}

/// Packs all platforms into `to`.
fn pack(sandbox: &Sandbox, version: &str, to: &str) -> Run {
    let args = ["release", "pack", "--program", "builds", "--version", version, "--to", to];
    sandbox.loom(&[&args[..], &["--json", "--platform"], &PLATFORMS].concat())
}

/// A sandbox with a packed release in `dist`.
fn packed(version: &str) -> (Sandbox, PathBuf) {
    let sandbox = sandbox(version);
    pack(&sandbox, version, "dist").ok();
    let dist = sandbox.project().join("dist");
    (sandbox, dist)
}

/// Runs a tool in the folder; it must succeed. Returns what it prints.
fn tool(sandbox: &Sandbox, folder: &std::path::Path, line: &[&str]) -> String {
    let output = sandbox.command(line[0]).args(&line[1..]).current_dir(folder).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
