//! How the environment is read.

use super::*;

fn read(vars: &[(&str, &str)]) -> Result<ServerSettings, SettingsError> {
    ServerSettings::read(&vars.iter().map(|&(k, v)| (k.into(), v.into())).collect())
}

#[test]
fn defaults() {
    let settings = read(&[("LOOM_BRIDGE_ADDR", ""), ("LOOM_DASHBOARD_PORT", "1")]).unwrap();
    assert_eq!(settings.bridge.to_string(), "127.0.0.1:50051");
    assert_eq!((settings.token, settings.insecure), (None, false));
    assert_eq!(settings.max_message_bytes, 4 * 1024 * 1024);
    assert_eq!((settings.dashboard, settings.ready_file), (None, None));
    assert_eq!((&*settings.log, settings.log_format), (LOG, LogFormat::Text));
    assert_eq!((settings.event_spans, settings.otlp), (500, None));
}

#[test]
fn addresses() {
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
        let bridge = read(&[("LOOM_BRIDGE_ADDR", text)]).map(|s| s.bridge.to_string());
        match expected {
            Some(expected) => assert_eq!(bridge.as_deref(), Ok(expected)),
            None => assert_eq!(bridge.unwrap_err().variable, "LOOM_BRIDGE_ADDR", "{text}"),
        }
    }
}

#[test]
fn switches() {
    for (text, on) in
        [("true", true), ("1", true), ("YES", true), ("On", true), ("off", false), ("0", false)]
    {
        assert_eq!(read(&[("LOOM_DASHBOARD", text)]).unwrap().dashboard.is_some(), on, "{text}");
    }
    assert_eq!(read(&[("LOOM_DASHBOARD", "perhaps")]).unwrap_err().variable, "LOOM_DASHBOARD");
}

#[test]
fn the_dashboard_has_its_own_host_and_port() {
    let vars =
        [("LOOM_DASHBOARD", "1"), ("LOOM_DASHBOARD_HOST", "[::1]"), ("LOOM_DASHBOARD_PORT", "0")];
    assert_eq!(read(&vars).unwrap().dashboard.unwrap().to_string(), "[::1]:0");
}

#[test]
fn tls_needs_both_files() {
    let (cert, key) = (("LOOM_BRIDGE_TLS_CERT", "c.pem"), ("LOOM_BRIDGE_TLS_KEY", "k.pem"));
    assert_eq!(read(&[]).unwrap().tls, None);
    let tls = read(&[cert, key]).unwrap().tls.unwrap();
    assert_eq!((tls.certificate, tls.key), ("c.pem".into(), "k.pem".into()));
    assert_eq!(read(&[cert]).unwrap_err().variable, "LOOM_BRIDGE_TLS_KEY");
    assert_eq!(read(&[key]).unwrap_err().variable, "LOOM_BRIDGE_TLS_CERT");
}

#[test]
fn spans_are_exported_where_an_endpoint_is_named() {
    let name = ("OTEL_SERVICE_NAME", "shop");
    let read = |vars: &[(&str, &str)]| read(vars).map(|settings| settings.otlp);
    let otlp = |endpoint: &str, service: &str| {
        Ok(Some(OtlpEndpoint { endpoint: endpoint.to_owned(), service: service.to_owned() }))
    };
    assert_eq!(read(&[name]), Ok(None));
    let plain = "http://h:4317";
    assert_eq!(read(&[(OTLP_ENDPOINT, plain)]), otlp(plain, "loom-bridge-server"));
    assert_eq!(read(&[(OTLP_ENDPOINT, "h:4317"), name]), otlp(plain, "shop"));
    assert!(read(&[(OTLP_ENDPOINT, plain), (OTLP_PROTOCOL, "grpc")]).is_ok());
    for (variable, value) in
        [(OTLP_PROTOCOL, "http/protobuf"), (OTLP_ENDPOINT, "https://u:secret@h")]
    {
        let error = read(&[(OTLP_ENDPOINT, plain), (variable, value)]).unwrap_err();
        assert_eq!(error.variable, variable);
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn errors_name_the_variable_and_never_show_a_secret() {
    let table = [
        ("LOOM_DASHBOARD_PORT", "x"),
        ("LOOM_MAX_MESSAGE_BYTES", "12"),
        ("LOOM_MAX_MESSAGE_BYTES", "1 MB"),
        ("LOOM_BRIDGE_INSECURE", "sure"),
        ("LOOM_LOG_FORMAT", "xml"),
        ("LOOM_EVENT_SPANS", "-1"),
    ];
    for (variable, value) in table {
        let error = read(&[(variable, value)]).unwrap_err();
        assert_eq!((error.variable, &*error.value), (variable, value));
    }
    let error = read(&[("LOOM_BRIDGE_TOKEN", "se cret")]).unwrap_err();
    assert!(
        error.to_string().starts_with("LOOM_BRIDGE_TOKEN") && !error.to_string().contains("cret")
    );
}
