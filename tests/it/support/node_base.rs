//! An image with Node and npm of this machine, and a package that npm installs there without a network.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::json;

use super::node;

/// The MCP server that the image has as a package, and where.
const SERVER: &str = "@modelcontextprotocol/server-filesystem";
/// See [`SERVER`].
pub const PACKAGE: &str = "/packages/server.tgz";

/// Programs that the image has, with the libraries that they are linked with.
const PROGRAMS: [&str; 3] = ["/usr/bin/node", "/bin/sh", "/usr/bin/env"];

/// Where npm is: as Node's own packages have it, and as Debian has it.
const NPM: [&str; 5] = [
    "/usr/bin/npm",
    "/usr/lib/node_modules/npm",
    "/usr/share/nodejs",
    "/usr/share/node_modules",
    "/usr/lib/x86_64-linux-gnu/nodejs",
];

/// Writes the image as a tar archive of its files, made in a folder.
pub fn write(folder: &Path) -> std::path::PathBuf {
    let archive = folder.join("base.tar");
    let tar = |args: &[&str], files: &[&str]| {
        let mut tar = Command::new("tar");
        tar.args(args).arg("--file").arg(&archive).args(["--directory", "/"]);
        run(tar.args(files.iter().map(|path| path.trim_start_matches('/'))));
    };
    let libraries: BTreeSet<String> =
        PROGRAMS.iter().flat_map(|program| libraries(program)).collect();
    let libraries: Vec<&str> = libraries.iter().map(String::as_str).collect();
    let npm: Vec<&str> = NPM.into_iter().filter(|path| Path::new(path).exists()).collect();
    let files = [&PROGRAMS[..], &libraries].concat();
    // Docker makes folders that the archive does not have, so that only root can look into them.
    let folders = files.iter().chain(&npm).flat_map(|path| Path::new(path).ancestors().skip(1));
    let folders: BTreeSet<&str> =
        folders.filter_map(Path::to_str).filter(|one| *one != "/").collect();
    let folders: Vec<&str> = folders.into_iter().collect();
    tar(&["--create", "--dereference", "--no-recursion"], &folders);
    // What links lead to, as the image has no other files.
    tar(&["--append", "--dereference", "--hard-dereference"], &files);
    tar(&["--append"], &npm);
    let (root, package) = (folder.join("root"), folder.join("package"));
    let input = json!({"name": SERVER, "to": package});
    let bundled = node::script("bundle.mjs", &input.to_string());
    assert!(bundled.status.success(), "{}", String::from_utf8_lossy(&bundled.stderr));
    fs::create_dir_all(root.join("packages")).unwrap();
    fs::create_dir(root.join("tmp")).unwrap();
    run(Command::new("tar")
        .args(["--create", "--gzip", "--file"])
        .arg(root.join(PACKAGE.trim_start_matches('/')))
        .arg("--directory")
        .arg(folder)
        .arg("package"));
    let mut own = Command::new("tar");
    own.arg("--append").arg("--file").arg(&archive).arg("--directory").arg(&root).arg(".");
    run(&mut own);
    archive
}

/// The files of the libraries of a program, and its loader.
fn libraries(program: &str) -> Vec<String> {
    let listed = run(Command::new("ldd").arg(program));
    listed
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(|path| path.trim_end_matches(':').to_owned())
        .collect()
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
