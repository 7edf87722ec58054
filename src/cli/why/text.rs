//! The text of `loom why`.

use loom_source::Product;

use super::{
    page::{
        HistoryPage, failure_rows, interrupted_text, receipt_rows, update_rows, verification_rows,
    },
    release_history::ReleaseHistory,
};
use loom_runtime::{
    lock::{ActiveLock, LockedBinary},
    store::Installed,
};

impl ReleaseHistory {
    /// All of it as text.
    pub(super) fn human(&self) -> String {
        let mut page = HistoryPage::default();
        let Product { binary, platform, .. } = &self.product;
        let slot = self.installed.as_ref().map(|i| i.release.slot.to_string());
        let name = slot.clone().unwrap_or_else(|| self.selector.to_string());
        page.title(&format!("{binary} {name} {platform}"));
        let version = match slot {
            Some(slot) if slot != self.selector.to_string() => {
                format!("{} ({}), {slot} is installed", self.selector, self.by)
            }
            _ => format!("{} ({})", self.selector, self.by),
        };
        page.row("version", &version);
        if let Some(lock) = &self.lock {
            self.lock_rows(&mut page, lock);
        }
        match &self.installed {
            Some(installed) => self.installed_rows(&mut page, installed),
            None if self.recorded => {
                page.row(
                    "here",
                    "its link is missing; `loom get` hashes its tree and links it again",
                );
            }
            None => page.row("here", "no"),
        }
        if let Some(interrupted) = &self.interrupted {
            page.row("partial", &interrupted_text(interrupted, &self.selector));
        }
        if let Some(receipt) = &self.receipt {
            receipt_rows(&mut page, receipt);
        }
        if let Some(failure) = &self.failure {
            failure_rows(&mut page, failure);
        }
        update_rows(&mut page, &self.updates, self.rolled_back.as_ref());
        page.0
    }

    fn lock_rows(&self, page: &mut HistoryPage, lock: &ActiveLock) {
        let ActiveLock { file, binary, vouches, .. } = lock;
        let trusted = if *vouches { "" } else { ", not trusted" };
        let LockedBinary { version, requested, .. } = binary;
        page.row("lock", &format!("{}: {version} for \"{requested}\"{trusted}", file.display()));
        match &self.locked {
            Some(Ok(())) => page.row("", "the installed one is the locked one"),
            Some(Err(why)) => page.row("", why),
            None => {}
        }
    }

    fn installed_rows(&self, page: &mut HistoryPage, installed: &Installed) {
        page.row("here", &installed.link.display().to_string());
        if let Some(why) = &self.unverified {
            page.row(
                "",
                &format!("does not count: {why}; `loom get` verifies or fetches it again"),
            );
        }
        page.row("tree", &installed.tree.to_string());
        if let Some(verification) = &self.verification {
            let lost = self.chain.as_ref().map_or(&[][..], |chain| &chain.lost);
            verification_rows(page, verification, lost);
        }
        match &self.receipt {
            Some(receipt) if receipt.tree != Some(installed.tree) => {
                page.row("", "its receipt is of another tree");
            }
            Some(_) => {}
            None => page.row("", "it has no receipt, so its history is unknown"),
        }
    }
}
