//! Tests of the settings that concern the server itself.

use loom_environment::{names, otlp_names};

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<ServerSettings, SettingsError> {
    ServerSettings::read(&variables.iter().map(|&(k, v)| (k.into(), v.into())).collect())
}

#[test]
fn unset_and_empty_variables_have_defaults() {
    let settings = read(&[(names::BRIDGE_ADDR, ""), (names::DASHBOARD_PORT, "1")]).unwrap();
    assert_eq!(settings.bridge.to_string(), "127.0.0.1:50051");
    assert_eq!((settings.token, settings.allow_insecure), (None, false));
    assert_eq!(settings.max_message_bytes, 4 * 1024 * 1024);
    assert_eq!((settings.dashboard, settings.ready_file), (None, None));
    assert_eq!((&*settings.log_filter, settings.log_format), (LOG_FILTER, LogFormat::Text));
    assert_eq!((settings.history.rows_per_second, settings.otlp), (2_000, None));
}

#[test]
fn the_name_of_the_project_is_clean_and_short() {
    let named = |name: &str| read(&[(names::PROJECT, name)]).unwrap().project;
    assert_eq!(named(" shop "), Some("shop".to_owned()));
    assert_eq!(named("a\u{1b}[31m\nb"), Some("a[31mb".to_owned()));
    assert_eq!(named(&"x".repeat(300)), Some("x".repeat(100)));
    assert_eq!(named(""), None);
}

#[test]
fn the_documented_defaults_are_the_real_ones() {
    let settings = read(&[(names::DASHBOARD, "1"), (otlp_names::COMMON.endpoint, "h:1")]).unwrap();
    let (dashboard, otlp) = (settings.dashboard.unwrap(), settings.otlp.unwrap());
    for (name, value) in [
        (names::BRIDGE_ADDR, settings.bridge.to_string()),
        (names::DASHBOARD_HOST, dashboard.host),
        (names::DASHBOARD_PORT, dashboard.port.to_string()),
        (names::MAX_MESSAGE_BYTES, settings.max_message_bytes.to_string()),
        (names::LOG_FORMAT, settings.log_format.to_string()),
        (names::HISTORY_MAX_SIZE, settings.history.max_size.to_string()),
        (names::HISTORY_MAX_AGE, settings.history.max_age.to_string()),
        (names::HISTORY_ROWS_PER_SECOND, settings.history.rows_per_second.to_string()),
        (names::OTEL_SERVICE_NAME, otlp.service_name),
        (otlp_names::METRIC_EXPORT_INTERVAL, otlp.metric_interval.as_millis().to_string()),
        (otlp_names::COMMON.timeout, otlp.traces.unwrap().timeout.as_millis().to_string()),
    ] {
        let info = names::TABLE.iter().find(|info| info.name == name).unwrap();
        assert_eq!(info.default, Some(&*value), "{name}");
    }
}

#[test]
fn bridge_addresses() {
    let table = [
        ("127.0.0.1:0", Some("127.0.0.1:0")),
        ("localhost:50051", Some("localhost:50051")),
        ("[::1]:7", Some("[::1]:7")),
        ("0.0.0.0:50051", Some("0.0.0.0:50051")),
        (" host.example:1 ", Some("host.example:1")),
        ("50051", None),
        (":50051", None),
        ("::1", None),
        ("h:70000", None),
        ("h:", None),
        ("http://h:1", None),
    ];
    for (text, expected) in table {
        let bridge = read(&[(names::BRIDGE_ADDR, text)]).map(|s| s.bridge.to_string());
        match expected {
            Some(expected) => assert_eq!(bridge.as_deref(), Ok(expected)),
            None => assert_eq!(bridge.unwrap_err().variable(), names::BRIDGE_ADDR, "{text}"),
        }
    }
}

#[test]
fn the_dashboard_is_switched_on_by_words() {
    for (text, is_on) in
        [("true", true), ("1", true), ("YES", true), ("On", true), ("off", false), ("0", false)]
    {
        let settings = read(&[(names::DASHBOARD, text)]).unwrap();
        assert_eq!(settings.dashboard.is_some(), is_on, "{text}");
    }
    let error = read(&[(names::DASHBOARD, "perhaps")]).unwrap_err();
    assert_eq!(error.variable(), names::DASHBOARD);
}

#[test]
fn the_dashboard_has_its_own_host_and_port() {
    let variables =
        [(names::DASHBOARD, "1"), (names::DASHBOARD_HOST, "[::1]"), (names::DASHBOARD_PORT, "0")];
    assert_eq!(read(&variables).unwrap().dashboard.unwrap().to_string(), "[::1]:0");
}

#[test]
fn users_and_hosts_are_lists() {
    let unset = read(&[]).unwrap();
    assert!(unset.allow_users.0.is_empty() && unset.dashboard_hosts.as_slice().is_empty());
    let variables =
        [(names::ALLOW_USERS, " 33, 1001 "), (names::DASHBOARD_ALLOWED_HOSTS, "loom,Dash.example")];
    let settings = read(&variables).unwrap();
    assert_eq!(settings.allow_users.0, [33, 1001]);
    assert_eq!(settings.dashboard_hosts.as_slice(), ["loom", "dash.example"]);
}

#[test]
fn tls_requires_both_files() {
    let certificate = (names::BRIDGE_TLS_CERT, "c.pem");
    let key = (names::BRIDGE_TLS_KEY, "k.pem");
    assert_eq!(read(&[]).unwrap().tls, None);
    let tls = read(&[certificate, key]).unwrap().tls.unwrap();
    assert_eq!((tls.certificate, tls.key), ("c.pem".into(), "k.pem".into()));
    for (set, missing) in [(certificate, key), (key, certificate)] {
        let error = read(&[set]).unwrap_err();
        assert_eq!(error, SettingsError::Missing { variable: missing.0, other: set.0 });
    }
}

#[test]
fn errors_show_the_variable_what_was_expected_and_the_value() {
    let table = [
        (names::DASHBOARD_PORT, "x"),
        (names::MAX_MESSAGE_BYTES, "12"),
        (names::MAX_MESSAGE_BYTES, "1 MB"),
        (names::BRIDGE_INSECURE, "sure"),
        (names::LOG_FORMAT, "xml"),
        (names::HISTORY_ROWS_PER_SECOND, "-1"),
        (names::ALLOW_USERS, "www-data"),
        (names::DASHBOARD_ALLOWED_HOSTS, "*"),
    ];
    for (variable, value) in table {
        let message = read(&[(variable, value)]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("invalid value of {variable}: ")), "{message}");
        assert!(message.ends_with(&format!(", got {value:?}")), "{message}");
    }
}

#[test]
fn values_are_read_without_white_space_around_them() {
    let settings = read(&[
        (names::BRIDGE_ADDR, " "),
        (names::BRIDGE_TOKEN, " token\n"),
        (names::DASHBOARD, "\t"),
        (names::READY_FILE, " "),
        (names::RUST_LOG, " debug "),
    ])
    .unwrap();
    assert_eq!(settings.bridge.to_string(), "127.0.0.1:50051");
    assert_eq!(settings.token, Some("token".parse().unwrap()));
    assert_eq!((settings.dashboard, settings.ready_file), (None, None));
    assert_eq!(settings.log_filter, "debug");
}

#[test]
fn an_empty_secret_is_an_error() {
    for variable in [names::BRIDGE_TOKEN, names::LLM_API_KEY] {
        for value in ["", " ", "\n", "\u{a0}\t"] {
            let error = read(&[(variable, value)]).unwrap_err();
            assert_eq!(error.variable(), variable, "{value:?}");
            assert!(error.to_string().contains("the secret is empty"), "{error}");
        }
    }
}

#[test]
fn errors_show_no_password_in_an_address() {
    for (variable, value) in [
        (names::BRIDGE_ADDR, "me:hush@h:1"),
        (names::BRIDGE_ADDR, "http://me:hush"),
        (names::DASHBOARD_HOST, "me:hush@h"),
        (names::DASHBOARD_PORT, "me:hush"),
    ] {
        let message = read(&[(variable, value)]).unwrap_err().to_string();
        assert!(message.contains(variable) && !message.contains("hush"), "{message}");
    }
}

#[test]
fn errors_show_no_secret() {
    let message = read(&[(names::BRIDGE_TOKEN, "se cret")]).unwrap_err().to_string();
    assert!(message.starts_with("invalid value of LOOM_BRIDGE_TOKEN: "), "{message}");
    assert!(!message.contains("cret"), "{message}");
}
