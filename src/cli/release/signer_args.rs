//! [`SignerArgs`]: who has to have signed a published release.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_base::bounded_file;
use loom_runtime::{
    config::{self, Resolved},
    release::check::{NeededSigners, ReleaseSigners},
    trust::{Signature, Signer},
};
use loom_signatures::{SigstoreIdentity, TrustRoot, VerifyingKey};
use loom_source::Authority;

use crate::cli::{CommandError, Exit, context::Context};

/// The longest file of a public key that is read, in bytes.
const LONGEST_KEY: u64 = 1024 * 1024;

/// The arguments that name public keys and a Sigstore identity.
#[derive(Debug, clap::Args)]
pub(super) struct SignerArgs {
    /// Public key that has to have signed each asset or SHA256SUMS: a file, or a text such as minisign:RW…; may be repeated
    /// [default: the keys and identities in trust.keys that count for the source]
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// Sigstore identity that has to have signed each asset or SHA256SUMS; {version} in it stands for the version
    #[arg(long, value_name = "IDENTITY", requires = "issuer")]
    identity: Option<String>,
    /// URL of the issuer of the identity
    #[arg(long, value_name = "URL", requires = "identity")]
    issuer: Option<String>,
    /// Trust root of the Sigstore instance that certifies the identity: a trusted_root.json [default: those of Loom]
    #[arg(long, value_name = "FILE", requires = "identity")]
    trust_root: Option<PathBuf>,
}

impl SignerArgs {
    /// The keys and identities by which a release of an authority from a source is verified at the time `at`. All that are
    /// given have to have signed; of those in the configuration one, where it requires a signature.
    pub(super) fn signers(
        &self,
        context: &Context,
        resolved: &Resolved,
        (authority, source): (&Authority, &str),
        at: SystemTime,
    ) -> Result<ReleaseSigners, CommandError> {
        let mut given = self.given_keys(&context.cwd()?)?;
        if let (Some(san), Some(issuer)) = (&self.identity, &self.issuer) {
            let (san, issuer) = (san.clone(), issuer.clone());
            let trust_root = match &self.trust_root {
                Some(file) => TrustRoot::File(context.cwd()?.join(file)),
                None => TrustRoot::Shipped,
            };
            given.push(Signer::Identity(SigstoreIdentity { san, issuer, trust_root }));
        }
        if !given.is_empty() {
            return Ok(ReleaseSigners::new(given, NeededSigners::All));
        }
        let configured = config::keyring(&resolved.trust)?.signers(authority, source, at);
        let needed = match resolved.trust.signature.value {
            Signature::Required => NeededSigners::One,
            Signature::Optional => NeededSigners::Nobody,
        };
        Ok(ReleaseSigners::new(configured, needed))
    }

    fn given_keys(&self, cwd: &Path) -> Result<Vec<Signer>, CommandError> {
        self.keys.iter().map(|key| read_key(cwd, key).map(Signer::Key)).collect()
    }
}

/// A public key as a text, or in a file.
fn read_key(cwd: &Path, text: &str) -> Result<VerifyingKey, CommandError> {
    let unusable = |why: String| {
        CommandError::new(Exit::Usage, format!("the key {text} cannot be used: {why}"))
            .hint("give a public key of minisign, cosign or OpenPGP: a file, or a text such as minisign:RW…")
    };
    if text.starts_with("minisign:") {
        return VerifyingKey::parse(text).map_err(|error| unusable(error.to_string()));
    }
    let file = bounded_file::read(&cwd.join(text), LONGEST_KEY)
        .map_err(|error| unusable(error.to_string()))?;
    VerifyingKey::parse_file(&file).map_err(|error| unusable(error.to_string()))
}
