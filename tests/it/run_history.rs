//! `[history]`, `dashboard.content` and `[llm.<name>.price]`: what a runtime keeps of its runs.

use serde_json::json;

use crate::support::DashboardStage;

#[test]
fn the_file_of_the_history_is_that_of_the_project() {
    let stage = DashboardStage::new();
    stage.stage.sandbox.write(
        "loom.toml",
        "[history]\nfile = 'kept/runs.db'\nmax_size = '3MiB'\nmax_age = '1h'\nrows_per_second = 100\n",
    );
    stage.loom(&["config", "get", "history.file"]).code(3);
    stage.loom(&["trust"]).ok();
    stage.up();
    stage.loom(&["publish", "price", "1"]).ok();
    stage.events("price", 1);
    let health = stage.get("/api/history");
    let file = stage.stage.sandbox.project().join("kept/runs.db");
    assert_eq!(health["path"], file.to_str().unwrap());
    assert_eq!(health["limit"], 3 << 20);
    stage.loom(&["down"]).ok();
    assert_eq!(stage.json(&["runs"])["runs"][0]["trigger"], "price", "the file is read");
    let checks = stage.loom(&["doctor"]).stdout();
    assert!(checks.contains("kept/runs.db") && checks.contains("ok       history"), "{checks}");
}

#[test]
fn a_project_without_a_history_says_so() {
    let stage = DashboardStage::new();
    stage.stage.sandbox.write("loom.toml", "[history]\nfile = 'off'\n");
    let off = ["history.file says that no file keeps its runs", "loom config get history.file"];
    stage.loom(&["runs"]).code(3).says(&off);
    stage.up();
    stage.loom(&["runs"]).code(3).says(&["the history is off; set LOOM_HISTORY"]);
}

#[test]
fn contents_are_told_of_once_and_can_be_turned_off_by_an_untrusted_project() {
    let note = "runs keep what events and calls contain";
    let stage = DashboardStage::new();
    let url = stage.stage.mirror.url();
    let up = ["up", "--version", "0.2.0", "--source", &url, "--detach"];
    let up = [&up[..], &["--bridge-port", "0", "--dashboard-port", "0"]].concat();
    stage.loom(&up).ok().says(&[note]);
    stage.loom(&["down"]).ok();
    assert!(!stage.loom(&up).ok().stderr().contains(note));
    stage.loom(&["down"]).ok();

    let stage = DashboardStage::new();
    let url = stage.stage.mirror.url();
    stage.stage.sandbox.write("loom.toml", "[dashboard]\ncontent = 'off'\n");
    let up = ["up", "--version", "0.2.0", "--source", &url, "--detach"];
    let up = [&up[..], &["--bridge-port", "0", "--dashboard-port", "0"]].concat();
    assert!(!stage.loom(&up).ok().stderr().contains(note));
    stage.loom(&["publish", "price", r#"{"ask": 7}"#]).ok();
    let events = stage.events("price", 1);
    assert_eq!(events[0]["payload_preview"], json!(""), "{events:?}");
}

#[test]
fn what_is_no_history_is_told_by_doctor_and_up() {
    let stage = DashboardStage::new();
    stage.stage.sandbox.write("loom.toml", "[history]\nfile = 'runs.db'\n");
    stage.loom(&["trust"]).ok();
    let file = stage.stage.sandbox.project().join("runs.db");
    // The header of a database, with a schema of the future.
    let mut newer = [0; 4096];
    newer[..16].copy_from_slice(b"SQLite format 3\0");
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    newer[68..72].copy_from_slice(b"Loom");
    for (content, why) in
        [(&b"a text"[..], "is not a history of Loom"), (&newer, "has the schema 99")]
    {
        std::fs::write(&file, content).unwrap();
        let checks = stage.loom(&["doctor"]).stdout();
        let expected = ["warning  history", why, "name another file with history.file"];
        assert!(expected.iter().all(|words| checks.contains(words)), "{checks}");
        let url = stage.stage.mirror.url();
        let up = ["up", "--version", "0.2.0", "--source", &url, "--detach"];
        let up = [&up[..], &["--bridge-port", "0", "--dashboard-port", "0"]].concat();
        stage.loom(&up).ok().says(&["runs are kept in memory and end with the runtime", why]);
        assert_eq!(stage.get("/api/history")["path"], json!(null));
        stage.loom(&["down"]).ok();
        assert_eq!(std::fs::read(&file).unwrap(), content);
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let checks = stage.loom(&["doctor"]).stdout();
    assert!(checks.contains("expected a regular file"), "{checks}");
}
