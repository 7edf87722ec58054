//! What is wrong, and where.

use super::*;

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
    found.sort();
    expected.sort();
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
