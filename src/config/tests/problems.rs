//! Which problems are found, and their locations.

use super::*;

#[test]
fn the_problems_of_all_layers_are_found() {
    let world = World::new()
        .user("[store]\nkeep_archives = -1\nkeep = 'few'\nmax_size = '1 XB'\n[llm]\nd = 1\n")
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
        "/h/.config/loom/config.toml:2: store.keep_archives: expected true or false, got an integer",
        "/h/.config/loom/config.toml:3: store.keep: expected a number of versions, or \"all\", got \"few\"",
        "/h/.config/loom/config.toml:4: store.max_size: expected a number of bytes such as \"20GiB\" or \"500MB\", got \"1 XB\"",
        "/h/.config/loom/config.toml:6: llm.d: expected a table, got an integer",
        "/p/loom.toml:1: nmae: unknown key",
        "/p/loom.toml:3: bridge.adress: unknown key",
        "/p/loom.toml:4: bridge.mode: expected \"full\" or \"bridge-only\", got \"fll\"",
        "/p/loom.toml:5: bridge.version: expected latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev, got \"1.2.3.4\"",
        "/p/loom.toml:6: bridge.timeout_sec: expected an integer from 1 to 4294967295, got 0",
        "/p/loom.toml:8: dashboard.port: expected an integer from 0 to 65535, got 70000",
        "/p/loom.toml:9: dashboard.enabled: expected true or false, got a string",
        "/p/loom.toml:10: dashboard.host: expected a host, such as 127.0.0.1 or localhost, got \"a b\"",
        "/p/loom.toml:12: llm.default: unknown provider \"none\"",
        "/p/loom.toml:14: llm.d.temperature: expected a number from 0 to 2, got 3",
        "/p/loom.toml:15: llm.d.model: the variable GONE is not set",
        "/p/loom.toml:16: llm.d.url: unknown key",
        "/p/loom.toml:17: mcp.m: missing key: command or url",
        "/p/loom.toml:18: mcp.m.args: expected a list, got a string",
        "/p/loom.toml:20: agents.a: expected a table, got an integer",
        "/p/loom.toml:21: sources[0]: missing key: url",
        "/p/loom.toml:25: sources[1].repo: applies to sources of type github; this source is of type target",
        "/p/loom.toml:27: sources[2].url: variables are not expanded in sources",
        "/p/loom.toml:28: sources[3]: a project cannot configure plugins",
        "/p/loom.toml:32: trust.minimum_release_age: expected a duration such as \"10s\", \"5m\" or \"24h\", got an integer",
        "LOOM_DASHBOARD: expected true or false (1 or 0, yes or no, on or off), got \"maybe\"",
        "LOOM_SOURCES: \"nothing\" does not name a source",
        "LOOM_VERSION: expected latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev, got \"newest\"",
    ];
    let mut found = world.problems();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let error = resolve(&world.inputs, &world.files).unwrap_err();
    assert!(matches!(&error, ConfigError::Problems { rest, .. } if rest.len() == 26), "{error:?}");
}

#[test]
fn a_key_of_the_other_kind_of_mcp_server_is_a_problem() {
    let world = World::new().user(
        "[mcp.a]\nurl = 'http://h/'\nargs = []\nenv = { K = 'v' }\n\
         [mcp.b]\ncommand = 'c'\n[mcp.b.headers]\nK = 'v'\n\
         [mcp.c]\ncommand = 'c'\nargs = []\nenv = { K = 'v' }\n\
         [mcp.d]\nurl = 'http://h/'\nheaders = { K = 'v' }\n",
    );
    let file = "/h/.config/loom/config.toml";
    assert_eq!(
        world.problems(),
        [
            format!("{file}:3: mcp.a.args: belongs to command, and the table has url"),
            format!("{file}:4: mcp.a.env: belongs to command, and the table has url"),
            format!("{file}:7: mcp.b.headers: belongs to url, and the table has command"),
        ]
    );
}

#[test]
fn an_unknown_key_comes_with_the_nearest_one() {
    for (text, expected) in [
        ("[bridge]\nadress = 'h:1'\n", Some("address")),
        ("[dashbord]\n", Some("dashboard")),
        ("[bridge]\nx = 1\n", None),
        ("[[sources]]\ntype = 'target'\npth = 'x'\n", Some("path")),
    ] {
        let problems = World::new().project(text).report().problems;
        let [Diagnostic { problem: Problem::UnknownKey { nearest, known }, .. }] = &problems[..]
        else {
            panic!("{text}: {problems:?}")
        };
        assert_eq!(*nearest, expected, "{text}");
        assert!(!known.is_empty());
    }
    let problems = World::new().project("[bridge]\nx = 1\n").report().problems;
    let Problem::UnknownKey { known, .. } = &problems[0].problem else { panic!("{problems:?}") };
    assert_eq!(*known, ["address", "mode", "version", "timeout_sec", "allow_users"]);
}

#[test]
fn a_key_that_a_type_of_source_does_not_use_is_a_problem() {
    for (source, key) in [
        ("type = 'plugin'\nname = 'p'", "proxy = 'http://p:1'"),
        ("type = 'plugin'\nname = 'p'", "ca = 'ca.pem'"),
        ("type = 'target'", "allow_http = true"),
        ("type = 'target'", "connect_timeout = '1s'"),
        ("type = 'target'", "total_timeout = '1s'"),
        ("type = 'github'\nrepo = 'a/b'", "layout = 'store'"),
    ] {
        let text = format!("[[sources]]\n{source}\n{key}\n");
        let problems = World::new().user(&text).report().problems;
        assert!(
            matches!(&problems[..], [Diagnostic { problem: Problem::OtherSourceType { .. }, .. }]),
            "{text}: {problems:?}"
        );
    }
}

#[test]
fn a_pattern_of_asset_names_is_checked() {
    for bad in ["", "a/b", "{name}", "{binary"] {
        let text = format!("[[sources]]\ntype = 'github'\nrepo = 'a/b'\nasset = '{bad}'\n");
        let problems = World::new().user(&text).report().problems;
        assert!(
            matches!(&problems[..], [Diagnostic { problem: Problem::Invalid { .. }, .. }]),
            "{bad}: {problems:?}"
        );
    }
    let other = "[[sources]]\ntype = 'target'\nasset = 'x'\n";
    assert_eq!(World::new().user(other).report().problems.len(), 1);
}

#[test]
fn no_problem_shows_the_value_of_a_variable_or_a_password() {
    let world = World::new()
        .project(
            "name = '${A B} s3cret'\nversion = '$${x'\n[bridge]\nmode = '${SECRET}'\n\
             address = '${SECRET}'\n[dashboard]\nhost = '${SECRET}!'\n\
             [llm.d]\napi_base = 'u:s3cret@h'\nextra = { a = '${GONE}' }\n\
             [[sources]]\nurl = 'ftp://u:s3cret@h/x'\n[[sources]]\ntype = 'mirror'\nurl = 'https://h h'\n\
             proxy = 'u:s3cret@h'\n",
        )
        .env(&[("SECRET", "s3cret"), ("LOOM_MCP_SERVERS", "s3cret"), ("LOOM_SOURCES", "x:s3cret@h")]);
    let problems = world.problems();
    assert_eq!(problems.len(), 10, "{problems:#?}");
    assert!(!problems.concat().contains("s3cret"), "{problems:#?}");
}

#[test]
fn an_api_key_in_a_projects_file_is_a_warning() {
    let text = "[llm.deepseek]\napi_key = 'sk-xxxxx'\n";
    let warning =
        "/p/loom.toml:2: llm.deepseek.api_key: the API key is stored in the project's file";
    assert_eq!(World::new().project(text).warnings(), [warning]);
    assert!(World::new().user(text).warnings().is_empty(), "the user's own file is private");
    let world = World::new().project("[llm.d]\napi_key = '${K:-x}'\n");
    assert!(world.warnings().is_empty());
}

#[test]
fn keys_of_a_project_in_the_users_file_are_warnings() {
    let world = World::new().user("name = 'x'\n");
    assert_eq!(
        world.warnings(),
        [format!("{USER}:1: name: has no effect outside of a project's loom.toml")]
    );
    assert!(world.resolved().project.name.is_none());
}
