//! `loom store`: path, add, verify, du.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::support::{self, BINARY, Entry, Packing, Plain, Sandbox, platform, program, sha256};

#[test]
fn path_is_the_root() {
    let mut sandbox = Sandbox::new();
    let run = sandbox.loom(&["store", "path"]).ok();
    assert_eq!(run.stdout(), format!("{}\n", sandbox.cache().display()));
    sandbox.set("LOOM_CACHE_DIR", sandbox.root().join("other"));
    assert_eq!(sandbox.loom(&["store", "path"]).ok().path(), sandbox.root().join("other"));
}

#[test]
fn a_file_is_added_in_every_packaging() {
    for packing in Packing::ALL {
        let sandbox = Sandbox::new();
        let bytes = packing.pack(&Entry::program(&program::small("0.2.0")));
        let file = sandbox.project().join(packing.asset("0.2.0"));
        fs::write(&file, &bytes).unwrap();
        let digest = sha256(&bytes);
        let (file, platform) = (file.to_str().unwrap(), platform());
        let args = ["store", "add", file, "--version", "0.2.0", "--platform", &platform];
        sandbox.loom(&[&args[..], &["--sha256", &digest]].concat()).ok();
        let link = sandbox.loom(&["which", "--version", "0.2.0"]).ok().path();
        let output = std::process::Command::new(link).output().unwrap();
        assert_eq!(output.stdout, format!("{BINARY} 0.2.0\n").into_bytes());
        sandbox.verify();
    }
}

#[test]
fn adding_needs_a_digest_or_a_waiver() {
    let sandbox = Sandbox::new();
    let file = sandbox.project().join("server");
    fs::write(&file, program::small("0.2.0")).unwrap();
    let args = ["store", "add", "server", "--version", "0.2.0"];
    sandbox.loom(&args).code(6).says(&["--sha256", "--allow-unverified"]);
    let wrong = sha256(b"something else");
    sandbox.loom(&[&args[..], &["--sha256", &wrong]].concat()).code(6).says(&[&wrong[..12]]);
    assert!(sandbox.trees().is_empty());
    sandbox.loom(&["which", "--version", "0.2.0"]).code(3);
    sandbox.loom(&[&args[..], &["--allow-unverified"]].concat()).ok();
    sandbox.verify();
}

#[test]
fn what_is_added_is_judged_by_its_first_bytes() {
    let sandbox = Sandbox::new();
    let program = Entry::program(&program::small("0.2.0"));
    let add = |name: &str, bytes: &[u8], more: &[&str]| {
        fs::write(sandbox.project().join(name), bytes).unwrap();
        let args = ["store", "add", name, "--version", "0.2.0", "--allow-unverified"];
        sandbox.loom(&[&args[..], more].concat())
    };
    for (name, bytes, what) in [
        ("x.tar", support::archive::tar(&program), "a tar archive without compression"),
        ("x.tar.xz", b"\xfd7zXZ\0".to_vec(), "an xz file"),
        ("page", b"<!doctype html><p>log in".to_vec(), "an HTML page"),
        ("empty", vec![], "an empty file"),
        ("notes", b"Not Found".to_vec(), "neither an executable nor a script"),
    ] {
        add(name, &bytes, &[]).code(6).says(&[what, "--force"]);
        assert!(sandbox.trees().is_empty(), "{name}");
    }
    // The format of an archive does not depend on its name.
    add("saved", &Packing::TarGz.pack(&program), &[]).ok();
    assert_eq!(fs::read(sandbox.link("0.2.0")).unwrap(), program::small("0.2.0"));
    add("notes", b"Not Found", &["--force"]).ok();
    assert_eq!(fs::read(sandbox.link("0.2.0")).unwrap(), b"Not Found");
    sandbox.verify();
}

#[test]
fn a_missing_file_is_named() {
    let sandbox = Sandbox::new();
    let args = ["store", "add", "no-such-file", "--version", "0.2.0", "--allow-unverified"];
    let run = sandbox.loom(&args);
    assert_ne!(run.exit(), 0);
    run.says(&["no-such-file"]);
}

#[test]
fn verify_names_the_damaged_file() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    sandbox.verify();
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    damage(&program);
    let run = sandbox.loom(&["store", "verify"]).code(6);
    let output = run.stdout() + &run.stderr();
    let tree = program.parent().unwrap().file_name().unwrap().to_str().unwrap();
    assert!(output.contains(&tree[..12]) && output.contains(BINARY), "{output}");
    let document = sandbox.loom(&["store", "verify", "--json"]).code(6).json();
    assert!(document.to_string().contains(&tree[..12]), "{document}");
}

#[test]
fn verify_finds_missing_and_unexpected_files() {
    for change in ["remove", "add", "mode"] {
        let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
        let program = sandbox.link("0.2.0").canonicalize().unwrap();
        let tree = program.parent().unwrap();
        fs::set_permissions(tree, fs::Permissions::from_mode(0o755)).unwrap();
        match change {
            "remove" => fs::remove_file(&program).unwrap(),
            "add" => fs::write(tree.join("extra"), "extra").unwrap(),
            _ => fs::set_permissions(&program, fs::Permissions::from_mode(0o444)).unwrap(),
        }
        let run = sandbox.loom(&["store", "verify"]);
        assert_eq!(run.exit(), 6, "{change}: {}{}", run.stdout(), run.stderr());
    }
}

#[test]
fn verify_finds_a_damaged_object() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    for digest in sandbox.objects() {
        let object = sandbox.cache().join("objects/sha256").join(&digest[..2]).join(&digest);
        let bytes = fs::read(&object).unwrap();
        damage(&object);
        let run = sandbox.loom(&["store", "verify"]);
        assert_eq!(run.exit(), 6, "{digest}: {}{}", run.stdout(), run.stderr());
        fs::write(&object, bytes).unwrap();
        sandbox.verify();
    }
}

#[test]
fn du_counts_installed_releases() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    sandbox.loom(&["store", "du"]).ok();
    let big = program::large("0.2.0", 300_000);
    mirror.add("0.2.0", Packing::TarGz, &big, support::Sums::Sidecar);
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    let document = sandbox.loom(&["store", "du", "--json"]).ok().json();
    let bytes = document["trees"].as_u64().unwrap_or_else(|| panic!("{document}"));
    assert!((300_000..400_000).contains(&bytes), "{document}");
}

#[test]
fn a_newer_store_format_is_refused_and_not_changed() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.cache()).unwrap();
    fs::write(sandbox.cache().join("format"), "loom-store 2\n").unwrap();
    let mirror = Plain::of(&["0.2.0"]);
    let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]);
    assert_ne!(run.exit(), 0);
    run.says(&["loom-store 2"]);
    assert_eq!(support::sandbox::names(&sandbox.cache()), ["format"]);
}

#[test]
fn a_foreign_bin_folder_is_renamed_and_reported() {
    let sandbox = Sandbox::new();
    let theirs = sandbox.cache().join("bin/0.2.0").join(platform());
    fs::create_dir_all(&theirs).unwrap();
    fs::write(theirs.join(BINARY), "theirs").unwrap();
    let mirror = Plain::of(&["0.2.0"]);
    let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    assert!(
        fs::read(run.path()).unwrap().starts_with(b"#!/bin/sh"),
        "the foreign program is not used"
    );
    assert!(run.stderr().contains("bin"), "{}", run.stderr());
    let files = sandbox.files("");
    let kept = |path: &&std::path::PathBuf| {
        fs::read(sandbox.cache().join(path)).is_ok_and(|bytes| bytes == b"theirs")
    };
    assert_eq!(files.iter().filter(kept).count(), 1, "{files:?}");
}

fn damage(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[0] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn archives_are_kept_if_configured() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    let is_kept = |version| {
        let digest = sha256(&fs::read(mirror.asset(version, Packing::TarGz)).unwrap());
        sandbox.objects().contains(&digest)
    };
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    sandbox
        .write(sandbox.home().join(".config/loom/config.toml"), "[store]\nkeep_archives = true\n");
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    assert_eq!((is_kept("0.1.0"), is_kept("0.2.0")), (false, true));
    sandbox.verify();
}

#[test]
fn the_path_of_a_release_is_its_tree() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["store", "path", "--version", "0.2.0"]).code(3);
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    let run = sandbox.loom(&["store", "path", "--version", "0.2.0"]).ok();
    assert_eq!(run.path(), sandbox.cache().join("store").join(&sandbox.trees()[0]));
}

#[test]
fn the_path_of_a_version_that_is_not_installed_is_printed_and_not_created() {
    let sandbox = Sandbox::new();
    for version in ["0.9.0", "dev", "latest"] {
        let run = sandbox.loom(&["store", "path", "--expected", "--version", version]).ok();
        assert_eq!(run.path(), sandbox.link(version));
    }
    let document = sandbox.loom(&["store", "path", "--json"]).ok().json();
    assert_eq!(document["platform"], support::platform());
    assert_eq!(document["root"], document["path"]);
    for several in ["latest", ">=0.1"] {
        sandbox
            .loom(&["store", "path", "--version", several])
            .code(2)
            .says(&["matches several versions"]);
    }
    assert!(!sandbox.cache().exists());
}
