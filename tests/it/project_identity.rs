//! A project is the folder in which its loom.toml is found: trust, relative paths, `.env` and the working folder are its.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use crate::support::{Sandbox, Stage};

const SERVER: &str = "[mcp.x]\ncommand = \"sh\"\nargs = [\"server.sh\"]\n";

/// A folder whose loom.toml is a link to the one of the project.
fn linked(sandbox: &Sandbox) -> PathBuf {
    let other = sandbox.folder("other");
    symlink("../project/loom.toml", other.join("loom.toml")).unwrap();
    other
}

#[test]
fn a_link_to_a_trusted_file_grants_nothing_to_its_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", SERVER);
    sandbox.loom(&["trust"]).ok();
    let other = linked(&sandbox);
    let shown = sandbox.loom_in(&other, &["config", "show", "--json"]).ok();
    let file = other.join("loom.toml").display().to_string();
    let document = shown.json();
    assert_eq!(document["untrusted"]["file"], file.as_str());
    assert_eq!(document["project"]["root"], other.to_str().unwrap());
    shown.says(&[&format!("{file} is not trusted to set mcp.x")]);
    sandbox.loom_in(&other, &["up", "--detach"]).code(2).says(&["is not trusted to set mcp.x"]);
    // The other way: trust of the link does not extend to the file that it leads to.
    sandbox.loom(&["trust", "--revoke"]).ok();
    sandbox.loom_in(&other, &["trust"]).ok();
    sandbox.loom_in(&other, &["config", "show"]).ok().never_says(&["is not trusted"]);
    sandbox.loom(&["config", "show"]).ok().says(&["is not trusted"]);
}

#[test]
fn paths_and_the_env_file_belong_to_the_folder_of_the_link() {
    let sandbox = Sandbox::new();
    let text = "[[sources]]\ntype = \"mirror\"\nurl = \"file:///m\"\nca = \"ca.pem\"\n\
        [mcp.x]\ncommand = \"${TOOL:-none}\"\n";
    sandbox.write("loom.toml", text);
    sandbox.write(".env", "TOOL=of-the-project\n");
    let other = linked(&sandbox);
    fs::write(other.join(".env"), "TOOL=of-the-link\n").unwrap();
    sandbox.loom_in(&other, &["trust"]).ok();
    for (name, file) in [("other", None), ("home", Some("../other/loom.toml"))] {
        let mut args = vec!["config", "show", "--json", "--show-secrets"];
        args.extend(file.iter().flat_map(|file| ["--config", file]));
        let document = sandbox.loom_in(&sandbox.root().join(name), &args).ok().json();
        let config = &document["config"];
        assert_eq!(config["sources"][0]["ca"], other.join("ca.pem").to_str().unwrap(), "{args:?}");
        assert_eq!(config["mcp"]["x"]["command"], "of-the-link", "{args:?}");
        assert_eq!(document["project"]["root"], other.to_str().unwrap(), "{args:?}");
    }
}

#[test]
fn the_server_runs_in_the_folder_of_the_link() {
    let stage = Stage::new();
    stage.sandbox.write("loom.toml", "name = \"x\"\n");
    let other = linked(&stage.sandbox);
    let config = ["--config", "../other/loom.toml"];
    let document = stage.run("up", &[&["--detach", "--json"][..], &config].concat()).ok().json();
    let cwd = fs::read_link(format!("/proc/{}/cwd", document["pid"])).unwrap();
    assert_eq!(cwd, other);
    let status = stage.sandbox.loom_in(&other, &["status", "--json"]).ok().json();
    assert_eq!(status["instances"][0]["project"], other.to_str().unwrap());
    stage.sandbox.loom(&["down"]).ok().says(&["no runtime is running"]);
    stage.sandbox.loom_in(&other, &["down"]).ok();
}

#[test]
fn a_loom_toml_that_leads_nowhere_is_an_error_that_names_it() {
    let sandbox = Sandbox::new();
    sandbox.write(sandbox.root().join("loom.toml"), "name = \"outer\"\n");
    let file = sandbox.project().join("loom.toml");
    symlink("moved.toml", &file).unwrap();
    let named = format!("cannot read {}", file.display());
    for args in [&["which"][..], &["up"], &["config", "show"], &["trust"], &["get", "0.2.0"]] {
        sandbox.loom(args).code(2).says(&[&named, "a symbolic link to a file that does not exist"]);
    }
    sandbox.loom(&["status"]).ok();
    sandbox.loom(&["down"]).ok().says(&["no runtime is running"]);
    let path = sandbox.loom(&["config", "path", "--json"]).ok().json();
    assert_eq!(path["files"][0]["path"], file.to_str().unwrap());
    fs::remove_file(&file).unwrap();
    let name = sandbox.loom(&["config", "get", "name"]).ok();
    assert_eq!(name.stdout(), "outer\n");
}
