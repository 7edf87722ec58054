//! `loom self update`

use std::time::Duration;

use loom_source::{Name, Platform, Product, Selector, Version};
use serde_json::json;

use super::program_file::{VERSION, own_program};
use crate::cli::{
    CommandError, Exit, Outcome, context::Context, identified::is_identified, newer,
    path_text::shown, progress::ProgressReporter, ready, selection::Selection, version_arg,
};
use loom_runtime::{
    acquire::{AcquireError, AcquireOptions, Acquired, Acquirer, FailureReason, How},
    config::{Flags, Resolved},
    own_program::NewProgram,
    sources::{OpenedSources, SourceClass},
    store::{Installed, Store},
};

/// Arguments of `loom self update`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Version to replace this program by [default: the newest one]
    #[arg(long, value_parser = version_arg::version)]
    version: Option<Version>,
    /// Only say whether there is a newer version that may replace this program; exit 1 if there is. A newer version is
    /// downloaded and verified, and nothing is replaced
    #[arg(long, conflicts_with = "version")]
    check: bool,
    /// Source to query instead of the configured ones; may be repeated
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<String>,
}

/// What to do where no source has the program.
const NO_SOURCE_HINT: &str = "`loom source list` shows the sources, --source names another one";

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let flags = Flags { sources: args.sources.clone(), ..Flags::default() };
    let mut resolved = context.resolve_without_project(flags)?;
    resolved.update.check_interval.value = Duration::ZERO;
    let product = product(&resolved)?;
    if args.check {
        return check(context, &resolved, &product);
    }
    // Before anything is downloaded: a file that something else updates is not replaced.
    let program = own_program(&resolved)?;
    let store = context.store(&resolved)?;
    let selector = match &args.version {
        Some(version) => Selector::Exact(version.clone()),
        None => Selector::Latest,
    };
    let acquired = acquire(context, &resolved, &store, &product, &selector, false)?;
    let version = acquired.installed.release.slot.to_string();
    let is_newer = acquired.installed.release.slot.version() > VERSION.parse().ok().as_ref();
    let changes = if args.version.is_some() { version != VERSION } else { is_newer };
    if changes {
        let installed = identified(context, &resolved, &store, &product, acquired)?;
        program.replace(&new_program(&store, &installed)?)?;
    }
    let document = json!({
        "schema": 1, "before": VERSION, "version": if changes { &version } else { VERSION },
        "changed": changes, "path": shown(program.path()),
    });
    context.printer.answer(&document, || match changes {
        true => format!("loom {VERSION} -> {version}"),
        // Of a version that was named, nothing is known about newer ones.
        false if args.version.is_some() => format!("loom {VERSION}, unchanged"),
        false => format!("loom {VERSION} is the newest version"),
    })?;
    if changes {
        context.printer.message("`loom self rollback` puts the previous one back");
    }
    Ok(Exit::Success)
}

/// The program `loom` for this machine.
fn product(resolved: &Resolved) -> Result<Product, CommandError> {
    let platform = Platform::current().ok_or_else(|| {
        let message =
            format!("no releases for {} on {}", std::env::consts::OS, std::env::consts::ARCH);
        CommandError::new(Exit::Usage, message)
    })?;
    let binary: Name = "loom".parse().map_err(|error| {
        CommandError::new(Exit::Failure, format!("the name of the program: {error}"))
    })?;
    Ok(Product { authority: resolved.authority.value.clone(), binary, platform })
}

fn check(context: &Context, resolved: &Resolved, product: &Product) -> Outcome {
    let running = VERSION.parse::<Version>().ok();
    let policy = ready::policy(resolved)?;
    let latest = Selector::Latest;
    let found = newer::ask(context, resolved, product, &latest, running.as_ref(), policy)?;
    if found.newest.is_none() {
        // Mostly fails, with the error that says why.
        acquire(context, resolved, &context.store(resolved)?, product, &latest, false)?;
        let message = format!("no source has a version of {product}");
        let mut error = CommandError::new(Exit::Absent, message).hint(NO_SOURCE_HINT);
        error.causes = found.remarks;
        return Err(error);
    }
    let mut newer = found.selected.filter(|version| running.as_ref() < Some(version));
    if newer.is_some() {
        // What vouches for a release is known once it is here; what would be refused is not announced.
        let store = context.store(resolved)?;
        let acquired = acquire(context, resolved, &store, product, &latest, false)?;
        newer = acquired.installed.release.slot.version().cloned();
        newer = newer.filter(|version| running.as_ref() < Some(version));
        if newer.is_some() {
            identified(context, resolved, &store, product, acquired)?;
        }
    }
    let document = json!({
        "schema": 1, "before": VERSION, "version": newer.as_ref().map_or_else(|| VERSION.to_owned(), ToString::to_string),
        "changed": false, "path": null,
    });
    context.printer.answer(&document, || match &newer {
        Some(newer) => format!("loom {VERSION} -> {newer}"),
        None => format!("loom {VERSION} is the newest version"),
    })?;
    found.remarks.iter().for_each(|remark| context.printer.message(remark));
    Ok(if newer.is_some() { Exit::Failure } else { Exit::Success })
}

/// Acquires the program like every other release; `force` fetches also what is here.
fn acquire(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    product: &Product,
    selector: &Selector,
    force: bool,
) -> Result<Acquired, CommandError> {
    // A cargo build is no release, and no hint leads to one.
    let OpenedSources { mut candidates, .. } = context.open_sources(resolved, false)?;
    candidates.retain(|candidate| candidate.class != SourceClass::Build);
    let reporter = ProgressReporter::new(context, &candidates);
    let state = &resolved.state_dir.value;
    let options = AcquireOptions {
        untrusted_version: false,
        force,
        ..ready::options(resolved, &Selection::default())
    };
    let policy = ready::policy(resolved)?;
    let acquirer = Acquirer::new(store, state, &candidates, policy, options, &reporter);
    let acquired = acquirer.acquire(product, selector);
    context.notices(store);
    acquired.map_err(|error| {
        let is_absent = matches!(
            error,
            AcquireError::NoSource(_)
                | AcquireError::Unserved { reason: FailureReason::Absent, .. }
        );
        let error = CommandError::from(error);
        if is_absent { error.hint(NO_SOURCE_HINT) } else { error }
    })
}

/// A release whose publisher is known. What was here before was perhaps verified again without its signature, or before a key was
/// named: its source may prove it.
fn identified(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    product: &Product,
    Acquired { mut installed, how }: Acquired,
) -> Result<Installed, CommandError> {
    let is_fetched = matches!(how, How::Fetched { .. });
    if !is_fetched
        && !resolved.offline.value
        && !is_identified(store, &installed, &ready::policy(resolved)?)?
        && let Some(version) = installed.release.slot.version().cloned()
    {
        let exact = Selector::Exact(version);
        installed = acquire(context, resolved, store, product, &exact, true)?.installed;
    }
    require_identity(store, &installed, resolved)?;
    Ok(installed)
}

/// What replaces the program that verifies everything must come from its publisher: a source alone does not vouch for it.
fn require_identity(
    store: &Store,
    installed: &Installed,
    resolved: &Resolved,
) -> Result<(), CommandError> {
    if is_identified(store, installed, &ready::policy(resolved)?)? {
        return Ok(());
    }
    let message = format!(
        "{} does not replace this program: neither a signature nor a signed index vouches for it",
        installed.release
    );
    Err(CommandError::new(Exit::Integrity, message).hint(
        "name the key of the publisher in trust.keys, or the root of a signed mirror with `loom trust add-root`",
    ))
}

/// The program in the store, every byte of which is hashed before.
fn new_program(store: &Store, installed: &Installed) -> Result<NewProgram, CommandError> {
    let listing = store.check_tree(&installed.tree)?;
    let entry = store.tree_of(installed).map(|tree| tree.entry);
    let listed = listing.entries().iter().find(|listed| Some(&listed.path) == entry.as_ref());
    let Some(listed) = listed else {
        let message = format!("{} has no program", installed.release);
        return Err(CommandError::new(Exit::Integrity, message));
    };
    Ok(NewProgram {
        path: installed.entry.clone(),
        sha256: listed.digest,
        version: installed.release.slot.to_string(),
    })
}
