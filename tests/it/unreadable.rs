//! Files and folders of a store that may not be read: they are named with the exit code of damage, and a repair makes those
//! of this user readable again.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::support::{Plain, Sandbox};

/// Two versions: 0.1.0 is kept by the user, 0.2.0 is used by a project and is the default one.
fn installed() -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.1.0", "0.2.0"]));
    sandbox.sources(&[(&mirror.url(), "")]);
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", version]).ok();
    }
    sandbox.loom(&["store", "keep", "0.1.0"]).ok();
    sandbox.loom(&["use", "0.2.0"]).ok();
    sandbox.write("loom.toml", "name = \"demo\"\n[bridge]\nversion = \"0.2.0\"\n");
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&["get"]).ok();
    sandbox.verify();
    (sandbox, mirror)
}

/// The first file below a folder of the store.
fn file(sandbox: &Sandbox, folder: &str) -> PathBuf {
    let file = sandbox.files(folder).into_iter().next().unwrap();
    let below = sandbox.cache().join(folder).join(&file);
    if below.exists() { below } else { sandbox.cache().join(file) }
}

fn forbid(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
}

#[test]
fn a_repair_makes_what_is_its_users_readable_again() {
    let (sandbox, _mirror) = installed();
    let folders = [
        "releases",
        "releases/loom-os",
        "verifications",
        "receipts",
        "bin",
        "bin/0.1.0",
        "roots",
        "roots/kept",
        "objects",
        "store",
        "locks",
        "tmp",
    ];
    let mut paths: Vec<PathBuf> =
        folders.into_iter().map(|place| sandbox.cache().join(place)).collect();
    paths.push(sandbox.cache().join("format"));
    for folder in ["roots/kept", "roots/projects", "roots/generations", "releases", "objects"] {
        paths.push(file(&sandbox, folder));
    }
    let program = sandbox.link("0.1.0").canonicalize().unwrap();
    paths.extend([program.parent().unwrap().to_owned(), program]);
    for path in &paths {
        let name = path.to_str().unwrap();
        forbid(path);
        for args in [&["store", "verify"][..], &["store", "repair", "--dry-run"]] {
            let run = sandbox.loom_without_capabilities(args).code(6);
            let line = format!("{name}: it cannot be read: Permission denied");
            assert!(run.stdout().contains(&line), "{args:?} {name}: {}", run.stdout());
            assert!(!run.stdout().contains("write permission"), "{}", run.stdout());
        }
        let run = sandbox.loom_without_capabilities(&["store", "repair"]);
        assert_eq!(run.exit(), 0, "{name}: {}{}", run.stdout(), run.stderr());
        assert!(run.stdout().contains(&format!("{name}: ")), "{name}: {}", run.stdout());
        sandbox.loom_without_capabilities(&["store", "verify"]).ok();
        sandbox.loom_without_capabilities(&["which", "0.1.0"]).ok();
        sandbox.loom_without_capabilities(&["store", "gc", "--dry-run"]).ok();
    }
    assert!(sandbox.loom(&["store", "keep"]).ok().stdout().contains("0.1.0"));
}

/// Everything at once, and nested: what one folder hides is found when it is readable again.
#[test]
fn a_repair_goes_into_what_it_has_made_readable() {
    let (sandbox, _mirror) = installed();
    let record = file(&sandbox, "releases");
    for path in record.ancestors().take_while(|path| *path != sandbox.cache()) {
        forbid(path);
    }
    forbid(&sandbox.cache().join("format"));
    sandbox.loom_without_capabilities(&["store", "repair"]).ok();
    sandbox.loom_without_capabilities(&["store", "verify"]).ok();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&record), mode(record.parent().unwrap())), (0o644, 0o755));
}

#[test]
fn what_another_user_keeps_from_being_read_is_named() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tested: only root can give files away");
        return;
    }
    let (sandbox, _mirror) = installed();
    for path in [
        sandbox.cache().join("releases"),
        sandbox.cache().join("format"),
        sandbox.cache().join("roots"),
        file(&sandbox, "roots/kept"),
        file(&sandbox, "objects"),
    ] {
        let mode = fs::metadata(&path).unwrap().permissions();
        forbid(&path);
        std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
        let name = path.to_str().unwrap();
        let line = format!("{name}: it cannot be read: Permission denied");
        for args in [&["verify"][..], &["repair"], &["repair", "0.1.0"], &["repair", "--dry-run"]] {
            // Roots are no part of a version, and an object may be of the other one.
            let is_of_all = ["releases", "format"].iter().any(|part| path.ends_with(part));
            if args == ["repair", "0.1.0"] && !is_of_all {
                continue;
            }
            let run = sandbox.loom_without_capabilities(&[&["store"], args].concat());
            let (run, out) = (run.code(6), format!("chmod u+rX {name}"));
            for text in [&line, &out] {
                assert!(run.stdout().contains(text), "{args:?} {name}: {}", run.stdout());
            }
            assert!(!run.stdout().contains("write permission"), "{}", run.stdout());
        }
        std::os::unix::fs::chown(&path, Some(0), None).unwrap();
        fs::set_permissions(&path, mode).unwrap();
        sandbox.verify();
    }
}

/// Where reading failed, permission to write is no help.
#[test]
fn the_hint_goes_by_what_failed() {
    let (sandbox, mirror) = installed();
    for (path, args) in [
        ("format", &["which", "0.1.0"][..]),
        ("releases", &["list"]),
        ("roots", &["store", "keep"]),
    ] {
        let path = sandbox.cache().join(path);
        let mode = fs::metadata(&path).unwrap().permissions();
        forbid(&path);
        let run = sandbox.loom_without_capabilities(args).code(1);
        run.says(&[
            "could not read",
            &format!("chmod u+rX {}", path.display()),
            "loom store repair",
        ])
        .never_says(&["write permission"]);
        fs::set_permissions(&path, mode).unwrap();
    }
    let chosen = fs::read_dir(sandbox.state()).unwrap().map(|entry| entry.unwrap().path());
    let folder = chosen.into_iter().find(|path| path.ends_with("pins")).unwrap();
    forbid(&folder);
    let run = ["get", "0.2.0", "--force-download", "--source", &mirror.url()];
    let run = sandbox.loom_without_capabilities(&run).code(1);
    run.says(&["could not read", "can be read"]).never_says(&["can be written"]);
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
}

/// A folder of another program is not a store: its permissions are its own.
#[test]
fn a_repair_changes_no_permission_elsewhere() {
    let mut sandbox = Sandbox::new();
    let folder = sandbox.folder("other");
    fs::write(folder.join("format"), "x").unwrap();
    fs::write(folder.join("secret"), "x").unwrap();
    for name in ["format", "secret"] {
        forbid(&folder.join(name));
    }
    sandbox.set("LOOM_CACHE_DIR", &folder);
    sandbox.loom_without_capabilities(&["store", "repair"]).code(6);
    for name in ["format", "secret"] {
        let mode = fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o000, "{name}");
    }
}
