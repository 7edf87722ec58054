//! What `cargo run -- up --build` compiles in this workspace: nothing twice.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    process::Command,
};

use loom_cargo_build::{
    CargoOutput, PackageSelection,
    cargo_command::{self, BuildRequest},
};
use serde_json::Value;

fn workspace() -> PathBuf {
    let package: PathBuf = std::env::var_os("CARGO_MANIFEST_DIR").unwrap().into();
    package.ancestors().nth(2).unwrap().to_owned()
}

/// The units that cargo would compile for these arguments, each as its package, target, profile and features with
/// those of all of its dependencies.
fn units(arguments: &[String]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap();
    let mut command = Command::new(cargo);
    // The unit graph is not stable; the variable makes a stable cargo print it. Nothing is compiled.
    command.args(arguments).args(["--unit-graph", "-Zunstable-options", "--offline"]);
    command.env("RUSTC_BOOTSTRAP", "1").env_remove("CARGO_TARGET_DIR").current_dir(workspace());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    let units = graph["units"].as_array().unwrap();
    let mut known = HashMap::new();
    (0..units.len()).map(|index| identity(units, index, &mut known)).collect()
}

/// A text that two units share only if cargo compiles them once.
fn identity(units: &[Value], index: usize, known: &mut HashMap<usize, String>) -> String {
    if let Some(identity) = known.get(&index) {
        return identity.clone();
    }
    let unit = &units[index];
    let parts = ["pkg_id", "target", "profile", "platform", "mode", "features"];
    let own: Vec<&Value> = parts.iter().map(|part| &unit[*part]).collect();
    let below: BTreeSet<String> = unit["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| {
            let index = usize::try_from(dependency["index"].as_u64().unwrap()).unwrap();
            identity(units, index, known)
        })
        .collect();
    let text = format!("{} {own:?} {below:?}", unit["pkg_id"]);
    let short = format!("{} {}", unit["pkg_id"], loom_source::Digest::of(text.as_bytes()));
    known.insert(index, short.clone());
    short
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// The arguments with which `--build` calls cargo in the checkout that `loom` was built from.
fn build(profile: &str) -> Vec<String> {
    cargo_command::arguments(&BuildRequest {
        cargo: Path::new("cargo"),
        checkout: &workspace(),
        binary: "loom-bridge-server",
        profile: Some(profile),
        selection: PackageSelection::DefaultMembers,
        target_dir: None,
        output: &CargoOutput::Inherit,
    })
}

#[test]
fn run_and_build_compile_what_one_build_of_both_programs_does() {
    for profile in ["dev", "release"] {
        // As `cargo run --profile P` does: the default members are selected, the program is built.
        let run = units(&words(&format!("build --bin loom --profile {profile}")));
        let build = units(&build(profile));
        let both = format!("build --bin loom --bin loom-bridge-server --profile {profile}");
        let both = units(&words(&both));
        let separately: BTreeSet<String> = run.union(&build).cloned().collect();
        let twice: Vec<_> = separately.difference(&both).collect();
        assert!(twice.is_empty(), "{profile}: {twice:#?}");
        assert!(run.intersection(&build).count() > 100, "the programs share their dependencies");
    }
}

#[test]
fn selecting_the_package_alone_would_compile_dependencies_twice() {
    let run = units(&words("build --bin loom"));
    let alone = units(&words("build -p loom-bridge --bin loom-bridge-server"));
    let both = units(&words("build --bin loom --bin loom-bridge-server"));
    assert!(run.union(&alone).cloned().collect::<BTreeSet<_>>().difference(&both).count() > 0);
}
