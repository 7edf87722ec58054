//! `loom source test [NAME]`

use loom_source::Version;
use serde_json::{Value, json};

use super::{examine::examine, finding::exit, probe_report};
use crate::cli::{
    CommandError, Exit, Outcome, context::Context, report::config::untrusted_warning,
};
use loom_runtime::config::{Flags, Resolved, SourceSpec};

pub(super) fn run(
    context: &Context,
    name: Option<&str>,
    version: Option<&Version>,
    sources: &[String],
) -> Outcome {
    let resolved = context.resolve(Flags { sources: sources.to_vec(), ..Flags::default() })?;
    if let Some(untrusted) = &resolved.untrusted {
        context.printer.warning(untrusted_warning(untrusted));
    }
    let product = context.line(&resolved)?;
    let specs = selected(&resolved, name)?;
    let findings = examine(context, &resolved, &specs, version)?;
    let list: Vec<Value> =
        findings.iter().map(|finding| probe_report::json(finding, &product)).collect();
    let document = json!({"schema": 1, "sources": list});
    context.printer.answer(&document, || {
        let texts = findings.iter().map(|finding| probe_report::human(finding, &product));
        texts.collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::of_code(exit(&findings)))
}

/// The source with this name or address; all sources without one.
fn selected(resolved: &Resolved, name: Option<&str>) -> Result<Vec<SourceSpec>, CommandError> {
    let all = &resolved.sources.value;
    let Some(name) = name else { return Ok(all.clone()) };
    let named = |spec: &&SourceSpec| {
        let address = |text: String| text.trim_end_matches('/') == name.trim_end_matches('/');
        spec.to_string() == name || address(spec.kind.to_string()) || address(spec.kind.shorthand())
    };
    let found: Vec<SourceSpec> = all.iter().filter(named).cloned().collect();
    if found.is_empty() {
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        return Err(CommandError::new(Exit::Usage, format!("no source is called {name}"))
            .hint(format!("configured: {}", names.join(", "))));
    }
    Ok(found)
}
