//! Values of providers, servers, agents and sources, and the environment of the runtime.

use loom_environment::ServerVariable;

use super::*;

#[test]
fn every_key_of_a_source_is_read() {
    let world = World::new().user(
        r#"
[[sources]]
type = "mirror"
url = "s3://bucket/prefix"
name = "corp"
timeout = "5s"
total_timeout = "2m"
on_error = "stop"
on_absent = "stop"
race = true
ca = "ca.pem"
proxy = "http://proxy:3128"
allow_http = true
prerelease = true
layout = "store"
anonymous = true
region = "eu"
endpoint = "https://s3.corp"
path_style = true
asset = "{binary}-{version}-{target}.tgz"
[[sources]]
type = "github"
repo = "a/b"
api_base = "https://ghe/api/v3"
base_url = "https://ghe"
token_env = "GHE_TOKEN"
tag_prefix = ""
asset = "{binary}_{os}_{arch}.zip"
[[sources]]
type = "target"
path = "../loom"
profile = "release"
[[sources]]
type = "plugin"
name = "corp"
[sources.options]
key = "${SECRET}"
[[sources]]
url = "github:c/d"
"#,
    );
    let world = world.env(&[("SECRET", "hidden")]);
    let (sources, _) = world.setting("sources");
    assert_eq!(
        sources,
        json!([
            {
                "type": "mirror", "url": "s3://bucket/prefix", "name": "corp", "timeout": "5s",
                "total_timeout": "2m", "on_error": "stop", "on_absent": "stop", "race": true,
                "ca": "/h/.config/loom/ca.pem", "proxy": "http://proxy:3128/", "allow_http": true,
                "prerelease": true, "layout": "store", "anonymous": true, "region": "eu",
                "endpoint": "https://s3.corp/", "path_style": true,
                "asset": "{binary}-{version}-{target}.tgz",
            },
            {
                "type": "github", "repo": "a/b", "api_base": "https://ghe/api/v3",
                "base_url": "https://ghe/", "token_env": "GHE_TOKEN", "tag_prefix": "",
                "asset": "{binary}_{os}_{arch}.zip", "timeout": "10s",
            },
            {
                "type": "target", "path": "/h/.config/loom", "profile": "release",
                "timeout": "10s",
            },
            {"type": "plugin", "name": "corp", "options": {"key": "${SECRET}"}, "timeout": "10s"},
            {"type": "github", "repo": "c/d", "tag_prefix": "v", "timeout": "10s"},
        ]),
    );
    let SourceKind::Plugin(PluginSource { options: Some(options), .. }) =
        &world.resolved().sources.value[3].kind
    else {
        panic!("the fourth is a plugin")
    };
    assert_eq!(options.value, json!({"key": "hidden"}));
    assert!(!format!("{options:?}").contains("hidden"));
}

#[test]
fn the_variables_apply_to_the_default_provider() {
    let file = "[llm.zeta]\nmodel = 'z'\n[llm.alpha-1]\nmodel = 'a'\nmax_tokens = 1\n";
    let default = |world: &World| world.resolved().llm.default_provider().unwrap().name.clone();
    let world = World::new().project(file);
    assert_eq!(default(&world), "zeta", "the first in the file");
    let world = world.user("[llm]\ndefault = 'alpha-1'\n[llm.zeta]\nmodel = 'u'\napi_key = 'k'\n");
    assert_eq!(default(&world), "alpha-1");
    let world = world.env(&[
        ("LOOM_LLM_MODEL", "m"),
        ("LOOM_LLM_API_BASE", "https://b"),
        ("ALPHA_1_API_KEY", "named"),
        ("ZETA_API_KEY", "zk"),
    ]);
    assert_eq!(world.setting("llm.alpha-1.model").0, "m");
    assert_eq!(world.setting("llm.alpha-1.max_tokens"), (json!(1), format!("{PROJECT}:5")));
    assert_eq!(world.setting("llm.zeta.model"), (json!("z"), format!("{PROJECT}:2")));
    let key = |world: &World, index: usize| {
        let provider = &world.resolved().llm.providers[index];
        provider.api_key.as_ref().unwrap().value.expose_secret().to_owned()
    };
    assert_eq!((key(&world, 0), key(&world, 1)), ("zk".into(), "named".into()));
    let world = world.env(&[("LOOM_LLM_API_KEY", "own"), ("ALPHA_1_API_KEY", "named")]);
    assert_eq!((key(&world, 0), key(&world, 1)), ("k".into(), "own".into()));
}

#[test]
fn variables_alone_make_a_provider() {
    let world = World::new().env(&[("LOOM_LLM_MODEL", "m"), ("LOOM_LLM_API_KEY", "secret")]);
    assert_eq!(world.setting("llm.default").0, "env");
    assert_eq!(world.setting("llm.env.api_key").0, "***");
    assert!(World::new().resolved().llm.providers.is_empty());
}

#[test]
fn the_file_beside_expands_values_and_holds_keys() {
    let world = World::new()
        .project("[llm.deepseek]\nmodel = '${MODEL:-none}'\n[agents.a]\nx = ['${X}']\n")
        .file("/p/.env", "MODEL=m\nDEEPSEEK_API_KEY=k\nX=dotenv\nLOOM_DASHBOARD_PORT=1\n");
    let model = world.resolved().llm.providers[0].model.clone().unwrap().value;
    assert_eq!(
        (model.as_str(), world.setting("llm.deepseek.model").0),
        ("m", json!("${MODEL:-none}"))
    );
    let (key, origin) = world.setting("llm.deepseek.api_key");
    assert_eq!((key, origin), (json!("***"), "DEEPSEEK_API_KEY in /p/.env:2".into()));
    assert_eq!(world.setting("dashboard.port").0, 3030, "settings of Loom are not read from .env");
    assert_eq!(world.warnings().len(), 1, "and a warning says so");
    let world = world.env(&[("X", "process"), ("LOOM_TRUST_PROJECT", "yes")]);
    let agents = world.resolved().agents;
    assert_eq!(agents["a"].value["x"].value.value, json!(["process"]));
    assert_eq!(world.setting("agents.a.x").0, json!(["${X}"]), "values of variables are not shown");
}

#[test]
fn each_entry_of_a_free_table_has_its_own_line() {
    let world = World::new().project(
        "[mcp.m]\nargs = ['x']\ncommand = 'c'\n[mcp.m.env]\nK = 'v'\n[agents.a]\nx = 1\ny.z = 2\n[agents.b]\n",
    );
    for (key, line) in [
        ("mcp.m.command", 3),
        ("mcp.m.args", 2),
        ("mcp.m.env.K", 5),
        ("agents.a.x", 7),
        ("agents.a.y", 8),
        ("agents.b", 9),
    ] {
        assert_eq!(world.setting(key).1, format!("/p/loom.toml:{line}"), "{key}");
    }
}

#[test]
fn the_environment_of_the_runtime_holds_the_effective_configuration() {
    let world = World::new()
        .project(
            "[bridge]\nmode = 'bridge-only'\n[llm.d]\nmodel = 'm'\nextra = {a = 1}\n[llm.b]\n\
             [mcp.m]\ncommand = 'c'\nargs = ['x']\nenv = {K = 'v'}\n[agents.a]\nt = ['${T}']\n",
        )
        .env(&[("T", "topic"), ("D_API_KEY", "secret"), ("LOOM_TRUST_PROJECT", "1")]);
    let env = world.resolved().runtime_env();
    assert!(!format!("{env:?}").contains("secret"));
    let env: BTreeMap<_, _> = env.iter().map(ServerVariable::expose).collect();
    let json = |name: &str| serde_json::from_str::<Value>(env[name]).unwrap();
    assert_eq!(env["LOOM_BRIDGE_ADDR"], "127.0.0.1:50051");
    assert_eq!(env["LOOM_DASHBOARD"], "false");
    assert_eq!((env["LOOM_DASHBOARD_PORT"], env["LOOM_DASHBOARD_HOST"]), ("3030", "127.0.0.1"));
    assert_eq!((env["LOOM_LLM_API_KEY"], env["LOOM_LLM_MODEL"]), ("secret", "m"));
    assert!(!env.contains_key("LOOM_LLM_API_BASE"));
    let provider = json!({
        "type": "http", "api_key": "secret", "model": "m", "max_tokens": 2048,
        "temperature": 0.7, "timeout_sec": 30, "extra": {"a": 1},
    });
    let providers = json("LOOM_LLM_PROVIDERS");
    assert_eq!((&providers["d"], &providers["default"]), (&provider, &json!("d")));
    assert_eq!(providers["b"]["max_tokens"], 2048);
    let at = |name: &str| env["LOOM_LLM_PROVIDERS"].find(&format!("{name:?}:{{"));
    assert!(at("d").unwrap() < at("b").unwrap(), "the order of the file is kept");
    let server = json!({"command": "c", "args": ["x"], "env": {"K": "v"}});
    assert_eq!(json("LOOM_MCP_SERVERS"), json!({"m": server}));
    assert_eq!(json("LOOM_AGENTS"), json!({"a": {"t": ["topic"]}}));
}

#[test]
fn the_template_is_valid_with_and_without_its_comments() {
    let bare = template("my \"project\"");
    let uncommented: String = bare
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || is_assignment(rest) => rest,
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    for text in [&bare, &uncommented] {
        let world = World::new().project(text);
        assert_eq!(world.problems(), [""; 0], "{text}");
        assert_eq!(world.resolved().project.name.unwrap().value, "my \"project\"");
    }
    assert_eq!(World::new().project(&uncommented).resolved().sources.value.len(), 1);
    assert!(World::new().project(&bare).untrusting().resolved().untrusted.is_none());
}

#[test]
fn mcp_servers_of_the_environment_replace_those_of_all_files() {
    let file = "[mcp.file]\ncommand = \"f\"\n";
    for (text, expected) in [
        (
            r#"{"a": {"command": "c", "args": ["1"], "env": {"K": "v"}}}"#,
            json!({"a": [["c", ["1"]], "v"]}),
        ),
        (
            r#"[{"name": "a", "command": "c", "args": [], "env": {"K": "v"}}]"#,
            json!({"a": [["c", []], "v"]}),
        ),
        (
            r#"{"a": {"url": "http://h/", "headers": {"K": "v"}}}"#,
            json!({"a": [["http://h/"], "v"]}),
        ),
        ("{}", json!({})),
    ] {
        let resolved = World::new().user(file).env(&[("LOOM_MCP_SERVERS", text)]).resolved();
        let servers: Value = resolved
            .mcp
            .iter()
            .map(|(name, server)| {
                let (texts, secrets) = match server {
                    McpServerSettings::Program(program) => {
                        (json!([program.command.value, program.args.value]), &program.env)
                    }
                    McpServerSettings::Http(server) => (json!([server.url.value]), &server.headers),
                };
                let key = secrets.get("K").map(|key| key.value.expose_secret());
                (name.clone(), json!([texts, key]))
            })
            .collect();
        assert_eq!(servers, expected, "{text}");
    }
}

/// Whether the text is `key = value`.
fn is_assignment(text: &str) -> bool {
    let key = text.split_once(" = ").map(|(key, _)| key);
    key.is_some_and(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
}
