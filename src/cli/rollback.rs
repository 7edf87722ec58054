//! `loom rollback`

use loom_base::time::format_rfc3339;
use loom_source::Slot;
use serde_json::json;

use super::{CommandError, Exit, Outcome, context::Context, default_version};
use loom_runtime::{
    acquire::chosen::{self, ChosenBy},
    config::Flags,
    store::{Generations, ReleaseGeneration},
};

/// Arguments of `loom rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Go to this generation instead of the previous one; `loom list --generations` shows their numbers
    #[arg(long, value_name = "N")]
    to: Option<u64>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let state = &resolved.state_dir.value;
    let product = context.line(&resolved)?;
    let store = context.store(&resolved)?;
    default_version::settle(context, state, &store, &product);
    let generations = store.generations(&product)?;
    let default = chosen::load(state, &product.authority, &product.binary)?;
    let target = target(args, &generations, default.as_ref())?.clone();
    let release = product.in_slot(target.slot.clone());
    let installed = store.find(&release)?.filter(|installed| installed.tree == target.tree);
    if installed.is_none() {
        let message = format!("{release} of generation {} is no longer installed", target.number);
        return Err(CommandError::new(Exit::Absent, message).hint(format!(
            "`loom get {0}` acquires it, then `loom use {0}` makes it the default version",
            target.slot
        )));
    }
    store.set_generation(&product, target.number)?;
    chosen::save(state, &product.authority, &product.binary, &target.slot, ChosenBy::Rollback)?;
    default_version::warn_of_others(context, &resolved, &target.slot)?;
    let document = json!({
        "schema": 1, "binary": product.binary, "version": target.slot.to_string(),
        "generation": target.number, "at": format_rfc3339(target.at), "tree": target.tree,
    });
    context.printer.answer(&document, || target.slot.to_string())?;
    Ok(Exit::Success)
}

/// The generation to go to. A default version that was never installed is no generation: the current one is before it.
fn target<'a>(
    args: &Args,
    generations: &'a Generations,
    default: Option<&Slot>,
) -> Result<&'a ReleaseGeneration, CommandError> {
    let hint = "`loom list --generations` shows all; `loom use VERSION` sets a version";
    match args.to {
        Some(number) => generations.list.iter().find(|of| of.number == number).ok_or_else(|| {
            CommandError::new(Exit::Absent, format!("there is no generation {number}")).hint(hint)
        }),
        None => {
            let current = generations.current();
            let left = current.filter(|now| default.is_some_and(|default| *default != now.slot));
            left.or_else(|| generations.previous()).ok_or_else(|| {
                let message = "there is no earlier generation of another version";
                CommandError::new(Exit::Absent, message).hint(hint)
            })
        }
    }
}
