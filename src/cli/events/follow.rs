//! `loom events --follow`: events as they happen, also of a runtime that is started again.

use std::{
    io::{self, Write},
    thread,
    time::{Duration, SystemTime},
};

use loom_base::clean;
use loom_runtime::launch::{DashboardError, DashboardRequest, ServerSentEvent};
use serde_json::Value;

use super::{
    event_filter::{self, EventFilter},
    event_line,
};
use crate::cli::{
    CommandError, Exit, Outcome,
    context::Context,
    printer::Printer,
    project_scope::ProjectScope,
    report,
    running_dashboard::{RunningDashboard, refused},
};

/// How often a runtime that is gone is looked for.
const INTERVAL: Duration = Duration::from_millis(500);
/// The history has what happened this long ago.
const HISTORY_DELAY: Duration = Duration::from_millis(1200);

/// Why no more events are shown.
enum EndOfEvents {
    /// The runtime ended, or the connection to it did.
    Lost,
    /// The reader of the output is gone.
    NoReader,
}

pub(super) fn run(filter: &EventFilter, context: &Context) -> Outcome {
    let project = ProjectScope::of(context)?;
    let mut dashboard = RunningDashboard::of(context)?;
    let mut past = filter.asks_for_past().then(|| filter.clone());
    let mut out = context.printer.stdout_of_others();
    let mut output = EventOutput { printer: &context.printer, out: &mut out, is_lost: false };
    loop {
        match follow_one(filter, &dashboard, &mut past, &mut output)? {
            EndOfEvents::NoReader => return Ok(Exit::Success),
            EndOfEvents::Lost => output.lost(),
        }
        // The next runtime may publish before it is found.
        past.get_or_insert_with(|| filter.clone().since(SystemTime::now()));
        dashboard = wait(context, &project);
    }
}

/// Waits for a runtime. One that starts refuses at first.
fn wait(context: &Context, project: &ProjectScope) -> RunningDashboard {
    loop {
        thread::sleep(INTERVAL);
        if let Ok(Some(dashboard)) = RunningDashboard::find(context, project)
            && dashboard.client.ask(DashboardRequest::new("GET", "/api/events/status")).is_ok()
        {
            return dashboard;
        }
    }
}

/// Shows the events of one runtime until it ends.
fn follow_one(
    filter: &EventFilter,
    dashboard: &RunningDashboard,
    past: &mut Option<EventFilter>,
    output: &mut EventOutput<'_>,
) -> Result<EndOfEvents, CommandError> {
    let Ok(mut stream) = dashboard.client.stream("/api/events/stream") else {
        return Ok(EndOfEvents::Lost);
    };
    // The stream begins with a ping: from then on nothing is missed. What was before is in the history.
    let Ok(Some(_)) = stream.next_event() else { return Ok(EndOfEvents::Lost) };
    output.found();
    let mut after = None;
    if let Some(asked) = past {
        let now = SystemTime::now();
        thread::sleep(HISTORY_DELAY);
        let Some(events) = past_events(dashboard, &asked.path(Some(now)), filter)? else {
            return Ok(EndOfEvents::Lost);
        };
        *past = None;
        after = Some(now);
        for event in events {
            if !output.event(&event)? {
                return Ok(EndOfEvents::NoReader);
            }
        }
    }
    while let Ok(Some(event)) = stream.next_event() {
        if !output.streamed(&event, filter, after)? {
            return Ok(EndOfEvents::NoReader);
        }
    }
    Ok(EndOfEvents::Lost)
}

/// The events of the past; `None` if the runtime is gone. Without a history there are none, unless they were asked for.
fn past_events(
    dashboard: &RunningDashboard,
    path: &str,
    filter: &EventFilter,
) -> Result<Option<Vec<Value>>, CommandError> {
    match dashboard.client.ask(DashboardRequest::new("GET", path)) {
        Ok(answer) => Ok(Some(event_filter::events_of(&answer))),
        Err(DashboardError::Unreachable { .. }) => Ok(None),
        Err(error) if error.is_absent() && !filter.asks_for_past() => Ok(Some(Vec::new())),
        Err(error) => Err(refused(&error)),
    }
}

/// Where events are shown.
struct EventOutput<'a> {
    printer: &'a Printer,
    out: &'a mut dyn Write,
    /// Whether it was told that the runtime is gone.
    is_lost: bool,
}

impl EventOutput<'_> {
    /// Tells once that the runtime is gone. One that stops may still accept a connection.
    fn lost(&mut self) {
        if !std::mem::replace(&mut self.is_lost, true) {
            self.printer.message("the runtime is gone; waiting for it (Ctrl+C ends)");
        }
    }

    /// Tells that there is a runtime again.
    fn found(&mut self) {
        if std::mem::replace(&mut self.is_lost, false) {
            self.printer.message("connected again");
        }
    }

    /// Shows an event of the stream; false if the reader of the output is gone.
    fn streamed(
        &mut self,
        event: &ServerSentEvent,
        filter: &EventFilter,
        after: Option<SystemTime>,
    ) -> Result<bool, CommandError> {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        match &*event.name {
            "" if filter.matches(&data, after) => return self.event(&data),
            "lagged" => {
                let missed = data.get("missed").and_then(Value::as_u64).unwrap_or_default();
                self.printer.warning(format!("{missed} events came too fast to be shown"));
            }
            _ => {}
        }
        Ok(true)
    }

    /// Shows an event; false if the reader of the output is gone.
    fn event(&mut self, event: &Value) -> Result<bool, CommandError> {
        let line = if self.printer.is_json() {
            clean::json(&event_line::complete(event).to_string()).into_owned()
        } else {
            event_line::text(event)
        };
        match writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(report::stdout_error(&error)),
        }
    }
}
