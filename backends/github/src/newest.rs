//! The newest release, without the API where possible.
//!
//! `releases/latest` of the web pages redirects to a tag and costs no request to the API. It is a hint only: it concerns
//! the whole repository, is decided by the time of a commit, and can be set by hand. So it counts only if the tag has the
//! source's prefix and a released version, if that version has the product, and if the feed of the latest releases, which
//! costs no request either, shows no higher version. With a token the API is used: its limit is high, and the web pages of
//! a private repository are absent.

use loom_source::{ListedVersion, Product, SourceError, SourceErrorKind, Version};

use crate::{github::Github, guess};

impl Github {
    /// The newest version of a product, or all of its versions.
    pub(crate) async fn newest(
        &self,
        product: &Product,
    ) -> Result<Vec<ListedVersion>, SourceError> {
        if self.prerelease {
            // The web pages never call a pre-release the latest.
            return self.all(product).await;
        }
        if self.api.has_token() {
            return match self.all(product).await {
                Err(error) if !is_final(&error) => {
                    self.hint(product).await?.map(|version| vec![version.into()]).ok_or(error)
                }
                listed => listed,
            };
        }
        match self.hint(product).await? {
            Some(version) => Ok(vec![version.into()]),
            None => self.all(product).await,
        }
    }

    /// The version that the web pages hint at, if it counts. Fails only where the API would fail in the same way.
    async fn hint(&self, product: &Product) -> Result<Option<Version>, SourceError> {
        match self.checked_hint(product).await {
            Err(error) if is_final(&error) => Err(error),
            Err(_) => Ok(None),
            Ok(version) => Ok(version),
        }
    }

    async fn checked_hint(&self, product: &Product) -> Result<Option<Version>, SourceError> {
        let pages = self.web_pages();
        let Some(tag) = pages.latest_tag().await? else { return Ok(None) };
        let released = |tag: &str| self.tags.version(tag).filter(|v| !v.is_prerelease());
        let Some(version) = released(&tag) else { return Ok(None) };
        let Some(recent) = pages.recent_tags().await? else { return Ok(None) };
        if recent.iter().filter_map(|tag| released(tag)).any(|other| other > version) {
            return Ok(None);
        }
        let release = product.at_version(version.clone());
        let first = self.right_guess(&release);
        let Some(found) =
            guess::find(&pages, &self.assets, &release, &tag, first.as_deref()).await?
        else {
            return Ok(None);
        };
        self.keep_guess(&release, &found.guess);
        self.keep_offer(release, found.offer);
        Ok(Some(version))
    }
}

/// Whether another request to the same server would fail in the same way.
fn is_final(error: &SourceError) -> bool {
    use SourceErrorKind as Kind;
    matches!(
        error.kind,
        Kind::Connect { .. }
            | Kind::Tls
            | Kind::Offline
            | Kind::PlainHttp
            | Kind::Stalled { .. }
            | Kind::TotalTimeout { .. }
            | Kind::Interrupted { .. }
    )
}
