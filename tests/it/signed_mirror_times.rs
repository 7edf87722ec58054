//! Signed mirrors over time: what `doctor` says of them, a root that is seen for the first time, lists that end with
//! their index, and the index in the chain of `loom why`.

use std::time::{Duration, SystemTime};

use loom_base::time::format_rfc3339;
use serde_json::Value;

use crate::support::{MirrorReader, Sandbox, Server, SignedDepot, signed_depot::DAY};

/// The check of the mirror in `loom doctor`, and the exit code.
fn check(sandbox: &Sandbox, args: &[&str]) -> (Value, i32) {
    let run = sandbox.loom(&[&["doctor", "--json"], args].concat());
    let document = run.json();
    let checks = document["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "signed mirror").cloned();
    (check.unwrap_or_default(), run.exit())
}

#[test]
fn doctor_shows_each_signed_mirror_and_warns_before_its_end() {
    let mut mirror = SignedDepot::of(&["0.2.0"]);
    let reader = MirrorReader::of(&mirror);
    let sandbox = &reader.sandbox;
    // Nothing but the root is known, and no source is asked for the state.
    std::fs::rename(mirror.depot.path().join("releases"), mirror.depot.path().join("away"))
        .unwrap();
    let (unseen, _) = check(sandbox, &["--offline"]);
    assert_eq!(unseen["grade"], "warning");
    assert!(unseen["message"].as_str().unwrap().contains("no index was seen yet"), "{unseen}");
    assert!(unseen["hint"].as_str().unwrap().contains("loom list --remote"), "{unseen}");
    std::fs::rename(mirror.depot.path().join("away"), mirror.depot.path().join("releases"))
        .unwrap();
    for (left, root_left, grade, says) in [
        (30 * DAY, 300 * DAY, "ok", "serial 2 of root 2"),
        (6 * DAY, 300 * DAY, "warning", "the index expires in 5 days"),
        (30 * DAY, 6 * DAY, "warning", "the root expires in 5 days"),
        (Duration::ZERO, 300 * DAY, "failure", "the index has expired"),
        (30 * DAY, Duration::ZERO, "failure", "the root has expired"),
    ] {
        let now = SystemTime::now();
        mirror.serial += 1;
        mirror.new_root(|root| root.expires = now + root_left);
        mirror.sign_with(|index| {
            index.issued = Some(format_rfc3339(now - 60 * DAY));
            index.expires = Some(format_rfc3339(now + left));
        });
        // The list is refused where something has expired, and kept in mind.
        sandbox.loom(&["list", "--remote"]);
        let (check, exit) = check(sandbox, &["--offline"]);
        assert_eq!(check["grade"], grade, "{says}: {check}");
        let message = check["message"].as_str().unwrap();
        assert!(message.contains(says), "{says}: {message}");
        assert!(message.contains("issued") && message.contains("valid until"), "{message}");
        assert!(grade == "ok" || check["hint"].is_string(), "{check}");
        assert!(grade != "failure" || exit == 1, "{check}");
    }
    let text = sandbox.loom(&["doctor", "--offline"]).stdout();
    assert!(text.contains("signed mirror") && text.contains("has expired"), "{text}");
    let document = sandbox.loom(&["doctor", "--offline", "--json"]).json();
    let index = &document["compliance"]["roots"][0]["index"];
    assert_eq!(index["serial"], mirror.serial);
    assert!(index["issued"].is_string() && index["expires"].is_string(), "{index}");
}

#[test]
fn a_root_that_is_seen_for_the_first_time_is_announced_once() {
    let mirror = SignedDepot::of(&["0.2.0"]);
    let (_, sha256) = mirror.anchor();
    let sandbox = Sandbox::new();
    let config = format!(
        "[[sources]]\nname = \"corp\"\ntype = \"mirror\"\nurl = \"{}\"\n[trust]\npin_roots = \"first-seen\"\n",
        mirror.url()
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    let run = sandbox.loom(&["get"]).ok();
    let error = run.stderr();
    assert_eq!(error.matches("was seen for the first time").count(), 1, "{error}");
    let id = mirror.mirror.to_string();
    for part in ["corp: ", &id, &sha256, "root/1.json", "loom trust add-root"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // The command that it names gives the root.
    for args in [&["get"][..], &["list", "--remote"], &["doctor"]] {
        let run = sandbox.loom(args);
        assert!(!run.stderr().contains("first time"), "{}", run.stderr());
    }
    let (check, _) = check(&sandbox, &[]);
    assert!(check["message"].as_str().unwrap().contains("kept at first sight"), "{check}");
    let command = error.split('`').find(|part| part.starts_with("loom trust add-root")).unwrap();
    let args: Vec<_> = command.split(' ').skip(1).collect();
    sandbox.loom(&args).ok();
    let roots = sandbox.loom(&["trust", "roots", "--json"]).ok().json();
    assert_eq!(roots["roots"][0]["origin"], "added");
}

#[test]
fn a_kept_list_ends_with_its_index() {
    let mirror = SignedDepot::of(&["0.1.0", "0.2.0", "0.3.0"]);
    let server = Server::serve(mirror.depot.path());
    let (file, sha256) = mirror.anchor();
    let sandbox = Sandbox::new();
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    let expires = SystemTime::now() + Duration::from_secs(20);
    mirror.sign_with(|index| index.expires = Some(format_rfc3339(expires)));
    sandbox.loom(&["get", "--version", "0.3.0"]).ok();
    sandbox.loom(&["get", "latest"]).ok();
    // The list of the run before serves a range.
    sandbox.loom(&["which", "latest"]).ok();
    let folder = sandbox.state().join("versions");
    let mut kept = std::fs::read_dir(folder).unwrap().flatten().map(|file| file.path());
    let kept = kept.find(|path| path.extension().is_some_and(|ending| ending == "json")).unwrap();
    let text = std::fs::read_to_string(kept).unwrap();
    assert!(text.contains("\"expires\""), "{text}");
    // The index is over; the setting `update.check_interval` would keep the list for a day.
    let left = expires.duration_since(SystemTime::now()).unwrap_or_default();
    std::thread::sleep(left + Duration::from_secs(1));
    server.forget();
    let run = sandbox.loom(&["get", "--version", "<0.2"]).code(5);
    assert!(run.stderr().contains("expired"), "{}", run.stderr());
    assert!(server.gets("releases/index.json") >= 1, "the mirror was asked for a newer index");
    // Offline, a list that is over selects nothing either.
    let run = sandbox.loom(&["get", "--version", "latest", "--offline"]);
    assert!(!run.stderr().contains("listed its versions"), "{}", run.stderr());
    // A version that is named and was seen before still works.
    sandbox.loom(&["get", "--version", "0.3.0"]).ok();
    sandbox.loom(&["which", "--version", "0.3.0"]).ok();
    sandbox.loom(&["remove", "0.3.0"]).ok();
    sandbox.loom(&["get", "--version", "0.3.0"]).ok();
}

#[test]
fn why_names_the_index_and_every_link_of_the_chain() {
    let mirror = SignedDepot::of(&["0.2.0"]);
    let reader = MirrorReader::of(&mirror);
    reader.sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    let why = reader.sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    let chain = &why["chain"];
    let index = &chain["index"];
    let payload = mirror.payload();
    assert_eq!(index["mirror"], mirror.mirror.to_string());
    assert_eq!((&index["root"], &index["serial"]), (&Value::from(1), &Value::from(1)));
    let key = loom_runtime::trust::mirror::key_id(&mirror.keys.index).to_string();
    assert_eq!(index["keys"], serde_json::json!([key]));
    for name in ["issued", "expires"] {
        assert!(index[name].as_str().unwrap().ends_with('Z'), "{chain}");
    }
    assert!(index["expires"].as_str() > index["issued"].as_str(), "{chain}");
    let entry = &payload.releases[0];
    assert_eq!(chain["statement"], entry.statement.to_string());
    assert_eq!(chain["tree"], why["tree"]);
    assert_eq!(chain["archive"], why["receipt"]["archive"]["digest"]);
    assert_eq!(chain["time"], why["receipt"]["at"]);
    assert_eq!(chain["source"]["name"], mirror.url());
    assert_eq!(chain["signatures"], serde_json::json!([]));
    assert!(chain["lock"].is_null());
    // With a lock file, the chain has it.
    reader.sandbox.write("loom.toml", "[bridge]\nversion = \"0.2.0\"\n");
    reader.sandbox.loom(&["trust"]).ok();
    reader.sandbox.loom(&["lock"]).ok();
    let why = reader.sandbox.loom(&["why", "--json"]).ok().json();
    assert_eq!(why["chain"]["lock"]["version"], "0.2.0");
    assert_eq!(why["chain"]["lock"]["met"], true);
}
