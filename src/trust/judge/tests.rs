//! Which offers are accepted, and what has to be met.

use loom_source::{ArchiveFormat, AssetRef, Authority, DigestSource, Name, Platform, Product};

use super::*;
use crate::trust::{Checksum, Pin, PinOrigin, SignatureOrigin, Voucher};
use loom_source::Digest;

fn release() -> Release {
    Product {
        authority: Authority::default(),
        binary: Name::default(),
        platform: Platform::LinuxX86_64,
    }
    .at_version("0.2.0".parse().unwrap())
}

fn claim(of: &str) -> ClaimedDigest {
    ClaimedDigest {
        digest: Digest::of(of.as_bytes()),
        by: DigestSource::Sidecar,
        at: format!("{of}.sha256"),
    }
}

fn artifact(claims: &[&str]) -> Artifact {
    Artifact {
        packaging: Packaging::Archive { format: ArchiveFormat::TarGz, strip: None },
        asset: AssetRef::new("v0.2.0/a.tar.gz"),
        size: None,
        claims: claims.iter().map(|of| claim(of)).collect(),
    }
}

fn offer(artifacts: &[&[&str]], tree: Option<&str>) -> Offer {
    Offer {
        artifacts: artifacts.iter().map(|claims| artifact(claims)).collect(),
        tree: tree.map(claim),
        ..Offer::default()
    }
}

fn pins(tree: Option<&str>, archives: &[&str]) -> Pins {
    let pin = |of: &str| Pin {
        digest: Digest::of(of.as_bytes()),
        origin: PinOrigin::Given { by: "--sha256".into() },
    };
    Pins {
        tree: tree.map(pin),
        archives: archives.iter().map(|of| pin(of)).collect(),
        ..Pins::default()
    }
}

/// The first expectation in short: its digests with their grades, or the waiver; else the kind of rejection.
fn short(judged: Result<Judged, Rejection>) -> String {
    let digest = |digest: &Option<TrustedDigest>| {
        digest.as_ref().map(|d| format!("{}:{:?}", d.of.as_str(), d.grade)).unwrap_or_default()
    };
    match judged {
        Ok(Judged { first: Expected { expectation: e, .. }, .. }) => {
            let waiver = e.waiver.map(|waiver| format!("{waiver:?}")).unwrap_or_default();
            format!("{}{}{waiver}", digest(&e.archive), digest(&e.tree))
        }
        Err(e) => format!("{e:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
    }
}

#[test]
fn offers_are_judged_by_claims_and_pins() {
    use Channel::{Authenticated, LocalBuild, Unauthenticated};
    let strict = Policy::default();
    let lax = Policy { checksum: Checksum::IfAvailable, ..strict.clone() };
    let once = Policy { allow_unverified: true, ..strict.clone() };
    let signed = Policy { signature: Signature::Required, ..strict.clone() };
    let no = pins(None, &[]);
    let a = pins(None, &["a"]);
    let t = pins(Some("t"), &[]);
    let plain = |artifacts: &[&[&str]]| offer(artifacts, None);
    for (name, policy, channel, offer, pins, expected) in [
        ("a sidecar", &strict, Authenticated, plain(&[&["a"]]), &no, "archive:Transfer"),
        ("no checksum", &strict, Authenticated, plain(&[&[]]), &no, "NoChecksum"),
        ("no checksum, lax", &lax, Authenticated, plain(&[&[]]), &no, "IfAvailable"),
        ("no checksum, once", &once, Authenticated, plain(&[&[]]), &no, "AllowUnverified"),
        ("lax with a checksum", &lax, Authenticated, plain(&[&["a"]]), &no, "archive:Transfer"),
        ("the second one", &strict, Authenticated, plain(&[&[], &["a"]]), &no, "archive:Transfer"),
        ("a pinned archive", &strict, Authenticated, plain(&[&["a"]]), &a, "archive:Identity"),
        ("a pinned tree", &strict, Authenticated, plain(&[&[]]), &t, "tree:Identity"),
        ("a claimed tree", &strict, Authenticated, offer(&[&[]], Some("t")), &no, "tree:Transfer"),
        ("another tree", &strict, Authenticated, offer(&[&["a"]], Some("u")), &t, "Differs"),
        ("two digests", &strict, Authenticated, plain(&[&["a", "b"]]), &no, "Contradiction"),
        ("no artifact", &strict, Authenticated, plain(&[]), &no, "NoArtifact"),
        ("http claims", &strict, Unauthenticated, offer(&[&["a"]], Some("t")), &no, "NoChecksum"),
        ("http and a pin", &strict, Unauthenticated, plain(&[&["a"]]), &t, "tree:Identity"),
        ("a cargo build", &strict, LocalBuild, plain(&[&[]]), &no, "LocalBuild"),
        ("signature required", &signed, Authenticated, plain(&[&["a"]]), &no, "NoKey"),
    ] {
        let judged = policy.judge(&release(), channel, &offer, pins, &unsigned());
        assert_eq!(short(judged), expected, "{name}");
    }
}

#[test]
fn the_digest_of_loose_files_is_the_digest_of_the_tree() {
    let mut loose = artifact(&["t"]);
    loose.packaging = Packaging::Loose { folder: AssetRef::new("store/t") };
    let offer = Offer { artifacts: vec![loose], ..Offer::default() };
    for (pins, expected) in
        [(pins(None, &[]), "tree:Transfer"), (pins(Some("t"), &[]), "tree:Identity")]
    {
        let judged =
            Policy::default().judge(&release(), Channel::Authenticated, &offer, &pins, &unsigned());
        assert_eq!(short(judged), expected);
    }
}

#[test]
fn other_artifacts_are_verified_by_no_less() {
    let lax = Policy { checksum: Checksum::IfAvailable, ..Policy::default() };
    for (artifacts, others) in
        [(&[&["a"][..], &[], &["b"], &["c", "d"]][..], 1), (&[&[], &["a"], &[]], 2), (&[&["a"]], 0)]
    {
        let offer = offer(artifacts, None);
        let judged =
            lax.judge(&release(), Channel::Authenticated, &offer, &pins(None, &[]), &unsigned());
        assert_eq!(judged.unwrap().others.len(), others, "{artifacts:?}");
    }
}

#[test]
fn a_missing_checksum_names_the_file() {
    let judged = Policy::default().judge(
        &release(),
        Channel::Authenticated,
        &offer(&[&[]], None),
        &pins(None, &[]),
        &unsigned(),
    );
    assert_eq!(judged.unwrap_err().to_string(), "no checksum given for a.tar.gz");
}

#[test]
fn what_a_lax_policy_let_in_is_refused_by_a_strict_one() {
    let strict = Policy::default();
    let lax = Policy { checksum: Checksum::IfAvailable, ..strict.clone() };
    let signed = Policy { signature: Signature::Required, ..lax.clone() };
    let digest = TrustedDigest::claimed(DigestSubject::Archive, &claim("a"));
    let unknown = TrustedDigest { by: Voucher::Unknown, ..digest.clone() };
    let signature = Some(SignatureOrigin { scheme: "x".into(), key: "k".into(), identity: None });
    let keyed = TrustedDigest { signature, ..digest.clone() };
    for (policy, digests, accepted) in [
        (&strict, vec![], false),
        (&lax, vec![], true),
        (&strict, vec![digest.clone()], true),
        (&strict, vec![unknown.clone()], false),
        (&strict, vec![keyed], false),
        (&strict, vec![unknown, digest.clone()], true),
        (&signed, vec![digest], false),
    ] {
        assert_eq!(
            policy.accepts(&release(), &digests).is_ok(),
            accepted,
            "{policy:?} {digests:?}"
        );
    }
}

fn unsigned() -> OfferSignatures {
    OfferSignatures::none(&release())
}
