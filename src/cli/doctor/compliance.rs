//! What a compliance check needs: the policy in force, who fixed it, whose signatures count, and whether everything that is
//! installed meets it.

use loom_base::bounded_file;
use loom_source::{Digest, Release};
use serde_json::{Value, json};

use super::check::DoctorCheck;
use crate::cli::{
    CommandError, context::Context, path_text::shown, ready, trust::mirror_roots::known_roots,
};
use loom_runtime::{
    config::{Flags, Resolved, dirs},
    store::{Presence, Store},
    trust::{Checksum, Grade, Policy, Signature, TrustedDigest},
};

/// The size limit of the machine-wide file, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// The policy in force, and the state of what is installed.
pub(super) struct Compliance {
    machine_file: Option<Value>,
    locked: Vec<String>,
    policy: Policy,
    /// The roots of signed mirrors; `None` where the sources cannot be opened, which other checks report.
    roots: Option<Vec<Value>>,
    installed: Vec<InstalledState>,
}

/// An installed version, and how it was verified.
struct InstalledState {
    release: Release,
    tree: Digest,
    /// Why it does not meet the policy.
    refused: Option<String>,
    verified: Vec<TrustedDigest>,
    source: Option<String>,
}

impl Compliance {
    /// Reads the links and verifications of everything that is installed. Builds of this machine are no releases.
    pub(super) fn of(context: &Context, resolved: &Resolved) -> Result<Self, CommandError> {
        let policy = ready::policy(resolved)?;
        Ok(Self {
            machine_file: machine_file(context, resolved)?,
            locked: resolved.locked_keys.clone(),
            roots: known_roots(resolved, context).ok(),
            installed: installed(&context.store(resolved)?, &policy)?,
            policy,
        })
    }

    fn unmet(&self) -> impl Iterator<Item = (&InstalledState, &String)> {
        self.installed.iter().filter_map(|state| Some((state, state.refused.as_ref()?)))
    }

    /// One check: whether everything that is installed meets the policy.
    pub(super) fn check(&self) -> DoctorCheck {
        let unmet: Vec<String> =
            self.unmet().map(|(state, why)| format!("{}: {why}", state.release)).collect();
        if !unmet.is_empty() {
            let message = format!("not met by {}", unmet.join("; "));
            let hint =
                "`loom get VERSION` verifies or fetches it again, `loom remove VERSION` removes it";
            return DoctorCheck::failure("policy", message).hint(hint);
        }
        let keys = self.policy.keys.keys().len();
        let fixed = match &self.locked[..] {
            [] => String::new(),
            locked => format!("; fixed for all users: {}", locked.join(", ")),
        };
        DoctorCheck::ok(
            "policy",
            format!(
                "checksum {}, signature {}, {keys} keys, {} roots; not met by 0 of {} installed releases{fixed}",
                checksum(self.policy.checksum),
                signature(self.policy.signature),
                self.roots.as_ref().map_or(0, Vec::len),
                self.installed.len(),
            ),
        )
    }

    pub(super) fn json(&self) -> Value {
        let policy = &self.policy;
        let keys: Vec<Value> = policy
            .keys
            .keys()
            .iter()
            .map(|key| {
                json!({"signer": key.signer.to_string(), "authority": key.authority, "source": key.source})
            })
            .collect();
        json!({
            "machine_file": self.machine_file, "locked": self.locked,
            "policy": {
                "checksum": checksum(policy.checksum), "signature": signature(policy.signature),
                "minimum_release_age_seconds": policy.minimum_release_age,
            },
            "keys": keys, "roots": self.roots,
            "installed": self.installed.iter().map(InstalledState::json).collect::<Vec<_>>(),
            "met": self.unmet().next().is_none(),
        })
    }
}

impl InstalledState {
    fn json(&self) -> Value {
        let Self { release, tree, refused, verified, source } = self;
        let grade: Option<Grade> = verified.iter().map(|digest| digest.grade).max();
        let signers: Vec<String> = verified
            .iter()
            .filter_map(|digest| digest.signature.as_ref())
            .map(|origin| {
                let who = origin.identity.as_ref().unwrap_or(&origin.key);
                format!("{} {who}", origin.scheme)
            })
            .collect();
        let vouched: Vec<String> = verified.iter().map(TrustedDigest::voucher).collect();
        json!({
            "authority": release.authority, "binary": release.binary, "version": release.slot.to_string(),
            "platform": release.platform, "tree": tree, "source": source, "met": refused.is_none(),
            "refused": refused, "grade": grade, "signers": signers, "verified_by": vouched,
        })
    }
}

/// The machine-wide file that is in force.
fn machine_file(context: &Context, resolved: &Resolved) -> Result<Option<Value>, CommandError> {
    let file = dirs::machine_config(&context.inputs(Flags::default())?);
    let Some(file) = file.filter(|file| resolved.files.contains(file)) else { return Ok(None) };
    let digest = bounded_file::read(&file, MAX_SIZE).ok().map(|bytes| Digest::of(&bytes));
    Ok(Some(json!({"path": shown(&file), "sha256": digest})))
}

fn installed(store: &Store, policy: &Policy) -> Result<Vec<InstalledState>, CommandError> {
    let mut states = Vec::new();
    for listed in store.list()? {
        let release = listed.release;
        if release.slot.version().is_none() {
            continue;
        }
        let (installed, refused) = match store.presence(&release, policy)? {
            Presence::Absent => continue,
            Presence::Accepted(installed) => (installed, None),
            Presence::Refused(installed, why) => (installed, Some(why.to_string())),
        };
        // A damaged verification is the reason above.
        let verification = store.verification(&release).ok().flatten();
        let (verified, source) = match verification {
            Some(verification) => (verification.digests, verification.source),
            None => (Vec::new(), None),
        };
        states.push(InstalledState { release, tree: installed.tree, refused, verified, source });
    }
    Ok(states)
}

fn checksum(checksum: Checksum) -> &'static str {
    match checksum {
        Checksum::Required => "required",
        Checksum::IfAvailable => "if-available",
    }
}

fn signature(signature: Signature) -> &'static str {
    match signature {
        Signature::Required => "required",
        Signature::Optional => "optional",
    }
}
