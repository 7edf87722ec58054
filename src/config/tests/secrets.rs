//! Values of variables, secrets and passwords are not shown.

use super::*;

const VALUE: &str = "VALUE-9911";

#[test]
fn nothing_is_expanded_for_an_untrusted_project() {
    for text in [
        "name = '${T}'\n",
        "version = 'v${T}'\n",
        "description = '${T:-x}'\n",
        "[bridge]\nmode = '${T}'\n",
        "[bridge]\nversion = '0.0.0-${T}'\n",
        "[bridge]\naddress = '${T}:1'\n",
        "[dashboard]\nhost = '${T}'\n",
        "[llm]\ndefault = '${T}'\n",
        "[llm.d]\nmodel = '${T}'\n",
        "[mcp.m]\ncommand = '${T}'\n",
        "[agents.a]\ntopics = ['${T}']\n",
        "[agents.a]\nx_sec = { y = '${T}' }\n",
        "[trust]\nchecksum = '${T}'\n",
        "[update]\ncheck_interval = '${T}'\n",
        "[[sources]]\ntype = 'target'\nprofile = '${T}'\n",
    ] {
        let world = World::new().project(text).untrusting();
        let world = world.env(&[("T", VALUE)]);
        let resolved = world.resolved();
        assert!(!world.tables(true).contains(VALUE), "{text}");
        assert!(!format!("{resolved:?}").contains(VALUE), "{text}");
        assert_eq!(resolved.untrusted.unwrap().withheld.len(), 1, "{text}");
        let env = world.resolved().runtime_env();
        assert!(env.iter().all(|variable| !variable.expose().1.contains(VALUE)), "{text}");
        assert!(!world.warnings().concat().contains(VALUE), "{text}");
    }
}

#[test]
fn a_value_with_variables_is_shown_as_written() {
    let text = "name = '${T}'\n[bridge]\nversion = '^${N}'\naddress = '${H:-localhost}:1'\n\
        [llm]\ndefault = '${D}'\n[llm.d]\nmodel = 'a${T}'\napi_base = 'https://u:${T}@h/v1?k=${T}'\n\
        api_key = '${T}'\n[mcp.m]\ncommand = '${T}'\nargs = ['x', '${T}']\nenv = { K = 'k${T}' }\n\
        [agents.a]\nx = ['${T}']\n";
    let env = [("T", VALUE), ("N", "0.2"), ("H", "127.0.0.1"), ("D", "d")];
    let world = World::new().project(text).env(&env);
    let resolved = world.resolved();
    assert_eq!(resolved.project.name.unwrap().value, VALUE, "it takes effect");
    assert_eq!(resolved.llm.default.unwrap().value, "d");
    for (key, shown) in [
        ("name", json!("${T}")),
        ("bridge.version", json!("^${N}")),
        ("bridge.address", json!("${H:-localhost}:1")),
        ("llm.default", json!("${D}")),
        ("llm.d.model", json!("a${T}")),
        ("llm.d.api_base", json!("https://***@h/v1?***")),
        ("llm.d.api_key", json!("***")),
        ("mcp.m.command", json!("${T}")),
        ("mcp.m.args", json!(["x", "${T}"])),
        ("mcp.m.env.K", json!("***")),
        ("agents.a.x", json!(["${T}"])),
    ] {
        assert_eq!(world.setting(key).0, shown, "{key}");
    }
    assert!(!world.tables(false).contains(VALUE));
    assert!(world.tables(true).contains("https://u:VALUE-9911@h/v1?k=VALUE-9911"));
}

#[test]
fn an_unknown_provider_is_named_as_written() {
    let world = World::new().project("[llm]\ndefault = '${T}'\n").env(&[("T", VALUE)]);
    assert_eq!(world.problems(), ["/p/loom.toml:2: llm.default: unknown provider \"${T}\""]);
}

#[test]
fn a_url_of_a_variable_is_shown_without_its_password() {
    let world = World::new().env(&[("LOOM_LLM_API_BASE", "https://me:VALUE-9911@h/v1")]);
    assert_eq!(world.setting("llm.env.api_base").0, "https://***@h/v1");
    assert!(!world.tables(false).contains(VALUE));
    assert!(world.tables(true).contains(VALUE));
}

#[test]
fn an_unusable_variable_shows_neither_password_nor_key() {
    for (name, value) in [
        ("LOOM_LLM_API_BASE", "ftp://me:VALUE-9911@h/v1"),
        ("LOOM_LLM_API_BASE", "https://me:VALUE-9911"),
        ("LOOM_BRIDGE_ADDR", "me:VALUE-9911@h:1"),
        ("LOOM_BRIDGE_ADDR", "https://me:VALUE-9911@h:1"),
        ("LOOM_DASHBOARD_HOST", "me:VALUE-9911@h"),
        ("LOOM_SOURCES", "htps:/me:VALUE-9911@h"),
        ("LOOM_SOURCES", "https://me:VALUE-9911,x@h/m"),
        ("LOOM_SOURCES", "github:me:VALUE-9911@o/r"),
        ("LOOM_VERSION", "me:VALUE-9911"),
        ("LOOM_MCP_SERVERS", "VALUE-9911"),
        ("LOOM_MCP_SERVERS", r#"{"a": {"command": "c", "env": {"K": "VALUE-9911"}}, "b": {}}"#),
    ] {
        let world = World::new().env(&[(name, value)]);
        let problems = world.problems();
        assert!(problems[0].starts_with(name), "{problems:?}");
        assert!(!problems.concat().contains("VALUE"), "{problems:?}");
    }
}

#[test]
fn an_unusable_table_of_a_variable_is_named_with_its_key() {
    let good = r#""files": {"command": "npx", "env": {"KEY": "hush"}}"#;
    for (bad, reason) in [
        (r#""far": {"args": ["hush"]}"#, "far: missing key: command or url"),
        (
            r#""far": {"url": "hush"}"#,
            "far.url: expected an address such as https://mcp.example/mcp",
        ),
        (
            r#""far": {"url": "http://h/", "env": {"K": "hush"}}"#,
            "far.env: belongs to command, and the table has url",
        ),
        (r#""far": {"command": "c", "args": "hush"}"#, "far.args: expected a list of strings"),
        (r#""far": {"command": "c", "env": {"K": 1}}"#, "far.env.K: expected a string"),
        (r#""far": "hush""#, "far: expected a table"),
    ] {
        let world = World::new().env(&[("LOOM_MCP_SERVERS", &format!("{{{good}, {bad}}}"))]);
        assert_eq!(world.problems(), [format!("LOOM_MCP_SERVERS: {reason}")]);
    }
}

#[test]
fn variables_are_read_without_white_space_around_them() {
    let world = World::new().env(&[
        ("LOOM_DASHBOARD_PORT", " 7\n"),
        ("LOOM_VERSION", "\t"),
        ("LOOM_LLM_API_KEY", " key\n"),
    ]);
    assert_eq!(world.setting("dashboard.port").0, 7);
    assert_eq!(world.setting("bridge.version"), (json!("latest"), "default".into()));
    let llm = world.resolved().llm;
    let key = llm.default_provider().unwrap().api_key.as_ref().unwrap().value.expose_secret();
    assert_eq!(key, "key");
}

#[test]
fn an_empty_secret_is_a_problem() {
    let file = "[llm.d]\nmodel = 'm'\n";
    for (name, value) in [
        ("LOOM_BRIDGE_TOKEN", " "),
        ("LOOM_BRIDGE_TOKEN", ""),
        ("LOOM_LLM_API_KEY", "\n"),
        ("LOOM_GITHUB_TOKEN", "\t"),
        ("D_API_KEY", ""),
    ] {
        let world = World::new().user(file).env(&[(name, value)]);
        assert_eq!(world.problems(), [format!("{name}: the secret is empty")], "{value:?}");
    }
    for text in ["api_key = ''", "api_key = ' '", "api_key = '${K:-}'"] {
        let world = World::new().user(&format!("{file}{text}\n"));
        assert_eq!(world.problems(), [format!("{USER}:3: llm.d.api_key: the secret is empty")]);
    }
    let world = World::new().user(file).env(&[("GITHUB_TOKEN", ""), ("OTHER_API_KEY", "")]);
    assert_eq!(world.problems(), [""; 0], "variables of others may be empty");
    let world = World::new().project(file).file("/p/.env", "D_API_KEY=\n");
    assert_eq!(world.problems(), [""; 0], "a line of a .env without a value sets nothing");
}

#[test]
fn the_login_in_the_mirror_of_a_registry_is_refused_and_not_shown() {
    for mirror in ["ada:VALUE-9911@registry.example/x", "https://registry.example/x"] {
        let text =
            format!("[[sources]]\ntype = 'oci'\nurl = 'oci://a.example/b'\nmirror = '{mirror}'\n");
        let world = World::new().user(&text);
        let problems = world.problems();
        assert!(problems[0].contains("expected host/prefix"), "{problems:?}");
        assert!(!problems[0].contains(VALUE), "{problems:?}");
    }
}
