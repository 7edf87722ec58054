//! minisign: what is accepted, and every reason of a refusal.

use std::time::SystemTime;

use loom_signatures::{
    Content, EvidenceKind, KeyError, SignatureError, Verifiers, VerifyingKey,
    sign::{MinisignSecretKey, SigningError},
    verify,
};
use loom_source::Digest;

use crate::support::{check, flips};

const CONTENT: &[u8] = b"the bytes of a release\n";

/// A key without a password.
fn key() -> (MinisignSecretKey, VerifyingKey) {
    let files = MinisignSecretKey::generate(None).unwrap();
    let secret = MinisignSecretKey::parse(secrecy_text(&files.secret), None).unwrap();
    (secret, VerifyingKey::parse(&files.public).unwrap())
}

fn secrecy_text(secret: &secrecy::SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

fn signed(key: &MinisignSecretKey) -> String {
    key.sign(&mut &*CONTENT, "loom-0.2.0.tar.gz", SystemTime::now()).unwrap()
}

#[test]
fn a_signature_names_its_file() {
    let (secret, public) = key();
    assert_eq!(secret.public().unwrap(), public);
    let signature = signed(&secret);
    let valid =
        check(EvidenceKind::Minisign, signature.as_bytes(), CONTENT, std::slice::from_ref(&public))
            .unwrap();
    assert_eq!(valid.names.file(), Some("loom-0.2.0.tar.gz"));
    assert_eq!(valid.key, Some(public.id()));
    // The same file under the ending that cosign uses too.
    let valid = check(EvidenceKind::Cosign, signature.as_bytes(), CONTENT, &[public]).unwrap();
    assert_eq!(valid.kind, EvidenceKind::Minisign);
}

#[test]
fn every_form_of_a_public_key_is_the_same_key() {
    let files = MinisignSecretKey::generate(None).unwrap();
    let line = files.public.lines().nth(1).unwrap();
    let key = VerifyingKey::parse(&files.public).unwrap();
    assert!(files.public.contains(&key.id()), "{} is not in {}", key.id(), files.public);
    for text in [line.to_owned(), format!("minisign:{line}"), files.public.replace('\n', "\r\n")] {
        assert_eq!(VerifyingKey::parse(&text).unwrap(), key, "{text}");
    }
    let secret = secrecy_text(&files.secret);
    assert_eq!(VerifyingKey::parse(secret), Err(KeyError::Secret));
    let error = VerifyingKey::parse("minisign:RWxx").unwrap_err();
    assert!(matches!(error, KeyError::Malformed { .. }), "{error}");
    for text in ["", "RWxx", "ssh-ed25519 AAAA"] {
        assert_eq!(VerifyingKey::parse(text), Err(KeyError::Unrecognized), "{text}");
    }
}

#[test]
fn reasons_of_a_refusal_differ() {
    let (secret, public) = key();
    let (_, other) = key();
    let signature = signed(&secret);
    let check = |signature: &str, content: &[u8], keys: &[VerifyingKey]| {
        check(EvidenceKind::Minisign, signature.as_bytes(), content, keys).unwrap_err()
    };
    let error = check(&signature, CONTENT, &[other]);
    assert!(
        matches!(&error, SignatureError::UnknownKey { got: Some(id), .. } if *id == public.id()),
        "{error}"
    );
    let error = check(&signature, CONTENT, &[]);
    assert!(matches!(error, SignatureError::UnknownKey { .. }), "{error}");
    let error = check(&signature, b"other bytes", std::slice::from_ref(&public));
    assert!(matches!(error, SignatureError::BadSignature { .. }), "{error}");
    for malformed in [
        "".to_owned(),
        "untrusted comment: x\n".to_owned(),
        format!("{signature}\n"),
        format!("{signature}more\n"),
        signature.replace("trusted comment: t", "comment: t"),
        signature.replacen("untrusted", "trusted", 1),
    ] {
        let error = check(&malformed, CONTENT, std::slice::from_ref(&public));
        assert!(matches!(error, SignatureError::Malformed { .. }), "{malformed}: {error}");
    }
    let large = format!("{signature}{}", "x".repeat(64 * 1024));
    let error = check(&large, CONTENT, &[public]);
    assert!(matches!(error, SignatureError::TooLarge { .. }), "{error}");
}

#[test]
fn the_bytes_have_to_be_those_of_the_digest() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("a disk fails"))
        }
    }
    let (secret, public) = key();
    let signature = signed(&secret);
    let verify = |content: Content<'_>| {
        let keys = std::slice::from_ref(&public);
        let verifiers = Verifiers { keys, ..Verifiers::none(SystemTime::now()) };
        verify(EvidenceKind::Minisign, signature.as_bytes(), content, &verifiers)
    };
    let other = Digest::of(b"other");
    let error = verify(Content::read(other, &mut &*CONTENT)).unwrap_err();
    assert!(matches!(error, SignatureError::AnotherDigest { .. }), "{error}");
    for content in
        [Content::read(Digest::of(CONTENT), &mut Broken), Content::digest(Digest::of(CONTENT))]
    {
        let error = verify(content).unwrap_err();
        assert!(matches!(error, SignatureError::Content(_)), "{error}");
    }
}

#[test]
fn a_legacy_signature_is_refused() {
    let public = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    let signature = "untrusted comment: signature from minisign secret key\n\
        RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
        trusted comment: timestamp:1555779966\tfile:test\n\
        QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n";
    let key = VerifyingKey::parse(public).unwrap();
    let error = check(EvidenceKind::Minisign, signature.as_bytes(), b"test", &[key]).unwrap_err();
    assert!(matches!(error, SignatureError::Legacy { .. }), "{error}");
}

#[test]
fn a_flipped_bit_is_refused_outside_of_the_untrusted_comment() {
    let (secret, public) = key();
    let signature = signed(&secret).into_bytes();
    let first = signature.iter().position(|byte| *byte == b'\n').unwrap();
    for (at, flipped) in flips(&signature, first..signature.len() - 1) {
        let result =
            check(EvidenceKind::Minisign, &flipped, CONTENT, std::slice::from_ref(&public));
        assert!(result.is_err(), "byte {at}: {}", String::from_utf8_lossy(&flipped));
    }
    // The first line is not signed: it is read, but neither used nor printed.
    let valid =
        check(EvidenceKind::Minisign, &signature, CONTENT, std::slice::from_ref(&public)).unwrap();
    for (_, flipped) in flips(&signature, 0..first) {
        if let Ok(other) =
            check(EvidenceKind::Minisign, &flipped, CONTENT, std::slice::from_ref(&public))
        {
            assert_eq!(other, valid);
        }
    }
    for (at, flipped) in flips(CONTENT, 0..CONTENT.len()) {
        let result =
            check(EvidenceKind::Minisign, &signature, &flipped, std::slice::from_ref(&public));
        assert!(matches!(result, Err(SignatureError::BadSignature { .. })), "byte {at}");
    }
}

#[test]
fn an_encrypted_key_needs_its_password() {
    let password = secrecy::SecretString::from("correct");
    let files = MinisignSecretKey::generate(Some(&password)).unwrap();
    let secret = secrecy_text(&files.secret);
    assert!(MinisignSecretKey::is_encrypted(secret));
    let error = MinisignSecretKey::parse(secret, None).unwrap_err();
    assert!(matches!(error, SigningError::PasswordRequired { .. }), "{error}");
    let error = MinisignSecretKey::parse(secret, Some(&"wrong".into())).unwrap_err();
    assert!(matches!(error, SigningError::WrongPassword { .. }), "{error}");
    let key = MinisignSecretKey::parse(secret, Some(&password)).unwrap();
    assert_eq!(key.public().unwrap(), VerifyingKey::parse(&files.public).unwrap());
    let error = MinisignSecretKey::parse("untrusted comment: x\nAAAA\n", None).unwrap_err();
    assert!(matches!(error, SigningError::NotAKey { .. }), "{error}");
    let error = key.sign(&mut &*CONTENT, "two\nlines", SystemTime::now()).unwrap_err();
    assert!(matches!(error, SigningError::Comment(_)), "{error}");
}
