//! The newest version at one source. `loom get` and `loom source test` decide by the same functions, so that the test
//! never reports a version that `get` would not take.

use loom_source::{
    ListedVersion, ListingScope, Product, Selector, Slot, SourceError, Version, VersionListing,
};

use super::choose::{VersionChoice, choose};
use crate::{
    sources::Candidate,
    trust::{Channel, Policy, TooYoung},
};

/// What a source has for a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewestVersion {
    /// A cargo build, which comes before all versions.
    Build,
    /// This version.
    Version {
        /// The version to take.
        version: Version,
        /// The newest version that matches; it may be too young to be taken.
        newest: Version,
    },
    /// All versions that match are too young, or of unknown age.
    TooYoung {
        /// The newest of them.
        version: Version,
        /// Its age.
        why: TooYoung,
    },
    /// The source lists versions, but none matches.
    NoMatch,
    /// The source has no version for this product and platform.
    Nothing,
    /// The source cannot list its versions, for this reason.
    Unlistable(String),
}

/// What has to be asked of a source to know its versions.
pub(super) enum ListingProbe {
    /// The answer is known without a list.
    Known(NewestVersion),
    /// The source has to list its versions, in this scope.
    List(ListingScope),
}

/// Asks a source which version `selector` selects there, without the versions `listed_only` that it lists and does not
/// have for the platform.
///
/// The list is asked for anew; no cached list is read.
///
/// # Errors
/// [`SourceError`] where the source fails.
pub async fn newest_version(
    candidate: &Candidate,
    product: &Product,
    selector: &Selector,
    policy: &Policy,
    listed_only: &[Version],
) -> Result<NewestVersion, SourceError> {
    match probe(candidate, product, selector, policy).await? {
        ListingProbe::Known(newest) => Ok(newest),
        ListingProbe::List(scope) => match candidate
            .source
            .list(product, if listed_only.is_empty() { scope } else { ListingScope::All })
            .await?
        {
            VersionListing::Versions(mut versions) => {
                versions.retain(|listed| !listed_only.contains(&listed.version));
                Ok(select(candidate, product, selector, &versions, policy, false).await)
            }
            VersionListing::Unlistable(why) => Ok(NewestVersion::Unlistable(why.to_owned())),
        },
    }
}

/// Finds out whether a source has to list its versions.
pub(super) async fn probe(
    candidate: &Candidate,
    product: &Product,
    selector: &Selector,
    policy: &Policy,
) -> Result<ListingProbe, SourceError> {
    let source = candidate.source.as_ref();
    let can = source.capabilities();
    if can.dev && selector.allows_dev() {
        let build = source.find(&product.in_slot(Slot::Dev)).await?.is_some();
        return Ok(ListingProbe::Known(if build {
            NewestVersion::Build
        } else {
            NewestVersion::Nothing
        }));
    }
    if !can.releases {
        return Ok(ListingProbe::Known(NewestVersion::Nothing));
    }
    if candidate.channel == Channel::Unauthenticated {
        let why = "http:// is not encrypted and was not asked for its versions; use https://";
        return Ok(ListingProbe::Known(NewestVersion::Unlistable(why.to_owned())));
    }
    Ok(ListingProbe::List(scope(candidate, selector, policy)))
}

/// How much of a list is needed: for `latest` the newest version alone, unless an older one may be taken.
pub(super) fn scope(candidate: &Candidate, selector: &Selector, policy: &Policy) -> ListingScope {
    let older = candidate.prerelease || policy.may_take_older();
    if *selector == Selector::Latest && !older { ListingScope::Newest } else { ListingScope::All }
}

/// Selects among the versions that a source lists.
pub(super) async fn select(
    candidate: &Candidate,
    product: &Product,
    selector: &Selector,
    versions: &[ListedVersion],
    policy: &Policy,
    offline: bool,
) -> NewestVersion {
    if versions.is_empty() {
        return NewestVersion::Nothing;
    }
    match choose(candidate, product, selector, versions, policy, offline).await {
        VersionChoice::Version { version, newest } => NewestVersion::Version { version, newest },
        VersionChoice::TooYoung { version, why } => NewestVersion::TooYoung { version, why },
        VersionChoice::NoMatch => NewestVersion::NoMatch,
    }
}
