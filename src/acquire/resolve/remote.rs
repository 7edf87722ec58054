//! What every source offers. Nothing is selected and nothing is fetched.

use std::time::{Duration, Instant, SystemTime};

use loom_source::{
    ListedVersion, ListingScope, Product, Slot, Source, SourceError, VersionListing,
};

use super::listing_cache::ListingCache;
use crate::{
    acquire::{AcquireError, AttemptCause, SourceRuntime},
    sources::{Candidate, Reach},
    state::{StateDir, StateError},
    trust::Channel,
};

/// What one source offers.
#[derive(Debug)]
pub struct SourceListing {
    /// The name of the source.
    pub source: String,
    /// The answer for each product, in the order of the request.
    pub products: Vec<(Product, RemoteListing)>,
    /// How long the source took.
    pub took: Duration,
    /// Why a list could not be kept for the next run.
    pub unkept: Option<StateError>,
}

/// What a source answered for one product.
#[derive(Debug)]
pub enum RemoteListing {
    /// The source has these.
    Offers {
        /// The versions, the newest first.
        versions: Vec<ListedVersion>,
        /// Whether the source has a cargo build.
        build: bool,
        /// The age of the answer, where the source was not asked.
        age: Option<Duration>,
    },
    /// The source cannot list its versions, for this reason.
    Unlistable(String),
    /// The source was not asked, because the run is offline.
    NotAsked,
    /// The source failed.
    Failed(AttemptCause),
    /// The source was not asked again after it had failed for another platform.
    FailedBefore,
}

/// Asks every source, in order, what it offers of each product. Offline, a source beyond this machine is not asked; its
/// last list is read.
///
/// # Errors
/// [`AcquireError`] where a cached list cannot be read.
pub fn list_remote(
    candidates: &[Candidate],
    products: &[Product],
    offline: bool,
    state: &StateDir,
) -> Result<Vec<SourceListing>, AcquireError> {
    let runtime = SourceRuntime::default();
    let list = |candidate: &Candidate| {
        let begun = Instant::now();
        let mut answers: Vec<(Product, RemoteListing)> = Vec::new();
        let mut unkept = None;
        for product in products {
            let failed =
                |(_, answer): &(Product, RemoteListing)| matches!(answer, RemoteListing::Failed(_));
            // A source that is unreachable for one platform is so for all; it costs its time limit once.
            let answer = if answers.iter().any(failed) {
                RemoteListing::FailedBefore
            } else {
                answer(candidate, product, offline, state, &runtime, &mut unkept)?
            };
            answers.push((product.clone(), answer));
        }
        let (source, products, took) = (candidate.name.clone(), answers, begun.elapsed());
        Ok(SourceListing { source, products, took, unkept })
    };
    candidates.iter().map(list).collect()
}

fn answer(
    candidate: &Candidate,
    product: &Product,
    offline: bool,
    state: &StateDir,
    runtime: &SourceRuntime,
    unkept: &mut Option<StateError>,
) -> Result<RemoteListing, AcquireError> {
    let cache = ListingCache::of(state, &candidate.key(), product);
    if offline && candidate.reach == Reach::Network {
        return Ok(match cache.get()? {
            Some(listing) => {
                let age = listing.age(SystemTime::now());
                offers(listing.versions(), false, Some(age))
            }
            None => RemoteListing::NotAsked,
        });
    }
    if candidate.channel == Channel::Unauthenticated {
        let why = "http:// is not encrypted and was not asked for its versions; use https://";
        return Ok(RemoteListing::Unlistable(why.to_owned()));
    }
    Ok(match runtime.block_on(ask(candidate.source.as_ref(), product))? {
        Ok((VersionListing::Versions(versions), build)) => {
            if candidate.reach != Reach::Disk {
                let now = SystemTime::now();
                let withdrawn =
                    candidate.signed.as_ref().and_then(|signed| signed.known_withdrawn(product));
                let withdrawn = withdrawn.unwrap_or_default();
                let kept = cache.keep(candidate, &versions, withdrawn, ListingScope::All, now);
                *unkept = kept.err();
            }
            offers(versions, build, None)
        }
        Ok((VersionListing::Unlistable(why), _)) => RemoteListing::Unlistable(why.to_owned()),
        Err(error) => RemoteListing::Failed(error.into()),
    })
}

async fn ask(
    source: &dyn Source,
    product: &Product,
) -> Result<(VersionListing, bool), SourceError> {
    let can = source.capabilities();
    let build = can.dev && source.find(&product.in_slot(Slot::Dev)).await?.is_some();
    let listing = if can.releases {
        source.list(product, ListingScope::All).await?
    } else {
        VersionListing::Versions(Vec::new())
    };
    Ok((listing, build))
}

fn offers(mut versions: Vec<ListedVersion>, build: bool, age: Option<Duration>) -> RemoteListing {
    versions.sort_by(|one, other| other.version.cmp(&one.version));
    RemoteListing::Offers { versions, build, age }
}
