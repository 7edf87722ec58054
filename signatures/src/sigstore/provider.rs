//! The cryptography of the library: ring, and RustCrypto where only a hash is given.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::signature as algorithms;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sigstore_verify::{
    crypto::{
        CryptoProvider, Error, HashContext, Result, SigningScheme, install_default_provider,
        try_default_provider,
    },
    types::HashAlgorithm,
};

/// Makes the library use this module. The library's default would be aws-lc-rs, which needs cmake and a C compiler.
pub(super) fn install() {
    if try_default_provider().is_none() {
        // Another thread may have been faster, with the same provider.
        let _ = install_default_provider(&RingProvider);
    }
}

/// ring and RustCrypto.
#[derive(Debug)]
struct RingProvider;

impl CryptoProvider for RingProvider {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        match algorithm {
            HashAlgorithm::Sha2256 => Ok(Box::new(Hasher(Sha256::new()))),
            HashAlgorithm::Sha2384 => Ok(Box::new(Hasher(Sha384::new()))),
            HashAlgorithm::Sha2512 => Ok(Box::new(Hasher(Sha512::new()))),
            other => Err(Error::UnsupportedAlgorithm(other.to_string())),
        }
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let algorithm: &'static dyn algorithms::VerificationAlgorithm = match scheme {
            SigningScheme::EcdsaP256Sha256 => &algorithms::ECDSA_P256_SHA256_ASN1,
            SigningScheme::EcdsaP256Sha384 => &algorithms::ECDSA_P256_SHA384_ASN1,
            SigningScheme::EcdsaP384Sha256 => &algorithms::ECDSA_P384_SHA256_ASN1,
            SigningScheme::EcdsaP384Sha384 => &algorithms::ECDSA_P384_SHA384_ASN1,
            SigningScheme::Ed25519 => &algorithms::ED25519,
            SigningScheme::RsaPssSha256 => &algorithms::RSA_PSS_2048_8192_SHA256,
            SigningScheme::RsaPssSha384 => &algorithms::RSA_PSS_2048_8192_SHA384,
            SigningScheme::RsaPssSha512 => &algorithms::RSA_PSS_2048_8192_SHA512,
            SigningScheme::RsaPkcs1Sha256 => &algorithms::RSA_PKCS1_2048_8192_SHA256,
            SigningScheme::RsaPkcs1Sha384 => &algorithms::RSA_PKCS1_2048_8192_SHA384,
            SigningScheme::RsaPkcs1Sha512 => &algorithms::RSA_PKCS1_2048_8192_SHA512,
            other => return Err(Error::UnsupportedAlgorithm(other.name().to_owned())),
        };
        let key = algorithms::UnparsedPublicKey::new(algorithm, key);
        key.verify(data, signature).map_err(|_| invalid(scheme))
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let valid = match scheme {
            SigningScheme::EcdsaP256Sha256 | SigningScheme::EcdsaP256Sha384 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key);
                let signature = p256::ecdsa::Signature::from_der(signature);
                key.and_then(|key| key.verify_prehash(digest, &signature?))
            }
            SigningScheme::EcdsaP384Sha256 | SigningScheme::EcdsaP384Sha384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key);
                let signature = p384::ecdsa::Signature::from_der(signature);
                key.and_then(|key| key.verify_prehash(digest, &signature?))
            }
            other => return Err(Error::UnsupportedAlgorithm(other.name().to_owned())),
        };
        valid.map_err(|_| invalid(scheme))
    }
}

/// The error for a signature that does not verify.
fn invalid(scheme: SigningScheme) -> Error {
    Error::Verification(format!("the {} signature does not verify", scheme.name()))
}

/// A hash that is being computed.
struct Hasher<H>(H);

impl<H: sha2::Digest + Send> HashContext for Hasher<H> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}
