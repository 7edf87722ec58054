//! Where OpenTelemetry SDKs in agents send their spans: to the bridge, which puts them into the runs they belong to.

use std::fmt::Write as _;

use loom_environment::{
    ServerVariable, names,
    otlp_names::{COMMON, TRACES},
};
use loom_runtime::config::Env;

/// What this module sets.
const VARIABLES: [&str; 3] = [COMMON.endpoint, COMMON.protocol, COMMON.headers];

/// Who gets the variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TelemetryReader {
    /// A process, which has the token already.
    Process,
    /// Whoever sees the output: nothing is printed that needs the token.
    Output,
}

/// The variables that point SDKs at the bridge on `address`; none where the user has named an endpoint, and none where the
/// bridge has TLS, whose authority the SDKs do not know.
pub(crate) fn variables(
    address: &str,
    env: &Env,
    reader: TelemetryReader,
) -> Vec<(&'static str, String)> {
    let is_chosen = env.os(TRACES.endpoint).is_some()
        || (env.os(COMMON.endpoint).is_some() && !is_inherited(env));
    if is_chosen || env.os(names::BRIDGE_TLS_CERT).is_some() {
        return Vec::new();
    }
    let mut all = vec![(COMMON.endpoint, endpoint(address)), (COMMON.protocol, "grpc".to_owned())];
    let Some(token) = env.get(names::BRIDGE_TOKEN) else { return all };
    if reader == TelemetryReader::Output {
        return Vec::new();
    }
    let has_headers = env.os(COMMON.headers).is_some() && !is_inherited(env);
    if !has_headers && env.os(TRACES.headers).is_none() {
        all.push((COMMON.headers, format!("authorization=Bearer%20{}", encoded(token))));
    }
    all
}

/// Whether the environment has the variables from another runtime, or from this one before: they go with its address.
pub(crate) fn is_inherited(env: &Env) -> bool {
    let of_bridge = env.get(names::BRIDGE_ADDR).map(endpoint);
    of_bridge.is_some() && env.get(COMMON.endpoint) == of_bridge.as_deref()
}

/// The variables without values, for a server: one that inherits them must not send its spans to itself.
pub(crate) fn withheld(env: &Env) -> Vec<ServerVariable> {
    let names = VARIABLES.into_iter().filter(|_| is_inherited(env));
    names.map(|name| ServerVariable::new(name, "")).collect()
}

/// What another runtime has set.
pub(crate) fn names_of_others(env: &Env) -> impl Iterator<Item = &'static str> {
    VARIABLES.into_iter().filter(|_| is_inherited(env))
}

fn endpoint(address: &str) -> String {
    format!("http://{address}")
}

/// The text as a value in the list of headers, which is that of W3C Baggage: percent-encoded.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:1");
    const PROTOCOL: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

    fn of(env: &[(&str, &str)], reader: TelemetryReader) -> Vec<(String, String)> {
        let env: Env = env.iter().copied().collect();
        let all = variables("h:1", &env, reader).into_iter();
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_bridge_is_named_unless_the_user_names_an_endpoint() {
        for reader in [TelemetryReader::Process, TelemetryReader::Output] {
            assert_eq!(of(&[], reader), expected(&[ENDPOINT, PROTOCOL]));
            for name in ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] {
                assert!(of(&[(name, "http://collector:4317")], reader).is_empty(), "{name}");
            }
            assert!(of(&[("LOOM_BRIDGE_TLS_CERT", "c.pem")], reader).is_empty());
        }
    }

    #[test]
    fn what_another_runtime_has_set_is_no_choice_of_the_user() {
        let inherited = [
            ("LOOM_BRIDGE_ADDR", "other:2"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://other:2"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20old"),
            ("LOOM_BRIDGE_TOKEN", "new"),
        ];
        let header = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20new");
        let all = of(&inherited, TelemetryReader::Process);
        assert_eq!(all, expected(&[ENDPOINT, PROTOCOL, header]));
        let env: Env = inherited.into_iter().collect();
        assert_eq!(names_of_others(&env).count(), 3);
        let empty: Vec<_> = withheld(&env).iter().map(|one| one.expose().1.to_owned()).collect();
        assert_eq!(empty, ["", "", ""]);
        assert!(withheld(&[ENDPOINT].into_iter().collect()).is_empty());
    }

    #[test]
    fn a_token_is_a_header_of_processes_and_is_not_printed() {
        let token = [("LOOM_BRIDGE_TOKEN", "a b,c=\u{e9}")];
        let header = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a%20b%2Cc%3D%C3%A9");
        let all = of(&token, TelemetryReader::Process);
        assert_eq!(all, expected(&[ENDPOINT, PROTOCOL, header]));
        assert!(of(&token, TelemetryReader::Output).is_empty());
        let own = [token[0], ("OTEL_EXPORTER_OTLP_HEADERS", "x=y")];
        assert_eq!(of(&own, TelemetryReader::Process), expected(&[ENDPOINT, PROTOCOL]));
    }
}
