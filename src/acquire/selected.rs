//! Installs what a range or `latest` selects, from one listed version to the next.

use loom_source::{Product, Selector, Slot, Version};

use super::{
    AcquireError, Acquired, Acquirer,
    resolve::{Compared, Resolution, Resolver},
    state::highest,
};
use crate::trust::Policy;

impl Acquirer<'_> {
    /// Resolves the selector and installs what it selects. Where the source that decided lists the version and does not
    /// have it, its list is asked for anew if it was cached; then its next lower versions are tried, then the next source.
    pub(super) fn acquire_selected(
        &self,
        product: &Product,
        selector: &Selector,
        slot: &mut Option<Slot>,
    ) -> Result<Acquired, AcquireError> {
        let resolver = Resolver {
            store: self.store,
            state: self.state,
            candidates: self.candidates,
            policy: self.policy.clone(),
            options: &self.options,
            runtime: &self.runtime,
            observer: self.observer,
        };
        let mut search = resolver.search();
        loop {
            let Resolution { slot: selected, place, cached, compared } =
                resolver.resolve(&mut search, product, selector)?;
            self.refuse_older(product, &selected)?;
            *slot = Some(selected.clone());
            let release = product.in_slot(selected.clone());
            let attempts = search.take_attempts();
            let result = self.acquire_release(release, attempts, search.silent());
            let (Some(place), Slot::Version(version)) = (place, selected) else { return result };
            let name = &self.candidates[place].name;
            match (result, cached) {
                (Err(error), Some(cached)) if error.is_absent_at(name) => {
                    cached.forget()?;
                    search.ask_again(place, error.into_attempts());
                }
                (Err(error), None) if error.is_absent_at(name) => {
                    let platform = product.platform;
                    self.notice(&format!("{name} lists {version}, but has nothing for {platform}"));
                    search.go_below(place, version, error.into_attempts());
                }
                (result, _) => {
                    if let (Ok(_), Some(compared)) = (&result, compared) {
                        self.keep_highest(product, &version, &compared);
                    }
                    return result;
                }
            }
        }
    }

    /// Keeps a version that `latest` led to as the newest so far.
    fn keep_highest(&self, product: &Product, version: &Version, compared: &Compared) {
        let before = compared.before.as_ref();
        let lower = compared.lowers && before != Some(version);
        if !lower && before.is_some_and(|before| version <= before) {
            return;
        }
        // A release that was accepted without a checksum is not verified.
        let presence =
            self.store.presence(&product.at_version(version.clone()), &Policy::default());
        if presence.is_ok_and(|presence| presence.accepted().is_some()) {
            self.keep(highest::save(self.state, product, version));
        }
    }
}
