//! Rules of the repository that no compiler checks.
//!
//! | file | rules |
//! |---|---|
//! | `text` | what no tracked text may contain |
//! | `vocabulary` | the phrases that the glossary retired |
//! | `modules` | reads the modules of a crate: what each file defines and imports |
//! | `layers` | a module imports only lower layers |
//! | `circles` | no two files import each other |
//! | `names` | one type name has one meaning |
//! | `links` | links between documents lead somewhere |

mod circles;
mod layers;
mod links;
mod modules;
mod names;
mod text;
mod vocabulary;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold builds, histories and installed packages, not the repository's own files.
const FOREIGN: [&str; 6] =
    ["target", ".git", ".venv", "node_modules", "__pycache__", ".pytest_cache"];

/// The folders of all crates: the members of the workspace.
fn crates() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest is there");
    let manifest: toml::Table = manifest.parse().expect("cargo reads it too");
    let members = manifest["workspace"]["members"].as_array().expect("a list of folders");
    members.iter().map(|member| member.as_str().expect("a folder").to_owned()).collect()
}

/// The root of the workspace, asked at run time: the tests may have been moved since they were built.
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for tests").into()
}

/// Every file of the repository below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if FOREIGN.contains(&&*name) && !is_part_of_the_repository(&path) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A folder `target` that holds no cargo builds is an ordinary folder.
fn is_part_of_the_repository(path: &Path) -> bool {
    path.ends_with("target")
        && !path.join("CACHEDIR.TAG").exists()
        && path.parent() != Some(&root())
}

/// Files of the repository that are written by hand and are text.
fn texts() -> Vec<(PathBuf, String)> {
    let root = root();
    let own = |path: &PathBuf| {
        !path.ends_with("Cargo.lock")
            && !path.ends_with("LICENSE")
            && !path.starts_with(root.join("python/loom/v1"))
    };
    let read = |path: PathBuf| fs::read_to_string(&path).ok().map(|text| (path, text));
    files(&root).into_iter().filter(own).filter_map(read).collect()
}

/// The path relative to the root, with `/` between its parts.
fn shown(path: &Path) -> String {
    let root = root();
    let path = path.strip_prefix(&root).unwrap_or(path);
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[track_caller]
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n{} found", found.join("\n"), found.len());
}
