//! The document of `loom why --json`.

use serde_json::{Value, json};

use super::release_history::ReleaseHistory;
use crate::cli::path_text::shown;
use loom_runtime::lock::ActiveLock;

impl ReleaseHistory {
    /// All of it as JSON.
    pub(super) fn json(&self) -> Value {
        let Self { product, selector, by, installed, receipt, verification, failure, .. } = self;
        let lock = json!(self.lock.as_ref().map(|lock| self.lock_json(lock)));
        json!({
            "schema": 1, "binary": product.binary, "platform": product.platform,
            "lock": lock,
            "wanted": {"version": selector.to_string(), "by": by},
            "version": installed.as_ref().map(|i| i.release.slot.to_string()),
            "tree": installed.as_ref().map(|i| i.tree), "path": installed.as_ref().map(|i| shown(&i.link)),
            "accepted": installed.is_some() && self.unverified.is_none(),
            "refused": self.unverified.as_ref().map(ToString::to_string),
            "verification": verification, "chain": self.chain.as_ref().zip(verification.as_ref())
                .map(|(chain, verification)| chain.json(verification, receipt.as_ref(), &lock)),
            "receipt": receipt, "failure": failure,
            "rolled_back": self.rolled_back, "updates": self.updates,
            "partial": self.interrupted.as_ref().map(|partial| {
                json!({"source": partial.source, "bytes": partial.bytes, "total": partial.total})
            }),
        })
    }

    fn lock_json(&self, lock: &ActiveLock) -> Value {
        let ActiveLock { file, binary, vouches, .. } = lock;
        let refused = self.locked.as_ref().and_then(|state| state.as_ref().err());
        json!({
            "file": shown(file), "version": binary.version, "requested": binary.requested.to_string(),
            "trusted": vouches, "met": self.locked.as_ref().map(Result::is_ok), "refused": refused,
        })
    }
}
