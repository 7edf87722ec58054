//! Asks sources what they have, and notes the requests and how long they take.

use std::time::{Duration, Instant, SystemTime};

use futures::{StreamExt as _, future::join_all};
use loom_http::Journal;
use loom_source::{
    Artifact, Offer, Packaging, Product, RangeRequest, Selector, Slot, Source, SourceError, Version,
};

use super::finding::{Finding, OfferSummary, ProbeState};
use crate::cli::{CommandError, context::Context, printer::Printer, ready, requested, verbose};
use loom_runtime::{
    acquire::{
        AcquireError, MAX_LOWER_VERSIONS, NewestVersion, SourceRuntime, check_downgrade,
        first_seen, gather, judge_offer, newest_version,
        quarantine::{Quarantine, Strike},
    },
    config::{Resolved, SourceKind, SourceSpec, TargetSource},
    sources::{Candidate, OpenError, Opener, Reach},
    state::StateDir,
    trust::{Channel, Policy},
};

/// A source that is about to be asked.
struct ProbeTarget<'a> {
    spec: &'a SourceSpec,
    opened: Result<Option<Candidate>, CommandError>,
    journal: Journal,
}

/// Asks these sources, all at the same time: the time limit of one does not delay another.
///
/// Without a version, the version is looked for that `get` would take, by the same settings and the same functions.
pub(crate) fn examine(
    context: &Context,
    resolved: &Resolved,
    specs: &[SourceSpec],
    version: Option<&Version>,
) -> Result<Vec<Finding>, CommandError> {
    let product = context.line(resolved)?;
    let selector = match version {
        Some(version) => Selector::Exact(version.clone()),
        None => requested::selector(resolved, &product)?.0,
    };
    let policy = ready::policy(resolved)?;
    let probe = SourceProbe {
        installed: newest_installed(context, resolved, &product, &selector, &policy),
        product,
        selector,
        policy,
        state: &resolved.state_dir.value,
        offline: resolved.offline.value,
    };
    let quarantine = Quarantine::load(probe.state, SystemTime::now())?;
    let opener = context.opener(resolved)?;
    let targets: Vec<ProbeTarget<'_>> =
        specs.iter().map(|spec| open(context, &opener, spec)).collect();
    let printer = &context.printer;
    let findings = targets.into_iter().map(|target| find(target, &probe, &quarantine, printer));
    Ok(SourceRuntime::default().block_on(join_all(findings))?)
}

/// How long the strikes of a source still count.
fn quarantined_for(quarantine: &Quarantine, candidate: &Candidate) -> Option<Duration> {
    let until = quarantine.against(&candidate.identity).map(Strike::until).max()?;
    Some(until.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Opens one source without the others, so that an error of its settings concerns it alone.
fn open<'a>(context: &Context, opener: &Opener, spec: &'a SourceSpec) -> ProbeTarget<'a> {
    let journal = verbose::journal(&context.printer).unwrap_or_default();
    let opened = match opener.open(spec, journal.clone()) {
        Ok(candidate) => {
            context.report_first_sight(&candidate);
            Ok(Some(candidate))
        }
        Err(OpenError::NoCheckout { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    };
    ProbeTarget { spec, opened, journal }
}

/// The installed version that `get` takes where a source cannot list its versions.
fn newest_installed(
    context: &Context,
    resolved: &Resolved,
    product: &Product,
    selector: &Selector,
    policy: &Policy,
) -> Option<Version> {
    // A store that cannot be read is reported by the commands that need it.
    let installed = context.store(resolved).ok()?.accepted_versions(product, policy).ok()?;
    let prereleases = resolved.sources.value.iter().any(|spec| spec.prerelease);
    installed.into_iter().filter(|v| selector.matches_counting(v, prereleases)).max()
}

async fn find(
    target: ProbeTarget<'_>,
    probe: &SourceProbe<'_>,
    quarantine: &Quarantine,
    printer: &Printer,
) -> Finding {
    let ProbeTarget { spec, opened, journal } = target;
    let begun = Instant::now();
    let state = match &opened {
        Err(error) => ProbeState::Failed(error.clone()),
        Ok(None) => ProbeState::Skipped("there is no checkout of Loom to take a build from"),
        Ok(Some(candidate)) => probe.state_of(candidate).await,
    };
    let took = begun.elapsed();
    let candidate = opened.as_ref().ok().and_then(Option::as_ref);
    if let Some(skipped) = candidate.and_then(|candidate| candidate.source.skipped()) {
        printer.detail(format!("{spec}: {skipped}"));
    }
    let address = match &spec.kind {
        SourceKind::Target(TargetSource { path: None, .. }) => match candidate {
            Some(candidate) => candidate.source.to_string(),
            None => "target".to_owned(),
        },
        kind => kind.to_string(),
    };
    Finding {
        name: spec.to_string(),
        kind: spec.kind.type_name(),
        address,
        state,
        took,
        exchanges: journal.exchanges(),
        quarantined_for: candidate.and_then(|candidate| quarantined_for(quarantine, candidate)),
    }
}

/// What is looked for at each source.
struct SourceProbe<'a> {
    product: Product,
    selector: Selector,
    policy: Policy,
    /// The installed version that is looked for where a source cannot list.
    installed: Option<Version>,
    state: &'a StateDir,
    offline: bool,
}

/// What a source has for the selector.
enum Selected {
    Slot(Slot),
    /// The source's state is known without asking for a release.
    Known(ProbeState),
}

impl SourceProbe<'_> {
    async fn state_of(&self, candidate: &Candidate) -> ProbeState {
        if self.offline && candidate.reach == Reach::Network {
            return ProbeState::Offline;
        }
        let mut listed_only = Vec::new();
        loop {
            let slot = match self.select(candidate, &listed_only).await {
                Ok(Selected::Slot(slot)) => slot,
                Ok(Selected::Known(state)) => return state,
                Err(error) => return ProbeState::failed(&error),
            };
            match (self.offer(candidate, slot.clone()).await, slot) {
                // As `get` does, the next lower version is taken where a version is listed only.
                (Ok(ProbeState::Nothing), Slot::Version(version))
                    if !matches!(self.selector, Selector::Exact(_))
                        && listed_only.len() < MAX_LOWER_VERSIONS
                        && !listed_only.contains(&version) =>
                {
                    listed_only.push(version);
                }
                (Ok(state), _) => return state,
                (Err(error), _) => return ProbeState::failed(&error),
            }
        }
    }

    /// What the selector selects at this source, as `get` decides it.
    async fn select(
        &self,
        candidate: &Candidate,
        listed_only: &[Version],
    ) -> Result<Selected, SourceError> {
        let Self { product, selector, policy, .. } = self;
        let slot = match selector {
            Selector::Exact(version) => Slot::Version(version.clone()),
            Selector::Dev => Slot::Dev,
            Selector::Latest | Selector::Range(_) => {
                match newest_version(candidate, product, selector, policy, listed_only).await? {
                    NewestVersion::Build => Slot::Dev,
                    NewestVersion::Version { version, newest } => {
                        if let Err(error) = self.check_downgrade(candidate, &newest).await {
                            return Ok(Selected::Known(ProbeState::Failed(error)));
                        }
                        Slot::Version(version)
                    }
                    NewestVersion::TooYoung { version, why } => {
                        let minimum = policy.minimum_age();
                        let selector = selector.clone();
                        let attempts = Vec::new();
                        let error = AcquireError::TooYoung { selector, minimum, attempts };
                        let mut error = CommandError::from(error);
                        error.causes.push(format!("{version} {why}"));
                        return Ok(Selected::Known(ProbeState::Failed(error)));
                    }
                    NewestVersion::NoMatch | NewestVersion::Nothing => {
                        return Ok(Selected::Known(ProbeState::Nothing));
                    }
                    NewestVersion::Unlistable(why) => match &self.installed {
                        Some(version) => Slot::Version(version.clone()),
                        None => return Ok(Selected::Known(ProbeState::Unlistable(why))),
                    },
                }
            }
        };
        let can = candidate.source.capabilities();
        let serves = if slot == Slot::Dev { can.dev } else { can.releases };
        Ok(if serves { Selected::Slot(slot) } else { Selected::Known(ProbeState::Nothing) })
    }

    async fn check_downgrade(
        &self,
        candidate: &Candidate,
        newest: &Version,
    ) -> Result<(), CommandError> {
        if self.selector == Selector::Latest {
            check_downgrade(self.state, candidate, &self.product, newest, &[], false).await?;
        }
        Ok(())
    }

    /// What the source offers of the release, judged by the policy.
    async fn offer(&self, candidate: &Candidate, slot: Slot) -> Result<ProbeState, SourceError> {
        let source = candidate.source.as_ref();
        let release = self.product.in_slot(slot);
        let Some(offer) = source.find(&release).await? else { return Ok(ProbeState::Nothing) };
        let pins = match first_seen::load(self.state, &release, &self.policy.keys) {
            Ok(pins) => pins,
            Err(error) => return Ok(ProbeState::Failed(error.into())),
        };
        let policy = &self.policy;
        let evidence = gather(candidate, &release, &offer, policy).await?;
        let judged = match judge_offer(candidate, &release, policy, &pins, &offer, evidence) {
            Ok(judged) => judged,
            Err(rejection) => return Ok(ProbeState::Failed(rejection.into())),
        };
        if candidate.channel != Channel::LocalBuild {
            begin(source, &judged.first.artifact).await?;
        }
        Ok(ProbeState::Offers(summary(release.slot, &offer)))
    }
}

/// Receives the first bytes of an artifact and no more: they may come from another host than the offer.
async fn begin(source: &dyn Source, artifact: &Artifact) -> Result<(), SourceError> {
    let mut download = source.open(&artifact.asset, &RangeRequest::whole()).await?;
    download.body.next().await.transpose().map(drop)
}

fn summary(slot: Slot, offer: &Offer) -> OfferSummary {
    let packaging = |artifact: &Artifact| match &artifact.packaging {
        Packaging::Archive { format, .. } => format.to_string(),
        Packaging::Bare => "program".to_owned(),
        Packaging::Loose { .. } => "loose files".to_owned(),
    };
    let claims = offer.artifacts.iter().flat_map(|artifact| &artifact.claims).chain(&offer.tree);
    let mut digest_sources = Vec::new();
    for claim in claims {
        if !digest_sources.contains(&claim.by) {
            digest_sources.push(claim.by);
        }
    }
    let mut evidence = Vec::new();
    for item in &offer.evidence {
        if !evidence.contains(&item.kind) {
            evidence.push(item.kind);
        }
    }
    OfferSummary {
        slot,
        packagings: offer.artifacts.iter().map(packaging).collect(),
        size: offer.artifacts.first().and_then(|artifact| artifact.size),
        digest_sources,
        evidence,
    }
}
