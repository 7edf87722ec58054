//! `loom list --generations`

use loom_base::time::format_rfc3339;
use serde_json::json;

use super::{Exit, Outcome, context::Context, default_version, table::table, which};
use loom_runtime::{config::Flags, store::ReleaseGeneration, update::UpdateMemory};

pub(super) fn run(context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let product = context.line(&resolved)?;
    let store = context.store(&resolved)?;
    default_version::settle(context, &resolved.state_dir.value, &store, &product);
    let generations = store.generations(&product)?;
    let is_current = |of: &ReleaseGeneration| Some(of.number) == generations.current;
    let withdrawn = which::withdrawn(context, &resolved, &product)?;
    let by = |of: &ReleaseGeneration| withdrawn.get(of.slot.version()?);
    let rolled_back = UpdateMemory::of(&resolved.state_dir.value, &product).rolled_back()?;
    let failed = |of: &ReleaseGeneration| {
        let version = of.slot.version()?;
        rolled_back.iter().find(|known| known.version == *version).map(|known| known.why.clone())
    };
    let mut rows = Vec::new();
    for generation in &generations.list {
        let installed = store.find(&product.in_slot(generation.slot.clone()))?;
        let is_here = installed.is_some_and(|installed| installed.tree == generation.tree);
        rows.push((generation, is_here));
    }
    let list: Vec<_> = rows
        .iter()
        .map(|(of, is_here)| {
            json!({
                "number": of.number, "at": format_rfc3339(of.at), "version": of.slot.to_string(), "tree": of.tree,
                "current": is_current(of), "installed": is_here, "withdrawn": by(of), "rolled_back": failed(of),
            })
        })
        .collect();
    let document = json!({"schema": 1, "binary": product.binary, "generations": list});
    context.printer.answer(&document, || {
        let cells = |(of, is_here): &(&ReleaseGeneration, bool)| {
            let marks = [
                ('*', is_current(of)),
                ('!', !is_here),
                ('-', by(of).is_some()),
                ('<', failed(of).is_some()),
            ];
            let mark = marks.into_iter().filter(|(_, is_set)| *is_set).map(|(mark, _)| mark);
            [mark.collect(), of.number.to_string(), of.slot.to_string(), format_rfc3339(of.at)]
        };
        let rows: Vec<[String; 4]> = rows.iter().map(cells).collect();
        if rows.is_empty() {
            return String::new();
        }
        table(["", "GENERATION", "VERSION", "SINCE"], &rows)
    })?;
    if rows.is_empty() {
        context.printer.message(
            "there are no generations yet: `loom use`, and `loom up` with the default version, note them",
        );
    }
    if rows.iter().any(|(of, _)| is_current(of)) {
        context.printer.message("* current generation; `loom rollback` goes to the one before");
    }
    if rows.iter().any(|(_, is_here)| !is_here) {
        context.printer.message("! no longer installed");
    }
    if rows.iter().any(|(of, _)| by(of).is_some()) {
        context.printer.message("- withdrawn by its source; `loom rollback` passes it over");
    }
    if rows.iter().any(|(of, _)| failed(of).is_some()) {
        context.printer.message("< did not become ready; `loom rollback` passes it over");
    }
    Ok(Exit::Success)
}
