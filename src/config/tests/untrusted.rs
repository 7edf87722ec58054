//! What a project may set before it is trusted.

use super::*;

/// A project with settings of each kind that needs trust.
const GREEDY: &str = "name = 'greedy'\nsources = ['file:///evil']\n[bridge]\naddress = '0.0.0.0:7'\n\
    timeout_sec = 5\n[llm.d]\napi_base = 'https://evil'\nmodel = 'm'\n[mcp.m]\ncommand = 'evil'\n\
    [trust]\nchecksum = 'if-available'\nsignature = 'required'\n";

#[test]
fn an_untrusted_project_can_only_be_tighter() {
    let world = World::new().user("sources = ['file:///mine']\n").project(GREEDY).untrusting();
    let resolved = world.resolved();
    let untrusted = resolved.untrusted.clone().unwrap();
    let keys: Vec<_> = untrusted.withheld.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["bridge.address", "llm.d", "mcp.m", "sources"]);
    assert_eq!(resolved.sources.value[0].to_string(), "file:///mine");
    assert_eq!(resolved.bridge.address.value.to_string(), "127.0.0.1:50051");
    assert_eq!(resolved.project.name.unwrap().value, "greedy", "free settings take effect");
    assert_eq!(world.setting("bridge.timeout_sec").0, 5, "and so do tighter ones");
    assert_eq!(world.setting("trust.checksum"), (json!("required"), "default".into()));
    assert_eq!(world.setting("trust.signature").0, "required");
    assert!(resolved.mcp.is_empty());
    assert!(resolved.llm.providers.is_empty());
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
            withheld("6: llm.d"),
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

/// The document's first example.
const BASIC: &str = "name = 'my-agent-project'\nversion = '0.1.0'\ndescription = 'My first Loom project'\n\
    [bridge]\naddress = '127.0.0.1:50051'\nmode = 'full'\nversion = 'latest'\n\
    [dashboard]\nenabled = true\nport = 3030\nhost = '127.0.0.1'\n";

#[test]
fn the_basic_example_needs_no_trust() {
    let world = World::new().project(BASIC).untrusting();
    let resolved = world.resolved();
    assert_eq!((resolved.untrusted, world.warnings()), (None, vec![]));
    assert_eq!(world.setting("bridge.version"), (json!("latest"), format!("{PROJECT}:7")));
    assert_eq!(world.setting("dashboard.enabled"), (json!(true), format!("{PROJECT}:9")));
}

#[test]
fn an_untrusted_version_selects_nothing_that_the_user_excludes() {
    for (user, project, version, untrusted) in [
        ("", "0.2.0", "0.2.0", true),
        ("", "^0.2", "^0.2", true),
        ("", "latest", "latest", true),
        ("latest", "0.2.0", "0.2.0", true),
        ("^0.2", "0.2.5", "0.2.5", true),
        ("^0.2", "0.3.0", "^0.2", false),
        ("^0.2", "^0.1", "^0.2", false),
        ("^0.2", "latest", "^0.2", false),
        ("0.2.0", "0.3.0", "0.2.0", false),
        ("0.2.0", "latest", "0.2.0", false),
        ("dev", "0.2.0", "dev", false),
        ("", "dev", "latest", false),
    ] {
        let of = |version: &str| match version {
            "" => String::new(),
            version => format!("[bridge]\nversion = '{version}'\n"),
        };
        let world = World::new().user(&of(user)).project(&of(project)).untrusting();
        let bridge = world.resolved().bridge;
        let what = format!("{user} {project}");
        assert_eq!(bridge.version.value.to_string(), version, "{what}");
        assert_eq!(bridge.is_version_untrusted, untrusted, "{what}");
        let bridge = world.trusting().resolved().bridge;
        assert_eq!(bridge.version.value.to_string(), project, "{what}");
        assert!(!bridge.is_version_untrusted, "{what}");
    }
    let given = Flags { version: Some("0.1.0".parse().unwrap()), ..Flags::default() };
    let world = World::new().project("[bridge]\nversion = '0.2.0'\n").untrusting().flags(given);
    assert!(!world.resolved().bridge.is_version_untrusted, "the user names the version");
    assert_eq!(world.warnings(), [""; 0]);
}

#[test]
fn a_setting_that_is_not_tighter_is_a_warning() {
    for (user, project, key) in [
        ("[bridge]\nversion = '0.1.0'\n", "[bridge]\nversion = '0.2.0'\n", Some("bridge.version")),
        ("", "[bridge]\nversion = '0.2.0'\n", None),
        ("", "[bridge]\ntimeout_sec = 31\n", Some("bridge.timeout_sec")),
        ("", "[bridge]\ntimeout_sec = 29\n", None),
        ("", "[trust]\nminimum_release_age = '1day'\n", None),
        ("", "[trust]\nminimum_release_age = '0s'\n", Some("trust.minimum_release_age")),
    ] {
        let world = World::new().user(user).project(project).untrusting();
        assert_eq!(world.resolved().untrusted, None, "{project}");
        let warnings: Vec<_> = key
            .map(|key| {
                format!(
                    "{PROJECT}:2: {key}: can only be made stricter until the project is trusted"
                )
            })
            .into_iter()
            .collect();
        assert_eq!(world.warnings(), warnings, "{user} {project}");
    }
}

#[test]
fn an_untrusted_project_chooses_no_provider_and_no_key() {
    let user = "[llm.corp]\napi_base = 'https://corp'\n[llm.lan]\napi_base = 'http://lan'\n";
    for (project, dotenv) in [
        ("", ""),
        ("[llm]\ndefault = 'lan'\n", ""),
        ("[llm.lan]\nmodel = 'z'\n", ""),
        ("[llm.a]\napi_base = 'https://evil'\n", "A_API_KEY=THEIRS\n"),
        ("[llm.corp]\napi_key = 'THEIRS'\n", ""),
        ("[llm.corp]\nmax_tokens = 9\n", "CORP_API_KEY=THEIRS\nLAN_API_KEY=THEIRS\n"),
        ("name = 'x'\n", "CORP_API_KEY=THEIRS\nLAN_API_KEY=THEIRS\n"),
    ] {
        let world = World::new().user(user).project(project).file("/p/.env", dotenv).untrusting();
        let llm = world.env(&[("LOOM_LLM_API_KEY", "MINE")]).resolved().llm;
        let keys: Vec<_> = llm
            .providers
            .iter()
            .map(|provider| (provider.name.as_str(), provider.api_key.as_ref()))
            .map(|(name, key)| (name, key.map(|key| key.value.expose_secret())))
            .collect();
        assert_eq!(keys, [("corp", Some("MINE")), ("lan", None)], "{project} {dotenv}");
        assert_eq!(llm.default.unwrap().value, "corp", "{project}");
    }
}

#[test]
fn a_trusted_project_gives_keys_to_its_own_providers_only() {
    let world = World::new()
        .user("[llm.corp]\napi_base = 'https://corp'\n")
        .project("[llm.own]\napi_base = 'https://own'\n")
        .file("/p/.env", "CORP_API_KEY=THEIRS\nOWN_API_KEY=THEIRS\n");
    let llm = world.resolved().llm;
    let keys: Vec<_> = llm
        .providers
        .iter()
        .map(|provider| (&*provider.name, provider.api_key.is_some()))
        .collect();
    assert_eq!(keys, [("own", true), ("corp", false)]);
    assert_eq!(
        world.warnings(),
        [
            "/p/.env:1: CORP_API_KEY: has no effect: the provider is not in the loom.toml beside this file"
        ]
    );
}

#[test]
fn the_users_agent_comes_before_that_of_an_untrusted_project() {
    let world = World::new()
        .user("[agents.a]\nllm_provider = 'mine'\n")
        .project("[agents.a]\ntopics = ['t']\n[agents.b]\ntopics = ['t']\nllm_provider = 'x'\ntimeout_sec = 3\n");
    let keys = |world: &World, agent: &str| -> Vec<String> {
        world.resolved().agents[agent].value.keys().cloned().collect()
    };
    assert_eq!((keys(&world, "a"), keys(&world, "b").len()), (vec!["topics".to_owned()], 3));
    let world = world.untrusting();
    assert_eq!(keys(&world, "a"), ["llm_provider"]);
    assert_eq!(keys(&world, "b"), ["timeout_sec", "topics"]);
    assert_eq!(world.setting("agents.a.llm_provider").1, format!("{USER}:2"));
}
