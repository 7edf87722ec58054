//! Users and hosts that may use the runtime.

use loom_environment::{ServerVariable, names};

use super::*;

#[test]
fn users_and_hosts_are_read_from_files_and_variables() {
    let user =
        "[bridge]\nallow_users = [33, 1001]\n[dashboard]\nallowed_hosts = ['Loom.', 'a-b']\n";
    let world = World::new().user(user);
    assert_eq!(world.setting("bridge.allow_users"), (json!([33, 1001]), format!("{USER}:2")));
    assert_eq!(world.setting("dashboard.allowed_hosts").0, json!(["loom", "a-b"]));
    let world = world.env(&[(names::ALLOW_USERS, "7"), (names::DASHBOARD_ALLOWED_HOSTS, "x,y")]);
    assert_eq!(world.setting("bridge.allow_users").0, json!([7]));
    assert_eq!(world.setting("dashboard.allowed_hosts").0, json!(["x", "y"]));
    let environment = world.resolved().runtime_env();
    let value = |name: &str| {
        let mut variables = environment.iter().map(ServerVariable::expose);
        variables.find(|(each, _)| *each == name).map(|(_, value)| value.to_owned())
    };
    assert_eq!(value(names::ALLOW_USERS).as_deref(), Some("7"));
    assert_eq!(value(names::DASHBOARD_ALLOWED_HOSTS).as_deref(), Some("x,y"));
}

#[test]
fn problems_of_users_and_hosts_are_found() {
    let user = "[bridge]\nallow_users = ['root']\n[dashboard]\nallowed_hosts = ['*']\n";
    let world = World::new()
        .user(user)
        .env(&[(names::ALLOW_USERS, "root"), (names::DASHBOARD_ALLOWED_HOSTS, "h:1")]);
    let mut found = world.problems();
    found.sort();
    let hosts = "expected a list of host names without ports, such as loom.example";
    assert_eq!(
        found,
        [
            "/h/.config/loom/config.toml:2: bridge.allow_users[0]: expected an integer from 0 to 4294967295, got a string".to_owned(),
            format!("/h/.config/loom/config.toml:4: dashboard.allowed_hosts[0]: {hosts}, got \"*\""),
            "LOOM_ALLOW_USERS: expected a list of user ids, such as 33,1001, got \"root\"".to_owned(),
            format!("LOOM_DASHBOARD_ALLOWED_HOSTS: {hosts}, got \"h:1\""),
        ]
    );
}
