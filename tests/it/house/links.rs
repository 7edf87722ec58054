//! Links between the repository's documents lead to files and headings that exist.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{assert_none, files, root, shown};

/// The targets of inline links `[text](target)` outside code, with their lines counted from 1.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        // Odd parts are inline code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("");
        for part in prose.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                found.push((index + 1, target.trim_matches(['<', '>']).to_owned()));
            }
        }
    }
    found
}

/// The anchors of a document's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> Vec<String> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        let Some(heading) = line.strip_prefix('#').filter(|_| !in_block) else { continue };
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = counts.entry(anchor.clone()).or_default();
        found.push(if *count == 0 { anchor.clone() } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    found
}

fn problem(document: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file: PathBuf =
        if path.is_empty() { document.to_owned() } else { document.parent()?.join(path) };
    if !file.exists() {
        return Some(format!("there is no {path}"));
    }
    if anchor.is_empty() || file.extension().is_none_or(|extension| extension != "md") {
        return None;
    }
    let known = anchors(&fs::read_to_string(&file).ok()?);
    (!known.iter().any(|known| known == anchor)).then(|| format!("{path} has no heading #{anchor}"))
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = files(&root()).into_iter().filter(|f| f.extension().is_some_and(|e| e == "md"));
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents {
        for (line, target) in targets(&fs::read_to_string(&document).unwrap()) {
            count += 1;
            if let Some(problem) = problem(&document, &target) {
                wrong.push(format!("{}:{line}: {problem}", shown(&document)));
            }
        }
    }
    assert!(count > 10, "too few links were found: {count}");
    assert_none(&wrong);
}

#[test]
fn the_files_that_the_architecture_names_exist() {
    let root = root();
    let files: Vec<String> =
        ["backends", "base", "python", "runtime", "signatures", "src", "tests", "xtask", "benches"]
            .iter()
            .flat_map(|folder| files(&root.join(folder)))
            .map(|file| format!("/{}", shown(&file)))
            .collect();
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let names = text.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs"));
    let exact: Vec<&str> = names.filter(|name| !name.contains(['<', ' '])).collect();
    assert!(exact.len() > 60, "too few files are named: {}", exact.len());
    let missing = |name: &&&str| !files.iter().any(|file| file.ends_with(&format!("/{name}")));
    let wrong: Vec<String> = exact.iter().filter(missing).map(|name| (*name).to_owned()).collect();
    assert_none(&wrong);
}

#[test]
fn links_and_anchors_are_read() {
    let text = "# A `b` C!\n[x](a.md#b) `[y](no)` [z](<c d>)\n```\n[n](no)\n# no\n```\n## A b c\n";
    assert_eq!(targets(text), [(2, "a.md#b".to_owned()), (2, "c d".to_owned())]);
    assert_eq!(anchors(text), ["a-b-c", "a-b-c-1"]);
}
