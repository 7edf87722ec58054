//! cosign with a key: what is accepted, and every reason of a refusal.

use loom_signatures::{
    EvidenceKind, KeyError, SignatureError, VerifyingKey, sign::CosignSecretKey,
};
use loom_source::Digest;

use crate::support::{check, flips};

const CONTENT: &[u8] = b"the bytes of a release\n";

/// `openssl ecparam -name prime256v1 -genkey -noout`, made for this test.
const SEC1: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIE6dfQdDkIEg+KUIfHICq0SKFa4bl1pdqbQa4VrL6U48oAoGCCqGSM49
AwEHoUQDQgAEWsmkleON4XvwuSN3OUjfXf7II6T+liFsQcqmZZNE9GplIIdUXgci
CSHwgHs1zg1aFmDV1WtrC8v02PiUnmD8SA==
-----END EC PRIVATE KEY-----
";

/// The same in PKCS#8.
const PKCS8: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTp19B0OQgSD4pQh8
cgKrRIoVrhuXWl2ptBrhWsvpTjyhRANCAARayaSV443he/C5I3c5SN9d/sgjpP6W
IWxByqZlk0T0amUgh1ReByIJIfCAezXODVoWYNXVa2sLy/TY+JSeYPxI
-----END PRIVATE KEY-----
";

/// A public key on the curve P-384.
const P384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAERfYuWxjIPiaPJKCNTHdMXXIldk78twRz
GH9mAx19kFgWD0zVXz8PqLch2L6OzY/3WmMOdPlgkgKMi6gRk7Cvvdfyam3rUk0j
ynKuPGcCcoBw3ejzO6PBktKBsMDbhpI/
-----END PUBLIC KEY-----
";

fn verify(signature: &[u8], content: &[u8], keys: &[VerifyingKey]) -> Result<(), SignatureError> {
    check(EvidenceKind::Cosign, signature, content, keys).map(|_| ())
}

#[test]
fn a_signature_names_nothing() {
    let secret = CosignSecretKey::parse(SEC1).unwrap();
    let public = secret.public().unwrap();
    assert_eq!(CosignSecretKey::parse(PKCS8).unwrap().public().unwrap(), public);
    let signature = secret.sign(Digest::of(CONTENT)).unwrap();
    let keys = [public.clone()];
    let valid = check(EvidenceKind::Cosign, signature.as_bytes(), CONTENT, &keys).unwrap();
    assert_eq!((valid.key, valid.names.file()), (Some(public.id()), None));
    verify(signature.trim().as_bytes(), CONTENT, &keys).unwrap();
}

#[test]
fn reasons_of_a_refusal_differ() {
    let secret = CosignSecretKey::parse(SEC1).unwrap();
    let keys = [secret.public().unwrap()];
    let signature = secret.sign(Digest::of(CONTENT)).unwrap();
    let error = verify(signature.as_bytes(), b"other", &keys).unwrap_err();
    assert!(matches!(error, SignatureError::BadSignature { .. }), "{error}");
    let error = verify(signature.as_bytes(), CONTENT, &[]).unwrap_err();
    assert!(matches!(error, SignatureError::UnknownKey { .. }), "{error}");
    for malformed in [&b""[..], b"MEUC", b"not base64", &[signature.as_bytes(), b"x"].concat()] {
        let error = verify(malformed, CONTENT, &keys).unwrap_err();
        assert!(matches!(error, SignatureError::Malformed { .. }), "{malformed:?}: {error}");
    }
}

#[test]
fn a_flipped_bit_is_refused() {
    let secret = CosignSecretKey::parse(SEC1).unwrap();
    let keys = [secret.public().unwrap()];
    let signature = secret.sign(Digest::of(CONTENT)).unwrap().into_bytes();
    for (at, flipped) in flips(&signature, 0..signature.len()) {
        assert!(verify(&flipped, CONTENT, &keys).is_err(), "byte {at}");
    }
    for (at, flipped) in flips(CONTENT, 0..CONTENT.len()) {
        let result = verify(&signature, &flipped, &keys);
        assert!(matches!(result, Err(SignatureError::BadSignature { .. })), "byte {at}");
    }
}

#[test]
fn other_keys_are_refused_by_name() {
    let error = VerifyingKey::parse(SEC1).unwrap_err();
    assert_eq!(error, KeyError::Secret);
    for text in [P384, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
        let error = VerifyingKey::parse(text).unwrap_err();
        assert!(matches!(error, KeyError::Malformed { kind: EvidenceKind::Cosign, .. }), "{error}");
    }
    let public = CosignSecretKey::parse(SEC1).unwrap().public_pem().unwrap();
    for text in [public.as_str(), "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----", ""] {
        CosignSecretKey::parse(text).unwrap_err();
    }
}
