//! Which version a lock file is to hold, and all digests of it.

use loom_source::{Product, Selector, Slot, Version};

use super::{
    AcquireError, Acquirer,
    lock_offers::{LockOffers, add_evidence},
    resolve::{Resolution, Resolver},
};

impl Acquirer<'_> {
    /// Finds the version that `selector` selects, and the digests of its files for all platforms that a source offers.
    /// With `full`, the release is installed for each of these platforms, so that the digests of all trees are known.
    ///
    /// # Errors
    /// [`AcquireError`] where no version is selected, or where no source offers it for the platform of `product`.
    pub fn lock_version(
        &self,
        product: &Product,
        selector: &Selector,
        full: bool,
    ) -> Result<LockOffers, AcquireError> {
        let mut offers = match selector {
            Selector::Exact(version) => self.offers_here(product, version)?,
            _ => self.selected_offers(product, selector)?,
        };
        if full {
            self.unpack(product, &mut offers)?;
        }
        Ok(offers)
    }

    fn offers_here(
        &self,
        product: &Product,
        version: &Version,
    ) -> Result<LockOffers, AcquireError> {
        let mut offers = self.offers(product, version)?;
        if offers.releases.contains_key(&product.platform) {
            return Ok(offers);
        }
        let attempts = offers.attempts.remove(&product.platform).unwrap_or_default();
        Err(self.not_offered(&product.at_version(version.clone()), attempts))
    }

    /// As [`acquire`](Self::acquire) selects: where a source lists a version that it does not have for this platform, its
    /// next lower one, then the next source.
    fn selected_offers(
        &self,
        product: &Product,
        selector: &Selector,
    ) -> Result<LockOffers, AcquireError> {
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
            let Resolution { slot, place, cached, .. } =
                resolver.resolve(&mut search, product, selector)?;
            let Slot::Version(version) = slot else {
                let release = product.in_slot(slot).to_string();
                return Err(AcquireError::OnlyBuilds { release });
            };
            let Some(place) = place else { return self.offers_here(product, &version) };
            let name = &self.candidates[place].name;
            match (self.offers_here(product, &version), cached) {
                (Err(error), Some(cached)) if error.is_absent_at(name) => {
                    cached.forget()?;
                    search.ask_again(place, error.into_attempts());
                }
                (Err(error), None) if error.is_absent_at(name) => {
                    let platform = product.platform;
                    self.notice(&format!("{name} lists {version}, but has nothing for {platform}"));
                    search.go_below(place, version, error.into_attempts());
                }
                (result, _) => return result,
            }
        }
    }

    /// Installs the release for each platform that is offered, and adds the digests of its tree.
    fn unpack(&self, product: &Product, offers: &mut LockOffers) -> Result<(), AcquireError> {
        for (platform, offered) in &mut offers.releases {
            let product = Product { platform: *platform, ..product.clone() };
            let release = product.at_version(offers.version.clone());
            let installed = self.acquire_release(release.clone(), vec![], &[])?.installed;
            offered.locked.tree = Some(installed.tree);
            let verification = self.store.verification(&release)?;
            for digest in verification.into_iter().flat_map(|verification| verification.digests) {
                add_evidence(&mut offered.locked, &digest);
            }
        }
        Ok(())
    }
}
