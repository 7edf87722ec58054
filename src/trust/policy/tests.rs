//! What is judged how.

use loom_source::{
    ArchiveFormat, AssetRef, Authority, Digest, DigestSource, Name, Platform, Product,
};

use super::*;
use crate::trust::PinOrigin;

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

fn carrier(claims: &[&str]) -> Artifact {
    Artifact {
        packaging: Packaging::Archive { format: ArchiveFormat::TarGz, strip: None },
        asset: AssetRef::new("a.tar.gz"),
        size: None,
        claims: claims.iter().map(|of| claim(of)).collect(),
    }
}

fn offer(carriers: &[&[&str]], tree: Option<&str>) -> Offer {
    Offer {
        artifacts: carriers.iter().map(|claims| carrier(claims)).collect(),
        tree: tree.map(claim),
        ..Offer::default()
    }
}

fn pins(tree: Option<&str>, archives: &[&str]) -> Pins {
    let pin = |of: &str| Pin {
        digest: Digest::of(of.as_bytes()),
        origin: PinOrigin::Given { by: "--sha256".into() },
    };
    Pins { tree: tree.map(pin), archives: archives.iter().map(|of| pin(of)).collect() }
}

/// What an expectation says, in short: proofs with their grade, or the waiver.
fn short(judgement: Result<Judged, Rejection>) -> String {
    let proof = |what: &str, proof: &Option<TrustedDigest>| {
        proof.as_ref().map(|p| format!("{what}:{:?}", p.grade)).unwrap_or_default()
    };
    match judgement {
        Ok(Judged { first: Expected { expectation: e, .. }, .. }) => {
            format!(
                "{}{}{}",
                proof("archive", &e.archive),
                proof("tree", &e.tree),
                e.waiver.map(|w| format!("{w:?}")).unwrap_or_default()
            )
        }
        Err(e) => format!("{e:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
    }
}

#[test]
fn offers_are_judged_by_what_is_claimed_and_held() {
    use SourceClass::{Mirror, PlainHttp, Workspace};
    let strict = Policy::default();
    let lax = Policy { checksum: Checksum::IfAvailable, ..strict };
    let once = Policy { allow_unverified: true, ..strict };
    let signed = Policy { signature: Signature::Required, ..strict };
    let no = pins(None, &[]);
    for (name, policy, origin, offer, pins, expected) in [
        (
            "a sidecar proves the transfer",
            strict,
            Mirror,
            offer(&[&["a"]], None),
            &no,
            "archive:Transfer",
        ),
        ("no checksum", strict, Mirror, offer(&[&[]], None), &no, "NoChecksum"),
        ("no checksum, lax", lax, Mirror, offer(&[&[]], None), &no, "IfAvailable"),
        ("no checksum, once", once, Mirror, offer(&[&[]], None), &no, "AllowUnverified"),
        ("lax checks what is there", lax, Mirror, offer(&[&["a"]], None), &no, "archive:Transfer"),
        (
            "the second carrier has one",
            strict,
            Mirror,
            offer(&[&[], &["a"]], None),
            &no,
            "archive:Transfer",
        ),
        (
            "a held archive",
            strict,
            Mirror,
            offer(&[&["a"]], None),
            &pins(None, &["a"]),
            "archive:Identity",
        ),
        (
            "a held tree is enough",
            strict,
            Mirror,
            offer(&[&[]], None),
            &pins(Some("t"), &[]),
            "tree:Identity",
        ),
        ("a claimed tree", strict, Mirror, offer(&[&[]], Some("t")), &no, "tree:Transfer"),
        (
            "another tree",
            strict,
            Mirror,
            offer(&[&["a"]], Some("u")),
            &pins(Some("t"), &[]),
            "Differs",
        ),
        ("two digests", strict, Mirror, offer(&[&["a", "b"]], None), &no, "Contradiction"),
        ("nothing to fetch", strict, Mirror, offer(&[], None), &no, "NoCarrier"),
        (
            "plain http says nothing",
            strict,
            PlainHttp,
            offer(&[&["a"]], Some("t")),
            &no,
            "NoChecksum",
        ),
        (
            "plain http carries",
            strict,
            PlainHttp,
            offer(&[&["a"]], None),
            &pins(Some("t"), &[]),
            "tree:Identity",
        ),
        ("a cargo build", strict, Workspace, offer(&[&[]], None), &no, "Workspace"),
        ("a demand we cannot meet", signed, Mirror, offer(&[&["a"]], None), &no, "Signature"),
    ] {
        let judgement = policy.judge(&release(), "somewhere", origin, &offer, pins);
        assert_eq!(short(judgement), expected, "{name}");
    }
}

#[test]
fn what_is_claimed_of_loose_files_is_claimed_of_the_tree() {
    let mut loose = carrier(&["t"]);
    loose.packaging = Packaging::Loose { folder: AssetRef::new("store/t") };
    let offer = Offer { artifacts: vec![loose], ..Offer::default() };
    for (pins, expected) in
        [(pins(None, &[]), "tree:Transfer"), (pins(Some("t"), &[]), "tree:Identity")]
    {
        let judgement =
            Policy::default().judge(&release(), "somewhere", SourceClass::Mirror, &offer, &pins);
        assert_eq!(short(judgement), expected);
    }
}

#[test]
fn other_carriers_prove_no_less() {
    let lax = Policy { checksum: Checksum::IfAvailable, ..Policy::default() };
    for (carriers, others) in
        [(&[&["a"][..], &[], &["b"], &["c", "d"]][..], 1), (&[&[], &["a"], &[]], 2), (&[&["a"]], 0)]
    {
        let offer = offer(carriers, None);
        let judged = lax.judge(&release(), "x", SourceClass::Mirror, &offer, &pins(None, &[]));
        assert_eq!(judged.unwrap().others.len(), others, "{carriers:?}");
    }
}

#[test]
fn a_lax_project_fills_no_slot_for_a_strict_one() {
    let strict = Policy::default();
    let lax = Policy { checksum: Checksum::IfAvailable, ..strict };
    assert!(!strict.accepts(None, Some(Waiver::IfAvailable)));
    assert!(lax.accepts(None, Some(Waiver::AllowUnverified)));
    assert!(strict.accepts(Some(Grade::Transfer), None));
    assert!(strict.accepts(None, Some(Waiver::Workspace)));
}
