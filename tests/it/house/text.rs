//! What no tracked text may contain.

use std::path::{Path, PathBuf};

use super::{assert_none, files, root, shown, texts};

/// The lines for which `wrong` holds, as `file:line: text`.
fn lines(texts: &[(PathBuf, String)], wrong: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in texts {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| wrong(path, line)) {
            found.push(format!("{}:{}: {}", shown(path), index + 1, line.trim()));
        }
    }
    found
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let root = root();
    let home = std::env::home_dir().filter(|home| home.components().count() > 1);
    // The parent too: checkouts and build folders of one developer are often side by side.
    let parent = root.parent().filter(|parent| parent.components().count() > 1);
    let folders: Vec<String> = [Some(root.as_path()), parent, home.as_deref()]
        .into_iter()
        .flatten()
        .map(|folder| format!("{}/", folder.display()))
        .collect();
    // Where the path of a URL goes on with the name of the folder, it is another one.
    let goes_on = |before: &str| {
        let last = before.chars().next_back();
        last.is_some_and(|last| last.is_alphanumeric() || ['}', '-', '_', '.'].contains(&last))
    };
    let names =
        |line: &str, folder: &str| line.match_indices(folder).any(|(at, _)| !goes_on(&line[..at]));
    assert_none(&lines(&texts(), |_, line| folders.iter().any(|folder| names(line, folder))));
}

#[test]
fn no_test_is_switched_off() {
    let mark = concat!("#[", "ignore");
    assert_none(&lines(&texts(), |path, line| {
        is_rust(path) && line.trim_start().starts_with(mark)
    }));
}

#[test]
fn the_first_line_of_a_doc_comment_is_more_than_a_word() {
    let mut found = Vec::new();
    for (path, text) in texts().iter().filter(|(path, _)| is_rust(path)) {
        let mut before = None;
        for (index, line) in text.lines().enumerate() {
            let doc = doc_text(line);
            let first = doc.filter(|_| before.is_none());
            if first.and_then(|text| text.strip_suffix('.')).is_some_and(is_word) {
                found.push(format!("{}:{}: {}", shown(path), index + 1, line.trim()));
            }
            before = doc;
        }
    }
    assert_none(&found);
}

/// The text of a line of a doc comment.
fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim)
}

fn is_word(text: &str) -> bool {
    text.chars().all(char::is_alphabetic)
}

#[test]
fn quotes_are_straight() {
    assert_none(&lines(&texts(), |_, line| line.contains(['\u{ab}', '\u{bb}'])));
}

#[test]
fn the_library_takes_values_and_never_asks_the_environment() {
    let root = root();
    let binary = [root.join("src/cli"), root.join("src/main.rs")];
    let mut library = files(&root.join("src"));
    library.retain(|file| !binary.iter().any(|binary| file.starts_with(binary)));
    for backend in files(&root.join("backends")) {
        let parts: Vec<_> = backend.iter().map(|part| part.to_string_lossy()).collect();
        if parts.iter().any(|part| part == "src") && !parts.iter().any(|part| part == "tests") {
            library.push(backend);
        }
    }
    assert!(library.len() > 100, "too few files were found: {}", library.len());
    let asks = ["env::var", "env::set_var", "env::home_dir", "env::current_dir", "env::temp_dir"];
    let texts: Vec<_> = texts().into_iter().filter(|(path, _)| library.contains(path)).collect();
    assert_none(&lines(&texts, |_, line| {
        !line.trim_start().starts_with("//") && asks.iter().any(|ask| line.contains(ask))
    }));
}
