//! What a project may say before it is trusted.

use super::*;

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
fn what_has_no_effect_is_a_warning_on_its_own_line() {
    let world = World::new().project(GREEDY).untrusting();
    let (mistakes, warnings) = check(&world.inputs, &world.files).unwrap();
    assert_eq!(mistakes, []);
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let withheld =
        |place: &str| format!("/p/loom.toml:{place}: has no effect until the file is trusted");
    assert_eq!(
        warnings,
        [
            "/p/loom.toml:12: trust.checksum: may only tighten until the project is trusted"
                .to_owned(),
            withheld("4: bridge.address"),
            withheld("7: llm.d.api_base"),
            withheld("9: mcp.m"),
            withheld("2: sources"),
            withheld("14: trust.keys"),
        ]
    );
    let world = world.trusting();
    let (_, warnings) = check(&world.inputs, &world.files).unwrap();
    assert_eq!(warnings, []);
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
