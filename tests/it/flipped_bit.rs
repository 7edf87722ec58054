//! One changed bit of an installed program: it is not run, and mends itself where a copy or a source is at hand.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::support::{Entry, Packing, Plain, Sandbox, Sums, program};

/// Changes one bit in the middle of a file; its size, its permissions and its time of modification stay.
fn flip(path: &Path) {
    let before = fs::metadata(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let file = fs::File::options().write(true).open(path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &bytes, 0).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    fs::set_permissions(path, before.permissions()).unwrap();
    let after = fs::metadata(path).unwrap();
    assert_eq!(
        (before.mtime(), before.len(), before.ino()),
        (after.mtime(), after.len(), after.ino())
    );
}

struct Installed {
    sandbox: Sandbox,
    mirror: Plain,
    program: PathBuf,
    bytes: Vec<u8>,
}

/// A configured mirror with the real server in 0.2.0, beside a file.
fn installed(keep_archives: bool) -> Installed {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    let mut entries = Entry::program(&program::server());
    entries.push(Entry::data("LICENSE", b"licence\n"));
    mirror.add_entries("0.2.0", Packing::TarGz, &entries, Sums::Sidecar);
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    let config = format!("[store]\nkeep_archives = {keep_archives}\n\n{source}");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    sandbox.loom(&["get", "0.2.0"]).ok();
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    let bytes = fs::read(&program).unwrap();
    Installed { sandbox, mirror, program, bytes }
}

const COMMANDS: [&[&str]; 3] = [
    &["get", "0.2.0"],
    &["exec", "--version", "0.2.0", "--", "true"],
    &["up", "--version", "0.2.0", "--bridge-port", "0", "--dashboard-port", "0", "--detach"],
];

#[test]
fn it_is_fetched_again_from_a_source() {
    let Installed { sandbox, mirror: _mirror, program, bytes } = installed(false);
    for command in COMMANDS {
        for with_fingerprint in [true, false] {
            flip(&program);
            if !with_fingerprint {
                fs::remove_dir_all(sandbox.cache().join("fingerprints")).unwrap();
            }
            let run = sandbox.loom(command).ok();
            run.says(&["is damaged (", "fetching it again"]);
            assert_eq!(fs::read(&program).unwrap(), bytes, "{command:?}");
            sandbox.verify();
            // The program file of a process cannot be written.
            sandbox.loom(&["down"]).ok();
        }
    }
}

#[test]
fn it_is_made_again_from_the_kept_archive() {
    let Installed { sandbox, mirror, program, bytes } = installed(true);
    fs::remove_dir_all(mirror.path()).unwrap();
    for command in COMMANDS {
        flip(&program);
        let offline = [command, &["--offline"][..]].concat();
        let args: &[&str] = if command[0] == "exec" { command } else { &offline };
        sandbox.loom(args).ok().says(&["was damaged (", "made again from the kept archive"]);
        assert_eq!(fs::read(&program).unwrap(), bytes, "{command:?}");
        sandbox.verify();
    }
    sandbox.loom(&["down"]).ok();
}

#[test]
fn it_is_not_run_where_nothing_can_replace_it() {
    let Installed { sandbox, mirror, program, .. } = installed(false);
    fs::rename(mirror.path().join("v0.2.0"), mirror.path().join("away")).unwrap();
    flip(&program);
    let file = program.to_str().unwrap();
    for command in COMMANDS {
        sandbox.loom(command).code(6).says(&["is damaged (", file]);
    }
    sandbox.sources(&[("https://mirror.invalid/loom/", "")]);
    for command in COMMANDS {
        let mut args = command.to_vec();
        args.insert(1, "--offline");
        sandbox.loom(&args).code(6).says(&["is damaged (", file]);
    }
    sandbox.loom(&["status"]).ok().says(&["no runtime is running"]);
}

/// Not the program, but a file beside it.
#[test]
fn every_file_of_the_tree_is_looked_at_before_a_start() {
    let Installed { sandbox, mirror: _mirror, program, .. } = installed(false);
    let licence = program.parent().unwrap().join("LICENSE");
    flip(&licence);
    sandbox.loom(COMMANDS[1]).ok().says(&["is damaged (", "LICENSE"]);
    assert_eq!(fs::read(&licence).unwrap(), b"licence\n");
}

#[test]
fn a_fingerprint_that_others_can_write_vouches_for_nothing() {
    let Installed { sandbox, mirror: _mirror, program, .. } = installed(false);
    let name = sandbox.files("fingerprints").remove(0);
    let fingerprint = sandbox.cache().join("fingerprints").join(name);
    let hashed = |sandbox: &Sandbox| {
        let (run, trace) = sandbox.strace(&["trace=openat"], &["get", "0.2.0"]);
        run.ok();
        let program = program.to_str().unwrap().to_owned();
        trace.lines.iter().any(|line| line.contains(&program))
    };
    assert!(!hashed(&sandbox));
    fs::set_permissions(&fingerprint, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(hashed(&sandbox));
    assert!(!hashed(&sandbox), "it was written again, for this user alone");
    assert_eq!(fs::metadata(&fingerprint).unwrap().mode() & 0o777, 0o644);
}
