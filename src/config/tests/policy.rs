//! What the machine-wide file fixes for all users.

use super::*;

const MACHINE: &str = "/etc/loom/config.toml";

fn machine(text: &str) -> World {
    World::new().file(MACHINE, text)
}

#[test]
fn a_fixed_key_is_changed_by_nothing_but_a_stricter_value() {
    let locked = "[policy]\nlocked = ['trust', 'sources', 'bridge.mode']\n";
    let lax = format!("{locked}[trust]\nchecksum = 'if-available'\nminimum_release_age = '7d'\n");
    for (key, user, expected, from_user) in [
        ("trust.checksum", "[trust]\nchecksum = 'required'\n", json!("required"), true),
        (
            "trust.minimum_release_age",
            "[trust]\nminimum_release_age = '1d'\n",
            json!("7days"),
            false,
        ),
        (
            "trust.minimum_release_age",
            "[trust]\nminimum_release_age = '8d'\n",
            json!("8days"),
            true,
        ),
        ("bridge.mode", "[bridge]\nmode = 'bridge-only'\n", json!("full"), false),
        ("dashboard.port", "[dashboard]\nport = 1\n", json!(1), true),
    ] {
        let world = machine(&lax).user(user);
        let (value, origin) = world.setting(key);
        assert_eq!((value, origin.starts_with(USER)), (expected, from_user), "{user}");
    }
}

#[test]
fn an_attempt_in_a_file_is_a_warning_that_names_both_places() {
    let world = machine("[policy]\nlocked = ['bridge.mode']\n[bridge]\nmode = 'full'\n")
        .user("[bridge]\nmode = 'bridge-only'\n");
    let report = check(&world.inputs, &world.files).unwrap();
    let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
    let expected = format!(
        "{USER}:2: bridge.mode: has no effect: {MACHINE}:2 fixes bridge.mode for all users"
    );
    assert_eq!((report.problems, warnings), (vec![], vec![expected]));
    let same = machine("[policy]\nlocked = ['bridge.mode']\n").user("[bridge]\nmode = 'full'\n");
    assert_eq!(check(&same.inputs, &same.files).unwrap().warnings, []);
}

#[test]
fn an_attempt_of_an_option_or_a_variable_is_an_error() {
    let locked = "[policy]\nlocked = ['bridge.mode', 'trust.checksum', 'bridge.address']\n";
    let mut world = machine(locked).env(&[("LOOM_BRIDGE_ADDR", "127.0.0.1:1")]);
    world.inputs.flags.mode = Some(Mode::BridgeOnly);
    world.inputs.flags.allow_unverified = true;
    let mut problems = world.problems();
    problems.sort();
    let fixed = |what: &str, key: &str| {
        format!("{what}: has no effect: {MACHINE}:2 fixes {key} for all users")
    };
    let expected = [
        fixed("--allow-unverified", "trust.checksum"),
        fixed("--mode", "bridge.mode"),
        fixed("LOOM_BRIDGE_ADDR", "bridge.address"),
    ];
    assert_eq!(problems, expected);
}

#[test]
fn only_the_machine_wide_file_fixes_keys_and_only_known_ones() {
    let text = "[policy]\nlocked = ['trust']\n";
    let problem = "policy.locked: only the machine-wide file can set it";
    assert_eq!(World::new().user(text).problems(), [format!("{USER}:2: {problem}")]);
    assert_eq!(World::new().project(text).problems(), [format!("/p/loom.toml:2: {problem}")]);
    for unknown in ["trust.checksums", "llm.d", "offline", "policy", "name", ""] {
        let problems = machine(&format!("[policy]\nlocked = ['{unknown}']\n")).problems();
        assert_eq!(problems.len(), 1, "{unknown}: {problems:?}");
        assert!(problems[0].contains("a key or a table that can be locked"), "{problems:?}");
    }
}

#[test]
fn a_fixed_list_of_sources_is_not_replaced_by_a_trusted_project() {
    let world =
        machine("sources = ['https://mirror.example/loom']\n[policy]\nlocked = ['sources']\n")
            .project("sources = ['https://evil.example/loom']\n");
    let resolved = world.resolved();
    assert_eq!(resolved.sources.value.len(), 1);
    assert!(resolved.sources.value[0].to_string().contains("mirror.example"));
    assert_eq!(resolved.locked_keys, ["sources"]);
}
