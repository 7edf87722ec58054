//! Whether signatures are required, and whether anything can meet that.

use std::time::SystemTime;

use super::check::DoctorCheck;
use crate::cli::{
    CommandError,
    context::Context,
    ready,
    source::finding::{Finding, ProbeState},
    trust::mirror_roots::known_roots,
};
use loom_runtime::{
    config::Resolved,
    trust::{Signature, TrustedKey},
};

/// The check of `trust.signature` and `trust.keys`; `None` where neither is set.
pub(super) fn check(
    context: &Context,
    resolved: &Resolved,
    findings: &[Finding],
) -> Option<DoctorCheck> {
    const NAME: &str = "signatures";
    let policy = match ready::policy(resolved) {
        Ok(policy) => policy,
        Err(error) => return Some(DoctorCheck::error(NAME, error)),
    };
    let is_required = policy.signature == Signature::Required;
    // The index of a signed mirror counts as a signature over its releases.
    let roots = known_roots(resolved, context).unwrap_or_default();
    let is_mirror = findings.iter().any(|finding| finding.kind == "mirror");
    let has_root = !roots.is_empty() || is_mirror && !resolved.trust.roots.value.is_empty();
    let keys = policy.keys.keys();
    if keys.is_empty() && !has_root {
        let message = "a signature is required, but no key is configured";
        let hint = "add the key of the publisher to trust.keys, or the root of a signed mirror with \
                    `loom trust add-root`";
        return is_required.then(|| DoctorCheck::failure(NAME, message).hint(hint));
    }
    if keys.is_empty() && !is_required {
        return None;
    }
    let now = SystemTime::now();
    let expired = |key: &&TrustedKey| key.expires.is_some_and(|until| until < now);
    if let Some(key) = keys.iter().find(expired) {
        let message = format!("the key {} has expired", key.signer);
        let hint = "installed releases keep counting; a new release has to be signed by another key of trust.keys";
        return Some(DoctorCheck::warning(NAME, message).hint(hint));
    }
    let offers = |finding: &Finding| matches!(finding.state, ProbeState::Offers(_));
    let refuses = |finding: &Finding| matches!(&finding.state, ProbeState::Failed(CommandError { message, .. }) if message.contains("signature"));
    if is_required && findings.iter().any(refuses) && !findings.iter().any(offers) {
        let message = "a signature is required, but no source offers one that counts";
        let hint = "publish signatures beside the archives or beside SHA256SUMS, or name a source that has them";
        return Some(DoctorCheck::failure(NAME, message).hint(hint));
    }
    let required = if is_required { "required" } else { "optional" };
    let mut keys: Vec<_> = keys.iter().map(|key| key.signer.to_string()).collect();
    if has_root {
        keys.push("the index of a signed mirror whose root is known".to_owned());
    }
    Some(DoctorCheck::ok(NAME, format!("{required}, by {}", keys.join(", "))))
}
