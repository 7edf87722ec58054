//! The chain from a source to an installed version: what was claimed, which evidence is kept, who signed, what the policy
//! requires.

use loom_runtime::{
    store::{Receipt, Store, Verification},
    trust::{DigestSubject, Policy, SignatureOrigin},
};
use loom_source::{Record, Release, record::RecordEvidence};
use serde_json::{Value, json};

use crate::cli::path_text::shown;

/// The chain of an installed version.
pub(super) struct TrustChain {
    evidence: Vec<Value>,
    signers: Vec<String>,
    policy: Value,
    /// For each digest, why its signer does not count any more.
    pub(super) lost: Vec<Option<String>>,
}

impl TrustChain {
    /// The chain of `release`, whose verification is here.
    pub(super) fn of(
        store: &Store,
        release: &Release,
        verification: &Verification,
        policy: &Policy,
    ) -> Self {
        let record: Option<Record> = store.record(release).unwrap_or_default();
        let evidence = record.map(|record| record.evidence).unwrap_or_default();
        let object = |kept: &RecordEvidence| {
            let path = store.object(&kept.digest);
            json!({
                "kind": kept.kind, "digest": kept.digest, "of": kept.of, "path": shown(&path),
                "present": path.is_file(),
            })
        };
        let signers = verification.digests.iter().filter_map(|digest| digest.signature.as_ref());
        let mut signers: Vec<_> = signers.map(SignatureOrigin::signer).collect();
        signers.dedup();
        let lost = |digest| policy.keys.judge_signer(digest, release).err();
        let lost = verification.digests.iter().map(|one| lost(one).map(|lost| lost.to_string()));
        let lost = lost.collect();
        let keys = policy.keys.keys().iter().map(|key| key.signer.to_string());
        let policy = json!({
            "checksum": policy.checksum, "signature": policy.signature,
            "keys": keys.collect::<Vec<_>>(),
        });
        Self { evidence: evidence.iter().map(object).collect(), signers, policy, lost }
    }

    /// The chain as JSON. `lock` is what the lock file says of the version, `receipt` the history of the acquisition.
    pub(super) fn json(
        &self,
        verification: &Verification,
        receipt: Option<&Receipt>,
        lock: &Value,
    ) -> Value {
        let Self { evidence, signers, policy, .. } = self;
        let digests = &verification.digests;
        let grade = digests.iter().map(|digest| digest.grade).max();
        // The receipt of another tree says nothing of this one.
        let receipt = receipt.filter(|receipt| receipt.tree == Some(verification.tree));
        let archive = digests.iter().find(|digest| digest.of == DigestSubject::Archive);
        let archive = archive.map(|digest| digest.digest);
        let received = receipt.and_then(|receipt| Some(receipt.archive.as_ref()?.digest));
        let mut signatures: Vec<&SignatureOrigin> = Vec::new();
        for origin in digests.iter().filter_map(|digest| digest.signature.as_ref()) {
            if !signatures.contains(&origin) {
                signatures.push(origin);
            }
        }
        let index = digests.iter().find_map(|digest| digest.index.as_ref());
        json!({
            "source": {"class": verification.class, "name": verification.source},
            "time": receipt.map(|receipt| &receipt.at), "tree": verification.tree,
            "archive": received.or(archive), "statement": verification.statement,
            "index": index, "lock": lock, "signatures": signatures,
            "claims": digests, "waiver": verification.waiver, "evidence": evidence,
            "signers": signers, "grade": grade, "policy": policy,
        })
    }
}
