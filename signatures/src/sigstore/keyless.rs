//! Bundles with a certificate: it is valid for minutes, and names who asked for it.

use loom_source::{Digest, EvidenceKind, Version};
use sigstore_verify::{
    Error, VerificationPolicy,
    types::{Bundle, Sha256Hash},
};

use super::trust_root::{self, Vouching};
use crate::{
    error::{SignatureError, clean, malformed},
    identity::{SigstoreIdentity, TrustRoot},
    valid::{SignedIdentity, SignedName, ValidSignature},
    verifiers::Verifiers,
};

const KIND: EvidenceKind = EvidenceKind::Sigstore;

/// The issuer of identities of GitHub's workflows, for whom GitHub has an instance of its own.
const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Verifies a bundle about `sha256`, which it states.
///
/// What vouches for the certificate is verified first, once for each trust root; identity and issuer are then compared with
/// those that use this trust root.
pub(super) fn verify(
    bundle: &Bundle,
    sha256: Digest,
    verifiers: &Verifiers<'_>,
) -> Result<ValidSignature, SignatureError> {
    if verifiers.identities.is_empty() {
        return Err(unknown(claimed(bundle)?, &[]));
    }
    let mut first_error = None;
    for (position, identity) in verifiers.identities.iter().enumerate() {
        let same_root = |other: &SigstoreIdentity| other.trust_root == identity.trust_root;
        if verifiers.identities[..position].iter().any(same_root) {
            continue;
        }
        let accepted: Vec<&SigstoreIdentity> =
            verifiers.identities.iter().filter(|other| same_root(other)).collect();
        let result = prove(bundle, sha256, &identity.trust_root, &accepted)
            .and_then(|signer| judge(signer, &accepted, verifiers.version));
        match result {
            Ok(valid) => return Ok(valid),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| malformed(KIND, "no trust root was tried")))
}

/// Verifies everything but who signed; returns who did.
fn prove(
    bundle: &Bundle,
    sha256: Digest,
    root: &TrustRoot,
    accepted: &[&SigstoreIdentity],
) -> Result<SignedIdentity, SignatureError> {
    let unlogged = bundle.verification_material.tlog_entries.is_empty();
    let for_github = accepted.iter().any(|identity| is_github(&identity.issuer));
    let by_github = *root == TrustRoot::Shipped && unlogged && for_github;
    let vouching =
        if by_github { trust_root::shipped(true)? } else { trust_root::configured(root)? };
    let artifact = Sha256Hash::new(*sha256.as_bytes());
    let result = vouching.verifier.verify(artifact, bundle, &policy(&vouching));
    let result = result.map_err(|error| translate(error, sha256))?;
    let san = result.identity().map(|san| san.as_str().to_owned()).unwrap_or_default();
    // Without an issuer, as for GitHub's own attestations of immutable releases, the identity is that of no project.
    let issuer = result.issuer().unwrap_or_default().to_owned();
    let signer = SignedIdentity { san, issuer };
    if by_github && !is_github(&signer.issuer) {
        return Err(unknown(signer, accepted));
    }
    Ok(signer)
}

/// Whether GitHub issues identities as this issuer: its workflows', or those of an enterprise.
fn is_github(issuer: &str) -> bool {
    let rest = issuer.strip_prefix(GITHUB_ISSUER);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Everything that the trust root can prove has to be proven.
fn policy(vouching: &Vouching) -> VerificationPolicy {
    let mut policy = VerificationPolicy::any_identity();
    if !vouching.has_log {
        policy = policy.skip_tlog_unsafe();
    }
    if !vouching.has_certificate_log {
        policy = policy.skip_sct();
    }
    policy
}

/// Compares who signed with who may.
fn judge(
    signer: SignedIdentity,
    accepted: &[&SigstoreIdentity],
    version: Option<&Version>,
) -> Result<ValidSignature, SignatureError> {
    let mut another = None;
    let comparable = |identity: &&&SigstoreIdentity| {
        !signer.issuer.is_empty() && !signer.san.is_empty() && identity.issuer == signer.issuer
    };
    for identity in accepted.iter().filter(comparable) {
        let Some(version) = version.filter(|_| identity.names_version()) else {
            if identity.san == signer.san {
                return Ok(valid(signer, SignedName::Nothing));
            }
            continue;
        };
        let expected = identity.san_of(version);
        if expected == signer.san {
            return Ok(valid(signer, SignedName::Version(version.clone())));
        }
        if identity.is_of_another_version(&signer.san) {
            let got = clean(&signer.san);
            another = another.or(Some(SignatureError::AnotherRelease { expected, got }));
        }
    }
    Err(another.unwrap_or_else(|| unknown(signer, accepted)))
}

fn valid(signer: SignedIdentity, names: SignedName) -> ValidSignature {
    ValidSignature { kind: KIND, key: None, identity: Some(signer), names }
}

/// The error for an identity that is not accepted.
fn unknown(signer: SignedIdentity, accepted: &[&SigstoreIdentity]) -> SignatureError {
    SignatureError::UnknownIdentity {
        got: clean(&format!("{} (issuer {})", or_none(&signer.san), or_none(&signer.issuer))),
        expected: accepted.iter().map(ToString::to_string).collect(),
    }
}

fn or_none(name: &str) -> &str {
    if name.is_empty() { "none" } else { name }
}

/// Who signed according to the certificate, which nothing vouches for yet; for an error.
fn claimed(bundle: &Bundle) -> Result<SignedIdentity, SignatureError> {
    let certificate = bundle.signing_certificate();
    let certificate = certificate.ok_or_else(|| malformed(KIND, "it has no certificate"))?;
    let info = sigstore_verify::crypto::parse_certificate_info(certificate);
    let info = info.map_err(|error| malformed(KIND, error))?;
    let san = info.identity.map(|san| san.as_str().to_owned()).unwrap_or_default();
    Ok(SignedIdentity { san, issuer: info.issuer.unwrap_or_default() })
}

/// The library's error as one of this crate.
fn translate(error: Error, sha256: Digest) -> SignatureError {
    match error {
        Error::SignatureInvalid(_) => {
            let keys = vec!["the key of its certificate".to_owned()];
            SignatureError::BadSignature { kind: KIND, keys }
        }
        Error::ArtifactMismatch(why) => {
            SignatureError::AnotherDigest { kind: KIND, expected: sha256, got: clean(&why) }
        }
        Error::Certificate(_) | Error::TransparencyLog(_) | Error::Timestamp(_) => {
            SignatureError::Unproven { why: clean(&error.to_string()) }
        }
        other => malformed(KIND, other),
    }
}
