//! Changing a setting in a file.

use super::*;

fn edited(world: &World, target: EditedFile, key: &str, value: &str) -> Result<String, String> {
    match set(&world.inputs, &world.files, target, key, value) {
        Ok(edit) => Ok(edit.text),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_value_is_replaced_and_everything_else_is_kept() {
    let text = "# mine\nname = \"a\" # the name\n\n[bridge]\n# which\nversion = \"0.1.0\"\n\n[mcp.m]\ncommand = \"c\"\n";
    let world = World::new().project(text);
    for (key, value, changed) in [
        ("name", "b", text.replace("\"a\" #", "\"b\" #")),
        ("bridge.version", "0.2", text.replace("0.1.0", "0.2")),
        ("mcp.m.args", "[\"x\"]", text.replace("\"c\"\n", "\"c\"\nargs = [\"x\"]\n")),
    ] {
        assert_eq!(edited(&world, EditedFile::Project, key, value), Ok(changed), "{key}");
    }
}

#[test]
fn tables_are_added_where_they_are_missing() {
    let world = World::new();
    for (key, value, text) in [
        ("dashboard.port", "4040", "[dashboard]\nport = 4040\n"),
        ("dashboard.host", "localhost", "[dashboard]\nhost = \"localhost\"\n"),
        ("llm.d.model", "m", "[llm.d]\nmodel = \"m\"\n"),
        ("llm.\"a.b\".max_tokens", "1", "[llm.\"a.b\"]\nmax_tokens = 1\n"),
        ("agents.a.x", "{ y = 1 }", "[agents.a]\nx = { y = 1 }\n"),
        ("agents.a.x", "text", "[agents.a]\nx = \"text\"\n"),
        ("sources", "[\"github:a/b\"]", "sources = [\"github:a/b\"]\n"),
    ] {
        assert_eq!(edited(&world, EditedFile::User, key, value), Ok(text.to_owned()), "{key}");
    }
}

#[test]
fn a_list_of_tables_can_be_replaced() {
    let world = World::new().user("[[sources]]\ntype = \"target\"\n\n[bridge]\nmode = \"full\"\n");
    let text = edited(&world, EditedFile::User, "sources", "[\"github:a/b\"]").unwrap();
    let world = World::new().user(&text);
    assert_eq!(world.resolved().sources.value[0].to_string(), "github:a/b", "{text}");
    assert_eq!(world.problems(), [""; 0], "{text}");
}

#[test]
fn what_would_be_a_problem_is_refused() {
    let user = EditedFile::User;
    let world = World::new().user("[bridge]\nmode = \"fll\"\n");
    for (key, value, error) in [
        (
            "dashboard.port",
            "70000",
            "dashboard.port: expected an integer from 0 to 65535, got 70000",
        ),
        (
            "dashboard.port",
            "x",
            "dashboard.port: expected an integer from 0 to 65535, got a string",
        ),
        ("bridge.mode", "none", "bridge.mode: expected \"full\" or \"bridge-only\", got \"none\""),
        ("bridge.adress", "x", "unknown key: bridge.adress"),
        (
            "history.max_size",
            "1MiB",
            r#"history.max_size: expected a number of bytes from 2MiB, such as "256MiB", got "1MiB""#,
        ),
        (
            "history.max_age",
            "0s",
            r#"history.max_age: expected a duration longer than 0, such as "10s", "5m" or "24h", got "0s""#,
        ),
        (
            "llm.d.price.input",
            "-1",
            "llm.d.price.input: expected a number from 0 to 1000000, got -1",
        ),
        ("offline", "true", "offline cannot be set in a file"),
        ("name", "x", "name: has no effect outside of a project's loom.toml"),
        ("mcp.m.args", "[]", "/h/.config/loom/config.toml:4: mcp.m: missing key: command or url"),
        ("llm.default", "d", "/h/.config/loom/config.toml:5: llm.default: unknown provider \"d\""),
        (
            "llm.d.model",
            "${GONE}",
            "/h/.config/loom/config.toml:5: llm.d.model: the variable GONE is not set",
        ),
        (
            "llm.d.max_tokens",
            "1\ny = 2",
            "llm.d.max_tokens: expected an integer from 0 to 4294967295, got a string",
        ),
    ] {
        assert_eq!(edited(&world, user, key, value), Err(error.to_owned()), "{key}");
    }
    assert!(edited(&world, user, "dashboard.port", "1").is_ok(), "other problems are no obstacle");
    assert!(edited(&world, user, "bridge.mode", "full").is_ok(), "and can be fixed");
}

#[test]
fn a_server_at_an_address_gets_no_arguments() {
    let world = World::new().user("[mcp.far]\nurl = \"http://h/\"\n");
    let error = edited(&world, EditedFile::User, "mcp.far.args", "[]").unwrap_err();
    let file = "/h/.config/loom/config.toml";
    assert_eq!(error, format!("{file}:3: mcp.far.args: belongs to command, and the table has url"));
}

#[test]
fn a_project_needs_a_file() {
    let error = edited(&World::new(), EditedFile::Project, "name", "x").unwrap_err();
    assert_eq!(error, "no loom.toml in /p or a folder above it");
    let world = World::new().project("a = = 1\n");
    let error = edited(&world, EditedFile::Project, "name", "x").unwrap_err();
    assert!(error.starts_with("/p/loom.toml:1: invalid TOML"), "{error}");
}
