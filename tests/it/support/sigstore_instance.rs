//! [`SigstoreInstance`]: an authority and a log of our own, whose trust root a configuration can name.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_source::Digest;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType, SigningKey as _,
};
use serde_json::{Value, json};

/// The issuer of the identities.
pub const ISSUER: &str = "https://issuer.example";

/// The identity of the release workflow of a project: `{version}` is in it.
pub const WORKFLOW: &str =
    "https://git.example/o/r/.github/workflows/release.yml@refs/tags/v{version}";

/// An authority that issues certificates to identities, and a log that says when they were used.
#[derive(Debug)]
pub struct SigstoreInstance {
    authority: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
    log: KeyPair,
}

/// What a bundle signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleForm {
    /// The digest of a file, as `cosign sign-blob` does.
    Message,
    /// A statement whose subject is the file, as GitHub's attestations are.
    Attestation,
}

impl SigstoreInstance {
    /// An instance with new keys.
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        Self { authority: Issuer::new(params, key), certificate, log: KeyPair::generate().unwrap() }
    }

    /// The trust root of the instance, for `trust_root`.
    pub fn write_trust_root(&self, file: &Path) -> PathBuf {
        let since = json!({"start": "2020-01-01T00:00:00Z"});
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(self.log.subject_public_key_info()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since,
                },
                "logId": {"keyId": STANDARD.encode(self.log_id().as_bytes())},
            }],
            "certificateAuthorities": [{
                "subject": {"organization": "example", "commonName": "example"},
                "uri": "https://authority.example", "validFor": since,
                "certChain": {"certificates": [{"rawBytes": STANDARD.encode(&self.certificate)}]},
            }],
            "ctlogs": [], "timestampAuthorities": [],
        });
        fs::write(file, root.to_string()).unwrap();
        file.to_owned()
    }

    fn log_id(&self) -> Digest {
        Digest::of(&self.log.subject_public_key_info())
    }

    /// A bundle of an identity about `bytes`.
    pub fn bundle(&self, form: BundleForm, identity: &str, bytes: &[u8]) -> Value {
        let key = KeyPair::generate().unwrap();
        let certificate = self.issue(&key, identity);
        let pem = STANDARD.encode(certificate.pem());
        let sha256 = Digest::of(bytes).to_string();
        let (part, content, body) = match form {
            BundleForm::Message => {
                let signature = STANDARD.encode(key.sign(bytes).unwrap());
                let digest = STANDARD.encode(Digest::of(bytes).as_bytes());
                let content = json!({
                    "messageDigest": {"algorithm": "SHA2_256", "digest": digest},
                    "signature": signature,
                });
                let body = json!({
                    "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
                        "data": {"hash": {"algorithm": "sha256", "value": sha256}},
                        "signature": {"content": signature, "publicKey": {"content": pem}},
                    },
                });
                ("messageSignature", content, body)
            }
            BundleForm::Attestation => attested(&key, &pem, &sha256),
        };
        let kind = body["kind"].clone();
        let mut bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1",
            "verificationMaterial": {
                "x509CertificateChain": {"certificates": [{"rawBytes": STANDARD.encode(certificate.der())}]},
                "tlogEntries": [self.logged(&kind, &body)],
                "timestampVerificationData": {},
            },
        });
        bundle[part] = content;
        bundle
    }

    /// The certificate that the authority issues to an identity.
    fn issue(&self, key: &KeyPair, identity: &str) -> rcgen::Certificate {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.subject_alt_names = vec![SanType::URI(identity.try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.use_authority_key_identifier_extension = true;
        let mut issuer = vec![0x0c, u8::try_from(ISSUER.len()).unwrap()];
        issuer.extend_from_slice(ISSUER.as_bytes());
        let oid = [1, 3, 6, 1, 4, 1, 57264, 1, 8];
        params.custom_extensions = vec![CustomExtension::from_oid_content(&oid, issuer)];
        params.signed_by(key, &self.authority).unwrap()
    }

    /// The entry of the log, with its promise.
    fn logged(&self, kind: &Value, body: &Value) -> Value {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let body = STANDARD.encode(body.to_string());
        // RFC 8785: the keys are sorted.
        let id = self.log_id();
        let signed =
            format!(r#"{{"body":"{body}","integratedTime":{now},"logID":"{id}","logIndex":7}}"#);
        let promise = STANDARD.encode(self.log.sign(signed.as_bytes()).unwrap());
        json!({
            "logIndex": "7", "logId": {"keyId": STANDARD.encode(id.as_bytes())},
            "kindVersion": {"kind": kind, "version": "0.0.1"}, "integratedTime": now.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": promise}, "canonicalizedBody": body,
        })
    }
}

/// A signed statement about a file, and the body of its log entry.
fn attested(key: &KeyPair, pem: &str, sha256: &str) -> (&'static str, Value, Value) {
    let kind = "application/vnd.in-toto+json";
    let payload = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "any name", "digest": {"sha256": sha256}}],
        "predicateType": "https://slsa.dev/provenance/v1", "predicate": {},
    })
    .to_string();
    let signed = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
    let signature = STANDARD.encode(key.sign(signed.as_bytes()).unwrap());
    let envelope = json!({
        "payload": STANDARD.encode(&payload), "payloadType": kind,
        "signatures": [{"sig": signature}],
    });
    let hash = |text: &str| json!({"algorithm": "sha256", "value": Digest::of(text.as_bytes())});
    let body = json!({
        "apiVersion": "0.0.1", "kind": "dsse", "spec": {
            "envelopeHash": hash(&envelope.to_string()), "payloadHash": hash(&payload),
            "signatures": [{"signature": signature, "verifier": pem}],
        },
    });
    ("dsseEnvelope", envelope, body)
}
