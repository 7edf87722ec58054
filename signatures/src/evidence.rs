//! Kinds of signature files: what a file is, what verifying it needs, how large it may be.

use loom_source::EvidenceKind;

/// The most bytes of a signature file: minisign, cosign, OpenPGP.
pub const SIGNATURE_LIMIT: usize = 64 * 1024;

/// The most bytes of a Sigstore bundle.
pub const BUNDLE_LIMIT: usize = 1024 * 1024;

/// The most bytes of a public key or certificate.
pub const KEY_LIMIT: usize = 1024 * 1024;

/// The most bytes of a signature file of this kind.
pub fn limit(kind: EvidenceKind) -> usize {
    match kind {
        EvidenceKind::Minisign | EvidenceKind::Cosign | EvidenceKind::Gpg => SIGNATURE_LIMIT,
        EvidenceKind::Sigstore => BUNDLE_LIMIT,
    }
}

/// The kind that a signature file has by its bytes, where its name says `named`.
///
/// Three schemes use the ending `.sig`, which [`EvidenceKind::Cosign`] stands for: cosign writes base64, minisign its four
/// lines, OpenPGP a binary packet. Other endings are unambiguous.
///
/// # Examples
/// ```
/// use loom_signatures::{EvidenceKind, evidence};
///
/// assert_eq!(evidence::detect(EvidenceKind::Cosign, b"MEUCIQ=="), EvidenceKind::Cosign);
/// assert_eq!(evidence::detect(EvidenceKind::Cosign, b"\x88\x75\x04\x00"), EvidenceKind::Gpg);
/// ```
pub fn detect(named: EvidenceKind, signature: &[u8]) -> EvidenceKind {
    let begins = |prefix: &str| signature.starts_with(prefix.as_bytes());
    if named != EvidenceKind::Cosign {
        named
    } else if begins("untrusted comment:") {
        EvidenceKind::Minisign
    } else if begins("-----BEGIN PGP SIGNATURE-----") || signature.first().is_some_and(is_packet) {
        EvidenceKind::Gpg
    } else {
        EvidenceKind::Cosign
    }
}

/// Whether a file that begins with this byte is a binary OpenPGP packet: base64 has only ASCII.
fn is_packet(byte: &u8) -> bool {
    byte & 0x80 != 0
}

/// Whether verifying needs the bytes that were signed; otherwise their SHA-256 is enough.
///
/// `signature` decides where the name of the file does not; see [`detect`].
pub fn needs_bytes(named: EvidenceKind, signature: &[u8]) -> bool {
    matches!(detect(named, signature), EvidenceKind::Minisign | EvidenceKind::Gpg)
}

/// The name of a scheme in messages, such as `minisign`.
pub fn scheme(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Minisign => "minisign",
        EvidenceKind::Cosign => "cosign",
        EvidenceKind::Gpg => "OpenPGP",
        EvidenceKind::Sigstore => "Sigstore",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_decide_what_a_sig_file_is() {
        for (named, bytes, expected) in [
            (EvidenceKind::Cosign, &b"MEUC"[..], EvidenceKind::Cosign),
            (EvidenceKind::Cosign, b"untrusted comment: x", EvidenceKind::Minisign),
            (EvidenceKind::Cosign, b"-----BEGIN PGP SIGNATURE-----\n", EvidenceKind::Gpg),
            (EvidenceKind::Cosign, b"\xc2\x75", EvidenceKind::Gpg),
            (EvidenceKind::Cosign, b"", EvidenceKind::Cosign),
            (EvidenceKind::Minisign, b"MEUC", EvidenceKind::Minisign),
            (EvidenceKind::Gpg, b"MEUC", EvidenceKind::Gpg),
            (EvidenceKind::Sigstore, b"{}", EvidenceKind::Sigstore),
        ] {
            assert_eq!(detect(named, bytes), expected, "{named:?} {bytes:?}");
            let bytes_needed = matches!(expected, EvidenceKind::Minisign | EvidenceKind::Gpg);
            assert_eq!(needs_bytes(named, bytes), bytes_needed, "{named:?} {bytes:?}");
        }
    }
}
