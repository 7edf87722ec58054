//! The commands of the release workflow, with the programs of the tests and a registry of the tests.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use super::{PLATFORMS, program, sboms, tool};
use crate::support::{
    BINARY, Sandbox, TestedRegistry, platform, program as programs,
    server_release::{LOOM, VERSION},
};

/// A file of the repository.
fn repository_file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The commands of a step of the workflow.
fn commands(step: &str) -> String {
    let workflow = repository_file(".github/workflows/release.yml");
    let (_, rest) = workflow.split_once(&format!("- name: {step}\n")).unwrap();
    let (_, rest) = rest.split_once("run: |\n").unwrap();
    let indent: String = rest.chars().take_while(|c| *c == ' ').collect();
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with(&indent));
    lines.map(|line| format!("{}\n", line.strip_prefix(&indent).unwrap_or_default())).collect()
}

/// Runs commands as a runner does.
fn run(sandbox: &Sandbox, script: &str, variables: &[(&str, &str)]) -> String {
    let mut bash = sandbox.command("bash");
    bash.args(["-e", "-o", "pipefail", "-c", script]).envs(variables.iter().copied());
    let output = bash.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success(), "{script}: {printed}");
    printed
}

/// What the jobs before the packing collect: programs, of which those for this platform run, and lists of components.
fn collected() -> Sandbox {
    let sandbox = Sandbox::new();
    let project = sandbox.project();
    for file in ["Cargo.toml", "LICENSE"] {
        sandbox.write(file, &repository_file(file));
    }
    for (binary, real) in [(BINARY, programs::server_path()), (LOOM, Sandbox::program())] {
        for one in PLATFORMS {
            let exe = if one == "windows-x86_64" { ".exe" } else { "" };
            let path = project.join(format!("collected/builds/{one}/{binary}{exe}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if one == platform() {
                let strip = Command::new("strip").arg("-o").arg(&path).arg(&real).status().unwrap();
                assert!(strip.success());
            } else {
                fs::write(&path, program(one, VERSION)).unwrap();
            }
            let list = format!("collected/components/{binary}-{VERSION}-{one}.cdx.json");
            sandbox.write(list, r#"{"bomFormat": "CycloneDX", "specVersion": "1.5"}"#);
        }
    }
    sandbox.write("collected/wheels/loom-manylinux_x86_64.whl", "a wheel");
    for tools in ["target/wheel-tools/bin", "tools/bin", "temp/tools/bin"] {
        fs::create_dir_all(project.join(tools)).unwrap();
        symlink(Sandbox::program(), project.join(tools).join("loom")).unwrap();
    }
    let commit = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty"];
    tool(&sandbox, &project, &["git", "init", "--quiet"]);
    tool(&sandbox, &project, &[&commit[..], &["--quiet", "--message", "release"]].concat());
    sandbox
}

#[test]
fn the_commands_of_the_release_workflow_publish_both_programs() {
    let sandbox = collected();
    let (project, platform) = (sandbox.project(), platform());
    let layers = commands("Make the layers with the C library of the images");
    run(&sandbox, &layers, &[("PLATFORM", &platform)]);
    // The programs of the tests take the place of those that the wheel would bring.
    let is_kept = |line: &&str| !line.contains("venv") && !line.contains("pip install");
    let pack: String =
        commands("Pack").lines().filter(is_kept).map(|line| format!("{line}\n")).collect();
    run(&sandbox, &pack, &[]);

    let (key, cosign) = ("minisign.key", "cosign.key");
    let make =
        "printf 'open sesame\\nopen sesame\\n' | minisign -G -s minisign.key -p minisign.pub";
    tool(&sandbox, &project, &["sh", "-c", make]);
    let new = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    tool(&sandbox, &project, &[&new[..], &["-out", cosign]].concat());
    let [minisign, cosign] =
        [key, cosign].map(|file| fs::read_to_string(project.join(file)).unwrap());
    let temporary = project.join("temp").display().to_string();
    let secrets = [
        ("RUNNER_TEMP", temporary.as_str()),
        ("MINISIGN_KEY", &minisign),
        ("MINISIGN_PASSWORD", "open sesame"),
        ("COSIGN_KEY", &cosign),
    ];
    run(&sandbox, &commands("Sign"), &secrets);
    assert!(!project.join("temp/keys").exists(), "the keys are removed");

    // The other Linux gets any layer here: its program is none.
    fs::rename(project.join("collected/layers"), project.join("layers")).unwrap();
    for binary in [BINARY, LOOM] {
        let layer = |of: &str| project.join(format!("layers/{binary}-{of}.tar.gz"));
        for other in ["linux-x86_64", "linux-aarch64"].into_iter().filter(|one| *one != platform) {
            fs::copy(layer(&platform), layer(other)).unwrap();
        }
    }
    let registry = TestedRegistry::docker();
    let login = |line: &&str| !line.contains("docker login");
    let publish = commands("Publish the images");
    assert!(publish.contains("oci://ghcr.io/${OWNER,,}"), "{publish}");
    let publish = publish.replace("ghcr.io", &registry.address());
    let publish: String = publish.lines().filter(login).map(|line| format!("{line}\n")).collect();
    let commit = "c30274eb0123456789abcdef0123456789abcdef";
    let variables =
        [("RUNNER_TEMP", temporary.as_str()), ("OWNER", "Team/Loom"), ("COMMIT", commit)];
    run(&sandbox, &publish, &variables);
    // Again, nothing changes.
    let again = run(&sandbox, &publish, &variables);
    assert_eq!(again.matches("was published already").count(), 2, "{again}");

    let public = fs::read_to_string(project.join("minisign.pub")).unwrap();
    let public = format!("minisign:{}", public.lines().nth(1).unwrap());
    for binary in [BINARY, LOOM] {
        let check = ["release", "check", "--binary", binary, &registry.url(), VERSION];
        sandbox.loom(&[&check[..], &["--key", &public, "--platform", &platform]].concat()).ok();
    }
    let image = sboms::manifest_of(VERSION, &sandbox, &registry, &platform);
    let kinds: Vec<String> = sboms::list_signatures(&sandbox, &registry, &image)
        .into_iter()
        .map(|[kind, _]| kind)
        .collect();
    assert_eq!(kinds, ["cosign", "minisign", "sigstore"]);
}
