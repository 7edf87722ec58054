//! `loom source test [NAME]`: asks each source, and says how it is reached.

use loom_source::Version;
use serde_json::{Value, json};

use super::{examine::examine, finding::exit, told};
use crate::cli::{
    CommandError, Done, Exit, Outcome, context::Context, report::config::untrusted_warning,
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
    let line = context.line(&resolved)?;
    let specs = chosen(&resolved, name)?;
    let findings = examine(context, &resolved, &specs, version)?;
    let list: Vec<Value> = findings.iter().map(|finding| told::json(finding, &line)).collect();
    let document = json!({"schema": 1, "sources": list});
    context.printer.answer(&document, || {
        findings.iter().map(|finding| told::human(finding, &line)).collect::<Vec<_>>().join("\n")
    })?;
    Ok(match exit(&findings) {
        0 => Done::Well,
        code => Done::Code(code),
    })
}

/// The source of this name or address, or all of them.
fn chosen(resolved: &Resolved, name: Option<&str>) -> Result<Vec<SourceSpec>, CommandError> {
    let all = &resolved.sources.value;
    let Some(name) = name else { return Ok(all.clone()) };
    let named = |spec: &&SourceSpec| {
        spec.to_string() == name
            || spec.kind.to_string().trim_end_matches('/') == name.trim_end_matches('/')
    };
    let found: Vec<SourceSpec> = all.iter().filter(named).cloned().collect();
    if found.is_empty() {
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        return Err(CommandError::new(Exit::Usage, format!("there is no source called {name}"))
            .hint(format!("configured: {}", names.join(", "))));
    }
    Ok(found)
}
