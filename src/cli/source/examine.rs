//! Asks sources what they offer, and notes whom they ask and how long that takes.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use futures::{StreamExt as _, future::join_all};
use loom_http::Journal;
use loom_source::{
    Artifact, ListedVersion, ListingScope, Offer, Packaging, Product, RangeRequest, Selector, Slot,
    Source, SourceError, Version, VersionListing,
};

use super::finding::{Finding, OfferSummary, ProbeState};
use crate::cli::{CommandError, context::Context, verbose};
use loom_runtime::{
    acquire::{SourceRuntime, quarantine::Quarantine},
    config::{Resolved, SourceKind, SourceSpec, TargetSource},
    sources::{Candidate, OpenError, Opener, Reach},
};

/// A source that is about to be asked.
struct ProbeTarget<'a> {
    spec: &'a SourceSpec,
    opened: Result<Option<Candidate>, CommandError>,
    journal: Journal,
}

/// Asks these sources, all at once: each costs its own time and no other's.
///
/// Without a version the newest is looked for; where a source cannot list, the one that the project names or
/// that is here already.
pub(crate) fn examine(
    context: &Context,
    resolved: &Resolved,
    specs: &[SourceSpec],
    version: Option<&Version>,
) -> Result<Vec<Finding>, CommandError> {
    let line = context.line(resolved)?;
    let known = version.cloned().or_else(|| known(context, resolved, &line));
    let quarantine = Quarantine::load(&resolved.state_dir.value, SystemTime::now())?;
    let opener = context.opener(resolved)?;
    let asked: Vec<ProbeTarget<'_>> =
        specs.iter().map(|spec| open(context, &opener, spec)).collect();
    let wanted = Wanted { line: &line, version, known: known.as_ref() };
    let offline = resolved.offline.value;
    let findings = join_all(asked.into_iter().map(|asked| find(asked, &wanted, offline)));
    let mut findings = SourceRuntime::default().block_on(findings)?;
    for finding in &mut findings {
        let until = quarantine.against(&finding.name).map(|blame| blame.until).max();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        finding.held = until.map(|until| std::time::Duration::from_secs(until).saturating_sub(now));
    }
    Ok(findings)
}

/// Opens one source by itself, so that what is wrong with it is wrong with no other.
fn open<'a>(context: &Context, opener: &Opener, spec: &'a SourceSpec) -> ProbeTarget<'a> {
    let journal = verbose::journal(&context.printer).unwrap_or_default();
    let opened = match opener.open(spec, journal.clone()) {
        Ok(candidate) => Ok(Some(candidate)),
        Err(OpenError::NoCheckout { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    };
    ProbeTarget { spec, opened, journal }
}

/// The version to look for where a source cannot say what it has.
fn known(context: &Context, resolved: &Resolved, line: &Product) -> Option<Version> {
    if let Selector::Exact(version) = &resolved.bridge.version.value {
        return Some(version.clone());
    }
    // What is here is only a help; a store that cannot be read is told of elsewhere.
    let here = context.store(resolved).ok()?.list().ok()?;
    let of_line = here.into_iter().filter(|listed| listed.release.product() == *line);
    of_line.filter_map(|listed| listed.release.slot.version().cloned()).max()
}

async fn find(asked: ProbeTarget<'_>, wanted: &Wanted<'_>, offline: bool) -> Finding {
    let ProbeTarget { spec, opened, journal } = asked;
    let begun = Instant::now();
    let state = match &opened {
        Err(failure) => ProbeState::Failed(failure.clone()),
        Ok(None) => ProbeState::Aside("there is no checkout of Loom that counts here"),
        Ok(Some(candidate)) => wanted.at(candidate, offline).await,
    };
    let took = begun.elapsed();
    let address = match &spec.kind {
        SourceKind::Target(TargetSource { path: None, .. }) => {
            match opened.as_ref().ok().and_then(Option::as_ref) {
                Some(candidate) => candidate.source.to_string(),
                None => "target".to_owned(),
            }
        }
        kind => kind.to_string(),
    };
    let (name, kind) = (spec.to_string(), spec.kind.type_name());
    Finding { name, kind, address, state, took, exchanges: journal.exchanges(), held: None }
}

/// What is looked for.
struct Wanted<'a> {
    line: &'a Product,
    /// Exactly this version.
    version: Option<&'a Version>,
    /// This one where a source cannot list.
    known: Option<&'a Version>,
}

impl Wanted<'_> {
    async fn at(&self, candidate: &Candidate, offline: bool) -> ProbeState {
        if offline && candidate.reach == Reach::Network {
            return ProbeState::Offline;
        }
        match self.ask(candidate, candidate.source.as_ref()).await {
            Ok(state) => state,
            Err(error) => ProbeState::failed(&error),
        }
    }

    async fn ask(
        &self,
        candidate: &Candidate,
        source: &dyn Source,
    ) -> Result<ProbeState, SourceError> {
        let can = source.capabilities();
        if can.dev
            && self.version.is_none()
            && let Some(offer) = source.find(&self.line.in_slot(Slot::Dev)).await?
        {
            return Ok(ProbeState::Offers(offered(Slot::Dev, &offer)));
        }
        if !can.releases {
            return Ok(ProbeState::Nothing);
        }
        let version = match self.version {
            Some(version) => version.clone(),
            None => match source.list(self.line, ListingScope::Newest).await? {
                VersionListing::Versions(versions) => {
                    match newest(versions, candidate.prerelease) {
                        Some(version) => version,
                        None => return Ok(ProbeState::Nothing),
                    }
                }
                VersionListing::Unlistable(why) => match self.known {
                    Some(version) => version.clone(),
                    None => return Ok(ProbeState::Silent(why.to_owned())),
                },
            },
        };
        let Some(offer) = source.find(&self.line.at_version(version.clone())).await? else {
            return Ok(ProbeState::Nothing);
        };
        if let Some(carrier) = offer.artifacts.first() {
            begin(source, carrier).await?;
        }
        Ok(ProbeState::Offers(offered(Slot::Version(version), &offer)))
    }
}

/// The first bytes of what is offered, and no more: they may come from another host than the offer.
async fn begin(source: &dyn Source, carrier: &Artifact) -> Result<(), SourceError> {
    let mut opened = source.open(&carrier.asset, &RangeRequest::whole()).await?;
    opened.body.next().await.transpose().map(drop)
}

fn newest(versions: Vec<ListedVersion>, prereleases: bool) -> Option<Version> {
    let versions = versions.into_iter().map(|dated| dated.version);
    versions.max_by_key(|version| (prereleases || !version.is_prerelease(), version.clone()))
}

fn offered(slot: Slot, offer: &Offer) -> OfferSummary {
    let form = |carrier: &Artifact| match &carrier.packaging {
        Packaging::Archive { format, .. } => format.to_string(),
        Packaging::Bare => "program".to_owned(),
        Packaging::Loose { .. } => "loose files".to_owned(),
    };
    let claims = offer.artifacts.iter().flat_map(|carrier| &carrier.claims).chain(&offer.tree);
    let mut witnesses = Vec::new();
    for claim in claims {
        if !witnesses.contains(&claim.by) {
            witnesses.push(claim.by);
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
        forms: offer.artifacts.iter().map(form).collect(),
        size: offer.artifacts.first().and_then(|carrier| carrier.size),
        witnesses,
        evidence,
    }
}
