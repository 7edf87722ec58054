//! The driver of an acquisition: resolves, fetches with failover, publishes, and reports what happens.
//!
//! | file | holds |
//! |---|---|
//! | `installed` | a release that is installed already: accepted, restored, or to be fetched again |
//! | `rebuild` | the damaged tree of a release, made again without a source |
//! | `untrusted` | releases that a project selects which is not trusted |

mod installed;
mod rebuild;
mod untrusted;

pub(super) use rebuild::RebuiltFrom;

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use loom_base::error_chain;
use loom_source::{Digest, Product, Release, Selector, Slot};

use super::{
    AcquireError, AcquireEvent, AcquireOptions, Acquired, How, Observer, SourceAttempt,
    SourceRuntime,
    failover::{AttemptLog, Failover, Served, order},
    failure_record::{AcquireRequest, keep_outcome},
    fetch::Fetcher,
    local_file::{LocalFile, SHA256_OPTION},
    publish::publish,
    resolve::forget_older_list,
    state::{first_seen, quarantine::Quarantine},
};
use crate::{
    lock::ActiveLock,
    sources::Candidate,
    state::{StateDir, StateError},
    store::{AttemptKind, Store, StoreError},
    trust::{Pin, PinOrigin, Pins, Policy, Waiver},
};

/// How long a partial transfer may wait to be resumed.
const STALE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The number of files of partial transfers that are looked at in one run, so that a run is not delayed.
const MAX_SWEPT: usize = 64;

/// Acquires releases from sources into a store.
///
/// # Examples
/// A folder in the plain release layout is a source:
/// ```
/// use std::time::Duration;
///
/// use loom_mirror::{Mirror, MirrorOptions};
/// use loom_runtime::{
///     acquire::{AcquireEvent, AcquireOptions, Acquirer, How, Observer},
///     sources::{Candidate, Reach, SourceClass},
///     state::StateDir,
///     store::Store,
///     trust::{Channel, Policy},
/// };
/// use loom_source::{Digest, Platform, Product};
///
/// struct Silent;
/// impl Observer for Silent {
///     fn on_event(&self, _: AcquireEvent<'_>) {}
/// }
///
/// let folder = tempfile::tempdir()?;
/// let program = b"#!/bin/sh\necho hello\n";
/// let asset = folder.path().join("mirror/v0.1.0/hello-0.1.0-linux-x86_64");
/// std::fs::create_dir_all(asset.parent().unwrap())?;
/// std::fs::write(&asset, program)?;
/// std::fs::write(asset.with_added_extension("sha256"), format!("{}\n", Digest::of(program)))?;
///
/// let url = url::Url::from_directory_path(folder.path().join("mirror")).unwrap();
/// let source = Mirror::open(url, MirrorOptions::default())?;
/// let candidate = Candidate {
///     name: "local".to_owned(),
///     identity: "local".to_owned(),
///     class: SourceClass::File,
///     channel: Channel::Authenticated,
///     source: Box::new(source),
///     signed: None,
///     through: None,
///     stop_on_error: false,
///     stop_on_absent: false,
///     reach: Reach::Disk,
///     timeout: Duration::from_secs(10),
///     race: false,
///     prerelease: false,
/// };
/// let store = Store::open(&folder.path().join("cache"))?;
/// let state = StateDir::new(folder.path().join("state"));
/// let acquirer = Acquirer::new(
///     &store,
///     &state,
///     std::slice::from_ref(&candidate),
///     Policy::default(),
///     AcquireOptions::default(),
///     &Silent,
/// );
/// let product = Product {
///     authority: "loom-os".parse()?,
///     binary: "hello".parse()?,
///     platform: Platform::LinuxX86_64,
/// };
/// let acquired = acquirer.acquire(&product, &"latest".parse()?)?;
/// assert_eq!(acquired.how, How::Fetched { source: "local".to_owned() });
/// assert_eq!(std::fs::read(&acquired.installed.link)?, program);
/// # store.remove(&acquired.installed.release)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Acquirer<'a> {
    pub(super) store: &'a Store,
    pub(super) state: &'a StateDir,
    pub(super) candidates: &'a [Candidate],
    pub(super) policy: Policy,
    pub(super) options: AcquireOptions,
    pub(super) lock: Option<&'a ActiveLock>,
    pub(super) observer: &'a dyn Observer,
    pub(super) runtime: SourceRuntime,
}

impl<'a> Acquirer<'a> {
    /// An acquirer that asks `candidates` in their order.
    pub fn new(
        store: &'a Store,
        state: &'a StateDir,
        candidates: &'a [Candidate],
        policy: Policy,
        options: AcquireOptions,
        observer: &'a dyn Observer,
    ) -> Self {
        let runtime = SourceRuntime::default();
        Self { store, state, candidates, policy, options, lock: None, observer, runtime }
    }

    /// The same acquirer, which goes by this lock.
    #[must_use]
    pub fn locked(self, lock: Option<&'a ActiveLock>) -> Self {
        Self { lock, ..self }
    }

    /// Installs the release that `selector` selects, unless it is installed and accepted. A failure is kept for
    /// `loom why`.
    ///
    /// # Errors
    /// [`AcquireError`] says why no source could serve, or what failed on this machine.
    pub fn acquire(
        &self,
        product: &Product,
        selector: &Selector,
    ) -> Result<Acquired, AcquireError> {
        let begun = Instant::now();
        let mut slot = None;
        let result = match selector {
            Selector::Exact(version) if self.options.untrusted_version => {
                self.acquire_named(product, selector, version, &mut slot)
            }
            Selector::Exact(version) => self.acquire_exact(product.at_version(version.clone())),
            Selector::Dev => self.acquire_release(product.in_slot(Slot::Dev), vec![], &[]),
            Selector::Latest | Selector::Range(_) => {
                self.acquire_selected(product, selector, &mut slot)
            }
        };
        let advice = result.as_ref().err().and_then(|error| self.observer.advice(error));
        let (slot, policy) = (slot.as_ref(), &self.policy);
        let request = AcquireRequest { product, selector, slot, policy, begun };
        keep_outcome(self.store, &request, &result, advice);
        result
    }

    fn acquire_exact(&self, release: Release) -> Result<Acquired, AcquireError> {
        let acquired = self.acquire_release(release.clone(), vec![], &[])?;
        if let How::Fetched { source } = &acquired.how
            && let Some(candidate) = self.candidates.iter().find(|one| one.name == *source)
        {
            // A list that stays is asked for again once it is no longer fresh.
            let _ = forget_older_list(candidate, self.state, &release, &self.runtime);
        }
        Ok(acquired)
    }

    /// Installs `file` as `release`: an archive by its first bytes or the ending of its name, else the program itself.
    ///
    /// The file goes through the same steps as one that a source delivers. Without a digest, the policy has to accept
    /// releases without a checksum.
    ///
    /// # Errors
    /// [`AcquireError::Unreadable`] where `file` cannot be read, [`AcquireError::NoChecksum`] where a digest is missing,
    /// [`AcquireError`] otherwise.
    pub fn add(
        &self,
        release: &Release,
        file: &Path,
        sha256: Option<Digest>,
    ) -> Result<Acquired, AcquireError> {
        let unreadable = |source| AcquireError::Unreadable { file: file.to_owned(), source };
        if !std::fs::metadata(file).map_err(unreadable)?.is_file() {
            return Err(unreadable(std::io::Error::other("it is not a file")));
        }
        let candidates = [LocalFile::candidate(file.to_owned(), sha256)];
        let mut pins = first_seen::load(self.state, release, &self.policy.keys)?;
        let origin = PinOrigin::Given { by: SHA256_OPTION.to_owned() };
        pins.archives.extend(sha256.map(|digest| Pin { digest, origin }));
        let what = release.to_string();
        let _lock = self.store.lock_release(release, &mut || self.report_waiting(&what))?;
        match self.fetch(&candidates, release, &pins, vec![], &[]) {
            Err(AcquireError::Unserved { unverified: true, .. }) => {
                Err(AcquireError::NoChecksum { file: file.to_owned() })
            }
            result => result,
        }
    }

    pub(super) fn acquire_release(
        &self,
        release: Release,
        attempts: Vec<SourceAttempt>,
        silent: &[usize],
    ) -> Result<Acquired, AcquireError> {
        if let Some(installed) = self.find_accepted(&release)? {
            return Ok(Acquired { installed, how: How::Here });
        }
        let what = release.to_string();
        let lock = self.store.lock_release(&release, &mut || self.report_waiting(&what));
        let _lock = lock.map_err(|error| self.why_not_mended(&release, error))?;
        if let Some(installed) = self.find_accepted(&release)? {
            return Ok(Acquired { installed, how: How::Here });
        }
        let pins = self.pins(&release)?;
        let unaccepted = match self.restore(&release, &pins)? {
            Ok(acquired) => return Ok(acquired),
            Err(unaccepted) => unaccepted,
        };
        if release.slot != Slot::Dev && self.has_only_builds() {
            return Err(AcquireError::OnlyBuilds { release: release.to_string() });
        }
        match self.fetch(self.candidates, &release, &pins, attempts, silent) {
            Err(AcquireError::Offline { what, attempts, .. }) => {
                Err(AcquireError::Offline { what, here: unaccepted, attempts })
            }
            Err(cause) if cause.is_verdict() || matches!(cause, AcquireError::NoSource(_)) => {
                Err(cause.for_release(&release, unaccepted))
            }
            result => result,
        }
    }

    /// Where a store cannot be written, what is damaged in it matters more than that it cannot be mended.
    fn why_not_mended(&self, release: &Release, error: StoreError) -> StoreError {
        if !error.is_read_only() {
            return error;
        }
        let installed = self.store.find(release).ok().flatten();
        match installed.map(|installed| self.store.check_installed(&installed)) {
            Some(Err(damaged @ StoreError::Damaged { .. })) => damaged,
            _ => error,
        }
    }

    pub(super) fn fetcher(&self) -> Fetcher<'_> {
        Fetcher {
            store: self.store,
            options: &self.options,
            runtime: &self.runtime,
            observer: self.observer,
        }
    }

    /// Fetches a release with failover, and publishes it. The caller holds the release's lock.
    fn fetch(
        &self,
        candidates: &[Candidate],
        release: &Release,
        pins: &Pins,
        attempts: Vec<SourceAttempt>,
        silent: &[usize],
    ) -> Result<Acquired, AcquireError> {
        self.fetch_tree(candidates, release, pins, attempts, silent, None)
    }

    /// As [`fetch`](Self::fetch); what a source delivers has to be the tree `held`, where that is known.
    pub(super) fn fetch_tree(
        &self,
        candidates: &[Candidate],
        release: &Release,
        pins: &Pins,
        attempts: Vec<SourceAttempt>,
        silent: &[usize],
        held: Option<Digest>,
    ) -> Result<Acquired, AcquireError> {
        // Partial transfers that cannot be removed are removed by a later run.
        let _ = self.store.sweep_partials(STALE, MAX_SWEPT);
        let quarantine = if self.options.quarantine {
            Some(Quarantine::load(self.state, SystemTime::now())?)
        } else {
            None
        };
        let turns = order(candidates, quarantine.as_ref(), silent, release);
        let policy = self.policy.clone();
        let failover = Failover { candidates, policy, fetcher: self.fetcher() };
        let mut log = AttemptLog::new(attempts);
        let served = failover.run(release, pins, turns, &mut log);
        self.keep(Quarantine::add(self.state, log.take_strikes(), SystemTime::now()));
        let admitted = match served? {
            Served::Here(installed, how) => return Ok(Acquired { installed, how }),
            Served::Delivered(admitted) => *admitted,
        };
        let source = admitted.candidate.name.clone();
        let got = admitted.checked.tree();
        if let Some(expected) = held.filter(|expected| *expected != got) {
            let (release, source_name) = (release.to_string(), source);
            return Err(AcquireError::OtherTree { release, source_name, expected, got });
        }
        log.note(admitted.candidate, AttemptKind::Delivered, "delivered");
        if let Some(waiver) = admitted.checked.waiver() {
            self.report_unverified(release, &source, waiver);
        }
        let (policy, options) = (&self.policy, &self.options);
        let installed = publish(self.store, self.state, policy, options, admitted, &log)?;
        Ok(Acquired { installed, how: How::Fetched { source } })
    }

    fn report_unverified(&self, release: &Release, source: &str, waiver: Waiver) {
        let by = match waiver {
            Waiver::AllowUnverified => "--allow-unverified",
            Waiver::IfAvailable => "trust.checksum = \"if-available\"",
            Waiver::LocalBuild => return,
        };
        self.notice(&format!(
            "{release} from {source} was not verified: it has no checksum, accepted by {by}"
        ));
    }

    pub(super) fn report_waiting(&self, what: &str) {
        self.observer.on_event(AcquireEvent::Waiting { what });
    }

    pub(super) fn notice(&self, text: &str) {
        self.observer.on_event(AcquireEvent::Notice { text });
    }

    /// Reports that something could not be kept that a run can do without.
    pub(super) fn keep(&self, kept: Result<(), StateError>) {
        if let Err(error) = kept {
            self.notice(&error_chain(&error));
        }
    }
}
