//! `loom config`: the effective configuration, where it comes from, its problems, and changing it.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{self, Sandbox};
use loom_runtime::config::{self, Flags, Inputs};
use serde_json::{Value, json};

/// Name and text of each example in `tests/documents`.
fn documents() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    let read = |name: String| {
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        (name, text)
    };
    support::sandbox::names(&folder).into_iter().map(read).collect()
}

/// The problems of a project's file, as `loom config check` reports them.
fn problems(text: &str) -> Vec<String> {
    let files = BTreeMap::from([("/p/loom.toml".into(), text.to_owned())]);
    let inputs = Inputs {
        cwd: "/p".into(),
        home: Some("/h".into()),
        flags: Flags::default(),
        ..Inputs::default()
    };
    let report = config::check(&inputs, &files).unwrap();
    report.problems.iter().map(ToString::to_string).collect()
}

fn as_json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

/// Whether a schema allows a value. Supports exactly the keywords that Loom's schema uses.
fn allows(schema: &Value, value: &Value) -> bool {
    let rules = schema.as_object().expect("a schema is an object");
    rules.iter().all(|(word, rule)| match word.as_str() {
        "type" => match rule {
            Value::Array(types) => types.iter().any(|name| has_type(value, name)),
            name => has_type(value, name),
        },
        "enum" => rule.as_array().unwrap().contains(value),
        "anyOf" => rule.as_array().unwrap().iter().any(|schema| allows(schema, value)),
        "oneOf" => {
            let alternatives = rule.as_array().unwrap().iter();
            alternatives.filter(|schema| allows(schema, value)).count() == 1
        }
        "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
        "minLength" => value.as_str().is_none_or(|s| s.len() as u64 >= rule.as_u64().unwrap()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|i| allows(rule, i))),
        "required" => {
            let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
            !value.is_object() || rule.as_array().unwrap().iter().all(has)
        }
        "dependentRequired" => rule.as_object().unwrap().iter().all(|(key, needed)| {
            let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
            value.get(key).is_none() || needed.as_array().unwrap().iter().all(has)
        }),
        "properties" => rule
            .as_object()
            .unwrap()
            .iter()
            .all(|(key, schema)| value.get(key).is_none_or(|value| allows(schema, value))),
        "additionalProperties" => value.as_object().is_none_or(|fields| {
            let known = |key: &String| schema["properties"].get(key).is_some();
            let other = |value: &Value| match rule {
                Value::Bool(allowed) => *allowed,
                schema => allows(schema, value),
            };
            fields.iter().all(|(key, value)| known(key) || other(value))
        }),
        "$schema" | "title" | "description" | "examples" | "format" | "default" => true,
        unknown => panic!("the schema uses {unknown:?}, which this test does not support"),
    })
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other:?}"),
    }
}

#[test]
fn the_examples_of_the_documentation_are_valid() {
    let documents = documents();
    assert_eq!(documents.len(), 5);
    for (name, text) in documents {
        assert_eq!(problems(&text), [""; 0], "{name}");
        assert!(allows(&config::schema(), &as_json(&text)), "the schema refuses {name}");
    }
}

#[test]
fn the_schema_and_the_parser_reject_the_same_documents() {
    for text in [
        "nmae = 'x'",
        "name = 1",
        "[bridge]\nmode = 'fll'",
        "[bridge]\ntimeout_sec = 0",
        "[dashboard]\nport = 70000",
        "[dashboard]\nport = -1",
        "[llm]\ndefault = 1",
        "[llm.x]\nmodle = 'x'",
        "[llm.x]\ntemperature = 3",
        "[mcp.x]\nargs = []",
        "[mcp.x]\ncommand = 'c'\nurl = 'http://h/'",
        "[mcp.x]\ncommand = 'c'\nargs = [1]",
        "[mcp.x]\ncommand = 'c'\nheaders = { K = 'v' }",
        "[mcp.x]\nurl = 'http://h/'\nargs = []",
        "[mcp.x]\nurl = 'http://h/'\nenv = { K = 'v' }",
        "[agents]\nx = 1",
        "[[sources]]\ntype = 'ftp'",
        "[[sources]]\nfoo = 1",
        "[trust]\nchecksum = 'no'",
        "[store]\nkeep_archives = 'x'",
        "[update]\npolicy = 'sometimes'",
        "[dashboard]\ncontent = 'some'",
        "[history]\nmax_size = 5",
        "[history]\nfile = ''",
        "[llm.x.price]\ninput = -1",
        "[llm.x.price]\nm = 1",
        "[llm.x.price.m]\nmodle = 1",
        "[update]\ncheck_interval = 5",
    ] {
        assert!(!problems(text).is_empty(), "the parser takes {text}");
        assert!(!allows(&config::schema(), &as_json(text)), "the schema takes {text}");
    }
}

/// A value that a schema allows.
fn example(schema: &Value) -> Value {
    let first = |key: &str| schema[key].get(0).cloned();
    if let Some(value) = first("enum").or_else(|| first("examples")) {
        return value;
    }
    if let Some(first) = first("anyOf") {
        return example(&first);
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "uri" => "https://host/x".into(),
        Some("string") => "x".into(),
        Some("integer" | "number") => schema["minimum"].clone(),
        Some("boolean") => true.into(),
        Some("array") => json!([]),
        Some("object") => json!({}),
        other => panic!("no example for {other:?}: {schema}"),
    }
}

/// Every key of a table's schema, with a value it allows.
fn keys(schema: &Value) -> Vec<(String, Value)> {
    let properties = schema["properties"].as_object().unwrap();
    properties.iter().map(|(key, schema)| (key.clone(), example(schema))).collect()
}

#[test]
fn every_key_of_the_schema_is_known_to_the_parser() {
    let schema = config::schema();
    let root = &schema["properties"];
    let mut count = 0;
    let mut check = |table: &str, key: &str, value: Value| {
        count += 1;
        let text = format!("{table}\n{key} = {value}\n");
        let unknown: Vec<_> =
            problems(&text).into_iter().filter(|problem| problem.contains("unknown key")).collect();
        assert_eq!(unknown, [""; 0], "{text}");
        // `[policy]` is for the machine-wide file alone.
        if !["[[sources]]", "[policy]"].contains(&table) {
            assert_eq!(problems(&text), [""; 0], "{text}");
        }
    };
    for (table, schema) in root.as_object().unwrap() {
        for (key, value) in schema.get("properties").map(|_| keys(schema)).unwrap_or_default() {
            if table != "llm" {
                check(&format!("[{table}]"), &key, value);
            }
        }
        assert!(schema["description"].is_string(), "{table} is described");
    }
    for (key, value) in keys(&root["llm"]["additionalProperties"]) {
        check("[llm.x]", &key, value);
    }
    for (key, value) in keys(&root["sources"]["items"]["anyOf"][1]) {
        check("[[sources]]", &key, value);
    }
    assert!(count > 40, "{count}");
}

#[test]
fn each_setting_is_shown_with_its_origin() {
    let mut sandbox = Sandbox::new();
    sandbox.write("loom.toml", "name = \"shown\"\n[llm.deepseek]\nmodel = \"m\"\n");
    sandbox
        .write(sandbox.home().join(".config/loom/config.toml"), "[store]\nkeep_archives = true\n");
    sandbox.set("DEEPSEEK_API_KEY", "sk-secret").set("LOOM_DASHBOARD_PORT", "4040");
    sandbox.loom(&["trust"]).ok();
    let run = sandbox.loom(&["config", "show"]).ok().never_says(&["sk-secret"]);
    sandbox.snapshot("config_show", &run);

    let shown = sandbox.loom(&["config", "show", "--json"]).ok().json();
    assert_eq!(shown["config"]["dashboard"]["port"], 4040);
    assert_eq!(shown["config"]["llm"]["deepseek"]["api_key"], "***");
    let origin = json!({"from": "environment", "name": "LOOM_DASHBOARD_PORT"});
    assert_eq!(shown["origins"]["dashboard.port"], origin);
    let file = sandbox.home().join(".config/loom/config.toml");
    assert_eq!(
        shown["origins"]["store.keep_archives"],
        json!({"from": "user", "file": file, "line": 2})
    );
    assert_eq!(shown["project"]["root"], json!(sandbox.project()));

    let secret = sandbox.loom(&["config", "show", "--json", "--show-secrets"]).ok().json();
    assert_eq!(secret["config"]["llm"]["deepseek"]["api_key"], "sk-secret");
}

#[test]
fn every_problem_is_listed_with_its_line() {
    let mut sandbox = Sandbox::new();
    let text = "[bridge]\nadress = \"127.0.0.1:1\"\nmode = \"fll\"\n[llm.deepseek]\napi_key = \"sk-secret\"\n";
    sandbox.write("loom.toml", text);
    sandbox.set("LOOM_OFFLINE", "perhaps").set("LOOM_TRUST_PROJECT", "1");
    let run = sandbox.loom(&["config", "check"]).code(2).never_says(&["sk-secret"]);
    sandbox.snapshot("config_check", &run);

    let run = sandbox.loom(&["config", "check", "--json"]).code(2);
    let document = run.json();
    assert_eq!(document["error"]["code"], 2);
    let file = sandbox.project().join("loom.toml");
    assert_eq!(
        document["mistakes"][0],
        json!({
            "file": file, "line": 2, "key": "bridge.adress", "message": "unknown key",
            "hint": "did you mean address?",
        }),
    );
    assert_eq!(document["mistakes"].as_array().unwrap().len(), 3);
    assert_eq!(document["warnings"][0]["key"], "llm.deepseek.api_key");
}

#[test]
fn nothing_is_printed_for_a_valid_configuration() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", &documents()[1].1);
    let run = sandbox.loom(&["config", "check"]).ok();
    assert_eq!((run.stdout(), run.stderr()), (String::new(), String::new()));
}

#[test]
fn other_commands_show_the_first_problem() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[bridge]\nversoin = \"0.2.0\"\nmode = 1\n");
    let run = sandbox.loom(&["which"]).code(2);
    sandbox.snapshot("config_broken", &run);
    sandbox.write("loom.toml", "name = \n");
    sandbox.loom(&["which"]).code(2).says(&["loom.toml:1", "invalid TOML"]);
    let run = sandbox.loom(&["which", "--json"]).code(2);
    assert_eq!(run.json()["error"]["kind"], "usage");
}

#[test]
fn a_named_file_is_read_instead_of_the_nearest_one() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "name = \"near\"\n");
    let other = sandbox.write(sandbox.root().join("other/loom.toml"), "name = \"other\"\n");
    let other = other.to_str().unwrap();
    let name = |args: &[&str]| {
        sandbox.loom(args).ok().json()["config"]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(name(&["config", "show", "--json"]), "near");
    assert_eq!(name(&["--config", other, "config", "show", "--json"]), "other");
    sandbox.loom(&["--config", "gone.toml", "config", "show"]).code(2).says(&["gone.toml"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.project().join("loom.toml"), [0xff, 0xfe]).unwrap();
    sandbox.loom(&["config", "show"]).code(2).says(&["cannot read", "loom.toml"]);
}

#[test]
fn a_folder_named_dot_env_is_ignored() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "name = \"x\"\n");
    fs::create_dir(sandbox.project().join(".env")).unwrap();
    sandbox.loom(&["config", "check"]).ok();
}

#[test]
fn the_schema_is_printed() {
    let sandbox = Sandbox::new();
    let printed: Value =
        serde_json::from_str(&sandbox.loom(&["config", "schema"]).ok().stdout()).unwrap();
    assert_eq!(printed, config::schema());
}

#[test]
fn one_setting_is_printed_without_quotes() {
    let mut sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[llm.\"my.model\"]\nmodel = \"m\"\napi_key = \"${KEY}\"\n");
    sandbox.set("KEY", "s3cret").set("LOOM_TRUST_PROJECT", "1");
    let get = |args: &[&str]| sandbox.loom(&[&["config", "get"][..], args].concat());
    assert_eq!(get(&["dashboard.port"]).ok().stdout(), "3030\n");
    assert_eq!(get(&["llm.'my.model'.model"]).ok().stdout(), "m\n");
    assert_eq!(get(&["llm.'my.model'.api_key"]).ok().stdout(), "***\n");
    assert_eq!(get(&["llm.'my.model'.api_key", "--show-secrets"]).ok().stdout(), "s3cret\n");
    let table = get(&["dashboard"]).ok().stdout();
    assert_eq!(
        table,
        "dashboard.enabled = true\ndashboard.port = 3030\ndashboard.host = \"127.0.0.1\"\n\
         dashboard.content = \"auto\"\n"
    );
    let json = get(&["bridge.version", "--json"]).ok().json();
    assert_eq!(
        json,
        json!({"schema": 1, "key": "bridge.version", "value": "latest", "origin": {"from": "default"}})
    );
    get(&["name"]).code(3).says(&["name is not set"]);
    get(&["bridge.adress"]).code(2).says(&["unknown key", "did you mean bridge.address?"]);
    assert_eq!(get(&["history.max_size"]).ok().stdout(), "256MiB\n");
    get(&["history.file"]).code(3).says(&["history.file is not set"]);
}

#[test]
fn config_set_writes_the_user_file_or_the_project_file() {
    let sandbox = Sandbox::new();
    let user = sandbox.home().join(".config/loom/config.toml");
    fs::remove_file(&user).unwrap_or_default();
    let set = |args: &[&str]| sandbox.loom(&[&["config", "set"][..], args].concat());
    let run = set(&["dashboard.port", "4040"]).ok();
    assert_eq!(run.path(), user);
    assert_eq!(fs::read_to_string(&user).unwrap(), "[dashboard]\nport = 4040\n");

    set(&["--project", "dashboard.port", "1"]).code(2).says(&["no loom.toml", "loom init"]);
    let text = "# ours\n[dashboard]\nport = 1 # first\n";
    let project = sandbox.write("loom.toml", text);
    set(&["--project", "dashboard.port", "2"]).ok();
    assert_eq!(fs::read_to_string(&project).unwrap(), text.replace("= 1", "= 2"));
    let port = sandbox.loom(&["config", "get", "dashboard.port"]).ok().stdout();
    assert_eq!(port, "2\n");

    let before = fs::read_to_string(&user).unwrap();
    set(&["dashboard.port", "70000"]).code(2).says(&["from 0 to 65535, got 70000"]);
    set(&["offline", "true"]).code(2).says(&["cannot be set in a file", "LOOM_OFFLINE"]);
    set(&["history.max_size", "1MiB"]).code(2).says(&["a number of bytes from 2MiB", "1MiB"]);
    set(&["llm.d.price.input", "free"]).code(2).says(&["a number from 0 to 1000000"]);
    assert_eq!(fs::read_to_string(&user).unwrap(), before, "nothing was written");
    assert_eq!(support::sandbox::names(user.parent().unwrap()), ["config.toml"]);
}

#[cfg(unix)]
#[test]
fn a_secret_is_read_from_standard_input_into_a_private_file() {
    use std::{io::Write as _, os::unix::fs::PermissionsExt as _, process::Stdio};
    let sandbox = Sandbox::new();
    let user = sandbox.home().join(".config/loom/config.toml");
    fs::remove_file(&user).unwrap_or_default();
    let mut command = sandbox.loom_command(&["config", "set", "llm.d.api_key", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"s3cret\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::read_to_string(&user).unwrap(), "[llm.d]\napi_key = \"s3cret\"\n");
    assert_eq!(fs::metadata(&user).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_trusted_project_stays_trusted_when_its_user_sets_a_value() {
    let sandbox = Sandbox::new();
    sandbox.loom(&["init"]).ok();
    let sources = "[\"github:a/b\"]";
    sandbox.loom(&["config", "set", "--project", "sources", sources]).ok();
    let shown = sandbox.loom(&["config", "get", "sources"]).ok().never_says(&["is not trusted"]);
    assert!(shown.stdout().contains("a/b"), "{}", shown.stdout());

    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "sources = [\"file:///theirs\"]\n");
    sandbox.loom(&["config", "set", "--project", "bridge.version", "0.2.0"]).ok();
    sandbox.loom(&["config", "show"]).ok().says(&["is not trusted to set sources"]);
}

#[test]
fn the_paths_of_all_files_are_printed() {
    let sandbox = Sandbox::new();
    let project = sandbox.project().join("loom.toml");
    let json = sandbox.loom(&["config", "path", "--json"]).ok().json();
    let files: Vec<_> = json["files"].as_array().unwrap().iter().map(|f| &f["layer"]).collect();
    assert_eq!(files, ["project", "user", "machine"]);
    assert_eq!(json["files"][0], json!({"layer": "project", "path": project, "exists": false}));
    sandbox.write("loom.toml", "broken = = 1\n");
    let printed = sandbox.loom(&["config", "path"]).ok().stdout();
    assert!(printed.starts_with(&format!("project  {}\n", project.display())), "{printed}");
}

/// A number without quotes is told with the text that it would be.
#[test]
fn a_size_without_a_unit_is_explained() {
    let sandbox = Sandbox::new();
    let config = sandbox.home().join(".config/loom/config.toml");
    sandbox.write(config, "[store]\nmax_size = 1048576\n");
    let told = sandbox.loom(&["config", "check"]).code(2).stdout();
    let expected = "store.max_size: expected a text with a number of bytes such as \"20GiB\" or \"500MB\", or \
                    \"1048576\", got the number 1048576";
    assert!(told.contains(expected), "{told}");
}
