//! What others wrote does not control the terminal, and does not look like lines of ours.

use std::fs;

use crate::support::{Entry, Packing, Plain, Run, Sandbox, Stage, Sums, plain, program};

/// Escape sequences, a C1 control character, and one that reverses the order of what follows.
const ODD: &str = "\x1b]0;title\x07\x1b[31m\u{9b}31m\u{202e}";

/// Asserts that a run says the text with its characters escaped, and nothing of it as it is. Colours are on, so that
/// none of it is removed as a colour.
#[track_caller]
fn assert_escaped(run: &Run) {
    let all = run.stdout() + &run.stderr();
    assert!(all.contains("\\u{1b}]0;title\\u{7}\\u{1b}[31m\\u{9b}31m\\u{202e}"), "{all:?}");
    for raw in ["\x1b]", "\x07", "\u{9b}", "\u{202e}"] {
        assert!(!all.contains(raw), "{raw:?} in {all:?}");
    }
}

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("CLICOLOR_FORCE", "1");
    sandbox
}

#[test]
fn names_in_a_checksum_file_are_escaped() {
    let (sandbox, mirror) = (sandbox(), Plain::of(&["0.2.0"]));
    let sidecar = plain::sidecar(&mirror.asset("0.2.0", Packing::TarGz));
    fs::write(sidecar, format!("{}  {ODD}other\n", "0".repeat(64))).unwrap();
    let run = sandbox.loom(&["get", "0.2.0", "--source", &mirror.url()]);
    assert_ne!(run.exit(), 0);
    assert_escaped(&run);
}

#[test]
fn names_in_an_archive_are_escaped() {
    let (sandbox, mirror) = (sandbox(), Plain::empty());
    let mut entries = Entry::program(&program::small("0.2.0"));
    entries.push(Entry::data(&format!("a/{ODD}\\x"), b"x"));
    mirror.add_entries("0.2.0", Packing::TarGz, &entries, Sums::Sidecar);
    let run = sandbox.loom(&["get", "0.2.0", "--source", &mirror.url()]);
    assert_ne!(run.exit(), 0);
    assert_escaped(&run);
}

#[test]
fn what_is_asked_to_be_trusted_is_escaped() {
    let sandbox = sandbox();
    let odd: String = ODD.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    sandbox.write("loom.toml", &format!("[mcp.x]\ncommand = \"sh\"\nargs = [\"{odd}\"]\n"));
    for args in [&["up"][..], &["trust"], &["config", "show"]] {
        let run = sandbox.loom(args);
        let all = run.stdout() + &run.stderr();
        for raw in ["\x1b]", "\x07", "\u{9b}", "\u{202e}"] {
            assert!(!all.contains(raw), "{args:?}: {raw:?} in {all:?}");
        }
    }
    let shown = sandbox.loom(&["config", "show", "--json"]).ok();
    assert!(shown.stdout().is_ascii(), "{}", shown.stdout());
    assert_eq!(shown.json()["config"]["mcp"]["x"]["args"][0], ODD, "JSON keeps the value");
}

#[test]
fn the_output_of_a_runtime_is_escaped() {
    let script = format!("#!/bin/sh\nprintf '%s\\r\\n' '{ODD}'\nexit 3\n");
    let mut stage = Stage::with("0.2.0", script.as_bytes());
    stage.sandbox.set("CLICOLOR_FORCE", "1");
    let run = stage.run("up", &[]);
    assert_ne!(run.exit(), 0);
    assert_escaped(&run);
    let log = stage.sandbox.loom(&["logs"]).ok();
    assert_escaped(&log);
    assert!(log.stdout().ends_with("\\u{202e}\n"), "{:?}", log.stdout());
    let json = stage.sandbox.loom(&["logs", "--json"]).ok();
    assert!(json.stdout().is_ascii(), "{}", json.stdout());
    assert_eq!(json.json()["lines"][0], ODD);
}

#[test]
fn further_lines_of_others_are_indented() {
    let sandbox = sandbox();
    sandbox.write("loom.toml", "[bridge]\nmode = \"x\\nerror: forged\\r\"\n");
    let run = sandbox.loom(&["which"]).code(2);
    assert!(
        !run.stderr().lines().any(|line| line.starts_with("error: forged")),
        "{}",
        run.stderr()
    );
    assert!(!run.stderr().contains('\r'), "{:?}", run.stderr());
}

#[test]
fn an_argument_is_cleaned_where_it_is_repeated() {
    let run = sandbox().loom(&["get", &format!("--no-such-option-{ODD}")]).code(2);
    assert!(run.stderr().contains("--no-such-option-"), "{:?}", run.stderr());
    for raw in ['\x1b', '\x07', '\u{9b}', '\u{202e}'] {
        assert!(!run.stderr().contains(raw), "{raw:?} in {:?}", run.stderr());
    }
}
