//! [`Certificate`]: a primary key and its subkeys.

use std::{fmt, sync::Arc, time::SystemTime};

use loom_source::EvidenceKind;
use pgp::{
    composed::{Deserializable as _, SignedPublicKey, SignedPublicSubKey},
    crypto::hash::HashAlgorithm,
    packet::{Signature, SignatureType},
    types::{KeyDetails as _, Tag},
};

use super::{
    algorithms::{is_current, legacy},
    self_signature::{Binding, newest, revocation},
};
use crate::error::{KeyError, SignatureError, clean};

/// An OpenPGP certificate: what `gpg --export` writes for one key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Certificate(Arc<SignedPublicKey>);

/// One of the keys of a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) enum SigningKey<'a> {
    Primary,
    Sub(&'a SignedPublicSubKey),
}

impl Certificate {
    /// Reads a certificate, armoured or binary.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let wrong = |why: String| KeyError::Malformed { kind: EvidenceKind::Gpg, why: clean(&why) };
        let keys: Result<Vec<SignedPublicKey>, pgp::errors::Error> = if bytes.starts_with(b"-") {
            SignedPublicKey::from_armor_many_buf(bytes).and_then(|(keys, _)| keys.collect())
        } else {
            SignedPublicKey::from_bytes_many(bytes).and_then(Iterator::collect)
        };
        let keys = keys.map_err(|error| wrong(error.to_string()))?;
        match <[SignedPublicKey; 1]>::try_from(keys) {
            Ok([key]) => Ok(Self(Arc::new(key))),
            Err(keys) if keys.is_empty() => Err(wrong("it has no public key".to_owned())),
            Err(keys) => {
                let why =
                    format!("it has {} certificates; give each as a key of its own", keys.len());
                Err(wrong(why))
            }
        }
    }

    /// The fingerprint of the primary key, in upper case hexadecimal as `gpg` prints it.
    pub(crate) fn id(&self) -> String {
        format!("{:X}", self.0.primary_key.fingerprint())
    }

    /// Its keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = SigningKey<'_>> {
        let subkeys = self.0.public_subkeys.iter().map(SigningKey::Sub);
        std::iter::once(SigningKey::Primary).chain(subkeys)
    }

    /// The fingerprint of one of its keys.
    pub(super) fn fingerprint(&self, key: SigningKey<'_>) -> pgp::types::Fingerprint {
        match key {
            SigningKey::Primary => self.0.primary_key.fingerprint(),
            SigningKey::Sub(subkey) => subkey.key.fingerprint(),
        }
    }

    /// The key id of one of its keys: the part of the fingerprint that old signatures name.
    pub(super) fn key_id(&self, key: SigningKey<'_>) -> pgp::types::KeyId {
        match key {
            SigningKey::Primary => self.0.primary_key.legacy_key_id(),
            SigningKey::Sub(subkey) => subkey.key.legacy_key_id(),
        }
    }

    /// Whether `bytes` is a signature of something with this hash by one of its keys.
    pub(super) fn verifies(
        &self,
        key: SigningKey<'_>,
        algorithm: HashAlgorithm,
        hash: &[u8],
        signature: &Signature,
    ) -> bool {
        use pgp::types::VerifyingKey as _;
        let Some(bytes) = signature.signature() else { return false };
        let result = match key {
            SigningKey::Primary => self.0.primary_key.verify(algorithm, hash, bytes),
            SigningKey::Sub(subkey) => subkey.key.verify(algorithm, hash, bytes),
        };
        result.is_ok()
    }

    /// Whether one of its keys may have made a signature of a file at `made`, judged at `at`.
    ///
    /// # Errors
    /// The reason why not: revoked, expired, not yet valid, or not for signing.
    pub(super) fn judge(
        &self,
        key: SigningKey<'_>,
        made: SystemTime,
        at: SystemTime,
    ) -> Result<(), SignatureError> {
        self.not_revoked(made)?;
        let primary = self.primary_binding(at)?;
        // A certificate that has expired takes its subkeys with it.
        self.in_time(&primary, made, at)?;
        let signing = match key {
            SigningKey::Primary => primary,
            SigningKey::Sub(subkey) => {
                let binding = self.subkey_binding(subkey, made, at)?;
                self.in_time(&binding, made, at)?;
                binding
            }
        };
        if signing.signs { Ok(()) } else { Err(self.unusable("its certificate does not allow it")) }
    }

    fn not_revoked(&self, made: SystemTime) -> Result<(), SignatureError> {
        let primary = &self.0.primary_key;
        let signatures = self.0.details.revocation_signatures.iter();
        let revoked =
            revocation(signatures, made, |signature| signature.verify_key(primary).is_ok());
        match revoked {
            None => Ok(()),
            Some(revoked) => Err(SignatureError::KeyRevoked {
                key: self.id(),
                why: revoked.why.map(|why| clean(&why)),
            }),
        }
    }

    /// What the newest self-signature says: one over the key itself, or one over a user id.
    fn primary_binding(&self, at: SystemTime) -> Result<Binding, SignatureError> {
        let primary = &self.0.primary_key;
        let details = &self.0.details;
        let direct = newest(details.direct_signatures.iter(), at, |signature| {
            signature.typ() == Some(SignatureType::Key) && signature.verify_key(primary).is_ok()
        });
        let users = details.users.iter().filter_map(|user| {
            let verifies = |signature: &Signature| {
                signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
            };
            let signature = newest(user.signatures.iter(), at, verifies)?;
            // A user id that was revoked last says nothing.
            (signature.typ() != Some(SignatureType::CertRevocation)).then_some(signature)
        });
        let newest = direct.into_iter().chain(users).max_by_key(|signature| signature.created());
        match newest {
            Some(signature) => Ok(Binding::of(primary, signature)),
            None => Err(self.without_self_signature()),
        }
    }

    /// What the newest binding signature says; a subkey that signs has to have signed that it belongs to the primary key.
    fn subkey_binding(
        &self,
        subkey: &SignedPublicSubKey,
        made: SystemTime,
        at: SystemTime,
    ) -> Result<Binding, SignatureError> {
        let primary = &self.0.primary_key;
        let of_type = |typ| subkey.signatures.iter().filter(move |one| one.typ() == Some(typ));
        let verifies =
            |signature: &Signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok();
        if let Some(revoked) = revocation(of_type(SignatureType::SubkeyRevocation), made, verifies)
        {
            let key = format!("{:X}", subkey.key.fingerprint());
            return Err(SignatureError::KeyRevoked {
                key,
                why: revoked.why.map(|why| clean(&why)),
            });
        }
        let signature = newest(of_type(SignatureType::SubkeyBinding), at, verifies);
        let signature = signature.ok_or_else(|| self.without_self_signature())?;
        let mut binding = Binding::of(&subkey.key, signature);
        let back = signature.embedded_signature();
        let belongs = back.is_some_and(|back| {
            is_current(back) && back.verify_primary_key_binding(&subkey.key, primary).is_ok()
        });
        // Without flags, a subkey may not sign: the primary key has to have said so.
        binding.signs = signature.key_flags().sign() && belongs;
        Ok(binding)
    }

    fn in_time(
        &self,
        binding: &Binding,
        made: SystemTime,
        at: SystemTime,
    ) -> Result<(), SignatureError> {
        let outside = |time: &SystemTime| {
            *time < binding.from || binding.until.is_some_and(|until| *time >= until)
        };
        match [made, at].into_iter().find(outside) {
            None => Ok(()),
            Some(at) => Err(SignatureError::KeyExpired {
                key: self.id(),
                from: Some(binding.from),
                until: binding.until,
                at,
            }),
        }
    }

    /// The error where no self-signature counts.
    fn without_self_signature(&self) -> SignatureError {
        let users = self.0.details.users.iter().flat_map(|user| user.signatures.iter());
        let mut all = self.0.details.direct_signatures.iter().chain(users);
        match all.find_map(|one| one.config().filter(|_| !is_current(one))) {
            Some(config) => legacy(config.hash_alg),
            None => self.unusable("its certificate has no valid self-signature"),
        }
    }

    fn unusable(&self, why: &str) -> SignatureError {
        SignatureError::KeyUnusable { key: self.id(), why: why.to_owned() }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.id()).finish()
    }
}
