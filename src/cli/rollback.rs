//! `loom rollback`

use loom_base::time::{format_rfc3339, parse_rfc3339};
use loom_source::Product;
use serde_json::json;

use super::{CommandError, Exit, Outcome, context::Context, default_version, which};
use loom_runtime::{
    acquire::chosen::{self, ChosenBy},
    config::Flags,
    state::StateDir,
    store::{Generations, ReleaseGeneration, Store},
    update::{RolledBackVersion, UpdateMemory},
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
    let withdrawn = which::withdrawn(context, &resolved, &product)?;
    let rolled_back = UpdateMemory::of(state, &product).rolled_back()?;
    let obstacle = |of: &ReleaseGeneration| {
        let version = of.slot.version()?;
        let failed = || rolled_back.iter().find(|known| known.version == *version).map(failed_at);
        let what = withdrawn.get(version).map(|source| format!("was withdrawn by {source}"));
        what.or_else(failed).map(|what| format!("{} of generation {} {what}", of.slot, of.number))
    };
    let targets = match args.to {
        Some(number) => vec![numbered(&generations, number)?],
        None => suitable(context, earlier(context, state, &product, &generations)?, &obstacle)?,
    };
    let target = here(context, &store, &product, &targets)?;
    if let Some(why) = obstacle(&target) {
        context.printer.warning(why);
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

const HINT: &str = "`loom list --generations` shows all; `loom use VERSION` sets a version";

fn numbered(generations: &Generations, number: u64) -> Result<&ReleaseGeneration, CommandError> {
    generations.list.iter().find(|of| of.number == number).ok_or_else(|| {
        CommandError::new(Exit::Absent, format!("there is no generation {number}")).hint(HINT)
    })
}

/// The generations to go to, the last one first. The current one is among them where it is not the default version: another
/// one, which was never installed, was chosen since, or none; or a later version did not become ready.
fn earlier<'a>(
    context: &Context,
    state: &StateDir,
    product: &Product,
    generations: &'a Generations,
) -> Result<Vec<&'a ReleaseGeneration>, CommandError> {
    let Product { authority, binary, .. } = product;
    let Some(current) = generations.current() else { return Err(no_earlier()) };
    let is_left = match chosen::load(state, authority, binary)? {
        Some(default) => default != current.slot,
        None if chosen::left_generation(state, authority, binary)? == Some(current.number) => true,
        None => match failed_since(&UpdateMemory::of(state, product), current)? {
            Some(RolledBackVersion { version, .. }) => {
                let now = &current.slot;
                context.printer.message(format!(
                    "{version} did not become ready; {now}, which was ready before it, becomes the default version"
                ));
                true
            }
            None => false,
        },
    };
    let is_other =
        |at: &&ReleaseGeneration| is_left || (&at.slot, at.tree) != (&current.slot, current.tree);
    let targets: Vec<_> = generations.chain().filter(is_other).collect();
    if targets.is_empty() { Err(no_earlier()) } else { Ok(targets) }
}

/// Those to which there is no obstacle. The ones before the first of them are named.
fn suitable<'a>(
    context: &Context,
    targets: Vec<&'a ReleaseGeneration>,
    obstacle: &dyn Fn(&ReleaseGeneration) -> Option<String>,
) -> Result<Vec<&'a ReleaseGeneration>, CommandError> {
    let first = targets.iter().position(|target| obstacle(target).is_none());
    for target in &targets[..first.unwrap_or(0)] {
        let why = obstacle(target).unwrap_or_default();
        context.printer.message(format!("{why}; it is passed over"));
    }
    if let (None, Some(only)) = (first, targets.first()) {
        let hint = format!("`loom rollback --to {}` goes there all the same", only.number);
        return Err(CommandError::new(Exit::Absent, obstacle(only).unwrap_or_default()).hint(hint));
    }
    Ok(targets.into_iter().filter(|target| obstacle(target).is_none()).collect())
}

/// What became of a version that was rolled back.
fn failed_at(known: &RolledBackVersion) -> String {
    format!("did not become ready at {}", known.at)
}

fn no_earlier() -> CommandError {
    let message = "there is no earlier generation of another version";
    CommandError::new(Exit::Absent, message).hint(HINT)
}

/// The version that was rolled back after this generation became the current one.
fn failed_since(
    memory: &UpdateMemory,
    current: &ReleaseGeneration,
) -> Result<Option<RolledBackVersion>, CommandError> {
    let is_later = |known: &RolledBackVersion| {
        parse_rfc3339(&known.at).is_some_and(|at| at >= current.at)
            && known.version.to_string() != current.slot.to_string()
    };
    Ok(memory.rolled_back()?.into_iter().rev().find(is_later))
}

/// The first of these generations that is still installed. Those that are passed over are named.
fn here(
    context: &Context,
    store: &Store,
    product: &Product,
    targets: &[&ReleaseGeneration],
) -> Result<ReleaseGeneration, CommandError> {
    for target in targets {
        let release = product.in_slot(target.slot.clone());
        let installed = store.find(&release)?;
        if installed.is_some_and(|installed| installed.tree == target.tree) {
            return Ok((*target).clone());
        }
        if targets.len() > 1 {
            let ReleaseGeneration { number, slot, .. } = target;
            let text = format!("{slot} of generation {number} is no longer installed");
            context.printer.message(text);
        }
    }
    let Some(first) = targets.first() else { return Err(no_earlier()) };
    let release = product.in_slot(first.slot.clone());
    let message = format!("{release} of generation {} is no longer installed", first.number);
    Err(CommandError::new(Exit::Absent, message).hint(format!(
        "`loom get {0}` acquires it, then `loom use {0}` makes it the default version",
        first.slot
    )))
}
