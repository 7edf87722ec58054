//! The JSON Schemas in `docs/schemas`, and the validation of what `--json` prints.

use std::{fs, path::PathBuf};

use serde_json::{Deserializer, Value};

use super::Run;

/// Commands with subcommands that print documents of their own.
const GROUPS: [&str; 8] =
    ["config", "deploy", "dev", "mirror", "release", "self", "source", "store"];

/// The commands of `loom runs`, which has a document of its own.
const OF_RUNS: [&str; 4] = ["show", "export", "replay", "rm"];

/// The subcommands of `loom trust`, which takes a folder, too.
const OF_TRUST: [&str; 4] = ["accept", "add-root", "roots", "remove-root"];

/// Global options that take a value.
const WITH_VALUE: [&str; 3] = ["--cache-dir", "--config", "--binary"];

/// Commands that print no document of their own: text, a JSON Schema, or the output of another program.
pub const WITHOUT_SCHEMA: [&str; 6] =
    ["completions", "config-schema", "exec", "help", "man", "reference"];

/// The folder of the repository at run time: the tests may have been moved since they were built.
pub fn repository() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// The folder of the schemas.
pub fn folder() -> PathBuf {
    repository().join("docs/schemas")
}

/// The names of all schemas, sorted.
pub fn names() -> Vec<String> {
    let names = super::sandbox::names(&folder());
    names.iter().filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect()
}

/// The schema of this name.
pub fn load(name: &str) -> Option<Value> {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("docs/schemas/{name}.json: {e}")))
}

/// The errors in `document` according to the schema of this name; empty if it is valid.
pub fn problems(name: &str, document: &Value) -> Vec<String> {
    let Some(schema) = load(name) else {
        return vec![format!("docs/schemas/{name}.json does not exist")];
    };
    let validator = jsonschema::draft202012::new(&schema)
        .unwrap_or_else(|e| panic!("docs/schemas/{name}.json: {e}"));
    validator
        .iter_errors(document)
        .map(|error| format!("{name}: {}: {error}", error.instance_path()))
        .collect()
}

/// The schema of the documents that a command line prints: `store-verify` for `loom --json store verify`. `None` where
/// the command line has no `--json`, or prints no document of its own.
pub fn of_line(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().skip(1).take_while(|word| *word != "--");
    let (mut options, mut names) = (Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if word.starts_with('-') {
            options.push(word);
        } else {
            names.push(word);
        }
    }
    let text = ["--help", "-h"].iter().any(|option| options.contains(option));
    if text || !options.contains(&"--json") {
        return None;
    }
    if names.first() == Some(&"events") && options.iter().any(|o| ["-f", "--follow"].contains(o)) {
        // Each line is one event.
        return None;
    }
    let command = match *names.first()? {
        "ls" => "list",
        "rm" => "remove",
        "stop" => "down",
        command => command,
    };
    let variant = ["--list", "--remote", "--revoke", "--generations", "--check"]
        .iter()
        .find(|option| options.contains(option));
    let name = match (command, variant) {
        ("trust", _) if names.get(1).is_some_and(|name| OF_TRUST.contains(name)) => {
            format!("trust-{}", names[1])
        }
        ("mirror", _) if names.get(1) == Some(&"root") => format!("mirror-root-{}", names.get(2)?),
        ("runs", _) if names.get(1).is_some_and(|name| OF_RUNS.contains(name)) => {
            format!("runs-{}", names[1])
        }
        (group, _) if GROUPS.contains(&group) => format!("{group}-{}", names.get(1)?),
        ("list" | "trust" | "update", Some(variant)) => format!("{command}{}", &variant[1..]),
        _ => command.to_owned(),
    };
    Some(name)
}

/// Validates everything that a finished command printed with `--json`; returns the names of the schemas.
#[track_caller]
pub fn validate(run: &Run) -> Vec<String> {
    let Some(name) = of_line(&run.line) else { return Vec::new() };
    // A killed command may leave half a document.
    let Some(code) = run.output.status.code() else { return Vec::new() };
    let foreign = WITHOUT_SCHEMA.contains(&&*name);
    let mut used = Vec::new();
    for document in Deserializer::from_slice(&run.output.stdout).into_iter::<Value>() {
        let document = match document {
            Ok(document) => document,
            Err(_) if foreign => return used,
            Err(error) => panic!("`{}`: {error} in {:?}", run.line, run.stdout()),
        };
        let is_error = code != 0 && document.get("error").is_some() && name != "config-check";
        let name = if is_error { "error" } else { &name };
        if foreign && !is_error {
            continue;
        }
        let problems = problems(name, &document);
        assert!(
            problems.is_empty(),
            "`{}`: {document}\ndoes not match docs/schemas/{name}.json:\n{}",
            run.line,
            problems.join("\n")
        );
        used.push(name.to_owned());
    }
    used
}
