//! `loom why`: how a release got here and was verified, or why it is not here.

mod chain;
mod page;

use loom_source::{Product, Release, Selector, Slot};
use serde_json::json;

use self::{
    chain::TrustChain,
    page::{HistoryPage, failure_rows, interrupted_text, receipt_rows, verification_rows},
};
use super::{
    CommandError, Exit, Outcome,
    context::Context,
    locked::{self, RequestedVersion},
    path_text::shown,
    ready, version_arg, which,
};
use loom_runtime::{
    config::{Flags, Resolved},
    lock::{ActiveLock, LockedBinary},
    store::{
        FailureRecord, Installed, InterruptedTransfer, Presence, Receipt, Store, StoreError,
        Unverified, Verification,
    },
};

/// Arguments of `loom why`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// latest, a version (0.2.0), a range, or dev [default: what `up` would take]
    version: Option<Selector>,
}

/// All that is known of a release.
struct ReleaseHistory {
    product: Product,
    selector: Selector,
    /// Which setting chose the selector.
    by: String,
    /// The lock file that the project goes by.
    lock: Option<ActiveLock>,
    /// Whether the installed release is the locked one: the error says why not.
    locked: Option<Result<(), String>>,
    installed: Option<Installed>,
    /// Why the installed release does not count.
    unverified: Option<Unverified>,
    /// Whether the store has a record of the release.
    recorded: bool,
    verification: Option<Verification>,
    /// From the source to the verification.
    chain: Option<TrustChain>,
    receipt: Option<Receipt>,
    failure: Option<FailureRecord>,
    /// What an interrupted download has left.
    interrupted: Option<InterruptedTransfer>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let store = context.store(&resolved)?;
    let history = history(args, context, &resolved, &store)?;
    if history.is_empty() {
        let ReleaseHistory { product, selector, .. } = &history;
        let message = format!("{} {selector} {} is not here", product.binary, product.platform);
        return Err(CommandError::new(
            Exit::Absent,
            format!("{message}, and was never downloaded"),
        )
        .hint(format!("`loom get {}` fetches it", version_arg::shell_word(selector))));
    }
    context.printer.answer(&history.json(), || history.human())?;
    Ok(Exit::Success)
}

fn history(
    args: &Args,
    context: &Context,
    resolved: &Resolved,
    store: &Store,
) -> Result<ReleaseHistory, CommandError> {
    let product = context.line(resolved)?;
    let choice = match &args.version {
        Some(selector) => RequestedVersion::argument(selector.clone()),
        None => locked::choose(context, resolved, &product, None)?,
    };
    // Whether the installed release is the locked one is shown, and no reason to fail.
    let mut choice = choice;
    let lock = choice.lock.take();
    let presence = which::look_up(context, resolved, store, &product, &choice)?;
    let RequestedVersion { selector, by, .. } = choice;
    let by = format!("by {by}");
    let (installed, unverified) = match presence {
        Presence::Accepted(installed) => (Some(installed), None),
        Presence::Refused(installed, why) => (Some(installed), Some(why)),
        Presence::Absent => (None, None),
    };
    let locked = match (&lock, &installed) {
        (Some(lock), Some(installed)) => Some(lock_state(store, installed, lock)),
        _ => None,
    };
    let slot = match (&installed, &selector) {
        (Some(installed), _) => Some(installed.release.slot.clone()),
        (None, Selector::Exact(version)) => Some(Slot::Version(version.clone())),
        (None, Selector::Dev) => Some(Slot::Dev),
        (None, Selector::Latest | Selector::Range(_)) => None,
    };
    let release: Option<Release> = slot.clone().map(|slot| product.in_slot(slot));
    let recorded = release.as_ref().is_some_and(|release| is_recorded(store, release));
    let verification = release.as_ref().map(|release| verification(store, release)).transpose()?;
    let receipt = release.as_ref().map(|release| store.receipt(release)).transpose()?;
    let interrupted = release.as_ref().map(|release| store.interrupted(release)).transpose()?;
    let verification = verification.flatten();
    let policy = ready::policy(resolved)?;
    let chain = release.as_ref().zip(verification.as_ref());
    let chain =
        chain.map(|(release, verification)| TrustChain::of(store, release, verification, &policy));
    let requested = selector.to_string();
    let concerns = |failure: &FailureRecord| {
        failure.requested == requested || slot.as_ref().is_some_and(|slot| failure.concerns(slot))
    };
    let failure = store.failures(&product)?.into_iter().find(concerns);
    Ok(ReleaseHistory {
        product,
        selector,
        by,
        lock,
        locked,
        installed,
        unverified,
        recorded,
        verification,
        chain,
        receipt: receipt.flatten(),
        failure,
        interrupted: interrupted.flatten(),
    })
}

/// Whether the store has a record of the release and its tree, though it has no link.
fn is_recorded(store: &Store, release: &Release) -> bool {
    store.recorded(release).ok().flatten().is_some()
}

/// Whether the installed release is the one that the lock names; the error says why not.
fn lock_state(store: &Store, installed: &Installed, lock: &ActiveLock) -> Result<(), String> {
    match ready::is_locked_one(store, installed, Some(lock)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Unverified::NotLocked.to_string()),
        Err(error) => Err(error.message),
    }
}

/// The verification of a release. A damaged one is named as the reason why the release does not count.
fn verification(store: &Store, release: &Release) -> Result<Option<Verification>, CommandError> {
    match store.verification(release) {
        Err(StoreError::Damaged { .. }) => Ok(None),
        verification => Ok(verification?),
    }
}

impl ReleaseHistory {
    /// Whether nothing is known. Receipts do not count: they may be deleted at any time.
    fn is_empty(&self) -> bool {
        let is_here = self.installed.is_some() || self.recorded || self.interrupted.is_some();
        !is_here && self.failure.is_none()
    }

    fn json(&self) -> serde_json::Value {
        let Self { product, selector, by, installed, receipt, verification, failure, .. } = self;
        json!({
            "schema": 1, "binary": product.binary, "platform": product.platform,
            "lock": self.lock.as_ref().map(|lock| self.lock_json(lock)),
            "wanted": {"version": selector.to_string(), "by": by},
            "version": installed.as_ref().map(|i| i.release.slot.to_string()),
            "tree": installed.as_ref().map(|i| i.tree), "path": installed.as_ref().map(|i| shown(&i.link)),
            "accepted": installed.is_some() && self.unverified.is_none(),
            "refused": self.unverified.as_ref().map(ToString::to_string),
            "verification": verification, "chain": self.chain.as_ref().zip(verification.as_ref())
                .map(|(chain, verification)| chain.json(verification)),
            "receipt": receipt, "failure": failure,
            "partial": self.interrupted.as_ref().map(|partial| {
                json!({"source": partial.source, "bytes": partial.bytes, "total": partial.total})
            }),
        })
    }

    fn human(&self) -> String {
        let mut page = HistoryPage::default();
        let Product { binary, platform, .. } = &self.product;
        let slot = self.installed.as_ref().map(|i| i.release.slot.to_string());
        let name = slot.clone().unwrap_or_else(|| self.selector.to_string());
        page.title(&format!("{binary} {name} {platform}"));
        let version = match slot {
            Some(slot) if slot != self.selector.to_string() => {
                format!("{} ({}), {slot} is installed", self.selector, self.by)
            }
            _ => format!("{} ({})", self.selector, self.by),
        };
        page.row("version", &version);
        if let Some(lock) = &self.lock {
            self.lock_rows(&mut page, lock);
        }
        match &self.installed {
            Some(installed) => self.installed_rows(&mut page, installed),
            None if self.recorded => {
                page.row(
                    "here",
                    "its link is missing; `loom get` hashes its tree and links it again",
                );
            }
            None => page.row("here", "no"),
        }
        if let Some(interrupted) = &self.interrupted {
            page.row("partial", &interrupted_text(interrupted, &self.selector));
        }
        if let Some(receipt) = &self.receipt {
            receipt_rows(&mut page, receipt);
        }
        if let Some(failure) = &self.failure {
            failure_rows(&mut page, failure);
        }
        page.0
    }

    fn lock_json(&self, lock: &ActiveLock) -> serde_json::Value {
        let ActiveLock { file, binary, vouches } = lock;
        let refused = self.locked.as_ref().and_then(|state| state.as_ref().err());
        json!({
            "file": shown(file), "version": binary.version, "requested": binary.requested.to_string(),
            "trusted": vouches, "met": self.locked.as_ref().map(Result::is_ok), "refused": refused,
        })
    }

    fn lock_rows(&self, page: &mut HistoryPage, lock: &ActiveLock) {
        let ActiveLock { file, binary, vouches } = lock;
        let trusted = if *vouches { "" } else { ", not trusted" };
        let LockedBinary { version, requested, .. } = binary;
        page.row("lock", &format!("{}: {version} for \"{requested}\"{trusted}", file.display()));
        match &self.locked {
            Some(Ok(())) => page.row("", "the installed one is the locked one"),
            Some(Err(why)) => page.row("", why),
            None => {}
        }
    }

    fn installed_rows(&self, page: &mut HistoryPage, installed: &Installed) {
        page.row("here", &installed.link.display().to_string());
        if let Some(why) = &self.unverified {
            page.row(
                "",
                &format!("does not count: {why}; `loom get` verifies or fetches it again"),
            );
        }
        page.row("tree", &installed.tree.to_string());
        if let Some(verification) = &self.verification {
            verification_rows(page, verification);
        }
        match &self.receipt {
            Some(receipt) if receipt.tree != Some(installed.tree) => {
                page.row("", "its receipt is of another tree");
            }
            Some(_) => {}
            None => page.row("", "it has no receipt, so its history is unknown"),
        }
    }
}
