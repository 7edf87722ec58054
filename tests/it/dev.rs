//! Development builds: when they are selected, and that they never replace a release.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use crate::support::{BINARY, Plain, Sandbox};

/// A minimal checkout with a finished debug build.
fn checkout(sandbox: &Sandbox, name: &str) -> PathBuf {
    let root = sandbox.folder(name);
    fs::write(
        root.join("Cargo.toml"),
        "[workspace]\nmembers = [\"runtime/bridge\"]\nresolver = \"3\"\n",
    )
    .unwrap();
    let bridge = root.join("runtime/bridge");
    fs::create_dir_all(bridge.join("src")).unwrap();
    fs::write(
        bridge.join("Cargo.toml"),
        "[package]\nname = \"loom-bridge\"\nversion = \"0.2.0\"\nedition = \"2024\"\n\n\
         [[bin]]\nname = \"loom-bridge-server\"\npath = \"src/main.rs\"\n",
    )
    .unwrap();
    fs::write(bridge.join("src/main.rs"), "fn main() { println!(\"built\"); }\n").unwrap();
    build(&root, "debug", "first");
    root
}

fn build(checkout: &std::path::Path, profile: &str, output: &str) {
    let folder = checkout.join("target").join(profile);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(BINARY);
    let _ = fs::remove_file(&path);
    fs::write(&path, format!("#!/bin/sh\necho {output}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn output_of(path: PathBuf) -> String {
    String::from_utf8(Command::new(path).output().unwrap().stdout).unwrap()
}

#[test]
fn a_build_is_installed_in_the_dev_slot() {
    let sandbox = Sandbox::new();
    let source = format!("target:{}", checkout(&sandbox, "loom").display());
    let run = sandbox.loom(&["get", "--source", &source]).ok();
    assert_eq!(run.path(), sandbox.link("dev"));
    assert_eq!(output_of(run.path()), "first\n");
    sandbox.verify();
}

#[test]
fn a_new_build_replaces_the_old_one_and_leaves_its_tree_unchanged() {
    let sandbox = Sandbox::new();
    let root = checkout(&sandbox, "loom");
    let source = format!("target:{}", root.display());
    let link = sandbox.loom(&["get", "--source", &source]).ok().path();
    let old = link.canonicalize().unwrap();
    build(&root, "debug", "second");
    assert_eq!(output_of(old.clone()), "first\n", "the store holds a copy");
    sandbox.loom(&["get", "--source", &source]).ok();
    assert_eq!(output_of(link), "second\n");
    assert_eq!(output_of(old), "first\n", "the tree of the old build is unchanged");
    sandbox.verify();
}

#[test]
fn the_newest_profile_is_used() {
    let sandbox = Sandbox::new();
    let root = checkout(&sandbox, "loom");
    let source = format!("target:{}", root.display());
    build(&root, "release", "release");
    let debug = fs::File::open(root.join("target/debug").join(BINARY)).unwrap();
    debug.set_modified(std::time::UNIX_EPOCH).unwrap();
    let run = sandbox.loom(&["get", "--source", &source]).ok();
    assert_eq!(output_of(run.path()), "release\n");
}

#[test]
fn a_pinned_version_is_never_served_by_a_build() {
    let (mut sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let root = checkout(&sandbox, "loom");
    let source = format!("target:{}", root.display());
    let both = ["--source", &source, "--source", &mirror.url()];

    let pinned = sandbox.loom(&[&["get", "--version", "0.2.0"][..], &both].concat()).ok();
    assert_eq!(pinned.path(), sandbox.link("0.2.0"));
    assert_eq!(output_of(pinned.path()), format!("{BINARY} 0.2.0\n"));

    for folder in [root.clone(), root.join("runtime/bridge"), sandbox.project()] {
        let run = sandbox.loom_in(&folder, &[&["get", "--version", "0.2.0"][..], &both].concat());
        assert_eq!(run.ok().path(), sandbox.link("0.2.0"));
        let alone = ["get", "--version", "0.3.0", "--source", &source];
        sandbox.loom_in(&folder, &alone).code(3);
    }
    sandbox.set("LOOM_VERSION", "0.2.0");
    let run = sandbox.loom(&[&["get"][..], &both].concat()).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"), "pinned by the environment");
    sandbox.unset("LOOM_VERSION");
    sandbox.write("loom.toml", "[bridge]\nversion = \"0.2.0\"\n");
    let run = sandbox.loom(&[&["get"][..], &both].concat()).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"), "pinned by the project");
}

#[test]
fn latest_selects_a_build_where_its_source_is_first() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let source = format!("target:{}", checkout(&sandbox, "loom").display());
    for version in [&[][..], &["--version", "latest"]] {
        let both = ["get", "--source", &source, "--source", &mirror.url()];
        let run = sandbox.loom(&[&both[..], version].concat()).ok();
        assert_eq!(run.path(), sandbox.link("dev"));
        let other = ["get", "--source", &mirror.url(), "--source", &source];
        let run = sandbox.loom(&[&other[..], version].concat()).ok();
        assert_eq!(run.path(), sandbox.link("0.2.0"), "the order of the sources decides");
    }
}

#[test]
fn dev_selects_builds_only() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["get", "--version", "dev", "--source", &mirror.url()]).code(3);
    let source = format!("target:{}", checkout(&sandbox, "loom").display());
    let both = ["--source", &mirror.url(), "--source", &source];
    let run = sandbox.loom(&[&["get", "--version", "dev"][..], &both].concat()).ok();
    assert_eq!(run.path(), sandbox.link("dev"));
    assert!(!sandbox.link("0.2.0").exists());
}

#[test]
fn a_linked_checkout_is_found_from_any_folder() {
    let sandbox = Sandbox::new();
    let root = checkout(&sandbox, "loom");
    sandbox.loom(&["dev", "link", root.to_str().unwrap()]).ok();
    let run = sandbox.loom(&["get"]).ok();
    assert_eq!(run.path(), sandbox.link("dev"));
    assert_eq!(output_of(run.path()), "first\n");
    sandbox.loom(&["dev", "unlink"]).ok();
}

#[test]
fn a_checkout_that_is_not_linked_is_not_built() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let root = checkout(&sandbox, "another");
    let mut command = sandbox.loom_command(&["get", "--source", &mirror.url()]);
    command.current_dir(root.join("runtime"));
    let run = sandbox.start(&["get"], command).wait().ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"));
}

#[test]
fn only_the_last_three_builds_are_kept() {
    let sandbox = Sandbox::new();
    let root = checkout(&sandbox, "loom");
    let source = format!("target:{}", root.display());
    for n in 0..6 {
        build(&root, "debug", &format!("build {n}"));
        sandbox.loom(&["get", "--source", &source]).ok();
    }
    assert_eq!(sandbox.trees().len(), 3);
    sandbox.verify();
}

#[test]
fn a_build_in_the_cargo_target_dir_is_found() {
    let mut sandbox = Sandbox::new();
    let root = checkout(&sandbox, "loom");
    let elsewhere = sandbox.folder("elsewhere");
    fs::rename(root.join("target"), elsewhere.join("target")).unwrap();
    let source = format!("target:{}", root.display());
    sandbox.set("CARGO_TARGET_DIR", elsewhere.join("target"));
    let run = sandbox.loom(&["get", "--source", &source]).ok();
    assert_eq!(output_of(run.path()), "first\n");
}

#[test]
fn the_error_names_a_checkout_that_does_not_exist() {
    let sandbox = Sandbox::new();
    let run = sandbox.loom(&["dev", "link", "/nope", "--json"]).code(2);
    let message = run.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("/nope"), "{message}");
}

#[test]
fn the_build_in_use_is_printed() {
    let sandbox = Sandbox::new();
    let root = checkout(&sandbox, "loom");
    let source = format!("target:{}", root.display());
    let description = format!("the debug build of {}, ", root.display());
    // The second run finds the build installed.
    for _ in 0..2 {
        sandbox
            .loom(&["get", "--source", &source])
            .ok()
            .says(&[&format!("using {description}"), " old"]);
    }
    let listed = sandbox.loom(&["list"]).ok().stdout();
    assert!(listed.contains(&description), "{listed}");
    let document = sandbox.loom(&["list", "--json"]).ok().json();
    assert_eq!(document["releases"][0]["build"]["profile"], "debug");
}

/// Replaces cargo by a script that appends its working folder and arguments to a file, and reports the finished build
/// of the checkout it runs in. Returns the path of the file.
fn fake_cargo(sandbox: &mut Sandbox) -> PathBuf {
    let calls = sandbox.root().join("calls");
    let script = format!(
        "#!/bin/sh\necho \"$PWD: $*\" >> {}\n\
         echo \"{{\\\"reason\\\":\\\"compiler-artifact\\\",\\\"target\\\":{{\\\"name\\\":\\\"{BINARY}\\\"}},\
         \\\"executable\\\":\\\"$PWD/target/debug/{BINARY}\\\"}}\"\n",
        calls.display()
    );
    let cargo = sandbox.write("../cargo", &script);
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("CARGO", cargo.canonicalize().unwrap());
    calls
}

#[test]
fn build_builds_the_checkout_of_the_current_folder_without_a_link() {
    let mut sandbox = Sandbox::new();
    let calls = fake_cargo(&mut sandbox);
    let root = checkout(&sandbox, "loom");
    let inside = root.join("runtime/bridge");
    let run = sandbox.loom_in(&inside, &["get", "--build"]).ok();
    assert_eq!(run.path(), sandbox.link("dev"));
    run.says(&[&format!("building {BINARY} in {}\n", root.display())]);
    let calls = fs::read_to_string(calls).unwrap();
    let expected = format!("{}: build -p loom-bridge --bin {BINARY} --profile=", root.display());
    assert!(calls.starts_with(&expected), "{calls}");
}

#[test]
fn build_prefers_the_flag_then_the_current_folder_then_the_link() {
    let mut sandbox = Sandbox::new();
    let calls = fake_cargo(&mut sandbox);
    let folders = ["current", "linked", "named"].map(|name| checkout(&sandbox, name));
    let [current, linked, named] = &folders;
    sandbox.loom(&["dev", "link", linked.to_str().unwrap()]).ok();
    let source = format!("target:{}", named.display());
    let built = |folder: &std::path::Path, args: &[&str]| {
        let _ = fs::remove_file(&calls);
        sandbox.loom_in(folder, &[&["get", "--build"], args].concat()).ok();
        let call = fs::read_to_string(&calls).unwrap();
        PathBuf::from(call.split(':').next().unwrap())
    };
    assert_eq!(built(current, &["--source", &source]), *named);
    assert_eq!(built(current, &[]), *current);
    assert_eq!(built(&sandbox.project(), &[]), *linked);
}

#[test]
fn the_checkout_in_use_and_its_builds_are_printed() {
    let sandbox = Sandbox::new();
    let root = checkout(&sandbox, "loom");
    sandbox.loom(&["dev", "link", root.to_str().unwrap()]).ok();
    let document = sandbox.loom(&["dev", "find", "--json"]).ok().json();
    assert_eq!(document["reason"], "linked");
    assert_eq!(document["builds"][0]["profile"], "debug");
    let built = document["builds"][0]["built"].as_str().unwrap();
    assert!(loom_base::time::parse_rfc3339(built).is_some(), "{built}");
}
