//! What a project may set before it is trusted.

use super::*;

/// A project with settings of each kind that needs trust.
const GREEDY: &str = "name = 'greedy'\nsources = ['file:///evil']\n[bridge]\naddress = '0.0.0.0:7'\n\
    timeout_sec = 5\n[llm.d]\napi_base = 'https://evil'\nmodel = 'm'\n[mcp.m]\ncommand = 'evil'\n\
    [trust]\nchecksum = 'if-available'\nsignature = 'required'\n";

#[test]
fn an_untrusted_project_can_only_be_stricter() {
    let world = World::new().user("sources = ['file:///mine']\n").project(GREEDY).untrusting();
    let resolved = world.resolved();
    let untrusted = resolved.untrusted.clone().unwrap();
    let keys: Vec<_> = untrusted.withheld.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["bridge.address", "llm.d.api_base", "mcp.m", "sources"]);
    assert_eq!(resolved.sources.value[0].to_string(), "file:///mine");
    assert_eq!(resolved.bridge.address.value.to_string(), "127.0.0.1:50051");
    assert_eq!(world.setting("bridge.timeout_sec").0, 5, "free settings take effect");
    assert_eq!(world.setting("trust.checksum"), (json!("required"), "default".into()));
    assert_eq!(world.setting("trust.signature").0, "required", "stricter settings take effect");
    assert!(resolved.mcp.is_empty());
    assert!(resolved.llm.providers[0].api_base.is_none());
    assert_eq!(resolved.llm.providers[0].model.as_ref().unwrap().value, "m");
    assert_eq!(resolved.warnings.len(), 1, "{:?}", resolved.warnings);
}

#[test]
fn settings_without_effect_are_warnings_with_their_lines() {
    let world = World::new().project(GREEDY).untrusting();
    assert_eq!(world.problems(), [""; 0]);
    let withheld =
        |key: &str| format!("/p/loom.toml:{key}: has no effect until the project is trusted");
    assert_eq!(
        world.warnings(),
        [
            "/p/loom.toml:12: trust.checksum: can only be made stricter until the project is trusted"
                .to_owned(),
            withheld("4: bridge.address"),
            withheld("7: llm.d.api_base"),
            withheld("9: mcp.m"),
            withheld("2: sources"),
        ]
    );
    assert_eq!(world.trusting().warnings(), [""; 0]);
}

#[test]
fn trust_covers_exactly_the_settings_that_need_it() {
    let mut world = World::new().project(GREEDY).untrusting();
    let untrusted = world.resolved().untrusted.unwrap();
    world.inputs.trusted.trust(&untrusted.scope);
    let resolved = world.resolved();
    assert_eq!(resolved.untrusted, None);
    assert_eq!(resolved.sources.value[0].to_string(), "file:///evil");
    assert_eq!(world.setting("trust.checksum").0, "if-available");
    let renamed = world.project(&GREEDY.replace("greedy", "other"));
    assert_eq!(renamed.resolved().untrusted, None, "the name needs no trust");
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
fn sources_of_options_need_no_trust() {
    let text = "sources = ['file:///theirs']\n[trust]\nchecksum = 'if-available'\n";
    let world = World::new().project(text).untrusting();
    assert_eq!(world.resolved().untrusted.unwrap().withheld.len(), 1);
    let flags = Flags { sources: vec!["file:///given".into()], ..Flags::default() };
    let world = world.flags(flags);
    assert_eq!(world.resolved().untrusted, None);
    assert_eq!(world.setting("trust.checksum").0, "required");
    assert_eq!(world.warnings().len(), 1, "the setting without effect is named");
}

#[test]
fn a_project_is_compared_with_the_user() {
    let user = "[trust]\nchecksum = 'if-available'\nminimum_release_age = '3days'\n";
    for (project, checksum, age) in [
        ("checksum = 'required'\nminimum_release_age = '7days'", "required", "7days"),
        ("minimum_release_age = '0s'", "if-available", "3days"),
    ] {
        let world = World::new().user(user).project(&format!("[trust]\n{project}\n")).untrusting();
        assert_eq!(world.setting("trust.checksum").0, checksum, "{project}");
        assert_eq!(world.setting("trust.minimum_release_age").0, age, "{project}");
    }
}
