//! `loom __check-update`, started by the supervisor of a runtime: looks for a newer release, and under
//! `update.policy = "auto"` acquires and leases it.

use std::io;

use loom_base::DailyWindow;
use loom_source::{Product, Selector, Version};

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    default_version,
    identified::is_identified,
    launch_args::LaunchArgs,
    locked::RequestedVersion,
    newer,
    ready::{self, choose, ready_product},
};
use loom_runtime::{
    acquire::{self, Acquired, How, is_update},
    config::{Resolved, UpdatePolicy},
    launch::{CheckConversation, CheckReport, CheckRequest, ReadyRelease, ReleaseProgram},
    lock::ActiveLock,
    state::StateDir,
    store::{Installed, Lease, Store},
    update::{LastCheck, UpdateEntry, UpdateEvent, UpdateMemory},
};

/// Arguments of `loom __check-update`: none, it reads its request from standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Outcome {
    let gone = |error: io::Error| {
        CommandError::new(Exit::Failure, format!("could not talk to the supervisor: {error}"))
    };
    let input = io::BufReader::new(io::stdin());
    let (request, mut check) = CheckConversation::begin(input, io::stdout()).map_err(gone)?;
    let mut version = None;
    let (report, found) = match find(&request, context, &mut version) {
        Ok(Some(found)) => (CheckReport::Ready(found.ready()), Some(found)),
        Ok(None) => (CheckReport::Done, None),
        Err(error) => {
            let causes = error.causes.iter().map(String::as_str);
            let why: Vec<&str> = std::iter::once(error.message.as_str()).chain(causes).collect();
            (CheckReport::Failed { version, why: why.join(": ") }, None)
        }
    };
    check.report(&report).map_err(gone)?;
    if let Some(found) = found
        && check.is_switched()
    {
        found.settle(context);
    }
    Ok(Exit::Success)
}

/// A newer release that is installed and leased.
struct FoundRelease {
    state: StateDir,
    store: Store,
    lease: Lease,
    /// When a runtime may be switched.
    window: DailyWindow,
    /// Whether the version is the default one of the user, and not that of an option, a variable, a file or a lock.
    is_default: bool,
}

impl FoundRelease {
    fn ready(&self) -> ReadyRelease {
        let Installed { release, tree, entry, .. } = self.lease.installed();
        let (version, program) = (release.slot.to_string(), entry.clone().into());
        let release = ReleaseProgram { version, tree: Some(tree.to_string()), program };
        let (lease, is_default) = (self.lease.path().into(), self.is_default);
        ReadyRelease { release, lease, is_default, window: self.window }
    }

    fn settle(&self, context: &Context) {
        let product = self.lease.installed().release.product();
        default_version::settle(context, &self.state, &self.store, &product);
    }
}

/// Looks for a newer release. `None` where the runtime stays as it is; the journal has the reason. `found` is set to the
/// version that an error is about.
fn find(
    request: &CheckRequest,
    context: &Context,
    found: &mut Option<String>,
) -> Result<Option<FoundRelease>, CommandError> {
    let args = LaunchArgs::of_instance(request.launch_args.clone());
    let resolved = context.resolve(args.flags())?;
    let policy = resolved.update.policy.value;
    let Ok(running) = request.version.parse::<Version>() else { return Ok(None) };
    if policy == UpdatePolicy::Off {
        return Ok(None);
    }
    if resolved.untrusted.is_some() {
        let message = "the project is not trusted as it is now; run `loom trust`";
        return Err(CommandError::new(Exit::Usage, message));
    }
    let product = context.line(&resolved)?;
    let memory = UpdateMemory::of(&resolved.state_dir.value, &product);
    let choice = choose(context, &resolved, &product, args.selection())?;
    let store = context.store(&resolved)?;
    let state = resolved.state_dir.value.clone();
    // What an earlier one of these processes was killed before.
    default_version::settle(context, &state, &store, &product);
    let check = UpdateCheck { context, resolved: &resolved, product: &product, memory: &memory };
    let Some(version) =
        check.newer_than(&running, &choice)?.filter(|_| policy == UpdatePolicy::Auto)
    else {
        return Ok(None);
    };
    *found = Some(version.to_string());
    let choice = RequestedVersion { selector: Selector::Exact(version.clone()), ..choice };
    let acquired = ready_product(context, &resolved, &store, args.selection(), &product, &choice)?;
    check.note_acquired(&running, &version, &acquired)?;
    let installed = acquired.installed;
    let is_vouched_for = is_identified(&store, &installed, &ready::policy(&resolved)?)?
        || is_vouched_by_lock(&store, &installed, choice.lock.as_ref())?;
    if !is_vouched_for {
        let message = "it is not switched to by itself: neither a signature, a signed index nor a trusted lock file \
                       vouches for it";
        return Err(CommandError::new(Exit::Integrity, message));
    }
    let lease = store.lease(&installed, resolved.state_dir.value.path())?;
    store.check_before_launch(lease.installed())?;
    let is_default = default_version::is_selected(&resolved, choice.is_locked);
    let window = resolved.update.window.value;
    Ok(Some(FoundRelease { state, store, lease, window, is_default }))
}

/// Whether a trusted lock names the tree of the release, which may have been installed before it was locked.
fn is_vouched_by_lock(
    store: &Store,
    installed: &Installed,
    lock: Option<&ActiveLock>,
) -> Result<bool, CommandError> {
    let pins = lock.and_then(|lock| lock.pins(&installed.release)).filter(|pins| pins.vouches);
    match pins {
        Some(pins) => Ok(acquire::meets_lock(store, installed, &pins)?),
        None => Ok(false),
    }
}

/// One check.
struct UpdateCheck<'a> {
    context: &'a Context,
    resolved: &'a Resolved,
    product: &'a Product,
    memory: &'a UpdateMemory,
}

impl UpdateCheck<'_> {
    /// The newer version that an update leads to; notes what was found.
    fn newer_than(
        &self,
        running: &Version,
        choice: &RequestedVersion,
    ) -> Result<Option<Version>, CommandError> {
        let rolled_back = self.memory.rolled_back()?;
        let skipped: Vec<Version> = rolled_back.into_iter().map(|known| known.version).collect();
        let (newest, update, source) = match &choice.selector {
            Selector::Dev => return Ok(None),
            Selector::Exact(version) if choice.is_locked => {
                let is_update = is_update(running, version) && !skipped.contains(version);
                (Some(version.clone()), is_update.then(|| version.clone()), choice.by.clone())
            }
            // A version that the user named stays.
            Selector::Exact(_) => (None, None, choice.by.clone()),
            selector @ (Selector::Latest | Selector::Range(_)) => {
                let (context, resolved) = (self.context, self.resolved);
                let policy = ready::policy(resolved)?;
                let found =
                    newer::ask(context, resolved, self.product, selector, Some(running), policy)?;
                (found.selected, found.update, found.source.unwrap_or_default())
            }
        };
        let newest = newest.filter(|version| version > running);
        let kept = LastCheck::now(&running.to_string(), newest.as_ref().map(ToString::to_string));
        self.memory.keep_check(&kept)?;
        let shown = newest.as_ref().or(update.as_ref()).map(ToString::to_string);
        let entry = self.entry(UpdateEvent::Checked, running, shown.as_deref());
        let why = match (&newest, &update) {
            (Some(newest), None) if skipped.contains(newest) => ", which was rolled back once",
            (Some(newest), None) if !is_update(running, newest) => {
                ", which is no update that is made by itself: its major version differs"
            }
            (Some(newest), Some(update)) if newest != update => {
                ", of which no update is made by itself"
            }
            _ => "",
        };
        let asked = if choice.is_locked { "by" } else { "at" };
        self.memory.note(entry.detail(format!("{asked} {source}{why}")))?;
        Ok(update)
    }

    fn note_acquired(
        &self,
        running: &Version,
        version: &Version,
        acquired: &Acquired,
    ) -> Result<(), CommandError> {
        let how = match &acquired.how {
            How::Fetched { source } => format!("from {source}"),
            How::Here | How::Relinked | How::Reverified | How::Rebuilt => return Ok(()),
        };
        let version = version.to_string();
        let entry = self.entry(UpdateEvent::Acquired, running, Some(&version));
        Ok(self.memory.note(entry.detail(how))?)
    }

    fn entry(&self, event: UpdateEvent, running: &Version, to: Option<&str>) -> UpdateEntry {
        let project = self.resolved.project.root.display().to_string();
        UpdateEntry::new(event, &project, &running.to_string(), to)
    }
}
