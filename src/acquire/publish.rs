//! Publishes a delivered release, with its receipt, and keeps its digests as first seen.

use std::{collections::BTreeMap, time::SystemTime};

use loom_base::time::format_rfc3339;
use loom_source::{Digest, DigestSource};

use super::{
    AcquireError, AcquireOptions, SourceAttempt,
    attempt::milliseconds,
    build_receipt::build_receipt,
    failover::{AdmittedRelease, AttemptLog},
    state::first_seen,
};
use crate::{
    sources::Candidate,
    state::StateDir,
    store::{Checked, Installed, Receipt, Received, Store, StoreError},
    trust::{
        Expectation, Keyring, Pin, PinOrigin, PinSigner, Pins, Policy, TrustedDigest, Voucher,
    },
};

/// Publishes what a source delivered.
///
/// The digests are kept as first seen before: a release that is installed and not kept could be replaced unnoticed. A
/// release that nothing vouches for is not kept.
pub(super) fn publish(
    store: &Store,
    state: &StateDir,
    policy: &Policy,
    options: &AcquireOptions,
    admitted: AdmittedRelease<'_>,
    log: &AttemptLog,
) -> Result<Installed, AcquireError> {
    let receipt = receipt(&admitted, policy, log);
    let given = given(&admitted);
    let AdmittedRelease { candidate, expected, checked, received, .. } = admitted;
    if checked.grade().is_some() {
        let archive = received.as_ref().map(Received::digest);
        keep_first_seen(state, candidate, &checked, archive, &policy.keys)?;
    }
    let file = expected.artifact.asset_name();
    let file = if file.is_empty() { "archive" } else { file };
    let checked =
        checked.from_source(candidate.class.as_str(), &candidate.name).with_checksums(file, &given);
    let checked = match received {
        Some(received) if options.keep_archives || checked.needs_archive() => {
            checked.keep_archive(received)
        }
        _ => checked,
    };
    let release = checked.release().clone();
    store.publish(vec![(checked, Some(receipt))])?.pop().ok_or_else(|| {
        let root = store.root().to_owned();
        StoreError::Gone { release: Box::new(release), root }.into()
    })
}

/// The digests that the source stated of what it delivered, statements apart, which are kept themselves.
fn given(admitted: &AdmittedRelease<'_>) -> Vec<Digest> {
    if !admitted.candidate.channel.may_vouch() {
        return Vec::new();
    }
    let claims = admitted.expected.artifact.claims.iter().chain(&admitted.offer.tree);
    claims.filter(|claim| claim.by != DigestSource::Statement).map(|claim| claim.digest).collect()
}

fn keep_first_seen(
    state: &StateDir,
    candidate: &Candidate,
    checked: &Checked,
    archive: Option<Digest>,
    keyring: &Keyring,
) -> Result<(), AcquireError> {
    // What was seen before is known already, and says nothing of who vouched now.
    let now = checked.digests().iter().filter(|digest| digest.by != Voucher::FirstSeen);
    let is_known = now.clone().next().is_none();
    // Where something else vouched as well, the digest does not depend on who signed.
    let signers: Option<Vec<PinSigner>> = now.map(TrustedDigest::signer).collect();
    let origin = PinOrigin::FirstSeen {
        source: candidate.identity.clone(),
        class: Some(candidate.class.as_str().to_owned()),
        at: format_rfc3339(SystemTime::now()),
        signers: signers.unwrap_or_default(),
    };
    let pin = |digest| Pin { digest, origin: origin.clone() };
    let tree = Some(pin(checked.tree()));
    let archives = archive.filter(|_| !is_known).map(pin).into_iter().collect();
    let seen = Pins { tree, archives, ..Pins::default() };
    first_seen::remember(state, checked.release(), seen, keyring)
}

/// The receipt of what is about to be published; the store fills in the rest.
fn receipt(admitted: &AdmittedRelease<'_>, policy: &Policy, log: &AttemptLog) -> Receipt {
    let expectation = &admitted.expected.expectation;
    let mut receipt = Receipt::new(&expectation.release);
    receipt.unchecked = unchecked(expectation, &admitted.checked);
    receipt.policy = serde_json::to_value(policy).unwrap_or_default();
    receipt.bytes = admitted.received.as_ref().map_or(0, Received::size);
    receipt.ms = BTreeMap::from([("total".to_owned(), milliseconds(log.elapsed()))]);
    let record = |attempt: &SourceAttempt| attempt.record.clone();
    receipt.attempts = log.attempts().iter().map(record).collect();
    receipt.build = admitted.offer.build.as_ref().map(build_receipt);
    receipt
}

/// What was not checked, in words.
fn unchecked(expectation: &Expectation, checked: &Checked) -> Vec<String> {
    if expectation.release.slot.version().is_none() {
        return vec!["policy: local build, no checksum needed".to_owned()];
    }
    let mut unchecked = Vec::new();
    let is_signed = checked.digests().iter().any(|digest| digest.signature.is_some());
    if checked.digests().is_empty() {
        unchecked.push("no checksum: nothing vouches for these bytes".to_owned());
    } else if expectation.tree.is_none() {
        unchecked.push("the tree: its digest was computed here for the first time".to_owned());
    }
    if !is_signed {
        unchecked.push("signatures".to_owned());
    }
    unchecked.extend(checked.problems().iter().map(ToString::to_string));
    unchecked
}
