//! A cargo build of this machine, on its way into the slot for development builds.

use std::{path::Path, time::Duration};

use loom_source::{Advice, ErrorClass, Release};

use super::{
    AcquireError, Acquirer, How,
    fetch::{FetchError, Fetched},
    observer::Progress,
    outcome::{self, AttemptLog},
    plan::SourceEvent,
    run::{ChosenArtifact, StepOutcome},
};
use crate::store::{Installed, Recovery, Staged};

/// How long cargo is given to finish writing.
const LINKING: Duration = Duration::from_millis(500);

impl Acquirer<'_> {
    /// What is in the slot counts if it is the same build, else the build is copied.
    pub(super) fn build(
        &self,
        release: &Release,
        chosen: &ChosenArtifact<'_>,
        log: &mut AttemptLog,
    ) -> Result<StepOutcome, AcquireError> {
        let program = Path::new(chosen.expected.carrier.asset.as_str());
        if let Some((installed, how)) = self.same_build(release, chosen)? {
            return Ok(StepOutcome::Here(installed, how));
        }
        match self.copy_build(program, &release.executable()) {
            Ok(Some(staged)) => {
                self.admit(release, chosen, Fetched { staged, received: None }, log)
            }
            Ok(None) => {
                let program = program.display();
                let why = format!("{program} changed while it was copied: is cargo building?");
                self.observer
                    .on_event(Progress::Failed { source: &chosen.candidate.name, why: &why });
                log.note(chosen.candidate, why);
                let advice = Advice::Retry { after: Some(LINKING) };
                let class = ErrorClass::Unreachable;
                Ok(StepOutcome::Event(SourceEvent::Failed {
                    advice,
                    class,
                    progress: false,
                    file: false,
                }))
            }
            Err(error) => self.unfetched(release, chosen, error, log).map(StepOutcome::Event),
        }
    }

    /// What is in the slot, if it is this build. The receipt must be of the tree that the link leads to: a run that
    /// was killed in between leaves a new receipt beside an old link.
    fn same_build(
        &self,
        release: &Release,
        chosen: &ChosenArtifact<'_>,
    ) -> Result<Option<(Installed, How)>, AcquireError> {
        if self.force {
            return Ok(None);
        }
        let Some(build) = &chosen.offer.build else { return Ok(None) };
        let Some(receipt) = self.store.receipt(release)? else { return Ok(None) };
        if receipt.build.as_ref() != Some(&outcome::build(build)) {
            return Ok(None);
        }
        let found = match self.store.find(release)? {
            Some(installed) => Some((installed, How::Here)),
            None => match self.store.recover(release)? {
                Recovery::Linked(installed) => Some((installed, How::Relinked)),
                Recovery::Nothing | Recovery::Damaged(_) => None,
            },
        };
        Ok(found.filter(|(installed, _)| receipt.tree == Some(installed.tree)))
    }

    /// A reflink or a copy, never a hard link: cargo overwrites. `None` where the build changed meanwhile.
    fn copy_build(&self, program: &Path, name: &str) -> Result<Option<Staged>, FetchError> {
        let stamp =
            || std::fs::metadata(program).and_then(|meta| Ok((meta.len(), meta.modified()?)));
        let read = |source| Self::unread(program.display().to_string(), source);
        let before = stamp().map_err(read)?;
        let mut staged = self.store.stage(self.limits)?;
        staged.copy_file(program, name).map_err(|error| FetchError::Unpack(error, None))?;
        Ok((stamp().map_err(read)? == before).then_some(staged))
    }
}
