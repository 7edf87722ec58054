//! The newest release, without the API where that can be had.
//!
//! `releases/latest` of the pages redirects to a tag, for nothing. It is a hint: it speaks of the whole repository,
//! goes by the time of a commit, and may be set by hand. So its tag must have our prefix and a released version, that
//! version must carry the line, and the feed of the last releases, also for nothing, must show no higher one.
//! With a token the API is asked: its requests are plenty then, and private pages tell nothing.

use loom_source::{ListedVersion, Product, SourceError, Version};

use crate::{Github, direct, github::is_final};

impl Github {
    /// The versions of a line, or only the newest of them.
    pub(crate) async fn newest(&self, line: &Product) -> Result<Vec<ListedVersion>, SourceError> {
        if self.prerelease {
            // The pages never call one the latest.
            return self.all(line).await;
        }
        if self.api.is_known() {
            return match self.all(line).await {
                Err(error) if !is_final(&error) => {
                    self.hint(line).await?.map(|version| vec![version.into()]).ok_or(error)
                }
                answer => answer,
            };
        }
        match self.hint(line).await? {
            Some(version) => Ok(vec![version.into()]),
            None => self.all(line).await,
        }
    }

    /// What the pages say, where it stands up to what else they say. Errors only where asking on would cost more time.
    async fn hint(&self, line: &Product) -> Result<Option<Version>, SourceError> {
        match self.ask_pages(line).await {
            Err(error) if is_final(&error) => Err(error),
            Err(_) => Ok(None),
            Ok(hint) => Ok(hint),
        }
    }

    async fn ask_pages(&self, line: &Product) -> Result<Option<Version>, SourceError> {
        let pages = self.pages();
        let Some(tag) = pages.latest_tag().await? else { return Ok(None) };
        let released = |tag: &str| self.tags.version(tag).filter(|v| !v.is_prerelease());
        let Some(version) = released(&tag) else { return Ok(None) };
        let Some(recent) = pages.recent_tags().await? else { return Ok(None) };
        if recent.iter().filter_map(|tag| released(tag)).any(|other| other > version) {
            return Ok(None);
        }
        let release = line.at_version(version.clone());
        let Some(found) =
            direct::find(&pages, &release, &tag, self.way(&release).as_deref()).await?
        else {
            return Ok(None);
        };
        self.learn(&release, &found.way);
        self.keep_ready(release, found.offer);
        Ok(Some(version))
    }
}
