//! Sources of type `plugin`: where their programs are looked up, what they are passed, and how their data is verified.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use crate::support::{self, Plain, Sandbox};

const TOKEN: &str = "s3cret-t0ken";

/// A sandbox with a folder on PATH, and a plugin of this name in it.
fn sandbox(name: &str, script: &str) -> (Sandbox, PathBuf) {
    let mut sandbox = Sandbox::new();
    let folder = sandbox.folder("programs");
    let program = folder.join(format!("loom-source-{name}"));
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", path);
    (sandbox, folder)
}

/// The example of `docs/src/plugins.md`, configured for a mirror's folder.
fn example(mirror: &Plain) -> (Sandbox, PathBuf) {
    let (sandbox, folder) =
        sandbox("folder", include_str!("../../backends/plugin/examples/loom-source-folder"));
    let table = format!(
        "[[sources]]\ntype = \"plugin\"\nname = \"folder\"\ntimeout = \"30s\"\n\
         [sources.options]\nfolder = \"{}\"\ntoken = \"{TOKEN}\"\n",
        mirror.path().display()
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &table);
    (sandbox, folder)
}

#[test]
fn a_release_is_installed_from_a_configured_plugin() {
    let mirror = Plain::of(&["0.1.0", "0.2.0"]);
    let (sandbox, _) = example(&mirror);
    let run = sandbox.loom(&["get"]).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"), "the newest that it lists");
    sandbox.loom(&["get", "--version", "0.1.0"]).ok().says(&["plugin:folder"]);
    sandbox.loom(&["get", "--version", "9.9.9"]).code(3);
    sandbox.verify();
}

#[test]
fn files_from_a_plugin_are_verified() {
    let mirror = Plain::empty();
    mirror.add("0.2.0", support::Packing::TarGz, b"other bytes", support::Sums::Wrong);
    let (sandbox, _) = example(&mirror);
    sandbox.loom(&["get", "--version", "0.2.0"]).code(6);
    assert!(sandbox.trees().is_empty());
}

#[test]
fn offline_no_plugin_is_started() {
    let (sandbox, folder) = sandbox("bad", "#!/bin/sh\ntouch \"$(dirname \"$0\")/started\"\n");
    let get = ["get", "--source", "plugin:bad", "--version", "0.2.0", "--offline"];
    sandbox.loom(&get).code(7);
    assert!(!folder.join("started").exists());
}

#[test]
fn the_next_source_serves_if_a_plugin_fails() {
    const HELLO: &str = r#"read h; read q; echo '{"hello": {"protocol": 1}}'"#;
    let mirror = Plain::of(&["0.2.0"]);
    for (script, reason) in [
        ("exec sleep 1000", "no response from"),
        ("echo garbage", "not a message of the protocol"),
        (r#"echo '{"hello": {"protocol": 9}}'"#, "unsupported protocol: expected 1, got 9"),
        ("echo why >&2; exit 3", "the process ended without a response (exit status: 3: why)"),
        (&format!("{HELLO}; exit 0"), "the process ended without a response"),
    ] {
        let (sandbox, _) = sandbox("bad", &format!("#!/bin/sh\n{script}\n"));
        let table = format!(
            "[[sources]]\ntype = \"plugin\"\nname = \"bad\"\ntimeout = \"1s\"\n[[sources]]\nurl = \"{}\"\n",
            mirror.url()
        );
        let config = sandbox.home().join(".config/loom/config.toml");
        sandbox.write(&config, &table);
        sandbox.loom(&["get", "--version", "0.2.0"]).ok().says(&["plugin:bad", reason]);
        let alone = table.split("[[sources]]\nurl").next().unwrap();
        sandbox.write(&config, alone);
        let run = sandbox.loom(&["get", "--version", "0.3.0"]).code(5).says(&[reason]);
        assert!(!run.stdout().contains("0.3.0"));
    }
}

#[test]
fn a_program_that_others_can_write_is_not_run() {
    let mirror = Plain::of(&["0.2.0"]);
    let (sandbox, folder) = example(&mirror);
    let get = ["get", "--version", "0.2.0"];
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let run = sandbox.loom(&get).code(5).says(&["can be written by others"]);
    let root = support::normal::escaped(&sandbox.root().display().to_string());
    sandbox.snapshot_with("plugin_unsafe", &run, &[(&root, "[ROOT]")]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("loom-source-folder");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o757)).unwrap();
    sandbox.loom(&get).code(5).says(&["can be written by others"]);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.loom(&get).code(5).says(&["is not executable"]);
}

#[test]
fn relative_folders_on_path_are_ignored() {
    let (mut sandbox, _) = sandbox("bad", "#!/bin/sh\n");
    sandbox.set("PATH", "../programs:/usr/bin:/bin");
    let get = ["get", "--source", "plugin:bad", "--version", "0.2.0"];
    sandbox
        .loom(&get)
        .code(5)
        .says(&["there is no program loom-source-bad in the absolute folders of PATH"]);
}

#[test]
fn a_project_cannot_configure_a_plugin_even_if_trusted() {
    let mirror = Plain::of(&["0.2.0"]);
    let (mut sandbox, folder) = sandbox("bad", "#!/bin/sh\ntouch \"$(dirname \"$0\")/started\"\n");
    let table = format!(
        "[[sources]]\ntype = \"plugin\"\nname = \"bad\"\n[[sources]]\nurl = \"{}\"\n",
        mirror.url()
    );
    sandbox.write("loom.toml", &table);
    sandbox.set("LOOM_TRUST_PROJECT", "1");
    let run = sandbox.loom(&["get", "--version", "0.2.0"]).code(2);
    assert!(run.stderr().contains("a project cannot configure plugins"), "{}", run.stderr());
    assert!(!folder.join("started").exists());
}

#[test]
fn a_plugin_gets_its_options_and_a_reduced_environment() {
    let (mut sandbox, folder) = sandbox(
        "bad",
        "#!/bin/sh\ncd \"$(dirname \"$0\")\"; read h; echo \"$h\" > hello; env > environment; \
         tr '\\0' ' ' < /proc/$$/cmdline > line; echo \"$h\" >&2; exit 1\n",
    );
    for (name, value) in [
        ("GITHUB_TOKEN", TOKEN),
        ("AWS_SECRET_ACCESS_KEY", TOKEN),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ] {
        sandbox.set(name, value);
    }
    let table = format!(
        "[[sources]]\ntype = \"plugin\"\nname = \"bad\"\n[sources.options]\ntoken = \"{TOKEN}\"\n"
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &table);
    let run = sandbox.loom(&["get", "--version", "0.2.0", "-vv"]).code(5).never_says(&[TOKEN]);
    assert!(run.stderr().contains("***"), "{}", run.stderr());
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("hello").contains(TOKEN));
    let environment = read("environment");
    assert!(environment.contains("HTTPS_PROXY=") && environment.contains("HOME="), "{environment}");
    assert!(!environment.contains(TOKEN) && !environment.contains("LOOM_"), "{environment}");
    assert!(!read("line").contains(TOKEN));
}
