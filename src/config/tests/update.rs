//! `[update]`: a project can make it stricter, never looser.

use super::*;

#[test]
fn a_project_turns_updates_off_and_never_makes_them_automatic() {
    for (user, project, expected) in [
        ("", "", "notify"),
        ("auto", "", "auto"),
        ("", "auto", "notify"),
        ("off", "auto", "off"),
        ("off", "notify", "off"),
        ("auto", "notify", "notify"),
        ("auto", "off", "off"),
    ] {
        let text = |policy: &str| match policy {
            "" => String::new(),
            policy => format!("[update]\npolicy = '{policy}'\n"),
        };
        let world = World::new().user(&text(user)).project(&text(project));
        let shown = |world: &World| world.setting("update.policy").0;
        assert_eq!(shown(&world), json!(expected), "{user} {project}, trusted");
        let world = world.untrusting();
        assert_eq!(shown(&world), json!(expected), "{user} {project}, not trusted");
    }
}

#[test]
fn only_the_user_and_the_administrator_set_the_window() {
    let window = "[update]\nwindow = '02:00-04:00'\n";
    let world = World::new().user(window);
    assert_eq!(world.setting("update.window").0, json!("02:00-04:00"));
    let world = World::new().project(window);
    assert_eq!(world.setting("update.window").0, json!("00:00-24:00"));
    let problems = World::new().user("[update]\nwindow = 'at night'\n").problems();
    assert!(problems[0].contains("a time span in UTC such as"), "{problems:?}");
    // A time is shown as it is written, and what may be a password is not.
    for (text, shown) in [
        ("25:00-04:00", "25:00-04:00"),
        ("2:00 am - 4:00 am", "2:00 am - 4:00 am"),
        ("ada:5word", "ada:***"),
    ] {
        let problems = World::new().user(&format!("[update]\nwindow = '{text}'\n")).problems();
        assert!(problems[0].contains(&format!("\"{shown}\"")), "{problems:?}");
    }
}

#[test]
fn in_the_beta_channel_the_pre_releases_of_all_sources_count() {
    let sources = "[[sources]]\ntype = 'mirror'\nurl = 'https://h/x'\n";
    for (channel, counts) in [("stable", false), ("beta", true)] {
        let text = format!("[update]\nchannel = '{channel}'\n{sources}");
        let resolved = World::new().user(&text).resolved();
        assert!(resolved.sources.value.iter().all(|spec| spec.prerelease == counts), "{channel}");
    }
    let project = World::new().project("[update]\nchannel = 'beta'\n").untrusting();
    assert_eq!(project.setting("update.channel").0, json!("stable"));
}
