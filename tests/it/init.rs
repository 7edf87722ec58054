//! `loom init`: creates a loom.toml and never overwrites one.

use std::fs;

use crate::support::{self, Sandbox};
use serde_json::json;

#[test]
fn the_file_is_written_and_trusted() {
    let sandbox = Sandbox::new();
    let file = sandbox.project().join("loom.toml");
    let run = sandbox.loom(&["init"]).ok();
    assert_eq!(run.path(), file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("name = \"project\""), "{text}");
    sandbox.loom(&["config", "check"]).ok();
    let listed = sandbox.loom(&["trust", "--list", "--json"]).ok().json();
    assert_eq!(listed["projects"][0]["file"], json!(file));
    assert_eq!(listed["projects"][0]["state"], "trusted");
    assert_eq!(support::sandbox::names(&sandbox.project()), ["loom.toml"]);
}

#[test]
fn the_name_can_be_given() {
    let sandbox = Sandbox::new();
    let document = sandbox.loom(&["init", "--name", "a \"b\" \\c", "--json"]).ok().json();
    assert_eq!(document["name"], "a \"b\" \\c");
    let shown = sandbox.loom(&["config", "show", "--json"]).ok().json();
    assert_eq!(shown["config"]["name"], "a \"b\" \\c");
}

#[test]
fn an_existing_file_is_kept() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("loom.toml", "name = \"mine\"\n");
    let run = sandbox.loom(&["init"]).code(2);
    sandbox.snapshot("init_again", &run);
    assert_eq!(fs::read_to_string(file).unwrap(), "name = \"mine\"\n");
    let listed = sandbox.loom(&["trust", "--list", "--json"]).ok().json();
    assert_eq!(listed["projects"], json!([]), "the existing file is not trusted");
}
