//! The documentation: its examples are run, checked or compiled, and its schemas describe what the program prints.

mod blocks;
mod console;
mod schemas;

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    machine_config::Machine,
    support::{Sandbox, schema::repository},
};
use blocks::pages;

/// The number of console blocks that may be marked as not run.
const MAX_IGNORED: usize = 10;

#[test]
fn the_console_examples_print_what_the_pages_show() {
    let mirror = &console::mirror();
    let pages = pages();
    let mut problems = Vec::new();
    // Two at a time: each starts runtimes and unpacks releases.
    for two in pages.chunks(2) {
        std::thread::scope(|scope| {
            let run = |page| scope.spawn(move || console::run(page, mirror));
            let running: Vec<_> = two.iter().map(run).collect();
            problems.extend(running.into_iter().flat_map(|page| page.join().unwrap()));
        });
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    let count: usize = pages.iter().map(|page| page.blocks_of("console").len()).sum();
    assert!(count >= 10, "only {count} console blocks were found");
}

#[test]
fn few_console_examples_are_not_run() {
    let marked =
        |block: &blocks::Block<'_>| block.info.starts_with("console") && block.info != "console";
    let ignored: usize =
        pages().iter().map(|page| page.blocks().iter().filter(|b| marked(b)).count()).sum();
    assert!(ignored <= MAX_IGNORED, "{ignored} console blocks are not run");
    for page in pages() {
        for block in page.blocks().iter().filter(|block| block.info != "console") {
            let prompt = block.code.iter().any(|line| line.starts_with("$ "));
            assert!(
                !prompt || marked(block),
                "{}:{}: a block with prompts has the language console",
                page.name,
                block.line
            );
        }
    }
}

#[test]
fn the_configuration_examples_are_valid() {
    let mut count = 0;
    for page in pages() {
        for block in page.blocks_of("toml") {
            let sandbox = Sandbox::new();
            let text = block.code.join("\n");
            let run = match block.code.first() {
                Some(&"# loom.toml") => {
                    sandbox.write("loom.toml", &text);
                    sandbox.loom(&["config", "check"])
                }
                Some(&"# config.toml") => {
                    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &text);
                    sandbox.loom(&["config", "check"])
                }
                Some(&"# /etc/loom/config.toml") => Machine::new(&text).loom(&["config", "check"]),
                _ => panic!("{}:{}: the first line names no file", page.name, block.line),
            };
            assert_eq!(run.exit(), 0, "{}:{}: {}", page.name, block.line, run.stdout());
            count += 1;
        }
    }
    assert!(count >= 3, "only {count} examples were found");
}

#[test]
fn the_python_examples_compile() {
    let sandbox = Sandbox::new();
    for page in pages() {
        for block in page.blocks_of("python") {
            let file = sandbox.write("example.py", &block.code.join("\n"));
            let mut python = sandbox.command("python3");
            let program = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
            let output = python.args(["-c", program]).arg(file).output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}:{}: {error}", page.name, block.line);
        }
    }
}

#[test]
fn the_headings_of_troubleshooting_are_messages_of_the_program() {
    let root = repository();
    let mut sources = String::new();
    for folder in ["src", "backends"] {
        rust(&root.join(folder), &mut sources);
    }
    for name in crate::support::sandbox::names(&root.join("tests/it/snapshots")) {
        sources += &fs::read_to_string(root.join("tests/it/snapshots").join(name)).unwrap();
    }
    // Errors of the operating system.
    sources += "No space left on device Permission denied";
    let sources = sources.replace("\\\"", "\"");
    let page = fs::read_to_string(root.join("docs/src/troubleshooting.md")).unwrap();
    let headings: BTreeSet<&str> = page.lines().filter_map(|l| l.strip_prefix("### ")).collect();
    assert!(headings.len() > 15, "only {} headings were found", headings.len());
    let unknown = |heading: &&str| heading.split('…').any(|part| !sources.contains(part.trim()));
    let unknown: Vec<&str> = headings.into_iter().filter(|heading| unknown(heading)).collect();
    assert!(unknown.is_empty(), "no message of the program is {unknown:?}");
}

/// Adds the text of all Rust files below a folder.
fn rust(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *text += &fs::read_to_string(&path).unwrap();
        }
    }
}

#[test]
fn expected_lines_are_matched() {
    for (expected, printed, result) in [
        ("a…c", "abbc", true),
        ("a…c", "ac", true),
        ("a…c", "acb", false),
        ("…b…", "abc", true),
        ("abc", "abc", true),
        ("ab", "abc", false),
        ("a…b…c", "a-b-c", true),
        ("a…b…c", "a-c-b", false),
    ] {
        assert_eq!(console::line_matches(expected, printed), result, "{expected} {printed}");
    }
    assert!(console::matches(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(console::matches(&["…"], &[]));
    assert!(!console::matches(&["a"], &["a", "b"]));
    assert!(!console::matches(&["a", "b"], &["a"]));
}
