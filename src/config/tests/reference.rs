//! The table of settings as a whole.

use super::*;

#[test]
fn each_row_is_complete() {
    let rows = rows();
    for row in &rows {
        assert!(!row.description.is_empty(), "{}", row.name);
        assert!(row.description.ends_with('.'), "{}: {}", row.name, row.description);
        let is_setting = row.value_type != "a table";
        assert!(!is_setting || row.example.is_some(), "{} has no example", row.name);
    }
    let mut names: Vec<_> = rows.iter().map(|row| (&row.name, &row.source_types)).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "each row is listed once");
}

#[test]
fn every_type_of_source_has_a_sample() {
    for type_name in crate::config::keys::source_keys::TYPES {
        let spec = crate::config::reference::sample(Some(&type_name)).unwrap();
        assert_eq!(spec.kind.type_name(), type_name);
    }
}

#[test]
fn defaults_and_variables_are_those_of_the_rows() {
    let rows = rows();
    let row = |name: &str| rows.iter().find(|row| row.name == name).unwrap();
    assert_eq!(row("bridge.address").default, "127.0.0.1:50051");
    assert_eq!(row("bridge.timeout_sec").unit, Some("seconds"));
    assert_eq!(row("bridge.address").trust, "loopback");
    assert_eq!(row("llm.<name>.api_key").variables, ["LOOM_LLM_API_KEY", "<NAME>_API_KEY"]);
    assert_eq!(row("mcp").variables, ["LOOM_MCP_SERVERS"]);
    assert_eq!(row("mcp.<name>").trust, "trusted");
    assert_eq!(row("sources").flag, Some("--source"));
    assert_eq!(row("sources[].timeout").default, "10s");
    assert_eq!(row("sources[].tag_prefix").default, "v");
    for (key, rule) in [
        ("name", "free"),
        ("bridge.mode", "free"),
        ("bridge.version", "tighter"),
        ("bridge.timeout_sec", "tighter"),
        ("dashboard.port", "free"),
        ("dashboard.host", "loopback"),
        ("dashboard.content", "tighter"),
        ("history.file", "tighter"),
        ("history.rows_per_second", "tighter"),
        ("llm.default", "trusted"),
        ("llm.<name>", "trusted"),
        ("llm.<name>.api_key", "trusted"),
        ("agents.<name>.<key>", "partly"),
        ("trust.checksum", "tighter"),
        ("store.keep_archives", "trusted"),
        ("update.check_interval", "trusted"),
        ("update.policy", "tighter"),
        ("update.channel", "tighter"),
        ("offline", "none"),
    ] {
        assert_eq!(row(key).trust, rule, "{key}");
    }
    assert_eq!(row("offline").files, "none");
}

/// Every example is accepted where it belongs, so the documentation shows none that is wrong.
#[test]
fn each_example_is_valid() {
    for row in rows() {
        let (Some(example), true) = (&row.example, row.files != "none") else { continue };
        let text = match row.name.strip_prefix("sources[].") {
            Some(key) => source(key, &row.source_types, example),
            None => {
                let name = row.name.replace(['<', '>'], "");
                let text = format!("{name} = {example}\n");
                match row.name.as_str() {
                    "llm.default" => format!("{text}[llm.deepseek]\n"),
                    name if name.starts_with("mcp.<name>.headers") => {
                        format!("{text}mcp.name.url = 'http://h/'\n")
                    }
                    "mcp.<name>.args" | "mcp.<name>.env.<variable>" => {
                        format!("{text}mcp.name.command = 'c'\n")
                    }
                    _ => text,
                }
            }
        };
        let set = [("DEEPSEEK_API_KEY", "x"), ("BRAVE_API_KEY", "x"), ("MCP_TOKEN", "x")];
        let world = match row.files {
            "project" => World::new().project(&text),
            "machine" => World::new().file("/etc/loom/config.toml", &text),
            _ => World::new().user(&text),
        };
        assert_eq!(world.env(&set).problems(), [""; 0], "{text}");
    }
}

/// A source with this key.
fn source(key: &str, types: &[&str], example: &str) -> String {
    let mut keys = match types.first() {
        Some(&"github") => vec![("type", "'github'"), ("repo", "'a/b'")],
        Some(&"oci") => vec![("type", "'oci'"), ("url", "'oci://h/x'")],
        Some(&"target") => vec![("type", "'target'")],
        Some(&"plugin") => vec![("type", "'plugin'"), ("name", "'p'")],
        Some(&"mirror") | None => vec![("type", "'mirror'"), ("url", "'https://h/x'")],
        Some(other) => panic!("this test lacks the required keys of a source of type {other}"),
    };
    // One half of a login is none.
    match key {
        "username_env" => keys.push(("password_env", "'P'")),
        "password_env" => keys.push(("username_env", "'U'")),
        _ => {}
    }
    keys.retain(|(known, _)| *known != key);
    keys.push((key, example));
    let lines: String = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!("[[sources]]\n{lines}")
}
