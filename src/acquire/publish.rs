//! What has been checked goes into the store, with its receipt, and its digests are remembered.

use std::time::SystemTime;

use super::{
    AcquireError, Acquirer, How, first_seen,
    observer::Progress,
    outcome::AttemptLog,
    run::{ChosenArtifact, StepOutcome},
};
use crate::sources::Candidate;
use crate::{
    store::{Checked, Received, StoreError, receipt::rfc3339},
    trust::{Pin, PinOrigin, Pins, Waiver},
};

impl Acquirer<'_> {
    pub(super) fn publish(
        &self,
        chosen: &ChosenArtifact<'_>,
        checked: Checked,
        received: Option<Received>,
        log: &mut AttemptLog,
    ) -> Result<StepOutcome, AcquireError> {
        let ChosenArtifact { candidate, offer, expected, .. } = chosen;
        let expectation = &expected.expectation;
        let bytes = received.as_ref().map_or(0, Received::size);
        log.note(candidate, "delivered");
        if let Some(waiver @ (Waiver::AllowUnverified | Waiver::IfAvailable)) = expectation.waiver {
            self.warn_unverified(&expectation.release.to_string(), candidate, waiver);
        }
        let receipt = self.receipt(log, candidate, offer, expectation, &checked, bytes);
        self.remember(candidate, &checked, received.as_ref())?;
        let checked = match received {
            Some(received) if self.keep_archives => checked.keep_archive(received),
            _ => checked,
        };
        let installed = self.store.publish(vec![(checked, receipt)])?.pop().ok_or_else(|| {
            let (release, root) = (expectation.release.clone(), self.store.root().to_owned());
            StoreError::Gone { release: Box::new(release), root }
        })?;
        Ok(StepOutcome::Here(installed, How::Fetched { source: candidate.name.clone() }))
    }

    /// Before it is published: what is in the store and not remembered could be replaced unnoticed.
    /// What nobody vouched for is not remembered as the truth.
    fn remember(
        &self,
        candidate: &Candidate,
        checked: &Checked,
        received: Option<&Received>,
    ) -> Result<(), AcquireError> {
        if checked.grade().is_none() {
            return Ok(());
        }
        let at = rfc3339(SystemTime::now());
        let origin = PinOrigin::FirstSeen { source: candidate.name.clone(), at };
        let pin = |digest| Pin { digest, origin: origin.clone() };
        let archives = received.map(|received| pin(received.digest())).into_iter().collect();
        let seen = Pins { tree: Some(pin(checked.tree())), archives };
        Ok(first_seen::remember(self.state, checked.release(), seen)?)
    }

    fn warn_unverified(&self, release: &str, candidate: &Candidate, waiver: Waiver) {
        let by = match waiver {
            Waiver::AllowUnverified => "--allow-unverified",
            _ => "trust.checksum = \"if-available\"",
        };
        let text = format!(
            "{release} from {} was not verified: no checksum, accepted by {by}",
            candidate.name
        );
        self.observer.on_event(Progress::Notice { text: &text });
    }
}
