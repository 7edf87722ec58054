//! Verifies the signatures of a file.

use std::{io::Read as _, time::SystemTime};

use digest::DynDigest;
use loom_source::EvidenceKind;
use pgp::{
    armor::{BlockType, Dearmor, DearmorOptions},
    composed::{Deserializable as _, DetachedSignature},
    packet::{
        Signature, SignatureConfig, SignatureType, SignatureVersion, SignatureVersionSpecific,
        SubpacketData,
    },
    ser::Serialize as _,
    types::Fingerprint,
};

use super::{
    algorithms::{is_accepted, legacy},
    certificate::{Certificate, SigningKey},
};
use crate::{
    content::Content,
    error::{SignatureError, malformed},
    evidence::SIGNATURE_LIMIT,
    hashed,
    valid::{SignedName, ValidSignature},
};

const KIND: EvidenceKind = EvidenceKind::Gpg;

/// The most signatures in one file.
const MOST: usize = 16;

/// Verifies a file with detached signatures: one of them has to be valid, by one of the certificates.
pub(crate) fn verify(
    file: &[u8],
    content: &mut Content<'_>,
    certificates: &[&Certificate],
    at: SystemTime,
) -> Result<ValidSignature, SignatureError> {
    let signatures = parse(file)?;
    let mut pending = Vec::new();
    let mut refusal = None;
    for signature in &signatures {
        match Pending::new(signature, certificates) {
            Ok(one) => pending.push(one),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    if pending.is_empty() {
        return Err(refusal.unwrap_or_else(|| malformed(KIND, "it has no signature")));
    }
    hashed::read(KIND, content, |chunk| pending.iter_mut().for_each(|one| one.update(chunk)))?;
    let mut refusal = None;
    for one in pending {
        match one.finish(at) {
            Ok(key) => return Ok(ValidSignature::by_key(KIND, key, SignedName::Nothing)),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Err(refusal.unwrap_or_else(|| malformed(KIND, "it has no signature")))
}

/// The signatures of a file, armoured or binary. Each has exactly one spelling: what is read has to be what would be written.
fn parse(file: &[u8]) -> Result<Vec<Signature>, SignatureError> {
    let binary = if file.starts_with(b"-") { without_armour(file)? } else { file.to_vec() };
    let parsed: Result<Vec<DetachedSignature>, pgp::errors::Error> =
        DetachedSignature::from_bytes_many(binary.as_slice())
            .and_then(|signatures| signatures.take(MOST + 1).collect());
    let parsed = parsed.map_err(|error| malformed(KIND, error))?;
    if parsed.len() > MOST {
        return Err(malformed(KIND, format!("it has more than {MOST} signatures")));
    }
    let mut written = Vec::with_capacity(binary.len());
    for one in &parsed {
        one.to_writer(&mut written).map_err(|error| malformed(KIND, error))?;
    }
    if written.is_empty() || written != binary {
        return Err(malformed(KIND, "it is not written as OpenPGP requires"));
    }
    Ok(parsed.into_iter().map(|one| one.signature).collect())
}

/// The bytes of an armoured file. Its headers and its checksum are not signed, and not used.
fn without_armour(file: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let options = DearmorOptions::new().set_limit(SIGNATURE_LIMIT);
    let mut armour = Dearmor::with_options(file, options);
    armour.read_header().map_err(|error| malformed(KIND, error))?;
    if armour.typ != Some(BlockType::Signature) {
        return Err(malformed(KIND, "its block is not a PGP SIGNATURE"));
    }
    let mut binary = Vec::new();
    armour.read_to_end(&mut binary).map_err(|error| malformed(KIND, error))?;
    Ok(binary)
}

/// A signature whose content is being hashed.
struct Pending<'a> {
    signature: &'a Signature,
    config: &'a SignatureConfig,
    hasher: Box<dyn DynDigest + Send>,
    made: SystemTime,
    candidates: Vec<(&'a Certificate, SigningKey<'a>)>,
}

impl<'a> Pending<'a> {
    /// Finds the keys that may have made the signature, before anything is read.
    fn new(
        signature: &'a Signature,
        certificates: &[&'a Certificate],
    ) -> Result<Self, SignatureError> {
        let config = signature.config().ok_or_else(|| malformed(KIND, "its version is unknown"))?;
        if !matches!(config.version(), SignatureVersion::V4 | SignatureVersion::V6) {
            let algorithm = format!("signatures of version {}", u8::from(config.version()));
            return Err(SignatureError::Legacy { kind: KIND, algorithm });
        }
        if config.typ() != SignatureType::Binary {
            return Err(malformed(KIND, "it is not a signature of a binary file"));
        }
        if !is_accepted(config.hash_alg) {
            return Err(legacy(config.hash_alg));
        }
        let made = signature.created();
        let made = made.ok_or_else(|| malformed(KIND, "it does not say when it was made"))?;
        if let Some(unknown) = unknown_critical(config) {
            return Err(malformed(KIND, format!("it requires to understand {unknown}")));
        }
        let candidates = candidates(signature, certificates)?;
        let mut hasher = config.hash_alg.new_hasher().map_err(|error| malformed(KIND, error))?;
        if let SignatureVersionSpecific::V6 { salt } = &config.version_specific {
            if config.hash_alg.salt_len() != Some(salt.len()) {
                return Err(malformed(KIND, "its salt does not have the length for its hash"));
            }
            hasher.update(salt);
        }
        Ok(Self { signature, config, hasher, made: made.into(), candidates })
    }

    fn update(&mut self, chunk: &[u8]) {
        self.hasher.update(chunk);
    }

    /// The fingerprint of the certificate that signed.
    fn finish(mut self, at: SystemTime) -> Result<String, SignatureError> {
        let length = self.config.hash_signature_data(&mut self.hasher);
        let trailer = length.and_then(|length| self.config.trailer(length));
        self.hasher.update(&trailer.map_err(|error| malformed(KIND, error))?);
        let hash = self.hasher.finalize();
        let begin = self.signature.signed_hash_value();
        let signed = |(certificate, key): &&(&Certificate, SigningKey<'_>)| {
            begin.is_some_and(|begin| hash.starts_with(&begin))
                && certificate.verifies(*key, self.config.hash_alg, &hash, self.signature)
        };
        let Some((certificate, key)) = self.candidates.iter().find(signed) else {
            let keys = self.candidates.iter();
            let keys = keys.map(|(one, key)| format!("{:X}", one.fingerprint(*key))).collect();
            return Err(SignatureError::BadSignature { kind: KIND, keys });
        };
        certificate.judge(*key, self.made, at)?;
        let lifetime =
            self.signature.signature_expiration_time().filter(|time| time.as_secs() != 0);
        if let Some(until) = lifetime.map(|time| self.made + std::time::Duration::from(time))
            && until <= at
        {
            return Err(SignatureError::SignatureExpired { key: certificate.id(), until });
        }
        Ok(certificate.id())
    }
}

/// The keys that the signature names. Names outside of the signed part are hints; where there is none, all keys are tried.
fn candidates<'a>(
    signature: &Signature,
    certificates: &[&'a Certificate],
) -> Result<Vec<(&'a Certificate, SigningKey<'a>)>, SignatureError> {
    let (fingerprints, ids) = (signature.issuer_fingerprint(), signature.issuer_key_id());
    let named = |certificate: &Certificate, key: SigningKey<'_>| {
        if fingerprints.is_empty() {
            ids.is_empty() || ids.contains(&&certificate.key_id(key))
        } else {
            fingerprints.contains(&&certificate.fingerprint(key))
        }
    };
    let mut found = Vec::new();
    for certificate in certificates {
        found.extend(
            certificate
                .keys()
                .filter(|key| named(certificate, *key))
                .map(|key| (*certificate, key)),
        );
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let fingerprint = fingerprints.first().map(|one: &&Fingerprint| format!("{one:X}"));
    let got = fingerprint.or_else(|| ids.first().map(hex::encode_upper));
    let expected = certificates.iter().map(|certificate| certificate.id()).collect();
    Err(SignatureError::UnknownKey { kind: KIND, got, expected })
}

/// A signed part that its maker requires a reader to understand, and this one does not.
fn unknown_critical(config: &SignatureConfig) -> Option<String> {
    let mut critical = config.hashed_subpackets().filter(|part| part.is_critical);
    let unknown = critical.find(|part| {
        !matches!(
            part.data,
            SubpacketData::SignatureCreationTime(_)
                | SubpacketData::SignatureExpirationTime(_)
                | SubpacketData::IssuerKeyId(_)
                | SubpacketData::IssuerFingerprint(_)
                | SubpacketData::SignersUserID(_)
        )
    })?;
    Some(format!("its part {:?}", unknown.typ()))
}
