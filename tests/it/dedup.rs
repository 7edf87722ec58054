//! Identical files of different releases share their blocks.

use std::{fs, os::unix::fs::MetadataExt as _, os::unix::fs::PermissionsExt as _, path::PathBuf};

use crate::support::{Entry, Packing, Plain, Sandbox, Sums, program};

const SIZE: usize = 200_000;

/// A mirror with releases that have a large file in common.
fn mirror(versions: &[&str]) -> Plain {
    let mirror = Plain::empty();
    for version in versions {
        let mut entries = Entry::program(&program::small(version));
        entries.push(Entry::data("model.bin", &program::noise(SIZE, "model")));
        mirror.add_entries(version, Packing::TarGz, &entries, Sums::Sidecar);
    }
    mirror
}

fn model(sandbox: &Sandbox, version: &str) -> PathBuf {
    sandbox.link(version).canonicalize().unwrap().parent().unwrap().join("model.bin")
}

#[test]
fn releases_share_files_from_the_start_and_mend_apart() {
    let (sandbox, mirror) = (Sandbox::new(), mirror(&["0.1.0", "0.2.0"]));
    sandbox.sources(&[(&mirror.url(), "")]);
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", version]).ok();
    }
    let models = ["0.1.0", "0.2.0"].map(|version| model(&sandbox, version));
    let inode = |path: &PathBuf| fs::metadata(path).unwrap().ino();
    if inode(&models[0]) != inode(&models[1]) {
        eprintln!("not tested: this file system has reflinks");
        return;
    }
    let usage = sandbox.loom(&["store", "du", "--json"]).ok().json();
    let trees = usage["trees"].as_u64().unwrap();
    assert!(trees < 2 * SIZE as u64, "the common file is counted once: {usage}");
    let again = sandbox.loom(&["store", "dedup", "--json"]).ok().json();
    assert_eq!((&again["files"], &again["saved"]), (&0.into(), &0.into()));

    // One damaged inode is damaged in both trees, and is mended in both.
    fs::set_permissions(&models[0], fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&models[0], vec![1; SIZE]).unwrap();
    let findings = sandbox.loom(&["store", "verify", "--json"]).code(6).json();
    assert_eq!(findings["findings"].as_array().unwrap().len(), 2, "{findings}");
    sandbox.loom(&["store", "repair"]).ok();
    sandbox.verify();
    for path in &models {
        assert_eq!(fs::read(path).unwrap(), program::noise(SIZE, "model"));
    }
    sandbox.loom(&["remove", "0.1.0"]).ok();
    sandbox.loom(&["get", "--offline", "0.2.0"]).ok();
    sandbox.verify();
}

/// On a file system with reflinks every file has an inode of its own.
#[test]
fn reflinks_are_used_where_the_file_system_has_them() {
    for (kind, make) in [("btrfs", "mkfs.btrfs -q"), ("xfs", "mkfs.xfs -q")] {
        let (sandbox, mirror) = (Sandbox::new(), mirror(&["0.1.0", "0.2.0"]));
        let folder = sandbox.folder("disk");
        let get = format!("\"$loom\" get -q --cache-dir disk/c --source {}", mirror.url());
        let lines = format!(
            "cd '{}' && truncate -s 400M image && {make} image > /dev/null || exit 99\n\
             mount -o loop image disk || exit 99\n\
             {get} 0.1.0 > /dev/null && {get} 0.2.0 > /dev/null || exit 1\n\
             stat -c %h disk/c/store/*/model.bin\n\
             filefrag -v disk/c/store/*/model.bin | grep -c shared\n\
             \"$loom\" store verify --cache-dir disk/c > /dev/null || exit 2\n\
             \"$loom\" store dedup --cache-dir disk/c || exit 3\n\
             f=$(ls disk/c/store/*/model.bin | head -1); d=$(dirname \"$f\")\n\
             chmod u+w \"$d\"; cp \"$f\" disk/copy; rm -f \"$f\"; cp disk/copy \"$f\"; chmod 444 \"$f\"; chmod 555 \"$d\"\n\
             \"$loom\" store dedup --cache-dir disk/c || exit 4\n\
             \"$loom\" store verify --cache-dir disk/c > /dev/null || exit 5\n\
             umount disk",
            sandbox.root().display()
        );
        let mut command = sandbox.command("unshare");
        command.args(["--mount", "--", "sh", "-c", &lines]).env("loom", Sandbox::program());
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let run = sandbox.start(&[&lines], command).wait();
        fs::remove_dir_all(&folder).ok();
        if run.exit() == 99 || run.stderr().contains("unshare failed") {
            eprintln!("not tested: this system does not allow to mount {kind}");
            continue;
        }
        let run = run.ok();
        let stdout = run.stdout();
        let lines: Vec<&str> = stdout.lines().collect();
        assert_eq!(lines[..2], ["1", "1"], "{kind}: {stdout}");
        assert_ne!(lines[2], "0", "{kind} has shared extents: {stdout}");
        assert_eq!(lines[3], "no more files can share their blocks", "{kind}: {stdout}");
        assert!(lines[4].contains("1 file by reflinks"), "{kind}: {stdout}");
    }
}
