//! `loom call`: calls a tool of the running runtime.

use std::time::Duration;

use loom_base::{clean, time::duration_text};
use loom_runtime::launch::DashboardRequest;
use serde_json::{Value, json};

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    json_argument,
    running_dashboard::{RunningDashboard, refused},
};

/// Arguments of `loom call`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of the tool
    tool: String,
    /// The arguments as JSON; @FILE reads a file, - standard input
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
    arguments: String,
    /// How long to wait for the result, such as 30s or 2m; at most 10m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = timeout)]
    timeout: Duration,
}

/// How much longer the answer may take than the tool.
const MARGIN: Duration = Duration::from_secs(10);
/// The tools whose names an error repeats.
const SHOWN_TOOLS: usize = 3;

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let arguments: Value = serde_json::from_str(&json_argument::read(&args.arguments)?)
        .map_err(|error| CommandError::of(Exit::Usage, &error))?;
    let dashboard = RunningDashboard::of(context)?;
    let timeout_ms = u64::try_from(args.timeout.as_millis()).unwrap_or(u64::MAX);
    let body = json!({ "tool": args.tool, "arguments": arguments, "timeout_ms": timeout_ms });
    let request = DashboardRequest {
        body: Some(&body),
        timeout: args.timeout + MARGIN,
        ..DashboardRequest::new("POST", "/api/tools/call")
    };
    let answer = match dashboard.client.ask(request) {
        Err(error) if error.is_absent() => return Err(unknown(&args.tool, &dashboard)?),
        answer => answer.map_err(|error| refused(&error))?,
    };
    report(args, &answer, context)
}

fn report(args: &Args, answer: &Value, context: &Context) -> Outcome {
    let field = |key: &str| answer.get(key).cloned().unwrap_or_default();
    let is_ok = field("ok") == true;
    if !is_ok && !context.printer.is_json() {
        let why = field("error").as_str().map(|why| clean::line(why).into_owned());
        let message = format!("{} failed: {}", clean::line(&args.tool), why.unwrap_or_default());
        let run = field("run").as_str().map(|run| clean::line(run).into_owned());
        let hint = run.map(|run| format!("`loom runs show {run}` shows the call"));
        return Err(CommandError::new(Exit::Failure, message).maybe_hint(hint));
    }
    let document = json!({
        "schema": 1, "tool": args.tool, "ok": is_ok, "result": field("result"),
        "failure": field("error"), "duration_ms": field("duration_ms"), "run": field("run"),
    });
    context.printer.answer(&document, || match field("result") {
        Value::String(text) => text,
        result => format!("{result:#}"),
    })?;
    let seconds = (field("duration_ms").as_f64().unwrap_or_default() / 1e3).clamp(0.0, 1e6);
    let took = duration_text(Duration::from_secs_f64(seconds));
    context.printer.detail(format!("{} answered within {took}", args.tool));
    Ok(if is_ok { Exit::Success } else { Exit::Failure })
}

/// The error of a tool that no agent offers, with the names that are most like it.
fn unknown(tool: &str, dashboard: &RunningDashboard) -> Result<CommandError, CommandError> {
    let tools = dashboard.ask(DashboardRequest::new("GET", "/api/tools"))?;
    let tools = tools.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
    let offered = tools.iter().filter(|tool| tool.get("provider").is_some_and(|p| !p.is_null()));
    let names: Vec<&str> = offered.filter_map(|tool| tool.get("name")?.as_str()).collect();
    let message = format!("no agent or server offers a tool {:?}", clean::line(tool));
    let hint = match &*nearest(tool, names) {
        [] => "no tool is offered".to_owned(),
        near => format!("did you mean {}?", clean::line(&near.join(", "))),
    };
    Ok(CommandError::new(Exit::Absent, message).hint(hint))
}

fn nearest<'a>(tool: &str, mut names: Vec<&'a str>) -> Vec<&'a str> {
    let tool: String = tool.to_lowercase().chars().take(200).collect();
    names.sort_by_cached_key(|name| {
        let name: String = name.to_lowercase().chars().take(200).collect();
        (!name.contains(&tool), strsim::damerau_levenshtein(&tool, &name), name)
    });
    names.truncate(SHOWN_TOOLS);
    names
}

/// A duration, or a number of seconds.
fn timeout(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let timeout = seconds.or_else(|| humantime::parse_duration(text).ok());
    timeout
        .filter(|timeout| (1..=600_000).contains(&timeout.as_millis()))
        .ok_or_else(|| "expected a duration of at most 10m, such as 30s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_duration_or_a_number_of_seconds() {
        for (text, expected) in [
            ("30s", Some(30_000)),
            ("2m", Some(120_000)),
            ("0.5", Some(500)),
            ("600", Some(600_000)),
            ("601", None),
            ("0", None),
            ("-1", None),
            ("NaN", None),
            ("soon", None),
        ] {
            let ms = timeout(text).ok().map(|timeout| timeout.as_millis());
            assert_eq!(ms, expected, "{text}");
        }
    }

    #[test]
    fn the_nearest_names_come_first() {
        let names = vec!["weather", "fee", "fees.total", "free"];
        assert_eq!(nearest("fe", names.clone()), ["fee", "fees.total", "free"]);
        assert_eq!(nearest("weathr", names)[0], "weather");
        assert!(nearest("x", Vec::new()).is_empty());
    }
}
