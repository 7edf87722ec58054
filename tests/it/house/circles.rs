//! No two files of a crate import each other, unless ARCHITECTURE.md lists the pair with its reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use super::{assert_none, crates, modules::Modules, root, shown};

/// The pairs that ARCHITECTURE.md lists, as rows `| `a.rs` · `b.rs` | reason |`.
fn allowed() -> BTreeSet<Vec<String>> {
    let Ok(text) = fs::read_to_string(root().join("ARCHITECTURE.md")) else {
        return BTreeSet::new();
    };
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
        let (pair, reason) = (cells.next()?, cells.next()?);
        let (one, other) = pair.split_once(" · ")?;
        let file =
            |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix(".rs`")?.to_owned() + ".rs");
        let mut pair = vec![file(one)?, file(other)?];
        pair.sort();
        (!reason.is_empty()).then_some(pair)
    });
    rows.collect()
}

/// The groups of files that reach each other through imports.
fn circles(imports: &BTreeSet<(PathBuf, PathBuf)>) -> Vec<Vec<PathBuf>> {
    let mut next: BTreeMap<&PathBuf, Vec<&PathBuf>> = BTreeMap::new();
    for (from, to) in imports {
        next.entry(from).or_default().push(to);
    }
    let reached = |start: &PathBuf| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&PathBuf> = next.get(start).cloned().unwrap_or_default();
        while let Some(file) = open.pop() {
            if seen.insert(file.clone()) {
                open.extend(next.get(file).into_iter().flatten());
            }
        }
        seen
    };
    let reach: BTreeMap<&PathBuf, BTreeSet<PathBuf>> =
        next.keys().map(|file| (*file, reached(file))).collect();
    let together = |one: &PathBuf, other: &PathBuf| {
        reach.get(one).is_some_and(|r| r.contains(other))
            && reach.get(other).is_some_and(|r| r.contains(one))
    };
    let mut found: Vec<Vec<PathBuf>> = Vec::new();
    for file in next.keys().filter(|file| together(file, file)) {
        if found.iter().any(|circle| circle.contains(file)) {
            continue;
        }
        found.push(
            next.keys().filter(|other| together(file, other)).map(|f| (*f).clone()).collect(),
        );
    }
    found
}

#[test]
fn no_files_import_each_other_without_a_reason() {
    let allowed = allowed();
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for folder in &crates() {
        for target in ["src/lib.rs", "src/main.rs"] {
            let target = root().join(folder).join(target);
            if !target.is_file() {
                continue;
            }
            for circle in circles(&Modules::read(&target).imports()) {
                let mut files: Vec<String> = circle.iter().map(|file| shown(file)).collect();
                files.sort();
                if allowed.contains(&files) {
                    used.insert(files);
                } else {
                    wrong.push(files.join(" <-> "));
                }
            }
        }
    }
    wrong.extend(
        allowed.difference(&used).map(|pair| format!("no circle any more: {}", pair.join(" · "))),
    );
    assert_none(&wrong);
}

#[test]
fn circles_are_found() {
    let path = PathBuf::from;
    let imports =
        [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("e", "f")];
    let imports = imports.map(|(from, to)| (path(from), path(to))).into();
    assert_eq!(
        circles(&imports),
        [["a", "b", "c"].map(path).to_vec(), ["d", "e"].map(path).to_vec()]
    );
}
