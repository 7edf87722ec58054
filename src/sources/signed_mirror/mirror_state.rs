//! [`SignedMirror`]: fetches and verifies roots, timestamp and index, once per run.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use loom_source::{
    Digest, Product, Release, SkippedEntries, Source, SourceError, SourceErrorKind, Version,
    record::{Index, IndexTimestamp, MirrorRoot, SignedKind},
};
use tokio::sync::OnceCell;

use super::{
    first_sight::{FirstSight, FirstSightReport},
    given_roots::GivenRoots,
    known_roots::{MirrorRootRules, RootReadError, read_configured},
    progress::{MirrorProgress, ProgressFile},
    read_document::{location, read_signed_document},
};
use crate::{
    state::{StateDir, StateError},
    trust::{
        Pin, PinOrigin,
        mirror::{
            MAX_ROOT_STEPS, MirrorClock, MirrorRejection, SeenIndex, TrustedRoot, VerifiedIndex,
            VerifiedTimestamp,
        },
    },
};

/// When this program was built, in seconds after 1970; 0 where the build does not say.
const BUILT: Option<&str> = option_env!("LOOM_BUILD_TIME");

/// The signed index of one source, which is fetched and verified when it is first needed.
#[derive(Debug)]
pub struct SignedMirror {
    /// The name of the source, by which roots are given.
    name: String,
    rules: MirrorRootRules,
    state: StateDir,
    progress: ProgressFile,
    /// The longest time without progress; zero for none.
    timeout: Duration,
    skipped: SkippedEntries,
    index: OnceCell<Option<Arc<VerifiedIndex>>>,
    /// Is told of a root that is kept at first sight.
    on_first_sight: OnceLock<FirstSightReport>,
}

/// What a signed index says of a release.
#[derive(Debug, Clone)]
pub struct IndexVouch {
    /// The statement that the release must have.
    pub statement: Pin,
    /// Whether the release is withdrawn.
    pub yanked: bool,
}

impl SignedMirror {
    /// The mirror that is called `name`; `identity` is its name and address.
    pub fn new(
        name: String,
        identity: &str,
        rules: MirrorRootRules,
        state: StateDir,
        timeout: Duration,
    ) -> Self {
        let progress = ProgressFile::of(&state, identity);
        let (skipped, index) = (SkippedEntries::default(), OnceCell::new());
        let on_first_sight = OnceLock::new();
        Self { name, rules, state, progress, timeout, skipped, index, on_first_sight }
    }

    /// Calls `report` when a root is kept at first sight. Only the first call of this function has an effect.
    pub fn on_first_sight(&self, report: impl Fn(&FirstSight) + Send + Sync + 'static) {
        let _ = self.on_first_sight.set(FirstSightReport(Box::new(report)));
    }

    /// Until when the index that was fetched decides ranges; `None` where none was fetched, or needed.
    pub(crate) fn expires(&self) -> Option<SystemTime> {
        Some(self.index.get()?.as_ref()?.seen().expires)
    }

    /// What tells the lists of a mirror with this configuration from those of the same source without it.
    pub(crate) fn cache_key(&self) -> Option<String> {
        let root = self.rules.of(&self.name)?;
        let digest = root.sha256.map(|digest| digest.to_string()).unwrap_or_default();
        Some(format!("root {} {digest}", root.file.display()))
    }

    /// The longest time without progress; zero for none.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What was left out of the index since the last call.
    pub(super) fn skipped(&self) -> Option<String> {
        self.skipped.take()
    }

    /// The verified index; `None` where no root is known for the mirror, which then needs no index.
    ///
    /// # Errors
    /// Where a root is known, and the mirror has no index that is accepted.
    pub(in crate::sources) async fn index(
        &self,
        source: &dyn Source,
    ) -> Result<Option<Arc<VerifiedIndex>>, SourceError> {
        let index = self.index.get_or_try_init(|| async {
            let Some(begun) = self.begin(source).await? else { return Ok(None) };
            self.fetch(source, begun).await.map(|index| Some(Arc::new(index)))
        });
        index.await.cloned()
    }

    /// Whether an index that counts withdraws a release.
    pub(in crate::sources) async fn withdraws(
        &self,
        source: &dyn Source,
        release: &Release,
    ) -> bool {
        let index = self.index(source).await.ok().flatten();
        let index = index.filter(|index| index.expired().is_none());
        index.is_some_and(|index| index.entry(release).is_some_and(|entry| entry.yanked))
    }

    /// The versions of a product that an index withdraws which counts and was fetched.
    pub(crate) fn known_withdrawn(&self, product: &Product) -> Option<Vec<Version>> {
        let index = self.index.get()?.as_ref()?;
        index.expired().is_none().then(|| index.withdrawn(product))
    }

    /// Forgets the root that was kept at first sight; returns whether there was one.
    ///
    /// # Errors
    /// [`StateError`] where what is kept of the mirror cannot be read or removed.
    pub fn forget_first_seen(&self) -> Result<bool, StateError> {
        match self.progress.load()? {
            Some(kept) if kept.first_seen => self.progress.remove(),
            _ => Ok(false),
        }
    }

    /// What the index says of a release, once it was fetched.
    pub(crate) fn vouch(&self, release: &Release) -> Option<IndexVouch> {
        let index = self.index.get()?.as_ref()?;
        let entry = index.entry(release)?;
        let origin = PinOrigin::Index {
            index: index.origin().clone(),
            expired: index.expired().map(|rejection| rejection.to_string()),
        };
        let statement = Pin { digest: entry.statement, origin };
        Some(IndexVouch { statement, yanked: entry.yanked })
    }

    /// The root to start from, and what was accepted before.
    async fn begin(&self, source: &dyn Source) -> Result<Option<MirrorProgress>, SourceError> {
        match self.known()? {
            None if self.rules.pin_first_seen => self.first_seen(source).await,
            known => Ok(known),
        }
    }

    /// The root to start from, and what was accepted before, as far as that is known without asking the mirror.
    pub(super) fn known(&self) -> Result<Option<MirrorProgress>, SourceError> {
        let kept = self.progress.load().map_err(|error| self.unkept(error))?;
        Ok(match self.given()? {
            // What is given now may be what was kept at first sight.
            Some((anchor, _)) if kept.as_ref().is_some_and(|kept| kept.anchor == anchor) => {
                kept.map(|kept| MirrorProgress { first_seen: false, ..kept })
            }
            Some((anchor, root)) => {
                // What was seen of the same mirror still counts where the chain begins anew.
                let kept = kept.filter(|kept| kept.root.root().mirror == root.root().mirror);
                let seen = kept.and_then(|kept| kept.seen);
                Some(MirrorProgress { anchor, first_seen: false, root, seen })
            }
            None => kept.filter(|kept| kept.first_seen && self.rules.first_seen_counts),
        })
    }

    /// Whether no root is known and none is looked for, so that no index is read.
    pub(super) fn needs_no_index(&self) -> bool {
        !self.rules.pin_first_seen && matches!(self.known(), Ok(None))
    }

    /// Whether the configuration gives the root.
    pub(super) fn is_configured(&self) -> bool {
        self.rules.of(&self.name).is_some()
    }

    /// The first root of the mirror, where none is known.
    async fn first_seen(&self, source: &dyn Source) -> Result<Option<MirrorProgress>, SourceError> {
        let path = MirrorRoot::path(1);
        let bytes = read_signed_document(source, SignedKind::Root, &path, self.timeout).await?;
        let Some(bytes) = bytes else { return Ok(None) };
        let root = TrustedRoot::first_seen(&bytes)
            .map_err(|rejection| untrusted(source, &path, rejection))?;
        let anchor = Digest::of(&bytes);
        Ok(Some(MirrorProgress { anchor, first_seen: true, root, seen: None }))
    }

    /// The root that is given for this source, with the digest of its file.
    fn given(&self) -> Result<Option<(Digest, TrustedRoot)>, SourceError> {
        let unusable = |at: String, why: Box<dyn std::error::Error + Send + Sync>| {
            let kind = SourceErrorKind::Untrusted { contradiction: false };
            SourceError::new(at, kind).caused_by(why)
        };
        if let Some(configured) = self.rules.of(&self.name) {
            let at = || configured.file.display().to_string();
            return read_configured(configured).map(Some).map_err(|why| match why {
                RootReadError::Read { .. } => {
                    SourceError::new(at(), SourceErrorKind::Failed).caused_by(why)
                }
                RootReadError::Rejected { .. } => unusable(at(), why.into()),
            });
        }
        if !self.rules.added_count {
            return Ok(None);
        }
        let roots = GivenRoots::load(&self.state).map_err(|error| self.unkept(error))?;
        let Some(given) = roots.of(&self.name) else { return Ok(None) };
        let root = given.root().map_err(|why| unusable(self.name.clone(), why.into()))?;
        Ok(Some((given.sha256, root)))
    }

    fn unkept(&self, error: StateError) -> SourceError {
        SourceError::new(&self.name, SourceErrorKind::Failed).caused_by(error)
    }

    /// Follows the roots, then verifies timestamp and index. What was accepted is kept, also where the next document is
    /// not accepted.
    async fn fetch(
        &self,
        source: &dyn Source,
        mut progress: MirrorProgress,
    ) -> Result<VerifiedIndex, SourceError> {
        let number = progress.root.root().number;
        let followed = self.follow(source, &mut progress).await;
        if progress.root.root().number != number {
            self.progress.keep(&progress).map_err(|error| self.unkept(error))?;
        }
        followed?;
        let index = self.verify(source, &progress).await?;
        let first = progress.first_seen && progress.seen.is_none();
        progress.seen = Some(index.seen());
        self.progress.keep(&progress).map_err(|error| self.unkept(error))?;
        if let Some(FirstSightReport(report)) = self.on_first_sight.get().filter(|_| first) {
            report(&FirstSight::of(source, &progress));
        }
        Ok(index)
    }

    /// Follows the roots from the newest one that is known to the newest one that the mirror has.
    async fn follow(
        &self,
        source: &dyn Source,
        progress: &mut MirrorProgress,
    ) -> Result<(), SourceError> {
        for step in 0.. {
            let path = MirrorRoot::path(progress.root.root().number + 1);
            let bytes = read_signed_document(source, SignedKind::Root, &path, self.timeout).await?;
            let Some(bytes) = bytes else { break };
            if step == MAX_ROOT_STEPS {
                let endless = MirrorRejection::EndlessRoots(MAX_ROOT_STEPS);
                return Err(untrusted(source, &path, endless));
            }
            let next = progress.root.successor(&bytes);
            let next = next.map_err(|rejection| untrusted(source, &path, rejection))?;
            let under = |seen: SeenIndex| seen.under(&progress.root, &next);
            progress.seen = progress.seen.map(under);
            progress.root = next;
        }
        Ok(())
    }

    async fn verify(
        &self,
        source: &dyn Source,
        progress: &MirrorProgress,
    ) -> Result<VerifiedIndex, SourceError> {
        let MirrorProgress { root, seen, .. } = progress;
        let read = async |kind, path: &str, name| {
            let bytes = read_signed_document(source, kind, path, self.timeout).await?;
            bytes.ok_or_else(|| untrusted(source, path, MirrorRejection::Absent(name)))
        };
        let timestamp = if root.root().roles.timestamp.is_some() {
            let path = IndexTimestamp::PATH;
            let bytes = read(SignedKind::Timestamp, path, "timestamp").await?;
            VerifiedTimestamp::verify(root, &bytes, seen.as_ref())
                .map_err(|rejection| untrusted(source, path, rejection))?
        } else {
            None
        };
        let bytes = read(SignedKind::Index, Index::PATH, "index").await?;
        let (timestamp, seen) = (timestamp.as_ref(), seen.as_ref());
        let rejected = |rejection| untrusted(source, Index::PATH, rejection);
        let (clock, revoked) = (clock(), &self.rules.revoked);
        VerifiedIndex::verify(root, timestamp, &bytes, seen, clock, revoked, &self.skipped)
            .map_err(rejected)
    }
}

fn clock() -> MirrorClock {
    let built = BUILT.and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    MirrorClock::new(SystemTime::now(), built)
}

/// The error for a document that is not accepted.
pub(super) fn untrusted(
    source: &dyn Source,
    path: &str,
    rejection: MirrorRejection,
) -> SourceError {
    let contradiction = rejection.is_contradiction();
    let kind = SourceErrorKind::Untrusted { contradiction };
    SourceError::new(location(source, path), kind).caused_by(rejection)
}
