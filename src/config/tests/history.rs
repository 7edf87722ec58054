//! What the history of runs keeps, and the prices of tokens.

use loom_environment::{ServerVariable, names};

use super::*;

const FIGURES: &str = "[history]\nfile = 'h.db'\nmax_size = '1GiB'\nmax_age = '30days'\nrows_per_second = 50\n\
    [dashboard]\ncontent = 'on'\n";

fn variables(world: &World) -> Vec<(String, String)> {
    let environment = world.resolved().history_env();
    let pair = |variable: &ServerVariable| {
        let (name, value) = variable.expose();
        (name.to_owned(), value.to_owned())
    };
    environment.iter().map(pair).collect()
}

fn expected(values: [(&str, &str); 5]) -> Vec<(String, String)> {
    values.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[test]
fn the_server_gets_what_is_chosen_and_no_defaults() {
    assert!(variables(&World::new()).is_empty());
    let world = World::new().project(FIGURES);
    let figures = expected([
        (names::HISTORY, "/p/h.db"),
        (names::HISTORY_MAX_SIZE, "1GiB"),
        (names::HISTORY_MAX_AGE, "30days"),
        (names::HISTORY_ROWS_PER_SECOND, "50"),
        (names::DASHBOARD_CONTENT, "on"),
    ]);
    assert_eq!(variables(&world), figures);
    let world = world.env(&[
        (names::HISTORY, "memory"),
        (names::HISTORY_MAX_SIZE, "3MiB"),
        (names::HISTORY_MAX_AGE, "1h"),
        (names::HISTORY_ROWS_PER_SECOND, "0"),
        (names::DASHBOARD_CONTENT, "false"),
    ]);
    let figures = expected([
        (names::HISTORY, "memory"),
        (names::HISTORY_MAX_SIZE, "3MiB"),
        (names::HISTORY_MAX_AGE, "1h"),
        (names::HISTORY_ROWS_PER_SECOND, "0"),
        (names::DASHBOARD_CONTENT, "off"),
    ]);
    assert_eq!(variables(&world), figures);
}

#[test]
fn an_untrusted_project_keeps_less_and_names_no_path() {
    let world = World::new().project(FIGURES).untrusting();
    let untrusted = world.resolved().untrusted.unwrap();
    let keys: Vec<_> = untrusted.withheld.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["dashboard.content", "history.file"]);
    assert_eq!(world.setting("history.max_size").0, "256MiB");
    assert_eq!(world.setting("history.max_age").0, "7days");
    assert_eq!(world.setting("history.rows_per_second").0, 50, "fewer rows are tighter");
    assert_eq!(world.setting("dashboard.content").0, "auto");
    let less = "[history]\nfile = 'off'\nmax_size = '2MiB'\n[dashboard]\ncontent = 'auto'\n";
    let world = World::new().user("[dashboard]\ncontent = 'off'\n").project(less).untrusting();
    assert!(world.resolved().untrusted.is_none());
    assert_eq!(world.setting("history.file").0, "off");
    assert_eq!(world.setting("history.max_size").0, "2MiB");
    assert_eq!(world.setting("dashboard.content").0, "off", "auto shows more");
}

#[test]
fn prices_are_those_of_a_provider_or_of_one_of_its_models() {
    let text = "[llm.d.price]\ninput = 2.5\noutput = 10\n[llm.d.price.\"small*\"]\ninput = 0.1\n[llm.b]\nmodel = 'm'\n";
    let world = World::new().project(text);
    assert_eq!(world.problems(), [""; 0]);
    let tables = serde_json::to_value(world.resolved().llm_tables()).unwrap();
    let price = json!({"input": 2.5, "output": 10.0, "small*": {"input": 0.1}});
    assert_eq!((&tables["d"]["price"], &tables["b"]["price"]), (&price, &Value::Null));
    assert_eq!(
        world.setting("llm.d.price.\"small*\".input"),
        (json!(0.1), "/p/loom.toml:5".into())
    );
    let overridden = world.user("[llm.d.price]\ninput = 1\n[llm.d.price.'small*']\noutput = 1\n");
    let tables = serde_json::to_value(overridden.resolved().llm_tables()).unwrap();
    let price = json!({"input": 2.5, "output": 10.0, "small*": {"input": 0.1, "output": 1.0}});
    assert_eq!(tables["d"]["price"], price);
    let wrong =
        World::new().project("[llm.d.price]\ninput = 'x'\nm = 3\n[llm.d.price.n]\nother = 1\n");
    assert_eq!(
        wrong.problems(),
        [
            "/p/loom.toml:2: llm.d.price.input: expected a number from 0 to 1000000, got a string",
            "/p/loom.toml:3: llm.d.price.m: expected a table, got an integer",
            "/p/loom.toml:5: llm.d.price.n.other: unknown key",
        ]
    );
}
