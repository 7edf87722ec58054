//! Root files that cannot be read: nothing is collected that they may keep, and a repair sets them aside.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use crate::support::{Plain, Sandbox};

const VERSIONS: [&str; 4] = ["0.1.0", "0.2.0", "0.3.0", "0.4.0"];

/// Four versions that were last used ten days ago; 0.1.0 is kept by a user, 0.2.0 by a project and by a generation.
fn installed() -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&VERSIONS));
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &source);
    for version in VERSIONS {
        sandbox.loom(&["get", version]).ok();
    }
    sandbox.loom(&["store", "keep", "0.1.0"]).ok();
    sandbox.loom(&["use", "0.2.0"]).ok();
    sandbox.write("loom.toml", "name = \"demo\"\n[bridge]\nversion = \"0.2.0\"\n");
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&["get"]).ok();
    for file in sandbox.files("verifications") {
        let below = sandbox.cache().join("verifications").join(&file);
        let path = if below.exists() { below } else { sandbox.cache().join(&file) };
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(10 * 86_400)).unwrap();
    }
    (sandbox, mirror)
}

/// The first root file below a folder of `roots/`.
fn root(sandbox: &Sandbox, kind: &str) -> PathBuf {
    let below = format!("roots/{kind}");
    let all = sandbox.files("");
    let file = all.iter().find(|file| file.starts_with(&below));
    sandbox.cache().join(file.unwrap_or_else(|| panic!("no {kind} in {all:?}")))
}

#[test]
fn a_root_that_cannot_be_read_keeps_everything() {
    let (sandbox, _mirror) = installed();
    for (kind, damage) in [
        ("kept", &b""[..]),
        ("kept", b"loom-keep 1\nno digest\n"),
        ("projects", b"loom-project 1\n0123"),
        ("projects", b"\xff\xfe"),
        ("generations", b"loom-generations 1\nx\n"),
    ] {
        let root = root(&sandbox, kind);
        let whole = fs::read(&root).unwrap();
        fs::write(&root, damage).unwrap();
        let path = root.to_str().unwrap();
        for dry in [&["--dry-run"][..], &[]] {
            let args = [&["store", "gc", "--keep", "0", "--json"][..], dry].concat();
            let run = sandbox.loom(&args).ok();
            let run = run.says(&[path, "loom store repair"]);
            let json = run.json();
            assert_eq!(json["removed"].as_array().unwrap().len(), 0, "{kind}: {json}");
            assert_eq!(json["damaged_roots"][0], path, "{json}");
            assert_eq!(json["kept"].as_array().unwrap().len(), 4, "{kind}: {json}");
        }
        let verify = sandbox.loom(&["store", "verify"]).code(6);
        assert!(verify.stdout().contains(path), "{kind}: {}", verify.stdout());
        let doctor = sandbox.loom(&["doctor", "--offline"]).code(1);
        assert!(doctor.stdout().contains(path), "{kind}: {}", doctor.stdout());
        // Commands that only use a version go on.
        sandbox.loom(&["get", "0.2.0"]).ok();
        sandbox.loom(&["list"]).ok();
        let repair = sandbox.loom(&["store", "repair"]).ok();
        assert!(repair.stdout().contains(path), "{kind}: {}", repair.stdout());
        sandbox.verify();
        if kind == "kept" {
            assert_eq!(fs::read(&root).unwrap(), whole, "its path says what it keeps");
        } else {
            assert!(repair.stdout().contains("may be collected"), "{}", repair.stdout());
            fs::write(&root, whole).unwrap();
        }
    }
    let removed = sandbox.loom(&["store", "gc", "--keep", "0", "--json"]).ok().json();
    let versions: Vec<&str> = removed["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["0.3.0", "0.4.0"], "{removed}");
}

#[test]
fn repair_keeps_the_lines_that_can_be_read() {
    let (sandbox, _mirror) = installed();
    for kind in ["projects", "generations"] {
        let root = root(&sandbox, kind);
        let text = fs::read_to_string(&root).unwrap();
        for (damaged, kept) in [
            (format!("{text}\u{fffd} no line\n"), &text[..]),
            (format!("{text}0123"), &text[..]),
            (text.replacen("loom-", "l\0\0m-", 1), &text[..]),
        ] {
            fs::write(&root, &damaged).unwrap();
            let path = root.to_str().unwrap();
            sandbox.loom(&["store", "verify"]).code(6);
            let repair = sandbox.loom(&["store", "repair"]).ok();
            for word in [path, "written again with the", "can be read", "damaged/"] {
                assert!(repair.stdout().contains(word), "{kind}: {}", repair.stdout());
            }
            assert_eq!(fs::read_to_string(&root).unwrap(), kept, "{kind}: {damaged:?}");
            sandbox.verify();
        }
        // What is set aside is there until the next collection.
        let aside = sandbox.files("").iter().filter(|file| file.starts_with("damaged")).count();
        assert!(aside >= 3, "{aside}");
    }
    let removed = sandbox.loom(&["store", "gc", "--keep", "0", "--json"]).ok().json();
    let removed = removed["removed"].as_array().unwrap();
    let is_kept = |version: &str| removed.iter().all(|one| one["version"] != version);
    assert!(is_kept("0.1.0") && is_kept("0.2.0") && !is_kept("0.3.0"), "{removed:?}");
}

/// A repair is no use of the project: its root ends when the damaged one would have ended.
#[test]
fn a_root_that_is_repaired_keeps_its_time() {
    let (sandbox, _mirror) = installed();
    let root = root(&sandbox, "projects");
    let text = fs::read_to_string(&root).unwrap();
    fs::write(&root, format!("{text}0123")).unwrap();
    let used = SystemTime::now() - Duration::from_secs(80 * 86_400);
    fs::File::options().append(true).open(&root).unwrap().set_modified(used).unwrap();
    sandbox.loom(&["store", "repair"]).ok();
    assert_eq!(fs::read_to_string(&root).unwrap(), text);
    assert_eq!(fs::metadata(&root).unwrap().modified().unwrap(), used);
}

/// Until a new file replaces it, a damaged root stays in its place, with the lines that can be read.
#[test]
fn a_repair_that_ends_early_loses_no_root() {
    let (sandbox, _mirror) = installed();
    for kind in ["kept", "projects", "generations"] {
        let root = root(&sandbox, kind);
        let damaged = format!("{}0123", fs::read_to_string(&root).unwrap());
        fs::write(&root, &damaged).unwrap();
        // The new file cannot be written.
        let tmp = sandbox.cache().join("tmp");
        fs::set_permissions(&tmp, fs::Permissions::from_mode(0o555)).unwrap();
        let run = sandbox.loom_without_capabilities(&["store", "repair"]).code(6);
        fs::set_permissions(&tmp, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(run.stdout().contains(root.to_str().unwrap()), "{kind}: {}", run.stdout());
        assert_eq!(fs::read_to_string(&root).unwrap(), damaged, "{kind}");
        sandbox.loom(&["store", "repair"]).ok();
        sandbox.verify();
    }
}

/// The generation that was the current one may be lost; those that are left keep their trees.
#[test]
fn a_generation_that_is_lost_is_not_the_current_one() {
    let (sandbox, _mirror) = installed();
    sandbox.loom(&["use", "0.3.0"]).ok();
    let root = root(&sandbox, "generations");
    let text = fs::read_to_string(&root).unwrap();
    let newest = text.lines().find(|line| line.contains(" 0.3.0 ")).unwrap();
    fs::write(&root, text.replace(newest, &newest.replace(" 0.3.0 ", " ?.3.0 "))).unwrap();
    sandbox.loom(&["store", "repair"]).ok();
    let mended = fs::read_to_string(&root).unwrap();
    assert!(mended.contains(" 0.2.0 ") && !mended.contains("current"), "{mended}");
    sandbox.loom(&["use", "0.4.0"]).ok();
    let list = sandbox.loom(&["list", "--generations"]).ok().stdout();
    assert!(list.contains("0.2.0") && list.contains("0.4.0"), "{list}");
}

#[test]
fn a_version_that_is_kept_is_not_removed_without_force() {
    let (sandbox, _mirror) = installed();
    sandbox.loom(&["remove", "0.1.0"]).code(2).says(&["loom store keep --remove 0.1.0", "--force"]);
    sandbox.loom(&["remove", "<0.3"]).code(2);
    sandbox.loom(&["which", "0.1.0"]).ok();
    sandbox.loom(&["remove", "--force", "0.1.0"]).ok();
    sandbox.loom(&["which", "0.1.0"]).code(3);
    assert_eq!(sandbox.loom(&["store", "keep"]).ok().stdout(), "");
    sandbox.verify();
}

#[test]
fn a_missing_record_is_a_remark() {
    let (sandbox, _mirror) = installed();
    let record = sandbox.files("").into_iter().find(|file| file.starts_with("releases")).unwrap();
    let record = sandbox.cache().join(record);
    fs::remove_file(&record).unwrap();
    let run = sandbox.loom(&["store", "verify"]).ok();
    run.says(&[record.to_str().unwrap(), "loom store repair"]);
    let json = sandbox.loom(&["store", "verify", "--json"]).ok().json();
    assert_eq!(json["notices"][0]["path"], record.to_str().unwrap(), "{json}");
    sandbox.loom(&["store", "repair"]).ok();
    let run = sandbox.loom(&["store", "verify"]).ok();
    assert_eq!(run.stderr(), "");
    assert!(record.exists());
}
