//! [`Unpacking`]: acquires releases without statements into a store of their own, so that statements can be made.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use loom_base::LockExt as _;
use loom_source::{Release, Selector};

use super::MirrorTaskError;
use crate::{
    acquire::{AcquireEvent, AcquireOptions, Acquirer, Observer},
    sources::{Candidate, OpenError},
    state::StateDir,
    store::Store,
    trust::Policy,
};

/// How many releases are acquired at the same time.
const AT_ONCE: usize = 3;

/// Acquires releases without statements into a store of their own. The policy judges them as for `loom get`.
pub struct Unpacking<'a> {
    /// The store.
    pub store: &'a Store,
    /// The state folder, with the first-seen digests.
    pub state: &'a StateDir,
    /// Opens the source: each thread has its own connections.
    pub open: &'a (dyn Fn() -> Result<Candidate, OpenError> + Sync),
    /// What may enter.
    pub policy: Policy,
    /// The settings of the acquisitions.
    pub options: AcquireOptions,
}

/// Reports nothing: the caller reports whole releases.
struct QuietObserver;

impl Observer for QuietObserver {
    fn on_event(&self, _: AcquireEvent<'_>) {}
}

impl Unpacking<'_> {
    /// Acquires releases, several at the same time. Returns those that failed, with the reasons.
    pub fn acquire(&self, releases: &[Release]) -> Vec<(Release, MirrorTaskError)> {
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(releases.len()) {
                scope.spawn(|| {
                    while let Some(release) = releases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(error) = self.acquire_one(release) {
                            failed.locked().push((release.clone(), error));
                        }
                    }
                });
            }
        });
        std::mem::take(&mut *failed.locked())
    }

    fn acquire_one(&self, release: &Release) -> Result<(), MirrorTaskError> {
        let Some(version) = release.slot.version() else { return Ok(()) };
        let candidate = (self.open)()?;
        let store = Store::open(self.store.root())?;
        let candidates = std::slice::from_ref(&candidate);
        // A mirror serves archives, and carries signatures that its keeper cannot judge.
        let policy = Policy { keeps_all_signatures: true, ..self.policy.clone() };
        let options = AcquireOptions { keep_archives: true, ..self.options };
        let acquirer =
            Acquirer::new(&store, self.state, candidates, policy, options, &QuietObserver);
        acquirer.acquire(&release.product(), &Selector::Exact(version.clone()))?;
        Ok(())
    }
}
