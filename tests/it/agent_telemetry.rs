//! OpenTelemetry SDKs in agents: `loom exec` and `loom env` point them at the bridge, and servers at nothing of their own.

use serde_json::{Value, json};

use crate::support::{DashboardStage, Sandbox, node};

/// An agent that is traced by OpenTelemetry's SDK, which the environment alone configures.
const AGENT: &str = r#"
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("agent")
with tracer.start_as_current_span("plan"):
    with tracer.start_as_current_span("think"):
        pass
provider.shutdown()
"#;

/// Prints the list of runs once it has one.
const LIST: &str = r#"for i in $(seq 100); do "$0" runs --json | grep -q '"id"' && break; sleep 0.1; done; "$0" runs --json"#;

/// `loom exec` with a dashboard and a shell script, whose `$0` is loom.
fn exec(stage: &DashboardStage, script: &str) -> crate::support::Run {
    let url = stage.stage.mirror.url();
    let program = Sandbox::program();
    let exec = ["exec", "--version", "0.2.0", "--source", &url, "--", "sh", "-c", script];
    stage.loom(&[&exec[..], &[program.to_str().unwrap()]].concat())
}

fn traced(stage: &DashboardStage) -> Vec<Value> {
    let agent = stage.stage.sandbox.write("agent.py", AGENT);
    let python = node::python("python");
    let (python, agent) = (python.display(), agent.display());
    let script = format!("OTEL_SERVICE_NAME=planner {python} {agent} && {LIST}");
    exec(stage, &script).ok().json()["runs"].as_array().unwrap().clone()
}

#[test]
fn spans_of_an_sdk_become_one_run_without_a_setting() {
    let stage = DashboardStage::new();
    let runs = traced(&stage);
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!((&runs[0]["trigger"], &runs[0]["spans"]), (&json!("plan"), &json!(2)));
    assert_eq!(runs[0]["agents"], json!(["planner"]));
}

#[test]
fn an_sdk_sends_the_token_that_its_environment_has() {
    let mut stage = DashboardStage::new();
    stage.stage.sandbox.set("LOOM_BRIDGE_TOKEN", "a+b=c,d");
    let runs = traced(&stage);
    assert_eq!((runs.len(), &runs[0]["trigger"]), (1, &json!("plan")), "{runs:?}");
    stage.up();
    let exports = stage.loom(&["env"]).ok().stdout();
    assert!(!exports.contains("OTEL") && !exports.contains("b=c"), "{exports}");
}

#[test]
fn a_user_who_names_an_endpoint_keeps_it() {
    let mut stage = DashboardStage::new();
    let document = stage.up();
    let address = document["bridge"]["address"].as_str().unwrap();
    let exports = stage.loom(&["env"]).ok().stdout();
    let telemetry = format!(
        "export OTEL_EXPORTER_OTLP_ENDPOINT='http://{address}'\nexport OTEL_EXPORTER_OTLP_PROTOCOL='grpc'\n"
    );
    assert!(exports.ends_with(&telemetry), "{exports}");
    stage.stage.sandbox.set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9");
    assert!(!stage.loom(&["env"]).ok().stdout().contains("OTEL"));
    let variables = exec(&stage, "env | grep OTEL_EXPORTER").ok().stdout();
    assert_eq!(variables, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:9\n");
}

/// What the process of a server has in its environment.
#[cfg(target_os = "linux")]
fn variables(document: &Value) -> Vec<String> {
    let environment = std::fs::read(format!("/proc/{}/environ", document["pid"])).unwrap();
    let variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let variables = variables.filter(|variable| variable.starts_with("OTEL_"));
    variables.map(std::borrow::Cow::into_owned).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_does_not_send_its_spans_to_itself() {
    let mut stage = DashboardStage::new();
    // What `eval "$(loom env)"` leaves in a shell.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sandbox = &mut stage.stage.sandbox;
    sandbox.set("LOOM_BRIDGE_ADDR", port.to_string());
    sandbox.set("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{port}"));
    sandbox.set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let document = stage.up();
    let without_values = [
        "OTEL_EXPORTER_OTLP_ENDPOINT=",
        "OTEL_EXPORTER_OTLP_HEADERS=",
        "OTEL_EXPORTER_OTLP_PROTOCOL=",
    ];
    let mut found = variables(&document);
    found.sort();
    assert_eq!(found, without_values);
    stage.stage.sandbox.unset("OTEL_EXPORTER_OTLP_ENDPOINT");
    stage.up();
}

#[test]
fn commands_within_exec_ask_its_runtime_and_not_that_of_the_project() {
    let stage = DashboardStage::new();
    stage.up();
    stage.loom(&["publish", "outside", "1"]).ok();
    stage.events("outside", 1);
    let script = r#""$0" publish inside 1 >&2 && for i in $(seq 100); do
        "$0" events --json | grep -q inside && break; sleep 0.1; done; "$0" events --json"#;
    let events = exec(&stage, script).ok().stdout();
    assert!(events.contains("inside") && !events.contains("outside"), "{events}");
    let tools = exec(&stage, r#""$0" call nothing '{}'"#).code(3);
    tools.says(&["nothing"]);
    let script = r#"unset LOOM_BRIDGE_ADDR LOOM_DASHBOARD_URL; "$0" events --json"#;
    let events = exec(&stage, script).ok().stdout();
    assert!(events.contains("outside"), "{events}");
}

#[test]
fn a_runtime_of_another_project_is_asked_where_the_environment_names_it() {
    let mut stage = DashboardStage::new();
    let document = stage.up();
    stage.loom(&["publish", "there", "1"]).ok();
    stage.events("there", 1);
    let other = stage.stage.sandbox.folder("other");
    let events = ["events", "--json"];
    stage.stage.sandbox.loom_in(&other, &events).code(3);
    let url = document["dashboard"]["url"].as_str().unwrap();
    stage.stage.sandbox.set("LOOM_DASHBOARD_URL", url);
    let events = stage.stage.sandbox.loom_in(&other, &events).ok().json()["events"].clone();
    assert!(events.to_string().contains("there"), "{events}");
    stage.loom(&["down"]).ok();
    stage.stage.sandbox.loom_in(&other, &["publish", "x", "1"]).code(1).says(&["no runtime"]);
}
