//! A cache that cannot be written, and a disk that is full.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::support::{self, Packing, Plain, Run, Sandbox, Sums, program};

/// Runs shell lines with a tmpfs of `size` at `folder`, in a new mount namespace. `$loom` is the program.
fn on_small_disk(sandbox: &Sandbox, folder: &Path, size: &str, lines: &str) -> Run {
    let script = format!(
        "mount -t tmpfs -o size={size},mode=0755 none '{}' || exit 99\n{lines}",
        folder.display()
    );
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--mount", "--", "sh", "-c", &script]);
    command.env("loom", Sandbox::program());
    sandbox.start(&[lines], command).wait()
}

#[test]
fn a_full_disk_is_exit_10_and_leaves_a_store_that_verifies() {
    for packing in Packing::ALL {
        let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0"]));
        mirror.add("0.2.0", packing, &program::large("0.2.0", 3 << 20), Sums::Sidecar);
        fs::create_dir_all(sandbox.cache()).unwrap();
        let url = mirror.url();
        let script = format!(
            "\"$loom\" get -q --source {url} --version 0.1.0 || exit 98\n\
             \"$loom\" get --source {url} --version 0.2.0; code=$?\n\
             \"$loom\" store verify -q || exit 97\n\
             \"$loom\" which -q --version 0.1.0 || exit 96\n\
             \"$loom\" which -q --version 0.2.0 2>/dev/null && exit 95\n\
             ls \"$HOME/.cache/loom/store\" | wc -l\n\
             exit $code"
        );
        let run = on_small_disk(&sandbox, &sandbox.cache(), "2m", &script);
        assert_eq!(run.exit(), 10, "{packing:?}: {}{}", run.stdout(), run.stderr());
        assert_eq!(run.stdout().lines().last(), Some("1"), "only the complete tree is left");
        let run = run.says(&["full", "--cache-dir"]);
        if packing == Packing::TarGz {
            // The rest of the output is that of the other commands of the script.
            let output = std::process::Output { stdout: Vec::new(), ..run.output };
            let run = Run { line: "loom get --source [MIRROR] --version 0.2.0".into(), output };
            sandbox.snapshot_with("full_disk", &run, &run_specific(&mirror));
        }
    }
}

/// Filters for text that differs between runs: the mirror's folder and the names of temporary files.
fn run_specific(mirror: &Plain) -> [(&str, &'static str); 3] {
    [
        (mirror.path().to_str().unwrap(), "[MIRROR]"),
        (r"\.new-\w+", ".new-[RANDOM]"),
        (r"/tmp/\.tmp\w+", "/tmp/[RANDOM]"),
    ]
}

#[test]
fn at_any_size_of_the_disk_the_store_verifies_and_the_next_run_completes() {
    let mirror = Plain::of(&["0.2.0"]);
    let mut failed = 0;
    for pages in 1..=16 {
        let sandbox = Sandbox::new();
        fs::create_dir_all(sandbox.cache()).unwrap();
        let get = format!("\"$loom\" get --source {} --version 0.2.0", mirror.url());
        let script = format!(
            "{get}; code=$?\n\
             \"$loom\" store verify -q || exit 97\n\
             mount -o remount,size=4m none \"$HOME/.cache/loom\" || exit 99\n\
             {get} || exit 96\n\
             \"$loom\" store verify -q || exit 95\n\
             exit $code"
        );
        let size = format!("{}k", pages * 4);
        let run = on_small_disk(&sandbox, &sandbox.cache(), &size, &script);
        assert!([0, 10].contains(&run.exit()), "{size}: {} {}", run.exit(), run.stderr());
        failed += usize::from(run.exit() == 10);
    }
    assert!(failed > 3, "it failed only {failed} times: the sizes are too large");
}

#[test]
fn a_failing_fsync_is_reported_and_the_next_run_completes() {
    let mirror = Plain::of(&["0.2.0"]);
    for call in 1..=3 {
        let sandbox = Sandbox::new();
        let inject = format!("inject=fsync,fdatasync,syncfs:error=EIO:when={call}");
        let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
        let (run, _) = sandbox.strace(&["trace=fsync,fdatasync,syncfs", &inject], &get);
        assert_eq!(run.exit(), 1, "call {call}: {}", run.stderr());
        sandbox.verify();
        sandbox.loom(&get).ok();
        sandbox.verify();
    }
}

#[test]
fn a_read_only_cache_serves_installed_releases() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    let get = |version| {
        vec!["get".to_owned(), "--source".into(), mirror.url(), "--version".into(), version]
    };
    let words =
        |args: &[String]| args.iter().map(|a| format!("'{a}'")).collect::<Vec<_>>().join(" ");
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    let cache = sandbox.cache();
    let script = format!(
        "mount --bind '{0}' '{0}' && mount -o remount,ro,bind '{0}' || exit 99\n\
         \"$loom\" which --version 0.1.0 || exit 98\n\
         \"$loom\" {1} || exit 97\n\
         \"$loom\" list || exit 96\n\
         \"$loom\" store verify || exit 95\n\
         \"$loom\" {2}",
        cache.display(),
        words(&get("0.1.0".to_owned())),
        words(&get("0.2.0".to_owned())),
    );
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--mount", "--", "sh", "-c", &script]);
    command.env("loom", Sandbox::program());
    let run = sandbox.start(&["get in a read-only cache"], command).wait();
    let run = run.code(1).says(&["LOOM_CACHE_DIR"]);
    let output = std::process::Output { stdout: Vec::new(), ..run.output };
    let run = Run { line: "loom get --source [MIRROR] --version 0.2.0".into(), output };
    sandbox.snapshot_with("read_only_cache", &run, &run_specific(&mirror));
}

#[test]
fn a_cache_without_write_permission_serves_installed_releases() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    let get =
        |version| ["get".to_owned(), "--source".into(), mirror.url(), "--version".into(), version];
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    make_read_only(&sandbox.cache());
    sandbox.loom_without_capabilities(&["which", "--version", "0.1.0"]).ok();
    for (version, code) in [("0.1.0", 0), ("0.2.0", 1)] {
        let args = get(version.to_owned());
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let run = sandbox.loom_without_capabilities(&args).code(code);
        assert!(code == 0 || run.stderr().contains("LOOM_CACHE_DIR"), "{}", run.stderr());
    }
}

/// One folder that cannot be read hides no damage elsewhere.
#[test]
fn verify_goes_on_where_a_folder_cannot_be_read() {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.1.0", "0.2.0"]));
    let config = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    for command in [&["get", "0.1.0"][..], &["get", "0.2.0"], &["use", "0.2.0"], &["get", "9.9.9"]]
    {
        sandbox.loom(command);
    }
    let cache = sandbox.cache();
    let other = cache.join("fingerprints");
    let _ = fs::remove_dir_all(&other);
    fs::write(&other, "").unwrap();
    let first = |folder: &str| {
        let name = support::sandbox::names(&cache.join(folder)).into_iter().min().unwrap();
        format!("{folder}/{name}")
    };
    let (tree, prefix) = (first("store"), first("objects/sha256"));
    for place in [
        "store",
        &tree,
        "objects",
        &prefix,
        "releases",
        "releases/loom-os",
        "verifications/loom-os",
        "receipts",
        "failures",
        "roots",
        "roots/generations",
        "bin",
        "bin/0.1.0",
        "locks",
        "tmp",
    ] {
        let folder = cache.join(place);
        let mode = fs::metadata(&folder).unwrap().permissions();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
        let run = sandbox.loom_without_capabilities(&["store", "verify", "--json"]);
        let quick = sandbox.loom_without_capabilities(&["doctor", "--offline"]);
        fs::set_permissions(&folder, mode).unwrap();
        let found = run.code(6).json();
        let path_of = |one: &serde_json::Value| one["path"].as_str().unwrap().to_owned();
        let findings = found["findings"].as_array().unwrap();
        let unreadable = findings.iter().filter(|it| it["what"].as_str().unwrap().contains("read"));
        let unreadable: Vec<String> = unreadable.map(path_of).collect();
        assert_eq!(unreadable, [folder.to_str().unwrap()], "{place}: {found}");
        let others: Vec<String> = findings.iter().map(path_of).collect();
        assert!(others.contains(&other.to_str().unwrap().to_owned()), "{place}: {found}");
        assert_eq!(quick.exit(), 1, "{place}");
    }
}

/// Removes write permission from `folder` and every folder below it.
fn make_read_only(folder: &Path) {
    for name in support::sandbox::names(folder) {
        let inner = folder.join(name);
        if inner.symlink_metadata().unwrap().is_dir() {
            make_read_only(&inner);
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
}

#[test]
fn where_neither_store_nor_state_can_be_written_the_state_folder_is_named() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0"]));
    sandbox.loom(&["get", "0.1.0", "--source", &mirror.url()]).ok();
    make_read_only(&sandbox.cache());
    // No folder can be made where a file is.
    let leases = sandbox.state().join("leases");
    let _ = fs::remove_dir_all(&leases);
    fs::create_dir_all(sandbox.state()).unwrap();
    fs::write(&leases, "").unwrap();
    let exec = ["exec", "--version", "0.1.0", "--", "true"];
    let run = sandbox.loom_without_capabilities(&exec).code(1);
    run.says(&["state folder", "/state/loom/leases", "LOOM_STATE_DIR"])
        .never_says(&["--cache-dir"]);
}

/// Damage in a store that cannot be written is named, with the exit code of damage, and not that the store cannot be written.
#[test]
fn damage_in_a_read_only_cache_is_named() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &source);
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", version]).ok();
    }
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    let folder = program.parent().unwrap();
    crate::support::sandbox::make_removable(folder);
    std::fs::remove_file(&program).unwrap();
    std::fs::write(&program, "other").unwrap();
    let script = format!(
        "mount --bind '{0}' '{0}' && mount -o remount,ro,bind '{0}' || exit 99\n\
         for args in 'get 0.2.0' 'exec --version 0.2.0 -- true' 'store verify' 'store repair'; do\n\
         \"$loom\" $args >>out 2>&1; test $? = 6 || {{ echo \"$args\" >&2; cat out >&2; exit 98; }}; done\n\
         \"$loom\" get 0.1.0 >>out || exit 97\n\
         \"$loom\" doctor --offline >doctor; grep -q 'read-only' doctor || exit 96\n\
         grep -qE '^[a-z]+ +(space|inodes) ' doctor && exit 95\n\
         for i in 1 2; do \"$loom\" use 0.1.0 2>used >>out || exit 94; done\n\
         test \"$(grep -c 'not noted as a generation.*Read-only' used)\" = 1 || {{ cat used >&2; exit 93; }}\n\
         cat out",
        sandbox.cache().display(),
    );
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--mount", "--", "sh", "-c", &script]);
    command.env("loom", Sandbox::program()).current_dir(sandbox.project());
    let run = sandbox.start(&["a damaged read-only cache"], command).wait().ok();
    let named = run.stdout().matches(program.to_str().unwrap()).count();
    assert!(named >= 4, "{}", run.stdout());
}
