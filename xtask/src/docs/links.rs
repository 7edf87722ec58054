//! The links between the pages of the site.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::outcome::Outcome;

/// The links to pages or headings that do not exist, as `page:line: link`.
///
/// # Errors
/// If a page cannot be read.
pub(super) fn broken(folder: &Path) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for page in pages(folder)? {
        let text = fs::read_to_string(&page)?;
        for (index, line) in prose(&text) {
            for target in targets(line) {
                if !exists(&page, target) {
                    let page = page.strip_prefix(folder).unwrap_or(&page);
                    found.push(format!(
                        "{}:{}: no page or heading {target}",
                        page.display(),
                        index + 1
                    ));
                }
            }
        }
    }
    Ok(found)
}

fn pages(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(pages(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The lines outside of code blocks, with their index.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_block = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    })
}

/// The targets of inline links without a scheme.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|part| part.split(')').next());
    targets.filter(|target| !target.contains("://"))
}

fn exists(page: &Path, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = page.parent().unwrap_or(Path::new("."));
    let file = if path.is_empty() { page.to_owned() } else { folder.join(path) };
    let Ok(text) = fs::read_to_string(&file) else { return false };
    anchor.is_empty()
        || prose(&text).any(|(_, line)| heading_anchor(line).as_deref() == Some(anchor))
}

/// The anchor of a heading, as mdBook makes it.
fn heading_anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    Some(kept.map(|c| if c == ' ' { '-' } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_pages_and_headings() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "a.md",
            "[b](b.md#a-b) [c](#x)\n```\n[no](no.md)\n```\n[d](d.md) [e](https://e.example/)\n",
        );
        write("b.md", "## A `b`\n");
        assert_eq!(
            broken(folder.path()).unwrap(),
            ["a.md:1: no page or heading #x", "a.md:5: no page or heading d.md"]
        );
    }
}
