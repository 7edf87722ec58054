//! `loom remove`

use std::str::FromStr;

use loom_source::{Product, Release, Selector, Slot, version::VersionError};
use serde_json::{Value, json};

use super::{CommandError, Exit, Outcome, context::Context, report, version_arg};
use loom_runtime::{
    acquire::{chosen, first_seen},
    config::Flags,
    launch::{self, Scope},
    state::StateDir,
    store::Store,
};

/// Arguments of `loom remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Versions to remove (0.2.0), ranges of installed versions ("<0.2"), or dev for the cargo builds
    #[arg(value_name = "VERSION", required = true)]
    versions: Vec<Removal>,
    /// Also forget the digest that the release had when it was first seen
    #[arg(long)]
    forget: bool,
    /// Also remove versions that `loom store keep` keeps
    #[arg(long)]
    force: bool,
}

/// What to remove.
#[derive(Debug, Clone)]
enum Removal {
    Slot(Slot),
    Range(Selector),
}

impl FromStr for Removal {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let slot = version_arg::slot(text);
        match (slot, text.parse()) {
            (Ok(slot), _) => Ok(Self::Slot(slot)),
            (Err(_), Ok(range @ Selector::Range(_))) => Ok(Self::Range(range)),
            (Err(error), _) => Err(error),
        }
    }
}

/// What was done to a release.
struct RemovedRelease {
    release: Release,
    removed: bool,
    forgotten: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let state = &resolved.state_dir.value;
    let product = context.line(&resolved)?;
    let store = context.store(&resolved)?;
    let mut removed: Vec<RemovedRelease> = Vec::new();
    let mut failed = None;
    let releases = releases(&args.versions, &product, &store)?;
    if let Some(kept) = releases.iter().find(|it| !args.force && is_kept(it, &store)) {
        let message = format!("{kept} is kept by `loom store keep`");
        let hint = format!(
            "`loom store keep --remove {}` no longer keeps it; --force removes it all the same",
            kept.slot
        );
        return Err(CommandError::new(Exit::Usage, message).hint(hint));
    }
    for release in releases {
        match remove(&release, args.forget, state, &store) {
            Ok(one) => {
                forget_default(&release, context, state)?;
                removed.push(one);
            }
            // The others are removed nevertheless, and told.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    context.notices(&store);
    if let (Some(error), true) = (&failed, removed.is_empty()) {
        return Err(error.clone());
    }
    let document = document(&removed, args);
    context
        .printer
        .answer(&document, || removed.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    match failed {
        Some(error) => {
            context.printer.error_text(&error);
            Ok(Exit::of_code(error.code))
        }
        None => Ok(Exit::Success),
    }
}

/// Whether a user keeps a release that is here.
fn is_kept(release: &Release, store: &Store) -> bool {
    store.is_kept(release) && store.is_left(release)
}

/// The releases that the arguments name, each once.
fn releases(
    removals: &[Removal],
    product: &Product,
    store: &Store,
) -> Result<Vec<Release>, CommandError> {
    let mut releases: Vec<Release> = Vec::new();
    for removal in removals {
        let named = match removal {
            Removal::Slot(slot) => vec![product.in_slot(slot.clone())],
            Removal::Range(range) => in_range(range, product, store)?,
        };
        for release in named {
            if !releases.contains(&release) {
                releases.push(release);
            }
        }
    }
    Ok(releases)
}

fn in_range(
    range: &Selector,
    product: &Product,
    store: &Store,
) -> Result<Vec<Release>, CommandError> {
    let matches = |release: &Release| {
        release.product() == *product
            && release.slot.version().is_some_and(|version| range.matches_counting(version, true))
    };
    let releases: Vec<Release> = store.removable()?.into_iter().filter(matches).collect();
    if releases.is_empty() {
        let message = format!("no installed version of {} matches {range}", product.binary);
        return Err(CommandError::new(Exit::Absent, message)
            .hint("`loom list` shows the installed releases"));
    }
    Ok(releases)
}

fn remove(
    release: &Release,
    forget: bool,
    state: &StateDir,
    store: &Store,
) -> Result<RemovedRelease, CommandError> {
    let removed = match store.remove(release) {
        Err(error) if error.is_busy() => {
            if let Some(error) = in_use(state, store, release)? {
                return Err(error);
            }
            // The look at what runs has perhaps ended a server that was only tried and whose supervisor is gone.
            store.remove(release)?
        }
        removed => removed?,
    };
    store.release_kept(release)?;
    let forgotten = forget && first_seen::forget(state, release)?;
    if !removed && !forgotten {
        return Err(CommandError::new(Exit::Absent, format!("{release} is not installed"))
            .hint("`loom list` shows the installed releases"));
    }
    Ok(RemovedRelease { release: release.clone(), removed, forgotten })
}

/// The default version that is removed is the default no longer.
fn forget_default(
    release: &Release,
    context: &Context,
    state: &StateDir,
) -> Result<(), CommandError> {
    let Release { authority, binary, slot, .. } = release;
    if chosen::load(state, authority, binary)?.as_ref() == Some(slot) {
        chosen::clear(state, authority, binary)?;
        context.printer.message(format!(
            "{slot} was the default version; the default is now the latest version"
        ));
    }
    Ok(())
}

/// One document for a version that was named; a list where several may have been removed.
fn document(removed: &[RemovedRelease], args: &Args) -> Value {
    let of = |one: &RemovedRelease| {
        let Release { binary, slot, platform, .. } = &one.release;
        json!({
            "binary": binary, "version": slot.to_string(), "platform": platform,
            "removed": one.removed, "forgotten": one.forgotten,
        })
    };
    match (&args.versions[..], removed) {
        ([Removal::Slot(_)], [one]) => {
            let mut document = of(one);
            document["schema"] = 1.into();
            document
        }
        _ => json!({"schema": 1, "releases": removed.iter().map(of).collect::<Vec<_>>()}),
    }
}

fn line(one: &RemovedRelease) -> String {
    if one.removed {
        format!("removed {}", one.release)
    } else {
        format!("forgot the digest of {}", one.release)
    }
}

/// The error for a release that is in use, with the runtimes of this user that use it; `None` where none does.
fn in_use(
    state: &StateDir,
    store: &Store,
    release: &Release,
) -> Result<Option<CommandError>, CommandError> {
    let tree = store.find(release)?.map(|installed| installed.tree.to_string());
    let mut running = launch::running(state, Scope::default())?;
    running.retain(|instance| instance.document.tree.is_some() && instance.document.tree == tree);
    Ok((!running.is_empty()).then(|| report::store::in_use(release, &running)))
}
