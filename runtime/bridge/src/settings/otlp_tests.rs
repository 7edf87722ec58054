//! Tests of the settings of the export to OpenTelemetry collectors.

use std::time::Duration;

use loom_environment::otlp_names::{self, COMMON, LOGS, METRICS, TRACES};

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Option<OtlpSettings>, SettingsError> {
    let variables = variables.iter().map(|&(name, value)| (name.into(), value.into())).collect();
    ServerSettings::read(&variables).map(|settings| settings.otlp)
}

fn exported(variables: &[(&str, &str)]) -> OtlpSettings {
    read(variables).unwrap().unwrap()
}

const PLAIN: (&str, &str) = (COMMON.endpoint, "http://h:4317");
const HTTP: (&str, &str) = (COMMON.protocol, "http/protobuf");

#[test]
fn nothing_is_exported_without_an_endpoint() {
    assert_eq!(read(&[(names::OTEL_SERVICE_NAME, "shop"), HTTP]), Ok(None));
    assert_eq!(read(&[PLAIN, (otlp_names::SDK_DISABLED, "true")]), Ok(None));
    let none = otlp_names::TRACES_EXPORTER;
    let settings = exported(&[PLAIN, (none, "none"), (otlp_names::METRICS_EXPORTER, "otlp")]);
    assert!(settings.traces.is_none() && settings.metrics.is_some() && settings.logs.is_some());
    let only_logs = exported(&[(LOGS.endpoint, "http://h:1")]);
    assert!(only_logs.traces.is_none() && only_logs.metrics.is_none() && only_logs.logs.is_some());
}

#[test]
fn the_path_follows_a_common_endpoint_over_http() {
    let url = |variables: &[(&str, &str)]| exported(variables).traces.unwrap().url.to_string();
    let own = (TRACES.endpoint, "https://t/own?key=k");
    let slash = (COMMON.endpoint, "http://h:4318/in/?key=k");
    for (variables, expected) in [
        (&[PLAIN][..], "http://h:4317/"),
        (&[(COMMON.endpoint, "h:4317")], "http://h:4317/"),
        (&[PLAIN, HTTP], "http://h:4317/v1/traces"),
        (&[slash, HTTP], "http://h:4318/in/v1/traces?key=k"),
        (&[PLAIN, HTTP, own], "https://t/own?key=k"),
    ] {
        assert_eq!(url(variables), expected);
    }
    let settings = exported(&[PLAIN, HTTP]);
    assert_eq!(settings.metrics.unwrap().url.path(), "/v1/metrics");
    assert_eq!(settings.logs.unwrap().url.path(), "/v1/logs");
}

#[test]
fn variables_of_a_signal_take_precedence() {
    let settings = exported(&[
        PLAIN,
        (COMMON.headers, "a=1"),
        (COMMON.timeout, "2000"),
        (COMMON.certificate, "all.pem"),
        (METRICS.endpoint, "https://m"),
        (METRICS.protocol, "http/protobuf"),
        (METRICS.headers, "b=2"),
        (METRICS.timeout, "50"),
        (METRICS.certificate, "own.pem"),
        (METRICS.client_certificate, "c.pem"),
        (COMMON.client_key, "k.pem"),
        (COMMON.client_certificate, "common.pem"),
    ]);
    let (traces, metrics) = (settings.traces.unwrap(), settings.metrics.unwrap());
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let file = |variable, path: &str| NamedFile { variable, path: path.into() };
    assert_eq!(traces.protocol, OtlpProtocol::Grpc);
    assert_eq!((traces.headers, traces.timeout), (header("a", "1"), Duration::from_secs(2)));
    assert_eq!(traces.authorities, Some(file(COMMON.certificate, "all.pem")));
    assert_eq!(
        (metrics.protocol, metrics.variable),
        (OtlpProtocol::HttpProtobuf, METRICS.endpoint)
    );
    assert_eq!((metrics.headers, metrics.timeout), (header("b", "2"), Duration::from_millis(50)));
    assert_eq!(metrics.authorities, Some(file(METRICS.certificate, "own.pem")));
    let certificate = file(METRICS.client_certificate, "c.pem");
    assert_eq!(metrics.identity, Some((certificate, file(COMMON.client_key, "k.pem"))));
}

#[test]
fn a_user_in_the_endpoint_becomes_a_header() {
    let target = exported(&[(COMMON.endpoint, "https://us%40er:hush@h/")]).traces.unwrap();
    assert_eq!(target.url.as_str(), "https://h/");
    // base64 of "us@er:hush"
    let basic = ("authorization".to_owned(), "Basic dXNAZXI6aHVzaA==".to_owned());
    assert_eq!(target.headers, [basic]);
    assert!(!format!("{target:?}").contains("dXNA"), "{target:?}");
}

#[test]
fn invalid_values_are_named_and_secrets_are_not_shown() {
    let table = [
        (COMMON.protocol, "http/json", "grpc or http/protobuf"),
        (LOGS.protocol, "GRPC", "grpc or http/protobuf"),
        (COMMON.endpoint, "ftp://u:hush@h", "http://host:port or https://host:port"),
        (TRACES.endpoint, "http://u:hush@[nonsense", "http://host:port or https://host:port"),
        (COMMON.headers, "hush", "name=value,name=value"),
        (COMMON.timeout, "soon", "milliseconds"),
        (COMMON.timeout, "0", "milliseconds"),
        (otlp_names::METRIC_EXPORT_INTERVAL, "-1", "milliseconds"),
        (otlp_names::LOGS_EXPORTER, "console", "otlp or none"),
        (otlp_names::CAPTURE_CONTENT, "perhaps", ""),
        (otlp_names::SDK_DISABLED, "perhaps", ""),
    ];
    for (variable, value, expected) in table {
        let error = read(&[PLAIN, (variable, value)]).unwrap_err();
        assert_eq!(error.variable(), variable);
        let message = error.to_string();
        assert!(message.contains(expected) && !message.contains("hush"), "{message}");
    }
    let error = read(&[PLAIN, (COMMON.protocol, "http/json")]).unwrap_err().to_string();
    assert!(error.ends_with(", got \"http/json\""), "{error}");
    for (set, missing) in [
        (TRACES.client_certificate, COMMON.client_key),
        (COMMON.client_key, COMMON.client_certificate),
    ] {
        let error = read(&[PLAIN, (set, "file.pem")]).unwrap_err();
        assert_eq!(error, SettingsError::Missing { variable: missing, other: set });
    }
}
