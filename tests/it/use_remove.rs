//! `loom use` and `loom remove`: the default version, and removal of releases.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use crate::support::{self, Plain, Sandbox};

fn with_two_versions() -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    (sandbox, mirror)
}

#[test]
fn the_default_version_applies_unless_a_setting_or_option_overrides_it() {
    let (mut sandbox, _mirror) = with_two_versions();
    sandbox.loom(&["use", "0.1.0"]).ok();
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.1.0"));
    assert_eq!(
        sandbox.loom(&["which", "--version", "0.2.0"]).ok().path(),
        sandbox.link("0.2.0"),
        "the option overrides it"
    );
    sandbox.set("LOOM_VERSION", "0.2.0");
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.unset("LOOM_VERSION").loom(&["use", "0.2.0"]).ok();
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn a_version_that_is_not_installed_can_be_the_default() {
    let (sandbox, _mirror) = with_two_versions();
    sandbox.loom(&["use", "0.9.0"]).ok().says(&["0.9.0", "not installed", "loom get"]);
    sandbox.loom(&["which"]).code(3).says(&["0.9.0"]);
    sandbox.loom(&["use", "0.2.0+build"]).code(2);
    sandbox.loom(&["use", "--none"]).ok();
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.2.0"));
}

/// The error of a default version that no source has says where it comes from.
#[test]
fn a_default_version_that_no_source_has_is_explained() {
    let (sandbox, mirror) = with_two_versions();
    sandbox.loom(&["use", "7.7.7"]).ok();
    let source = mirror.url();
    let expected = [
        "7.7.7 is the default version, which `loom use` chose (",
        "use/loom-os@loom-bridge-server.json)",
        "`loom use VERSION` chooses another one, `loom use --none` the latest",
    ];
    for args in [&["get", "--source", &source][..], &["up", "--source", &source], &["which"]] {
        sandbox.loom(args).code(3).says(&expected);
    }
    // A version that is named for this run is no default one.
    let named = ["get", "--source", &source, "--version", "7.7.7"];
    sandbox.loom(&named).code(3).never_says(&["default version"]);
}

#[test]
fn the_error_of_use_names_the_expected_value() {
    let sandbox = Sandbox::new();
    let expected = "expected one version, such as 0.2.0, or dev";
    sandbox.loom(&["use", "latest"]).code(2).says(&[expected, "loom use --none"]);
    sandbox.loom(&["use", "0.1"]).code(2).says(&[expected, "a range"]);
    let run = sandbox.loom(&["use", "banana"]).code(2);
    run.says(&[expected]).never_says(&["unexpected character"]);
}

#[test]
fn a_version_may_be_typed_as_a_tag_everywhere() {
    let (mut sandbox, mirror) = with_two_versions();
    let source = mirror.url();
    for args in [
        &["get", "v0.2.0", "--source", &source][..],
        &["get", "--version", "v0.2.0", "--source", &source],
        &["which", "v0.2.0"],
        &["which", "--version", "V0.2.0"],
    ] {
        assert_eq!(sandbox.loom(args).ok().path(), sandbox.link("0.2.0"), "{args:?}");
    }
    sandbox.loom(&["why", "v0.2.0"]).ok();
    sandbox.loom(&["use", "v0.1.0"]).ok();
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.1.0"));
    sandbox.set("LOOM_VERSION", "v0.2.0");
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.unset("LOOM_VERSION").loom(&["remove", "v0.1.0"]).ok();
    sandbox.loom(&["which", "0.1.0"]).code(3);
    sandbox.loom(&["get", "0.2.0", "--version", "0.2.0"]).code(2).says(&["cannot be used with"]);
}

#[test]
fn the_document_of_use_always_has_the_same_keys() {
    let sandbox = Sandbox::new();
    let keys = |args: &[&str]| {
        let document = sandbox.loom(args).ok().json();
        document.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(&["use", "0.9.0", "--json"]), keys(&["use", "--none", "--json"]));
}

#[test]
fn remove_deletes_a_release_and_its_tree_and_no_other() {
    let (sandbox, mirror) = with_two_versions();
    sandbox.loom(&["remove", "0.1.0"]).ok();
    sandbox.loom(&["which", "--version", "0.1.0"]).code(3);
    assert!(sandbox.link("0.1.0").symlink_metadata().is_err());
    assert_eq!(sandbox.trees().len(), 1);
    assert_eq!(sandbox.loom(&["which", "--version", "0.2.0"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.verify();
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    sandbox.verify();
}

#[test]
fn removing_a_release_that_is_not_installed_is_exit_3() {
    let sandbox = Sandbox::new();
    sandbox.loom(&["remove", "0.1.0"]).code(3).says(&["0.1.0"]);
}

#[test]
fn what_is_removed_is_told_where_another_version_is_not_installed() {
    let (sandbox, _mirror) = with_two_versions();
    let run = sandbox.loom(&["remove", "0.1.0", "9.9.9"]).code(3);
    assert!(run.stdout().starts_with("removed loom-bridge-server 0.1.0"), "{}", run.stdout());
    run.says(&["9.9.9", "is not installed"]);
    let document = sandbox.loom(&["remove", "9.9.9", "0.2.0", "--json"]).code(3).json();
    assert_eq!(document["releases"][0]["version"], "0.2.0", "{document}");
}

#[test]
fn a_release_in_use_is_not_removed_and_the_error_names_its_runtime() {
    let stage = support::Stage::new();
    let document = stage.up();
    let elsewhere = stage.sandbox.folder("elsewhere");
    let run = stage.sandbox.loom_in(&elsewhere, &["remove", "0.2.0"]).code(9);
    let project = stage.sandbox.project();
    run.never_says(&["leases"]).says(&[
        "is in use",
        &format!("process {} runs it for the project {}", document["pid"], project.display()),
        &format!("`loom down` in {}", project.display()),
    ]);
    assert!(support::stage::answers(&document));
    stage.sandbox.loom(&["down"]).ok();
    stage.sandbox.loom_in(&elsewhere, &["remove", "0.2.0"]).ok();
}

#[test]
fn two_releases_with_one_tree_share_it_until_the_last_is_removed() {
    use crate::support::{Packing, Sums, program};
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    for version in ["0.1.0", "0.2.0"] {
        mirror.add(version, Packing::TarGz, &program::small("either"), Sums::Sidecar);
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    assert_eq!(sandbox.trees().len(), 1);
    sandbox.loom(&["remove", "0.1.0"]).ok();
    sandbox.loom(&["which", "--version", "0.2.0"]).ok();
    sandbox.verify();
    sandbox.loom(&["remove", "0.2.0"]).ok();
    assert!(sandbox.trees().is_empty());
    sandbox.verify();
}

/// A loss of power during a removal may leave a version of which only the record is gone.
#[test]
fn a_version_without_its_record_is_removed_and_collected_like_others() {
    let (sandbox, mirror) = with_two_versions();
    sandbox.sources(&[(&mirror.url(), "")]);
    let lose_record = || {
        let records = sandbox.cache().join("releases/loom-os/loom-bridge-server/0.1.0");
        fs::remove_dir_all(records).unwrap();
    };
    lose_record();
    sandbox.loom(&["which", "--version", "0.1.0"]).ok();
    sandbox.loom(&["remove", "<0.2"]).ok();
    sandbox.loom(&["which", "--version", "0.1.0"]).code(3);
    sandbox.verify();

    sandbox.loom(&["get", "0.1.0"]).ok();
    lose_record();
    let below = "verifications/loom-os/loom-bridge-server/0.1.0/linux-x86_64.json";
    let file = fs::File::options().append(true).open(sandbox.cache().join(below)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(30 * 86_400)).unwrap();
    sandbox.loom(&["store", "gc", "--keep", "1"]).ok();
    sandbox.loom(&["which", "--version", "0.1.0"]).code(3);
    sandbox.loom(&["which", "--version", "0.2.0"]).ok();
    sandbox.verify();
}
