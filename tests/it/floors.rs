//! The floors of `src/`: a module uses only what stands below it. The table in `src/lib.rs` is the rule.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What the lower floors must not know: the store and the rules are blocking and have no network.
const NO_NETWORK: [&str; 7] =
    ["loom_github", "loom_http", "loom_mirror", "loom_cargo_build", "reqwest", "tokio", "tonic"];

fn src() -> PathBuf {
    // Asked when it runs: the tests may have been moved since they were built.
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is"))
        .join("src")
}

/// Module and floor, from lines such as `//! | 3 | `trust` | judges … |`.
fn floors(map: &str) -> BTreeMap<String, u8> {
    let rows = map.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("//! |")?.split('|').map(str::trim);
        let floor = cells.next()?.parse().ok()?;
        Some((cells.next()?.trim_matches('`').to_owned(), floor))
    });
    rows.collect()
}

/// Every Rust file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|e| e == "rs")).collect()
}

/// The code without its line comments.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The first names of what follows `prefix`: `a` of `crate::a::B`, `a` and `b` of `crate::{a::B, b}`.
fn uses(code: &str, prefix: &str) -> Vec<String> {
    let starts = code.match_indices(prefix).filter(|(at, _)| {
        let before = code[..*at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_$:".contains(c))
    });
    starts.flat_map(|(at, _)| heads(&code[at + prefix.len()..])).collect()
}

fn heads(tree: &str) -> Vec<String> {
    let Some(group) = tree.strip_prefix('{') else { return vec![head(tree)] };
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts.iter().map(|part| head(part.trim())).filter(|head| !head.is_empty()).collect()
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The module of `src/` that a file belongs to, and how many `super::` lead out of it.
fn module(src: &Path, file: &Path) -> (String, usize) {
    let below = file.strip_prefix(src).unwrap().with_extension("");
    let parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let depth = parts.len() - usize::from(parts.last().is_some_and(|last| last == "mod"));
    (parts[0].clone(), depth)
}

#[test]
fn every_module_has_a_floor_and_uses_only_lower_ones() {
    let src = src();
    let floors = floors(&fs::read_to_string(src.join("lib.rs")).unwrap());
    assert!(floors.len() >= 4, "the table in src/lib.rs was not understood: {floors:?}");
    let mut wrong = Vec::new();
    for file in files(&src) {
        let (own, depth) = module(&src, &file);
        // The command line belongs to the binary and may use everything.
        if ["lib", "main", "cli"].contains(&&*own) {
            continue;
        }
        let Some(floor) = floors.get(&own) else {
            wrong.push(format!("{own} is missing in the table of src/lib.rs"));
            continue;
        };
        let code = code(&fs::read_to_string(&file).unwrap());
        let mut used = uses(&code, "crate::");
        used.extend(uses(&code, &"super::".repeat(depth)));
        for other in used.iter().filter(|other| **other != own) {
            if floors.get(other).is_some_and(|other| other >= floor) {
                wrong.push(format!("{}: {own} must not use {other}", file.display()));
            }
        }
        if *floor <= 4 {
            let known = NO_NETWORK.iter().filter(|name| {
                code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == **name)
            });
            wrong.extend(known.map(|name| format!("{}: {own} knows {name}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn uses_are_read_however_they_are_written() {
    let code = code(
        "use crate::a::B; // crate::comment\nuse crate::{b, c::{D, e::F}, g::*};\n\
         fn f(x: crate::h::X) { $crate::not(); my_crate::not() }",
    );
    assert_eq!(uses(&code, "crate::"), ["a", "b", "c", "g", "h"]);
    assert_eq!(uses("use super::super::config::X;", "super::super::"), ["config"]);
    assert!(
        uses("use super::super::super::config::X;", "super::super::").contains(&"super".into())
    );
}
