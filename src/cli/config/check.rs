//! `loom config check`

use serde_json::{Value, json};

use crate::cli::{
    CommandError, Exit, Outcome,
    context::Context,
    report::config::{diagnostic_json, diagnostic_line},
};
use loom_runtime::config::{ConfigReport, Diagnostic, Disk, Flags, check};

/// Prints the problems on stdout, like a linter; any of them is exit code 2.
pub(super) fn run(context: &Context) -> Outcome {
    let ConfigReport { problems, warnings } = check(&context.inputs(Flags::default())?, &Disk)?;
    let list = |of: &[Diagnostic]| of.iter().map(diagnostic_json).collect::<Vec<Value>>();
    let failure = match problems.len() {
        0 => None,
        1 => Some("1 problem found in the configuration".to_owned()),
        count => Some(format!("{count} problems found in the configuration")),
    };
    let failure = failure.map(|message| CommandError::new(Exit::Usage, message));
    let mut document = failure.as_ref().map_or(json!({"schema": 1}), CommandError::json);
    document["mistakes"] = list(&problems).into();
    document["warnings"] = list(&warnings).into();
    context.printer.answer(&document, || {
        let problems = problems.iter().map(|problem| format!("{}\n", diagnostic_line(problem)));
        let warnings =
            warnings.iter().map(|warning| format!("warning: {}\n", diagnostic_line(warning)));
        problems.chain(warnings).collect()
    })?;
    match failure {
        None => Ok(Exit::Success),
        // The error is part of the document.
        Some(_) if context.printer.is_json() => Ok(Exit::Usage),
        Some(failure) => Err(failure),
    }
}
