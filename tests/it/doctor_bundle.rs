//! `loom doctor --bundle`: what a report of a problem needs, without secrets.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use crate::support::{Plain, Sandbox};

/// One secret for each place where secrets are kept.
const SECRETS: [&str; 12] = [
    "planted-in-config-0001",
    "planted-in-dotenv-0002",
    "planted-in-token-0003",
    "planted-in-github-0004",
    "planted-in-url-0005",
    "planted-in-netrc-0006",
    "planted-in-other-project-0007",
    "planted-in-mcp-env-0008",
    "planted-in-providers-0009",
    // As `base64` writes `ada:planted-in-netrc-0006`.
    "YWRhOnBsYW50ZWQtaW4tbmV0cmMtMDAwNg==",
    "planted-in-named-variable-0010",
    "planted-in-header-0011",
];

fn plant(sandbox: &mut Sandbox, mirror: &Plain) {
    let other = sandbox.folder("other");
    let config = format!(
        "[llm.deepseek]\napi_key = \"{}\"\n\n[mcp.files]\ncommand = \"x\"\nenv = {{ KEY = \"{}\" }}\n\n\
         [[sources]]\ntype = \"mirror\"\nname = \"remote\"\nurl = \"https://ada:{}@mirror.invalid/loom\"\n\n\
         [[sources]]\ntype = \"mirror\"\nname = \"local\"\nurl = \"{}\"\n\n\
         [[sources]]\ntype = \"github\"\nrepo = \"corp/loom\"\ntoken_env = \"CORP\"\n\n\
         [mcp.remote]\nurl = \"https://mcp.invalid/mcp\"\nheaders = {{ Authorization = \"Bearer {}\" }}\n",
        SECRETS[0],
        SECRETS[7],
        SECRETS[4],
        mirror.url(),
        SECRETS[11],
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    sandbox.write(".env", &format!("OPENAI_API_KEY='{}'\n", SECRETS[1]));
    sandbox.write("loom.toml", "name = \"demo\"\n");
    sandbox.write(other.join(".env"), &format!("PLAIN={}\n", SECRETS[6]));
    let netrc = format!("machine mirror.invalid login ada password {}\n", SECRETS[5]);
    sandbox.write(sandbox.home().join(".netrc"), &netrc);
    sandbox
        .set("SHORT_SECRET", "q7zK")
        .set("CORP", SECRETS[10])
        .set("LOOM_TOKEN", SECRETS[2])
        .set("GITHUB_TOKEN", SECRETS[3]);
    let providers = format!("{{\"openai\":{{\"api_key\":\"{}\"}}}}", SECRETS[8]);
    sandbox.set("LOOM_LLM_PROVIDERS", providers);
    // The log and the records of a runtime that ended.
    let instance = sandbox.state().join("instances/0123456789abcdef-loom-bridge-server");
    let lines: String =
        SECRETS.iter().map(|secret| format!("INFO got {secret} from it\n")).collect();
    let log = format!(
        "{}{lines}url=https://bob:hunter2@host/x?sig=abcdef next\n\
         pin=q7zK, and q7zK%20planted%2din%2durl%2d0005\nAuthorization: Bearer abcdefghijkl\nkey sk-0123456789abcdefghij\n\x1b[31mred\n",
        "early\n".repeat(300)
    );
    sandbox.write(instance.join("log"), &log);
    let record = serde_json::json!({"project": other, "dashboard": {"login_url": "http://127.0.0.1:3030/#code=c0de"}});
    sandbox.write(instance.join("end.json"), &record.to_string());
    let mode = fs::Permissions::from_mode(0o700);
    for folder in [sandbox.state(), sandbox.state().join("instances"), instance] {
        fs::set_permissions(folder, mode.clone()).unwrap();
    }
}

/// All text in the files of a bundle, with their names.
fn unpacked(bundle: &Path, to: &Path) -> String {
    let tar = Command::new("tar").arg("-xzf").arg(bundle).arg("-C").arg(to).status().unwrap();
    assert!(tar.success());
    let grep = Command::new("grep").args(["-r", "", "."]).current_dir(to).output().unwrap();
    String::from_utf8(grep.stdout).unwrap()
}

#[test]
fn it_has_what_a_report_needs_and_no_secret() {
    let (mut sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.2.0"]));
    plant(&mut sandbox, &mirror);
    sandbox.loom(&["get", "0.2.0", "--source", &mirror.url()]).ok();
    sandbox.loom(&["get", "9.9.9", "--source", &mirror.url()]).code(3);
    let args = ["doctor", "--offline", "--bundle", "report.tar.gz"];
    let run = sandbox.loom(&args).ok();
    let bundle = sandbox.project().join("report.tar.gz");
    assert_eq!(fs::metadata(&bundle).unwrap().permissions().mode() & 0o777, 0o600);
    let text = unpacked(&bundle, &sandbox.folder("unpacked"));
    for part in [
        "about.json",
        "doctor.json",
        "environment.json",
        "config.json",
        "list.json",
        "du.json",
        "verify.json",
        "attempts.json",
        "failures.json",
        "/log",
        "end.json",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
        assert!(run.stdout().contains(part), "{}", run.stdout());
    }
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in:\n{text}");
    }
    for secret in [
        "hunter2",
        "abcdef next",
        "abcdefghijkl",
        "sk-0123",
        "c0de",
        "ada:",
        "\x1b",
        "pin=q7zK",
        "planted%2d",
        "bmV0cmMtMDAw",
    ] {
        assert!(!text.contains(secret), "{secret} is in:\n{text}");
    }
    for kept in ["got *** from it", "mirror.invalid", "9.9.9", "https://***@host/x?***"] {
        assert!(text.contains(kept), "{kept} is missing:\n{text}");
    }
    let logged = text.lines().filter(|line| line.contains("/log:")).count();
    assert_eq!(logged, 200, "the last lines of the log");

    sandbox.loom(&args).code(2).says(&["is there already", "--force"]);
    let document = sandbox.loom(&[&args[..], &["--force", "--json"]].concat()).ok().json();
    let parts = document["bundle"]["parts"].as_array().unwrap();
    assert!(parts.iter().any(|part| part["name"] == "doctor.json"), "{document}");
    let left: Vec<_> = fs::read_dir(sandbox.project()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(".tmp")));
}

#[test]
fn a_machine_with_problems_gets_one_too() {
    let sandbox = Sandbox::direct();
    sandbox.write("loom.toml", "[bridge]\nadress = 1\n");
    sandbox.loom(&["doctor", "--offline"]).code(1);
    sandbox.loom(&["doctor", "--offline", "--bundle", "report.tar.gz"]).ok();
    let text = unpacked(&sandbox.project().join("report.tar.gz"), &sandbox.folder("unpacked"));
    assert!(text.contains("adress"), "{text}");
    assert!(text.contains("store-error.txt"), "{text}");
    let missing = ["doctor", "--offline", "--bundle", "none/report.tar.gz"];
    sandbox.loom(&missing).code(1).says(&["could not write"]);
}
