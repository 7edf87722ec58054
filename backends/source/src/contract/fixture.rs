//! [`SourceFixture`] and [`RunningFixture`]: what a backend provides to the suite.

use async_trait::async_trait;

use super::{failure::Failure, published::PublishedRelease};
use crate::{Capabilities, Source};

/// A kind of source that the suite examines.
#[async_trait]
pub trait SourceFixture: Send + Sync {
    /// The name of the kind in the report.
    fn name(&self) -> String;

    /// What the sources of this kind can do: decides which cases run and what they expect.
    fn capabilities(&self) -> Capabilities;

    /// Publishes exactly these releases in a new place, and opens a source over it.
    ///
    /// # Errors
    /// Where the releases cannot be published or the source cannot be opened. The case fails then.
    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure>;

    /// The secrets in use, such as passwords and tokens, which the source must never display.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Published releases and a source over them. What they use is released when the value is dropped.
#[async_trait]
pub trait RunningFixture: Send + Sync {
    /// The source.
    fn source(&self) -> &dyn Source;

    /// Publishes these releases instead of those before. The same source has to see them.
    ///
    /// # Errors
    /// Where the releases cannot be published. The case fails then.
    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure>;
}
