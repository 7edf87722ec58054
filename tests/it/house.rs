//! Rules of the house that no compiler checks.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is").into()
}

/// Every file of the workspace's own, without builds and history.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let own = !["target", ".git", ".venv", "node_modules", "__pycache__"].contains(&&*name);
        if path.is_dir() && own {
            found.extend(files(&path));
        } else if path.is_file() && own {
            found.push(path);
        }
    }
    found
}

/// The lines of all text files for which `wrong` holds, as `file:line: text`.
fn lines(files: &[PathBuf], wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| wrong(line)) {
            found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
        }
    }
    found
}

#[track_caller]
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let folders = ["work/wt", "work/main", "work/shared", "tmp/team", "root/.cargo"];
    assert_none(&lines(&files(&root()), |line| {
        folders.iter().any(|folder| line.contains(&format!("/{folder}")))
    }));
}

#[test]
fn no_test_is_switched_off() {
    let mark = concat!("#[", "ignore");
    let rust: Vec<PathBuf> =
        files(&root()).into_iter().filter(|f| f.extension().is_some_and(|e| e == "rs")).collect();
    assert_none(&lines(&rust, |line| line.trim_start().starts_with(mark)));
}

#[test]
fn the_library_takes_values_and_never_asks_the_environment() {
    let root = root();
    let mut library = files(&root.join("src"));
    library
        .retain(|file| !file.starts_with(root.join("src/cli")) && !file.ends_with("src/main.rs"));
    for backend in ["source", "http", "mirror", "cargo-build"] {
        library.extend(files(&root.join("backends").join(backend).join("src")));
    }
    let asks = ["env::var", "env::set_var", "env::home_dir", "env::current_dir", "env::temp_dir"];
    assert_none(&lines(&library, |line| {
        !line.trim_start().starts_with("//") && asks.iter().any(|ask| line.contains(ask))
    }));
}
