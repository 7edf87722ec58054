//! The order in which sources are asked.

use super::plan::Turn;
use crate::{acquire::state::quarantine::Quarantine, sources::Candidate};
use loom_source::Release;

/// The order in which sources are asked: as configured, then those that delivered wrong bytes recently, and last those
/// that did not answer while the version was resolved, so that each costs its time limit once.
pub(in crate::acquire) fn order(
    candidates: &[Candidate],
    quarantine: Option<&Quarantine>,
    silent: &[usize],
    release: &Release,
) -> Vec<Turn> {
    let sources: Vec<(&str, bool)> =
        candidates.iter().map(|c| (c.identity.as_str(), c.stops())).collect();
    let mut places = match quarantine {
        Some(quarantine) => quarantine.order(&sources, release),
        None => (0..sources.len()).collect(),
    };
    for group in places.split_mut(|place| sources[*place].1) {
        group.sort_by_key(|place| silent.contains(place));
    }
    let turn = |place: usize| {
        let Candidate { stop_on_error, stop_on_absent, race, .. } = candidates[place];
        Turn { place, stop_on_error, stop_on_absent, race }
    };
    places.into_iter().map(turn).collect()
}
