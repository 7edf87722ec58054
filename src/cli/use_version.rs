//! `loom use`

use loom_source::{Product, Selector, Slot, version::VersionError};
use serde_json::json;

use super::{CommandError, Exit, Outcome, context::Context, default_version, version_arg};
use loom_runtime::{
    acquire::chosen::{self, ChosenBy},
    config::Flags,
    state::StateDir,
    store::Store,
};

/// Arguments of `loom use`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Version to use by default (0.2.0), or dev for a cargo build
    #[arg(required_unless_present = "none", value_parser = slot)]
    version: Option<Slot>,
    /// Set no version: the default is the latest version again
    #[arg(long, conflicts_with = "version")]
    none: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let state = &resolved.state_dir.value;
    let product = context.line(&resolved)?;
    let store = context.store(&resolved)?;
    default_version::settle(context, state, &store, &product);
    let Some(slot) = &args.version else {
        choose_none(state, &store, &product)?;
        let document =
            json!({"schema": 1, "binary": product.binary, "version": null, "here": null});
        context.printer.answer(&document, || "latest".to_owned())?;
        return Ok(Exit::Success);
    };
    chosen::save(state, &product.authority, &product.binary, slot, ChosenBy::Use)?;
    let installed = store.find(&product.in_slot(slot.clone()))?;
    let is_installed = installed.is_some();
    if let Some(installed) = &installed {
        default_version::record(context, &store, installed);
    } else {
        let binary = &product.binary;
        context.printer.message(format!(
            "{binary} {slot} is not installed yet; `loom get {slot}` acquires it"
        ));
    }
    default_version::warn_of_others(context, &resolved, slot)?;
    let document = json!({
        "schema": 1, "binary": product.binary, "version": slot.to_string(), "here": is_installed,
    });
    context.printer.answer(&document, || slot.to_string())?;
    Ok(Exit::Success)
}

/// Makes the latest version the default again. `loom rollback` then goes to the version that was the default.
fn choose_none(state: &StateDir, store: &Store, product: &Product) -> Result<(), CommandError> {
    let Product { authority, binary, .. } = product;
    if chosen::load(state, authority, binary)?.is_none() {
        return Ok(());
    }
    match store.generations(product)?.current() {
        Some(now) => chosen::save_latest(state, authority, binary, now.number)?,
        None => _ = chosen::clear(state, authority, binary)?,
    }
    Ok(())
}

/// One version or the cargo build: what `latest` and a range mean changes over time.
fn slot(text: &str) -> Result<Slot, String> {
    const EXPECTED: &str = "expected one version, such as 0.2.0, or dev";
    version_arg::slot(text).map_err(|error| match error {
        VersionError::NotSemver { .. } => match text.parse() {
            Ok(Selector::Latest) => {
                format!("{EXPECTED}; `loom use --none` makes the latest version the default")
            }
            Ok(_) => format!("{EXPECTED}; a range can be set as bridge.version in loom.toml"),
            Err(_) => EXPECTED.to_owned(),
        },
        other => format!("{other}; {EXPECTED}"),
    })
}
