//! The state folder belongs to its user alone.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::Path,
};

use crate::support::{Plain, Run, Sandbox};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs `loom` with a umask.
fn with_umask(sandbox: &Sandbox, umask: &str, args: &[&str]) -> Run {
    let mut command = sandbox.command("sh");
    command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
    command.arg(Sandbox::program()).args(args);
    sandbox.start(args, command).wait()
}

#[test]
fn its_folders_are_private_whatever_the_umask_is() {
    let mirror = Plain::of(&["0.2.0"]);
    let url = mirror.url();
    for umask in ["000", "022", "077", "0277"] {
        let sandbox = Sandbox::new();
        sandbox.write("loom.toml", "[mcp.x]\ncommand = \"true\"\n");
        with_umask(&sandbox, umask, &["trust"]).ok();
        with_umask(&sandbox, umask, &["config", "set", "dashboard.port", "4141"]).ok();
        let local = sandbox.home().join(".local");
        for folder in [&sandbox.state(), &local, &sandbox.home().join(".config/loom")] {
            assert_eq!(mode(folder), 0o700, "{} with umask {umask}", folder.display());
        }
    }
    let sandbox = Sandbox::new();
    with_umask(&sandbox, "000", &["get", "--source", &url, "--version", "0.2.0"]).ok();
    assert_eq!(mode(&sandbox.state()), 0o700);
}

#[test]
fn an_open_folder_becomes_private_and_is_named_once() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state()).unwrap();
    set_mode(&sandbox.state(), 0o777);
    let folder = sandbox.state().display().to_string();
    sandbox.loom(&["list"]).ok().says(&[&folder, "(mode 777)", "it is private now"]);
    assert_eq!(mode(&sandbox.state()), 0o700);
    sandbox.loom(&["list"]).ok().never_says(&["state folder"]);
}

#[test]
fn a_named_folder_of_all_users_holds_one_for_each() {
    let mut sandbox = Sandbox::new();
    let shared = sandbox.folder("shared");
    set_mode(&shared, 0o1777);
    sandbox.set("LOOM_STATE_DIR", &shared);
    sandbox.loom(&["init"]).ok();
    let own = shared.join(format!("loom-{}", rustix::process::geteuid().as_raw()));
    assert_eq!((mode(&shared), mode(&own)), (0o1777, 0o700));
    assert!(own.join("trusted.json").is_file());
}

#[test]
fn folders_and_files_of_other_users_are_refused_by_name() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut sandbox = Sandbox::new();
    sandbox.loom(&["init"]).ok();
    let state = sandbox.state();
    let named = format!("could not use {}", state.display());
    chown(&state, Some(4711), None).unwrap();
    for args in [&["which"][..], &["get", "0.2.0"], &["up"], &["trust"], &["config", "show"]] {
        sandbox.loom(args).code(1).says(&[&named, "another user (uid 4711)", "LOOM_STATE_DIR"]);
    }
    let doctor = sandbox.loom(&["doctor", "--offline"]).code(1);
    assert!(doctor.stdout().contains(&named), "{}", doctor.stdout());
    chown(&state, Some(0), None).unwrap();
    let list = state.join("trusted.json");
    chown(&list, Some(4711), None).unwrap();
    sandbox.loom(&["which"]).code(1).says(&[list.to_str().unwrap(), "another user (uid 4711)"]);

    chown(sandbox.home(), Some(4711), None).unwrap();
    sandbox.loom(&["which"]).code(1).says(&["in a folder of another user", "LOOM_STATE_DIR"]);
    let own = sandbox.folder("own");
    sandbox.set("LOOM_STATE_DIR", own.join("state"));
    sandbox.loom(&["init"]).code(2).never_says(&["another user"]);
    sandbox.loom(&["trust"]).ok();
    assert_eq!(mode(&own.join("state")), 0o700);
}

#[test]
fn a_named_folder_with_other_files_stays_as_it_is() {
    let mut sandbox = Sandbox::new();
    let shared = sandbox.project().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("notes.txt"), "mine").unwrap();
    set_mode(&shared, 0o755);
    sandbox.set("LOOM_STATE_DIR", &shared);
    sandbox.loom(&["init"]).ok().never_says(&["it is private now"]);
    assert_eq!(mode(&shared), 0o755);
    let own = shared.join(format!("loom-{}", rustix::process::geteuid().as_raw()));
    assert_eq!(mode(&own), 0o700);
    assert!(own.join("trusted.json").is_file());
}

#[test]
fn a_folder_in_the_place_of_a_file_names_a_way_out() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state().join("trusted.json")).unwrap();
    sandbox.loom(&["trust"]).code(1).says(&["not a file but a folder", "move away what is in"]);
}

#[test]
fn a_tilde_that_no_shell_expanded_makes_no_folder() {
    let mirror = Plain::of(&["0.2.0"]);
    let mut sandbox = Sandbox::new();
    sandbox.set("LOOM_CACHE_DIR", "~/cache").set("LOOM_STATE_DIR", "~/state");
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    assert!(sandbox.loom(&get).ok().path().starts_with(sandbox.home().join("cache")));
    sandbox.loom(&["init"]).ok();
    assert!(sandbox.home().join("state/trusted.json").is_file());
    sandbox.loom(&["--cache-dir=~/other", "get", "-q", "--source", &mirror.url(), "0.2.0"]).ok();
    assert!(sandbox.home().join("other/bin").is_dir());
    sandbox.loom(&["man", "--to=~/man"]).ok();
    assert!(sandbox.home().join("man/loom.1").is_file());
    for name in ["LOOM_CACHE_DIR", "LOOM_STATE_DIR"] {
        sandbox.set(name, "~somebody/x");
        sandbox.loom(&get).code(2).says(&[name, "~somebody/x", "absolute path"]);
        sandbox.set(name, "~/x");
    }
    let names = fs::read_dir(sandbox.project()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["loom.toml"]);
}
