//! Sigstore bundles that others published, and ours with a key.

use std::time::SystemTime;

use loom_signatures::{
    Content, EvidenceKind, SignatureError, SignedName, SigstoreIdentity, TrustRoot, ValidSignature,
    Verifiers, VerifyingKey, sign, verify,
};
use loom_source::{Digest, Version};

use crate::support::{changed_fields, data, flip_each_byte};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const LOGIN: &str = "https://github.com/login/oauth";
const TAGGED: &str =
    "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml@refs/tags/v{version}";

/// A published bundle, what it is about, and who signed.
struct Published {
    bundle: Vec<u8>,
    sha256: Digest,
    san: &'static str,
    issuer: &'static str,
    /// Whether the staging instance of Sigstore vouches for it.
    staging: bool,
    /// The paths of fields that nothing signs.
    unsigned: &'static [&'static str],
}

/// A SHA-256 in hexadecimal.
fn digest(hex: &str) -> Digest {
    hex.parse().unwrap()
}

fn published() -> Vec<Published> {
    let attested = Digest::of(&data("attested.conda"));
    vec![
        Published {
            bundle: data("workflow-attestation.sigstore.json"),
            sha256: attested,
            san: "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main",
            issuer: GITHUB,
            staging: false,
            unsigned: &[
                ".mediaType",
                ".verificationMaterial.timestampVerificationData",
                ".verificationMaterial.tlogEntries[].inclusionProof.checkpoint.envelope",
                ".verificationMaterial.tlogEntries[].inclusionProof.treeSize",
            ],
        },
        Published {
            bundle: data("email-attestation-rekor2.sigstore.json"),
            sha256: attested,
            san: "jku@goto.fi",
            issuer: LOGIN,
            staging: true,
            unsigned: &[
                ".verificationMaterial.timestampVerificationData.rfc3161Timestamps[].signedTimestamp",
                ".verificationMaterial.tlogEntries[].inclusionProof.checkpoint.envelope",
                ".verificationMaterial.tlogEntries[].inclusionProof.logIndex",
                ".verificationMaterial.tlogEntries[].inclusionProof.rootHash",
                ".verificationMaterial.tlogEntries[].inclusionProof.treeSize",
                ".verificationMaterial.tlogEntries[].logId.keyId",
                ".mediaType",
            ],
        },
        Published {
            bundle: data("email-blob.sigstore.json"),
            sha256: Digest::of(&data("email-blob.txt")),
            san: "w.vollprecht@gmail.com",
            issuer: LOGIN,
            staging: false,
            unsigned: &[
                ".mediaType",
                ".verificationMaterial.timestampVerificationData",
                ".verificationMaterial.timestampVerificationData.rfc3161Timestamps",
                ".verificationMaterial.timestampVerificationData.rfc3161Timestamps[].signedTimestamp",
                ".verificationMaterial.tlogEntries[].inclusionPromise",
                ".verificationMaterial.tlogEntries[].inclusionProof.checkpoint.envelope",
            ],
        },
        Published {
            bundle: data("wheel-v0.2.sigstore.json"),
            sha256: digest("c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201"),
            san: TAGGED,
            issuer: GITHUB,
            staging: false,
            unsigned: &[
                ".mediaType",
                ".verificationMaterial.tlogEntries[].inclusionProof.checkpoint.envelope",
            ],
        },
    ]
}

impl Published {
    /// The identity that signed, or another one, with the trust root that vouches for it.
    fn identity(&self, san: &str, issuer: &str) -> SigstoreIdentity {
        let text = || String::from_utf8(data("staging-trusted-root.json")).unwrap();
        let trust_root =
            if self.staging { TrustRoot::Text(text().into()) } else { TrustRoot::Shipped };
        SigstoreIdentity { trust_root, ..identity(san, issuer) }
    }
}

fn identity(san: &str, issuer: &str) -> SigstoreIdentity {
    let (san, issuer) = (san.to_owned(), issuer.to_owned());
    SigstoreIdentity { san, issuer, trust_root: TrustRoot::default() }
}

/// Verifies for a release of version 0.1.2.
fn check(
    bundle: &[u8],
    sha256: Digest,
    identities: &[SigstoreIdentity],
) -> Result<ValidSignature, SignatureError> {
    let version: Version = "0.1.2".parse().unwrap();
    let nobody = Verifiers::none(SystemTime::now());
    let verifiers = Verifiers { identities, version: Some(&version), ..nobody };
    verify(EvidenceKind::Sigstore, bundle, Content::digest(sha256), &verifiers)
}

#[test]
fn published_bundles_are_accepted_for_their_identity_only() {
    for published in published() {
        let Published { bundle, sha256, san, issuer, .. } = &published;
        let accepted = published.identity(san, issuer);
        let valid = check(bundle, *sha256, std::slice::from_ref(&accepted)).unwrap();
        let signer = valid.identity.unwrap();
        assert_eq!((signer.san, &*signer.issuer), (san.replace("{version}", "0.1.2"), *issuer));
        let names_version = matches!(valid.names, SignedName::Version(_));
        assert_eq!(names_version, san.contains("{version}"), "{san}");

        let other_issuer = published.identity(san, "https://accounts.example");
        let part = published.identity(&san[..san.len() - 1], issuer);
        for identities in [&[][..], &[other_issuer], &[part]] {
            let error = check(bundle, *sha256, identities).unwrap_err();
            assert!(matches!(error, SignatureError::UnknownIdentity { .. }), "{error}");
        }
        let error = check(bundle, Digest::of(b"other"), &[accepted]).unwrap_err();
        assert!(matches!(error, SignatureError::AnotherDigest { .. }), "{error}");
    }
}

#[test]
fn a_signature_of_another_version_is_told_as_such() {
    let Published { bundle, sha256, .. } = published().pop().unwrap();
    let version: Version = "0.1.3".parse().unwrap();
    let nobody = Verifiers::none(SystemTime::now());
    let identities = [identity(TAGGED, GITHUB)];
    let verifiers = Verifiers { identities: &identities, version: Some(&version), ..nobody };
    let error = verify(EvidenceKind::Sigstore, &bundle, Content::digest(sha256), &verifiers);
    let error = error.unwrap_err();
    assert!(
        matches!(&error, SignatureError::AnotherRelease { got, .. } if got.ends_with("v0.1.2")),
        "{error}"
    );
    // Without a version, a pattern stands for no release.
    let verifiers = Verifiers { identities: &identities, ..nobody };
    verify(EvidenceKind::Sigstore, &bundle, Content::digest(sha256), &verifiers).unwrap_err();
}

#[test]
fn a_bundle_of_version_0_1_is_accepted() {
    let Published { bundle, sha256, san, issuer, .. } = published().remove(2);
    let mut bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
    bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1".into();
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    let certificate = material.remove("certificate").unwrap();
    let chain = serde_json::json!({ "certificates": [certificate] });
    material.insert("x509CertificateChain".to_owned(), chain);
    let bundle = bundle.to_string();
    check(bundle.as_bytes(), sha256, &[identity(san, issuer)]).unwrap();
}

#[test]
fn the_attestation_of_an_immutable_release_is_of_no_project() {
    let bundle = data("github-release-attestation.sigstore.json");
    let sha256 = digest("76f1fe8593bf227cca2c089e3c16dc95014a8d3e89c5dd220530469ca043c428");
    // GitHub's own instance vouches for it, without a log; only the identity is refused.
    for identity in [identity("https://dotcom.releases.github.com", GITHUB), identity("x", GITHUB)]
    {
        let error = check(&bundle, sha256, &[identity]).unwrap_err();
        let SignatureError::UnknownIdentity { got, .. } = &error else { panic!("{error}") };
        assert_eq!(got, "https://dotcom.releases.github.com (issuer none)");
    }
    for identity in [identity("https://dotcom.releases.github.com", ""), identity("x", LOGIN)] {
        check(&bundle, sha256, &[identity]).unwrap_err();
    }
}

#[test]
fn another_trust_root_vouches_for_nothing_else() {
    let Published { bundle, sha256, san, issuer, .. } = published().remove(0);
    let with = |trust_root| [SigstoreIdentity { trust_root, ..identity(san, issuer) }];
    let empty = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[],
        "certificateAuthorities":[],"ctlogs":[],"timestampAuthorities":[]}"#;
    let error = check(&bundle, sha256, &with(TrustRoot::Text(empty.into()))).unwrap_err();
    assert!(matches!(error, SignatureError::Unproven { .. }), "{error}");
    for broken in ["", "{}", "{\"tlogs\": 1}"] {
        let error = check(&bundle, sha256, &with(TrustRoot::Text(broken.into()))).unwrap_err();
        assert!(matches!(error, SignatureError::TrustRoot { .. }), "{broken}: {error}");
    }
    let missing = TrustRoot::File("/nonexistent/trusted_root.json".into());
    let error = check(&bundle, sha256, &with(missing.clone())).unwrap_err();
    assert!(matches!(error, SignatureError::TrustRoot { .. }), "{error}");
    // An identity with another trust root does not get in the way.
    let [unusable] = with(missing);
    check(&bundle, sha256, &[unusable, identity(san, issuer)]).unwrap();
}

#[test]
fn a_bundle_with_a_key_needs_no_trust_root() {
    let bundle = data("managed-key.sigstore.json");
    let key = VerifyingKey::parse(std::str::from_utf8(&data("managed-key.pub")).unwrap()).unwrap();
    let sha256 = Digest::of(&data("managed-key.txt"));
    let check = |bundle: &[u8], sha256, keys: &[VerifyingKey]| {
        let verifiers = Verifiers { keys, ..Verifiers::none(SystemTime::now()) };
        verify(EvidenceKind::Sigstore, bundle, Content::digest(sha256), &verifiers)
    };
    let valid = check(&bundle, sha256, std::slice::from_ref(&key)).unwrap();
    assert_eq!(valid.key, Some(key.id()));
    let error = check(&bundle, sha256, &[]).unwrap_err();
    assert!(matches!(error, SignatureError::UnknownKey { .. }), "{error}");
    let error = check(&bundle, Digest::of(b"other"), std::slice::from_ref(&key)).unwrap_err();
    assert!(matches!(error, SignatureError::AnotherDigest { .. }), "{error}");
    let other = sign::CosignSecretKey::generate().unwrap();
    let error = check(&bundle, sha256, &[other.public().unwrap()]).unwrap_err();
    assert!(matches!(error, SignatureError::BadSignature { .. }), "{error}");

    let ours = sign::sigstore_bundle(&other, sha256).unwrap();
    check(ours.as_bytes(), sha256, &[other.public().unwrap()]).unwrap();
    check(ours.as_bytes(), sha256, &[key]).unwrap_err();
}

#[test]
fn other_files_are_malformed() {
    let identities = [identity("x", "y")];
    for text in ["", "{}", "[]", "null", "\u{0}", r#"{"mediaType":"x"}"#] {
        let error = check(text.as_bytes(), Digest::of(b""), &identities).unwrap_err();
        assert!(matches!(error, SignatureError::Malformed { .. }), "{text}: {error}");
    }
    let deep = "[".repeat(100_000);
    check(deep.as_bytes(), Digest::of(b""), &identities).unwrap_err();
    let error = check(&vec![b' '; 1024 * 1024 + 1], Digest::of(b""), &identities).unwrap_err();
    assert!(matches!(error, SignatureError::TooLarge { .. }), "{error}");
}

/// Every third byte of a bundle, from another one on for each bundle.
fn assert_flips(which: usize) {
    let published = published().remove(which);
    let identities = [published.identity(published.san, published.issuer)];
    let Published { bundle, sha256, san, unsigned, .. } = published;
    let valid = check(&bundle, sha256, &identities).unwrap();
    for (at, flipped) in flip_each_byte(&bundle).filter(|(at, _)| at % 3 == which % 3) {
        let Ok(other) = check(&flipped, sha256, &identities) else { continue };
        assert_eq!(other, valid, "byte {at}");
        for field in changed_fields(&bundle, &flipped) {
            assert!(unsigned.contains(&&*field), "{san}: byte {at}: {field} is not signed");
        }
    }
}

#[test]
fn a_flipped_bit_in_an_attestation_is_refused() {
    assert_flips(0);
}

#[test]
fn a_flipped_bit_in_an_attestation_of_a_new_log_is_refused() {
    assert_flips(1);
}

#[test]
fn a_flipped_bit_in_a_signature_of_a_file_is_refused() {
    assert_flips(2);
}

#[test]
fn a_flipped_bit_in_an_old_bundle_is_refused() {
    assert_flips(3);
}
