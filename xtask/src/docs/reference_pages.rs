//! The pages that come from `loom reference --json`.

use std::fmt::Write as _;

use serde_json::Value;

/// The items of a list; none if there is no list.
fn items<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Text that is shown as it is, in a paragraph.
fn prose(text: &str) -> String {
    text.replace('<', "&lt;")
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    prose(text).replace('|', "\\|").replace('\n', " ")
}

/// Text as code for a cell of a table; empty for no text.
fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

/// The commands with their options and examples.
pub(super) fn commands(reference: &Value) -> String {
    let mut page = "# Commands\n\n".to_owned();
    for command in items(reference, "commands").filter(|command| command["path"] != "reference") {
        let path = text(command, "path");
        let is_root = path.is_empty();
        if !is_root {
            let _ = write!(page, "## loom {path}\n\n");
        }
        let _ = write!(
            page,
            "{}.\n\n```text\n{}\n```\n\n",
            text(command, "about"),
            text(command, "usage")
        );
        let aliases: Vec<String> =
            items(command, "aliases").filter_map(Value::as_str).map(code).collect();
        if !aliases.is_empty() {
            let _ = write!(page, "Alias: {}.\n\n", aliases.join(", "));
        }
        if is_root {
            page += "Options of every command:\n\n";
            arguments(&mut page, items(reference, "global_options"));
        } else {
            arguments(&mut page, items(command, "arguments"));
        }
        let examples: Vec<&Value> = items(command, "examples").collect();
        if !examples.is_empty() {
            page += "```sh\n";
            for example in examples {
                let _ = writeln!(page, "{:<45} # {}", text(example, "line"), text(example, "does"));
            }
            page += "```\n\n";
        }
    }
    page
}

fn arguments<'v>(page: &mut String, arguments: impl Iterator<Item = &'v Value>) {
    let rows: Vec<String> = arguments.map(argument).collect();
    if !rows.is_empty() {
        let _ = write!(page, "| argument | meaning |\n|---|---|\n{}\n", rows.concat());
    }
}

fn argument(argument: &Value) -> String {
    let (long, short, value) =
        (text(argument, "long"), text(argument, "short"), text(argument, "value"));
    let mut name = if long.is_empty() { value.to_owned() } else { format!("--{long}") };
    if !short.is_empty() {
        name = format!("-{short}, {name}");
    }
    if !long.is_empty() && !value.is_empty() {
        name += &format!(" {value}");
    }
    if argument["repeatable"] == true {
        name += "…";
    }
    format!("| {} | {} |\n", code(&name), cell(text(argument, "help")))
}

/// The settings of `loom.toml` and `config.toml`.
pub(super) fn settings(reference: &Value) -> String {
    let mut page = "# Settings\n\n[Configuration](../configuration.md) describes the files. `untrusted` says what the \
        file of a [project that is not trusted](../trust.md#projects) may set: `free` any value, `partly` the keys that the \
        description names, `loopback` a loopback address, `tighter` a value that is provably tighter than the one without \
        the project, `trusted` nothing. A value that names a variable always needs trust.\n\n"
        .to_owned();
    for row in items(reference, "configuration") {
        if row["value_type"] == "a table" {
            let _ =
                write!(page, "## {}\n\n{}\n\n", code(text(row, "name")), text(row, "description"));
            continue;
        }
        let description = prose(text(row, "description"));
        let _ = write!(page, "### {}\n\n{description}\n\n", code(text(row, "name")));
        for (name, value) in facts(row) {
            let _ = writeln!(page, "- {name}: {value}");
        }
        page.push('\n');
    }
    page
}

/// The facts about a setting, without those that do not apply.
fn facts(row: &Value) -> Vec<(&'static str, String)> {
    let unit = row["unit"].as_str().map(|unit| format!(", in {unit}")).unwrap_or_default();
    let default = match &row["default"] {
        Value::Null => String::new(),
        value => code(&value.to_string()),
    };
    let names = |key| -> String {
        let names: Vec<String> = items(row, key).filter_map(Value::as_str).map(code).collect();
        names.join(", ")
    };
    let example = text(row, "example");
    let default_text = row["default"].to_string();
    let example = if default_text == example { "" } else { example };
    let files = match text(row, "files") {
        "project" => "`loom.toml` only",
        "user" => "the user's and the machine-wide file",
        "none" => "no file",
        _ => "",
    };
    let facts = [
        ("value", format!("{}{unit}", prose(text(row, "value_type")))),
        ("default", default),
        ("example", code(example)),
        ("variable", names("variables")),
        ("option", code(text(row, "flag"))),
        ("types of sources", names("source_types")),
        ("files", files.to_owned()),
        ("untrusted", code(text(row, "trust"))),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// The environment variables that `loom` reads.
pub(super) fn environment(reference: &Value) -> String {
    let mut page = "# Environment variables\n\n`loom` reads these variables. Those of the runtime are in [The \
        runtime](../runtime.md#variables-of-the-program), those of buckets in [Mirrors](../mirrors.md#a-bucket).\n\n\
        | variable | meaning |\n|---|---|\n"
        .to_owned();
    for variable in items(reference, "environment") {
        let _ = writeln!(
            page,
            "| {} | {} |",
            code(text(variable, "name")),
            cell(text(variable, "does"))
        );
    }
    page
}

/// The exit codes.
pub(super) fn exit_codes(reference: &Value) -> String {
    let mut page = "# Exit codes\n\nExit codes are stable. `kind` is `error.kind` of the [JSON document](json.md#errors); \
        some errors of starting a runtime have a kind of their own.\n\n| code | kind | meaning |\n|---|---|---|\n"
        .to_owned();
    for exit in items(reference, "exit_codes") {
        let number =
            exit["code"].as_u64().map_or_else(|| "other".to_owned(), |code| code.to_string());
        let _ = writeln!(
            page,
            "| {number} | {} | {} |",
            code(text(exit, "kind")),
            cell(text(exit, "meaning"))
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_has_its_arguments_and_examples() {
        let reference = json!({"commands": [{
            "path": "get", "about": "Download", "usage": "loom get [VERSION]", "aliases": ["fetch"],
            "arguments": [{"long": "source", "short": "s", "value": "A|B", "repeatable": true, "help": "From <here>"}],
            "examples": [{"line": "loom get", "does": "Latest"}],
        }]});
        let page = commands(&reference);
        for part in [
            "## loom get",
            "Alias: `fetch`",
            "| `-s, --source A\\|B…` | From &lt;here> |",
            "# Latest",
        ] {
            assert!(page.contains(part), "no {part} in {page}");
        }
    }

    #[test]
    fn a_setting_has_the_facts_that_apply() {
        let row = json!({
            "name": "a.b", "value_type": "a number", "unit": "s", "default": 3, "variables": ["A_B"], "flag": null,
            "trust": "free", "example": "3", "source_types": [], "files": "all", "description": "B.",
        });
        let page = settings(&json!({"configuration": [row]}));
        assert!(page.contains("### `a.b`\n\nB.\n\n- value: a number, in s\n- default: `3`\n- variable: `A_B`\n- untrusted: `free`\n"), "{page}");
    }
}
