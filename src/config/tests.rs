//! Which layer decides, told by tables; and what a project may say before it is trusted.

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::*;

const PROJECT: &str = "/p/loom.toml";
const USER: &str = "/h/.config/loom/config.toml";

/// A world of files and variables, and what it resolves to.
#[derive(Default)]
struct World {
    files: BTreeMap<PathBuf, String>,
    inputs: Inputs,
}

impl World {
    fn new() -> Self {
        let inputs = Inputs { home: Some("/h".into()), cwd: "/p".into(), ..Inputs::default() };
        Self { inputs, ..Self::default() }.trusting()
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.to_owned());
        self
    }

    fn project(self, text: &str) -> Self {
        self.file(PROJECT, text)
    }

    fn user(self, text: &str) -> Self {
        self.file(USER, text)
    }

    fn env(mut self, env: &[(&str, &str)]) -> Self {
        self.inputs.env = env.iter().copied().collect();
        self
    }

    /// Every project is trusted.
    fn trusting(self) -> Self {
        self.env(&[("LOOM_TRUST_PROJECT", "1")])
    }

    fn untrusting(self) -> Self {
        self.env(&[])
    }

    fn flags(mut self, flags: Flags) -> Self {
        self.inputs.flags = flags;
        self
    }

    #[track_caller]
    fn resolved(&self) -> Resolved {
        match resolve(&self.inputs, &self.files) {
            Ok(resolved) => resolved,
            Err(error) => panic!("{error}: {error:?}"),
        }
    }

    /// The value and the origin of one row.
    #[track_caller]
    fn row(&self, key: &str) -> (Value, String) {
        let rows = self.resolved().rows();
        let row = rows.iter().find(|row| row.key() == key);
        let row = row.unwrap_or_else(|| panic!("no row {key}"));
        (row.json(false), row.origin.to_string())
    }

    fn mistakes(&self) -> Vec<String> {
        check(&self.inputs, &self.files).unwrap().0.iter().map(ToString::to_string).collect()
    }

    fn warnings(&self) -> Vec<String> {
        check(&self.inputs, &self.files).unwrap().1.iter().map(ToString::to_string).collect()
    }
}

/// A port in a file.
fn port(port: u16) -> String {
    format!("[dashboard]\nport = {port}\n")
}

#[test]
fn a_higher_layer_decides() {
    let defaults = World::new();
    assert_eq!(defaults.row("dashboard.port"), (json!(3030), "default".into()));
    let user = defaults.user(&port(1));
    assert_eq!(user.row("dashboard.port"), (json!(1), format!("{USER}:2")));
    let project = user.project(&port(2));
    assert_eq!(project.row("dashboard.port"), (json!(2), format!("{PROJECT}:2")));
    let env = project.env(&[("LOOM_DASHBOARD_PORT", "3")]);
    let origin = "environment variable LOOM_DASHBOARD_PORT".to_owned();
    assert_eq!(env.row("dashboard.port"), (json!(3), origin));
    let flag = env.flags(Flags { dashboard_port: Some(4), ..Flags::default() });
    assert_eq!(flag.row("dashboard.port"), (json!(4), "--dashboard-port".into()));
}

#[test]
fn the_project_is_the_folder_of_the_nearest_file_upward() {
    let mut world = World::new().file("/loom.toml", "name = 'far'").project("name = 'near'");
    for (cwd, root, name) in [("/p/a/b", "/p", "near"), ("/p", "/p", "near"), ("/q/a", "/", "far")]
    {
        world.inputs.cwd = cwd.into();
        let project = world.resolved().project;
        assert_eq!(project.root, PathBuf::from(root), "{cwd}");
        assert_eq!(project.name.unwrap().value, name, "{cwd}");
    }
    world.files.clear();
    let project = world.resolved().project;
    assert_eq!((project.root, project.file), ("/q/a".into(), None));
}

#[test]
fn a_named_file_takes_the_place_of_the_nearest_one() {
    let flags = |file: &str| Flags { config: Some(file.into()), ..Flags::default() };
    let world = World::new().project("name = 'near'").file("/o/l.toml", "name = 'other'");
    let world = world.flags(flags("../o/l.toml"));
    let world = world.file("/p/../o/l.toml", "name = 'other'");
    assert_eq!(world.resolved().project.name.unwrap().value, "other");
    let error = resolve(&world.flags(flags("gone")).inputs, &world_files()).unwrap_err();
    assert!(matches!(error, ConfigError::Missing { .. }), "{error}");
}

fn world_files() -> BTreeMap<PathBuf, String> {
    BTreeMap::new()
}

#[test]
fn the_dashboard_runs_when_the_mode_is_full_and_it_is_wanted() {
    for (file, env, flag, on) in [
        ("", None, None, true),
        ("mode = 'bridge-only'", None, None, false),
        ("mode = 'bridge-only'", Some("true"), None, false),
        ("", Some("OFF"), None, false),
        ("", Some("no"), Some(Mode::Full), true),
        ("mode = 'bridge-only'", None, Some(Mode::Full), true),
        ("", Some("1"), Some(Mode::BridgeOnly), false),
    ] {
        let env: Vec<_> = env.iter().map(|value| ("LOOM_DASHBOARD", *value)).collect();
        let world = World::new()
            .project(&format!("[bridge]\n{file}\n"))
            .env(&env)
            .flags(Flags { mode: flag, ..Flags::default() });
        assert_eq!(world.resolved().dashboard.enabled.value, on, "{file} {env:?} {flag:?}");
    }
    let off = World::new().project("[dashboard]\nenabled = false\n");
    assert_eq!(off.row("dashboard.enabled"), (json!(false), format!("{PROJECT}:2")));
}

#[test]
fn a_port_flag_replaces_the_port_alone() {
    let world = World::new()
        .env(&[("LOOM_BRIDGE_ADDR", "localhost:1")])
        .flags(Flags { bridge_port: Some(9999), ..Flags::default() });
    assert_eq!(world.row("bridge.address"), (json!("localhost:9999"), "--bridge-port".into()));
}

#[test]
fn a_higher_list_of_sources_replaces_the_lower_one() {
    let shown = |world: &World| {
        let sources = world.resolved().sources;
        let list: Vec<_> = sources.value.iter().map(ToString::to_string).collect();
        (list.join(" "), sources.origin.to_string())
    };
    let world = World::new();
    assert_eq!(shown(&world), ("target github:loom-os/loom".into(), "default".into()));
    let world = world.user("sources = ['file:///u1', 'file:///u2']\n");
    assert_eq!(shown(&world), ("file:///u1 file:///u2".into(), format!("{USER}:1")));
    let world = world.project("[[sources]]\ntype = 'target'\npath = 'x'\n");
    assert_eq!(shown(&world), ("target:/p/x".into(), format!("{PROJECT}:1")));
    let world = world.env(&[("LOOM_SOURCES", "./m, github:a/b")]);
    assert_eq!(shown(&world).0, "file:///p/m github:a/b");
    let flags = Flags { sources: vec!["../n".into()], ..Flags::default() };
    assert_eq!(shown(&world.flags(flags)), ("file:///n".into(), "--source".into()));
}

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
[[sources]]
type = "github"
repo = "a/b"
api_base = "https://ghe/api/v3"
base_url = "https://ghe"
token_env = "GHE_TOKEN"
tag_prefix = ""
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
    let (sources, _) = world.row("sources");
    assert_eq!(
        sources,
        json!([
            {
                "type": "mirror", "url": "s3://bucket/prefix", "name": "corp", "timeout": "5s",
                "total_timeout": "2m", "on_error": "stop", "on_absent": "stop", "race": true,
                "ca": "/h/.config/loom/ca.pem", "proxy": "http://proxy:3128/", "allow_http": true,
                "prerelease": true, "layout": "store", "anonymous": true, "region": "eu",
                "endpoint": "https://s3.corp/", "path_style": true,
            },
            {
                "type": "github", "repo": "a/b", "api_base": "https://ghe/api/v3",
                "base_url": "https://ghe/", "token_env": "GHE_TOKEN", "tag_prefix": "",
                "timeout": "10s",
            },
            {
                "type": "target", "path": "/h/.config/loom", "profile": "release",
                "timeout": "10s",
            },
            {"type": "plugin", "name": "corp", "options": {"key": "${SECRET}"}, "timeout": "10s"},
            {"type": "github", "repo": "c/d", "tag_prefix": "v", "timeout": "10s"},
        ]),
    );
    let SourceKind::Plugin { options: Some(options), .. } = &world.resolved().sources.value[3].kind
    else {
        panic!("the fourth is a plugin")
    };
    assert_eq!(options.value, json!({"key": "hidden"}));
    assert!(!format!("{options:?}").contains("hidden"));
}

#[test]
fn the_default_provider_gets_what_the_variables_say() {
    let file = "[llm.zeta]\nmodel = 'z'\n[llm.alpha-1]\nmodel = 'a'\nmax_tokens = 1\n";
    let meant = |world: &World| world.resolved().llm.default_provider().unwrap().name.clone();
    let world = World::new().project(file);
    assert_eq!(meant(&world), "zeta", "the first in the file");
    let world = world.user("[llm]\ndefault = 'alpha-1'\n[llm.zeta]\nmodel = 'u'\napi_key = 'k'\n");
    assert_eq!(meant(&world), "alpha-1");
    let world = world.env(&[
        ("LOOM_LLM_MODEL", "m"),
        ("LOOM_LLM_API_BASE", "https://b"),
        ("ALPHA_1_API_KEY", "named"),
        ("ZETA_API_KEY", "zk"),
    ]);
    assert_eq!(world.row("llm.alpha-1.model").0, "m");
    assert_eq!(world.row("llm.alpha-1.max_tokens"), (json!(1), format!("{PROJECT}:5")));
    assert_eq!(world.row("llm.zeta.model"), (json!("z"), format!("{PROJECT}:2")));
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
    assert_eq!(world.row("llm.default").0, "env");
    assert_eq!(world.row("llm.env.api_key").0, "***");
    assert!(World::new().resolved().llm.providers.is_empty());
}

#[test]
fn the_file_beside_expands_values_and_holds_keys() {
    let world = World::new()
        .project("[llm.deepseek]\nmodel = '${MODEL:-none}'\n[agents.a]\nx = ['${X}']\n")
        .file("/p/.env", "MODEL=m\nDEEPSEEK_API_KEY=k\nX=dotenv\nLOOM_DASHBOARD_PORT=1\n");
    assert_eq!(world.row("llm.deepseek.model").0, "m");
    let (key, origin) = world.row("llm.deepseek.api_key");
    assert_eq!((key, origin), (json!("***"), "DEEPSEEK_API_KEY in /p/.env:2".into()));
    assert_eq!(world.row("dashboard.port").0, 3030, "never our own settings");
    assert_eq!(world.warnings().len(), 1, "and it is said");
    let world = world.env(&[("X", "process"), ("LOOM_TRUST_PROJECT", "yes")]);
    let agents = world.resolved().agents;
    assert_eq!(agents["a"].value.value, json!({"x": ["process"]}));
    assert_eq!(
        world.row("agents.a").0,
        json!({"x": ["${X}"]}),
        "what a variable holds is not shown"
    );
}

#[test]
fn every_mistake_of_all_layers_is_named() {
    let world = World::new()
        .user("[store]\nkeep = -1\nmax_size = '1 XB'\n")
        .project(
            "nmae = 'x'\n[bridge]\nadress = 'h:1'\nmode = 'fll'\nversion = '1.2.3.4'\n\
             timeout_sec = 0\n[dashboard]\nport = 70000\nenabled = 'yes'\nhost = 'a b'\n\
             [llm]\ndefault = 'none'\n[llm.d]\ntemperature = 3\nmodel = '${GONE}'\nurl = 'x'\n\
             [mcp.m]\nargs = 'x'\n[agents]\na = 1\n\
             [[sources]]\ntype = 'mirror'\n[[sources]]\ntype = 'target'\nrepo = 'a/b'\n\
             [[sources]]\nurl = 'https://${HOST}/x'\n[[sources]]\ntype = 'plugin'\nname = 'p'\n\
             [trust]\nminimum_release_age = 5\n",
        )
        .env(&[
            ("LOOM_DASHBOARD", "maybe"),
            ("LOOM_SOURCES", "nothing"),
            ("LOOM_VERSION", "newest"),
        ]);
    let mut expected = vec![
        "/h/.config/loom/config.toml:2: store.keep: expected a whole number from 0 to 4294967295, got -1",
        "/h/.config/loom/config.toml:3: store.max_size: expected a size such as \"500MB\" or \"10GiB\", got \"1 XB\"",
        "/p/loom.toml:1: nmae: unknown key",
        "/p/loom.toml:3: bridge.adress: unknown key",
        "/p/loom.toml:4: bridge.mode: expected \"full\" or \"bridge-only\", got \"fll\"",
        "/p/loom.toml:5: bridge.version: expected latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev, got \"1.2.3.4\"",
        "/p/loom.toml:6: bridge.timeout_sec: expected at least 1 second, got 0",
        "/p/loom.toml:8: dashboard.port: expected a whole number from 0 to 65535, got 70000",
        "/p/loom.toml:9: dashboard.enabled: expected true or false, got text",
        "/p/loom.toml:10: dashboard.host: expected a host, such as 127.0.0.1 or localhost, got \"a b\"",
        "/p/loom.toml:12: llm.default: there is no provider \"none\"",
        "/p/loom.toml:14: llm.d.temperature: expected a number from 0 to 2, got 3",
        "/p/loom.toml:15: llm.d.model: the variable GONE is not set",
        "/p/loom.toml:16: llm.d.url: unknown key",
        "/p/loom.toml:17: mcp.m: needs a command",
        "/p/loom.toml:18: mcp.m.args: expected a list, got text",
        "/p/loom.toml:20: agents.a: expected a table, got a whole number",
        "/p/loom.toml:21: sources[0]: a source of type mirror needs url",
        "/p/loom.toml:25: sources[1].repo: belongs to sources of type github; this one is of type target",
        "/p/loom.toml:27: sources[2].url: variables are not expanded in sources",
        "/p/loom.toml:28: sources[3]: plugins are named in your own config.toml only",
        "/p/loom.toml:32: trust.minimum_release_age: expected a duration such as \"10s\", \"5m\" or \"24h\", got a whole number",
        "LOOM_DASHBOARD: expected true or false (1 or 0, yes or no, on or off), got \"maybe\"",
        "LOOM_SOURCES: \"nothing\" names no source",
        "LOOM_VERSION: expected latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev, got \"newest\"",
    ];
    let mut found = world.mistakes();
    (found.sort(), expected.sort());
    assert_eq!(found, expected);
    let error = resolve(&world.inputs, &world.files).unwrap_err();
    assert!(error.hint().unwrap().contains("24 more: run `loom config check`"), "{error:?}");
}

#[test]
fn a_mistake_comes_with_what_was_meant() {
    for (text, hint) in [
        ("[bridge]\nadress = 'h:1'\n", "did you mean address?"),
        ("[dashbord]\n", "did you mean dashboard?"),
        ("[bridge]\nx = 1\n", "known here: address, mode, version, timeout_sec"),
        ("name = '${A B}'\n", "write ${NAME} or ${NAME:-default}, and $$ for one $"),
        ("name = '${A}'\n", "set A, or write ${A:-default}"),
        ("sources = ['file://x/y']\n", "three slashes"),
    ] {
        let world = World::new().project(text);
        let (mistakes, _) = check(&world.inputs, &world.files).unwrap();
        let hints: Vec<_> = mistakes.iter().filter_map(|m| m.hint.as_deref()).collect();
        assert!(hints.len() == 1 && hints[0].contains(hint), "{text}: {mistakes:?}");
    }
}

#[test]
fn a_key_in_the_projects_own_file_is_unwise() {
    let text = "[llm.deepseek]\napi_key = 'sk-xxxxx'\n";
    let warnings = World::new().project(text).warnings();
    assert_eq!(
        warnings,
        ["/p/loom.toml:2: llm.deepseek.api_key: the key stands in the file itself"]
    );
    assert!(World::new().user(text).warnings().is_empty(), "the user's own file is private");
    let world = World::new().project("[llm.d]\napi_key = '${K:-x}'\n");
    assert!(world.warnings().is_empty());
}

/// A project that asks for everything that needs trust.
const GREEDY: &str = "name = 'greedy'\nsources = ['file:///evil']\n[bridge]\naddress = '0.0.0.0:7'\n\
    timeout_sec = 5\n[llm.d]\napi_base = 'https://evil'\nmodel = 'm'\n[mcp.m]\ncommand = 'evil'\n\
    [trust]\nchecksum = 'if-available'\nsignature = 'required'\nkeys = ['evil']\n";

#[test]
fn an_untrusted_project_may_only_tighten() {
    let world = World::new().user("sources = ['file:///mine']\n").project(GREEDY).untrusting();
    let resolved = world.resolved();
    let untrusted = resolved.untrusted.clone().unwrap();
    let keys: Vec<_> = untrusted.what.iter().map(|w| w.key.as_str()).collect();
    assert_eq!(keys, ["bridge.address", "llm.d.api_base", "mcp.m", "sources", "trust.keys"]);
    assert_eq!(resolved.sources.value[0].to_string(), "file:///mine");
    assert_eq!(resolved.bridge.address.value.to_string(), "127.0.0.1:50051");
    assert_eq!(world.row("bridge.timeout_sec").0, 5, "what harms nobody holds");
    assert_eq!(world.row("trust.checksum"), (json!("required"), "default".into()));
    assert_eq!(world.row("trust.signature").0, "required", "tightening holds");
    assert!(resolved.mcp.is_empty() && resolved.trust.keys.value.is_empty());
    assert!(resolved.llm.providers[0].api_base.is_none());
    assert_eq!(resolved.llm.providers[0].model.as_ref().unwrap().value, "m");
    assert_eq!(resolved.warnings.len(), 1, "{:?}", resolved.warnings);
}

#[test]
fn trust_is_in_exactly_these_tables() {
    let mut world = World::new().project(GREEDY).untrusting();
    let untrusted = world.resolved().untrusted.unwrap();
    world.inputs.trusted.trust(untrusted.file, untrusted.digest);
    let resolved = world.resolved();
    assert_eq!(resolved.untrusted, None);
    assert_eq!(resolved.sources.value[0].to_string(), "file:///evil");
    assert_eq!(world.row("trust.checksum").0, "if-available");
    let renamed = world.project(&GREEDY.replace("greedy", "other"));
    assert_eq!(renamed.resolved().untrusted, None, "the name is not among them");
    let changed = renamed.project(&GREEDY.replace("'evil'", "'worse'"));
    assert!(changed.resolved().untrusted.is_some());
}

#[test]
fn the_environment_trusts_for_one_run() {
    for (value, trusted) in [("1", true), ("true", true), ("0", false)] {
        let world = World::new().project(GREEDY).env(&[("LOOM_TRUST_PROJECT", value)]);
        assert_eq!(world.resolved().untrusted.is_none(), trusted, "{value}");
    }
    let world = World::new().project(GREEDY).file("/p/.env", "LOOM_TRUST_PROJECT=1").untrusting();
    assert!(world.resolved().untrusted.is_some(), "a project cannot trust itself");
}

#[test]
fn sources_that_were_given_leave_nothing_to_ask() {
    let text = "sources = ['file:///theirs']\n[trust]\nchecksum = 'if-available'\n";
    let world = World::new().project(text).untrusting();
    assert_eq!(world.resolved().untrusted.unwrap().what.len(), 1);
    let flags = Flags { sources: vec!["file:///given".into()], ..Flags::default() };
    let world = world.flags(flags);
    assert_eq!(world.resolved().untrusted, None);
    assert_eq!(world.row("trust.checksum").0, "required");
    assert_eq!(world.warnings().len(), 1, "what was not let through is said");
}

#[test]
fn the_bar_of_the_user_is_the_one_to_lower() {
    let user = "[trust]\nchecksum = 'if-available'\nminimum_release_age = '3days'\n";
    for (project, checksum, age) in [
        ("checksum = 'required'\nminimum_release_age = '7days'", "required", "7days"),
        ("minimum_release_age = '0s'", "if-available", "3days"),
    ] {
        let world = World::new().user(user).project(&format!("[trust]\n{project}\n")).untrusting();
        assert_eq!(world.row("trust.checksum").0, checksum, "{project}");
        assert_eq!(world.row("trust.minimum_release_age").0, age, "{project}");
    }
}

#[test]
fn the_runtime_is_told_what_holds() {
    let world = World::new()
        .project(
            "[bridge]\nmode = 'bridge-only'\n[llm.d]\nmodel = 'm'\nextra = {a = 1}\n\
             [mcp.m]\ncommand = 'c'\nargs = ['x']\nenv = {K = 'v'}\n[agents.a]\nt = ['${T}']\n",
        )
        .env(&[("T", "topic"), ("D_API_KEY", "secret"), ("LOOM_TRUST_PROJECT", "1")]);
    let env = world.resolved().runtime_env();
    assert!(!format!("{env:?}").contains("secret"));
    let env: BTreeMap<_, _> = env.iter().map(|(name, value)| (*name, value.expose())).collect();
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
    assert_eq!(json("LOOM_LLM_PROVIDERS"), json!({"d": provider}));
    let server = json!({"command": "c", "args": ["x"], "env": {"K": "v"}});
    assert_eq!(json("LOOM_MCP_SERVERS"), json!({"m": server}));
    assert_eq!(json("LOOM_AGENTS"), json!({"a": {"t": ["topic"]}}));
}

#[test]
fn a_servers_table_is_one_layers_alone() {
    let world = World::new()
        .user("[mcp.m]\ncommand = 'mine'\nenv = {KEY = 'mine'}\n[mcp.n]\ncommand = 'n'\n")
        .project("[mcp.m]\ncommand = 'theirs'\n");
    let mcp = world.resolved().mcp;
    assert_eq!((mcp["m"].value.command.as_str(), mcp["m"].value.env.len()), ("theirs", 0));
    assert_eq!(mcp["n"].value.command, "n");
}

#[test]
fn the_first_file_of_a_project_parses_with_and_without_its_comments() {
    let bare = template("my \"project\"");
    let uncommented: String = bare
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.contains(" = ") => rest,
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    for text in [&bare, &uncommented] {
        let world = World::new().project(text);
        assert_eq!(world.mistakes(), [""; 0], "{text}");
        assert_eq!(world.resolved().project.name.unwrap().value, "my \"project\"");
    }
    assert_eq!(World::new().project(&uncommented).resolved().sources.value.len(), 1);
    assert!(World::new().project(&bare).untrusting().resolved().untrusted.is_none());
}
