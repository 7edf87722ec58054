//! File systems that cannot do everything: an overlay, one without links, one without locks, one mounted with `noexec`.

use std::fs;

use crate::support::{Packing, Plain, Run, Sandbox, Stage, Sums, program};

/// Runs shell lines in a new mount namespace, as root of it. `$loom` is the program; exit code 99 means that the system
/// does not allow it.
fn with_mounts(sandbox: &Sandbox, lines: &str) -> Option<Run> {
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--mount", "--", "sh", "-c", lines]);
    command.env("loom", Sandbox::program());
    let run = sandbox.start(&[lines], command).wait();
    if run.exit() == 99 {
        eprintln!("not tested: this system does not allow the mount");
        return None;
    }
    Some(run)
}

/// Shell lines that put an overlay over the store, which becomes its lower layer, as in a container image.
fn overlay(sandbox: &Sandbox) -> String {
    let (cache, layers) = (sandbox.cache(), sandbox.folder("layers"));
    let lower = layers.join("lower");
    fs::rename(&cache, &lower).unwrap();
    fs::create_dir(&cache).unwrap();
    format!(
        "cd '{}' && mkdir -p up && mount -t tmpfs tmpfs up && mkdir up/u up/w || exit 99\n\
         o=lowerdir=lower,upperdir=up/u,workdir=up/w\n\
         mount -t overlay -o $o,userxattr overlay '{1}' || mount -t overlay -o $o overlay '{1}' || exit 99\n\
         cd '{1}'\n",
        layers.display(),
        cache.display()
    )
}

#[test]
fn a_release_in_a_lower_layer_is_removed_healed_and_replaced() {
    let mirror = Plain::of(&["0.1.0", "0.2.0"]);
    let url = mirror.url();
    let get = format!("\"$loom\" get -q --source {url} --version");
    for (what, lines, left) in [
        (
            "removed",
            "\"$loom\" remove 0.2.0 && \"$loom\" which -q --version 0.2.0 && exit 1".to_owned(),
            0,
        ),
        ("fetched again", format!("\"$loom\" remove 0.2.0 && {get} 0.2.0 || exit 1"), 1),
        (
            "healed",
            format!(
                "f=$(readlink -f bin/0.2.0/*/*); chmod u+w $f; echo damage >> $f\n\
                 {get} 0.2.0 --force-download || exit 1"
            ),
            1,
        ),
        (
            "healed without its link",
            format!(
                "f=$(readlink -f bin/0.2.0/*/*); chmod u+w $f; echo damage >> $f; rm -r bin\n{get} 0.2.0 || exit 1"
            ),
            1,
        ),
        (
            "cut off",
            format!(
                "t=$(ls store); : > store/.trash-$t; chmod -R u+w store; rm store/$t/*\n\
                 \"$loom\" which -q --version 0.2.0 && exit 1\n\"$loom\" store verify -q || exit 2\n{get} 0.2.0 || exit 3"
            ),
            1,
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.loom(&["get", "--source", &url, "--version", "0.2.0"]).ok();
        let script = format!(
            "{}{lines}\n\"$loom\" store verify || exit 4\n{get} 0.1.0 || exit 5\n\
             ls store | wc -l; find store -name '.trash*'",
            overlay(&sandbox)
        );
        let Some(run) = with_mounts(&sandbox, &script) else { return };
        let run = run.ok();
        let stdout = run.stdout();
        let last: Vec<_> = stdout.lines().rev().take(1).collect();
        assert_eq!(last, [(left + 1).to_string()], "{what}: {stdout}{}", run.stderr());
    }
}

#[test]
fn a_foreign_bin_in_a_lower_layer_is_moved() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    for path in ["bin/tool", "bin/inside/more"] {
        sandbox.write(sandbox.cache().join(path), "foreign");
    }
    let script = format!(
        "{}\"$loom\" get --source {} --version 0.2.0 || exit 1\n\"$loom\" store verify || exit 2\n\
         cat bin.foreign-1/tool bin.foreign-1/inside/more; ls bin",
        overlay(&sandbox),
        mirror.url()
    );
    let Some(run) = with_mounts(&sandbox, &script) else { return };
    let run = run.ok().says(&["belonged to another program", "bin.foreign-1"]);
    assert!(
        run.stdout().ends_with("foreignforeign0.2.0\nlatest\n")
            || run.stdout().ends_with("foreignforeign0.2.0\n")
    );
}

#[test]
fn link_and_record_stay_where_the_tree_cannot_be_taken_away() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    let before = [sandbox.files("bin"), sandbox.files("releases"), sandbox.files("verifications")];
    for error in ["EIO", "EROFS", "EBUSY"] {
        let inject = format!("inject=rename,renameat,renameat2:error={error}");
        let (run, _) =
            sandbox.strace(&["trace=rename,renameat,renameat2", &inject], &["remove", "0.2.0"]);
        assert_ne!(run.exit(), 0, "{error}");
        let now = [sandbox.files("bin"), sandbox.files("releases"), sandbox.files("verifications")];
        assert_eq!(now, before, "{error}");
        sandbox.loom(&["which", "--version", "0.2.0"]).ok();
        sandbox.verify();
    }
    sandbox.loom(&["remove", "0.2.0"]).ok();
    assert!(sandbox.trees().is_empty());
}

#[test]
fn a_tree_with_links_holds_copies_where_links_are_impossible() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    let folder = sandbox.folder("packed");
    fs::create_dir(folder.join("lib")).unwrap();
    fs::write(folder.join("loom-bridge-server"), program::small("0.2.0")).unwrap();
    for (name, target) in
        [("first", "second"), ("second", "lib/third"), ("lib/third", "../loom-bridge-server")]
    {
        std::os::unix::fs::symlink(target, folder.join(name)).unwrap();
    }
    let mut tar = std::process::Command::new("tar");
    let tar =
        tar.arg("-C").arg(&folder).args(["-cz", "first", "second", "lib", "loom-bridge-server"]);
    let bytes = tar.output().unwrap().stdout;
    mirror.add_bytes("0.2.0", &Packing::TarGz.asset("0.2.0"), &bytes, Sums::Sidecar);
    for error in ["EPERM", "EOPNOTSUPP", "ENOSYS"] {
        let inject = format!("inject=symlink,symlinkat:error={error}");
        let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
        let (run, _) = sandbox.strace(&["trace=symlink,symlinkat", &inject], &get);
        run.ok();
        let tree = sandbox.cache().join("store").join(&sandbox.trees()[0]);
        for name in ["first", "second", "lib/third"] {
            let path = tree.join(name);
            assert!(fs::symlink_metadata(&path).unwrap().is_file(), "{error} {name}");
            assert_eq!(fs::read(&path).unwrap(), program::small("0.2.0"), "{error} {name}");
        }
        sandbox.verify();
        sandbox.loom(&["which", "--version", "0.2.0"]).ok();
        sandbox.loom(&["remove", "0.2.0"]).ok();
        assert!(sandbox.trees().is_empty());
    }
    let (run, _) = sandbox.strace(
        &["trace=symlink,symlinkat", "inject=symlink,symlinkat:error=EIO"],
        &["get", "--source", &mirror.url(), "--version", "0.2.0"],
    );
    assert_ne!(run.exit(), 0, "any other error is one");
}

#[test]
fn a_file_system_without_locks_is_an_error() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let inject = "inject=flock:error=ENOLCK";
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    let (run, _) = sandbox.strace(&["trace=flock", inject], &get);
    assert_ne!(run.exit(), 0);
    run.says(&["does not support locks", "--cache-dir"]);
    assert!(sandbox.trees().is_empty());
}

#[test]
fn a_store_mounted_with_noexec_names_the_mount() {
    let stage = Stage::new();
    let sandbox = &stage.sandbox;
    let args = stage.args("up", &["--detach"]).join(" ");
    let script = format!(
        "mount -t tmpfs -o noexec,mode=0755 none '{}' || exit 99\n\"$loom\" {args}",
        sandbox.cache().display()
    );
    fs::create_dir_all(sandbox.cache()).unwrap();
    let Some(run) = with_mounts(sandbox, &script) else { return };
    assert_ne!(run.exit(), 0);
    run.says(&["could not start", "noexec", "--cache-dir"]);
}

#[test]
fn a_lost_permission_to_execute_is_restored_by_up() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::new();
    let document = stage.up();
    stage.sandbox.loom(&["down"]).ok();
    let tree = document["tree"].as_str().unwrap();
    let folder = stage.sandbox.cache().join("store").join(tree);
    for entry in fs::read_dir(&folder).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    stage.up();
    stage.sandbox.loom(&["down"]).ok();
    stage.sandbox.verify();
}
