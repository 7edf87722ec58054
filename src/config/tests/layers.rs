//! Which layer decides.

use super::*;

#[test]
fn a_higher_layer_decides() {
    let defaults = World::new();
    assert_eq!(defaults.setting("dashboard.port"), (json!(3030), "default".into()));
    let user = defaults.user(&port(1));
    assert_eq!(user.setting("dashboard.port"), (json!(1), format!("{USER}:2")));
    let project = user.project(&port(2));
    assert_eq!(project.setting("dashboard.port"), (json!(2), format!("{PROJECT}:2")));
    let env = project.env(&[("LOOM_DASHBOARD_PORT", "3")]);
    let origin = "environment variable LOOM_DASHBOARD_PORT".to_owned();
    assert_eq!(env.setting("dashboard.port"), (json!(3), origin));
    let flag = env.flags(Flags { dashboard_port: Some(4), ..Flags::default() });
    assert_eq!(flag.setting("dashboard.port"), (json!(4), "--dashboard-port".into()));
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
fn a_named_file_replaces_the_nearest_one() {
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
fn the_dashboard_runs_in_full_mode_unless_it_is_disabled() {
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
    assert_eq!(off.setting("dashboard.enabled"), (json!(false), format!("{PROJECT}:2")));
}

#[test]
fn a_port_flag_replaces_the_port_alone() {
    let world = World::new()
        .env(&[("LOOM_BRIDGE_ADDR", "localhost:1")])
        .flags(Flags { bridge_port: Some(9999), ..Flags::default() });
    assert_eq!(world.setting("bridge.address"), (json!("localhost:9999"), "--bridge-port".into()));
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
fn one_layer_decides_a_server() {
    let world = World::new()
        .user("[mcp.m]\ncommand = 'mine'\nenv = {KEY = 'mine'}\n[mcp.n]\ncommand = 'n'\n")
        .project("[mcp.m]\ncommand = 'theirs'\n");
    let mcp = world.resolved().mcp;
    let program = |name: &str| match &mcp[name] {
        McpServerSettings::Program(program) => (program.command.value.as_str(), program.env.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!((program("m"), program("n")), (("theirs", 0), ("n", 0)));
}
