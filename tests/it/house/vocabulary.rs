//! Phrases that the glossary in ARCHITECTURE.md retired: the field has a standard word for each.

use super::{assert_none, shown, texts};

/// Whole words, in any case; the standard term stands beside each.
const RETIRED: &[(&str, &str)] = &[
    ("may pass by itself", "transient"),
    ("may pass by themselves", "transient"),
    ("give way", "are dropped"),
    ("gives way", "is dropped"),
    ("what holds", "the effective configuration"),
    ("for people", "human-readable"),
    ("who is told", "observer"),
    ("written aside", "written to a temporary file, then renamed"),
    ("comes to", "resolves to"),
    ("carries out", "executes"),
    ("nothing that is latest", "no version matches \"latest\""),
    ("nobody tried to get it", "never downloaded"),
    ("one thing is wrong", "1 problem found"),
    ("a missing link is doubt", "a tree without a link MUST be verified again"),
    ("speaks of", "refers to"),
    ("cure", "fix"),
    ("the program meant", "binary to manage"),
    ("end what runs", "stop the runtime"),
    ("say more", "verbose output"),
    ("use no network beyond this machine", "disable network access"),
    ("choose the version that counts", "set the default version"),
    ("start what runs again", "restart the runtime"),
    ("nothing that could be trusted was offered", "checksum mismatch"),
    ("would come over plain http and prove nothing", "http:// is not encrypted and was not asked"),
    ("can tell which version latest is", "cannot resolve \"latest\""),
    ("could say what latest is", "could not check for newer versions"),
    ("what it could say has its default", "using defaults"),
    ("has to be", "no checksum given for"),
    ("is taken as it is", "no checksum needed"),
    ("of it from before", "resumed at"),
];

/// Places where a phrase is a name that others rely on, as (end of the path, the line contains).
const EXEMPT: &[(&str, &str)] = &[
    ("tests/it/house/vocabulary.rs", ""),
    // A key of the document that `store verify --json` prints.
    ("", "\"cure\""),
    // A sentence with its common meaning.
    ("", "has to be"),
];

fn is_exempt(path: &str, line: &str) -> bool {
    EXEMPT.iter().any(|(end, part)| path.ends_with(end) && line.contains(part))
}

/// Whether `line` contains `phrase` between characters that are no part of a word.
fn contains_words(line: &str, phrase: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(phrase).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[test]
fn retired_phrases_are_gone() {
    let mut found = Vec::new();
    for (path, text) in texts() {
        let path = shown(&path);
        for (index, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            for (phrase, instead) in RETIRED {
                if contains_words(&lower, phrase) && !is_exempt(&path, line) {
                    found.push(format!(
                        "{path}:{}: {phrase:?} -> {instead:?}: {}",
                        index + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    assert_none(&found);
}

#[test]
fn a_total_is_called_total() {
    let counts = |line: &str| {
        line.match_indices(" in all").any(|(at, found)| {
            let counted = line[..at].chars().next_back().is_some_and(|c| c.is_ascii_digit());
            let ends = !line[at + found.len()..].starts_with(|c: char| c.is_alphanumeric());
            counted && ends
        })
    };
    let found: Vec<String> = texts()
        .iter()
        .filter(|(path, _)| !path.ends_with("tests/it/house/vocabulary.rs"))
        .flat_map(|(path, text)| {
            text.lines().filter(|line| counts(line)).map(|line| format!("{}: {line}", shown(path)))
        })
        .collect();
    assert_none(&found);
}

#[test]
fn phrases_are_whole_words() {
    assert!(contains_words("the cure is", "cure") && contains_words("cure", "cure"));
    for other in ["secure", "cured", "obscure_"] {
        assert!(!contains_words(other, "cure"), "{other}");
    }
}
