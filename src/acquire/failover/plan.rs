//! Failover, retry and racing as one pure reducer: (state, event) to action.
//!
//! The plan knows sources only by their positions. It reads no clock and does no input or output, so that every sequence
//! of events can be tested.

use std::{collections::VecDeque, time::Duration};

use loom_source::{Advice, ErrorClass};

#[cfg(test)]
mod tests;

/// How often an interrupted transfer is resumed at the same source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferRetry {
    /// After how many attempts in a row that bring no new byte the source is given up.
    pub max_attempts_without_progress: u32,
    /// The total number of attempts.
    pub max_attempts: u32,
    /// The longest `Retry-After` that is waited for. After a longer one the next source is asked.
    pub max_retry_after: Duration,
}

impl Default for TransferRetry {
    /// 3 attempts without progress, 20 attempts in total, 10 seconds.
    fn default() -> Self {
        Self {
            max_attempts_without_progress: 3,
            max_attempts: 20,
            max_retry_after: Duration::from_secs(10),
        }
    }
}

/// A source in the order in which sources are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// The position of the source among the candidates.
    pub place: usize,
    /// `on_error = "stop"`: the failure of the source ends the search.
    pub stop_on_error: bool,
    /// `on_absent = "stop"`: the search ends where the source does not have the release.
    pub stop_on_absent: bool,
    /// `race = true`: the next source may be asked while this one has sent nothing.
    pub race: bool,
}

impl Turn {
    /// Whether the source may end the search. Its position then keeps the sources behind it from answering.
    fn stops(self) -> bool {
        self.stop_on_error || self.stop_on_absent
    }
}

/// An event at a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceEvent {
    /// The source does not have the release.
    Absent,
    /// The source has the release in artifacts that the policy accepts.
    Offered {
        /// The number of acceptable artifacts, at least one.
        artifacts: usize,
    },
    /// The source does not have the artifact that was offered by its digest: it has to be asked for the release.
    NotByDigest,
    /// The policy refuses the offer, or the artifact cannot be used.
    Rejected,
    /// The source has sent nothing for as long as it is waited for alone.
    Late,
    /// The first bytes of an artifact have arrived.
    Delivers,
    /// The source could not answer, or the transfer was interrupted.
    Failed {
        /// Whether to retry, to ask the next source, or to stop.
        advice: Advice,
        /// The kind of failure.
        class: ErrorClass,
        /// Whether new bytes arrived.
        progress: bool,
        /// Whether the failure concerns one file only.
        file: bool,
    },
    /// The bytes have another digest or size than expected.
    Mismatch {
        /// Whether a part came from an earlier transfer. The source may then not be at fault.
        resumed: bool,
    },
}

impl SourceEvent {
    /// The same failure of a request that was repeated already. A source repeats the opening of a file itself; the plan
    /// resumes only transfers that had begun to arrive.
    pub(super) fn for_good(self) -> Self {
        match self {
            Self::Failed { advice: Advice::Retry { .. }, class, progress, file } => {
                Self::Failed { advice: Advice::Next, class, progress, file }
            }
            other => other,
        }
    }

    /// An answer that does not count.
    pub(super) fn unanswered() -> Self {
        let (advice, class) = (Advice::Next, ErrorClass::Unreachable);
        Self::Failed { advice, class, progress: false, file: false }
    }
}

/// The next action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanAction {
    /// Ask the source at this position for the release, beside those that are being asked.
    Ask(usize),
    /// Open the chosen artifact of a source, after the bytes that are here.
    Fetch {
        /// The position of the source.
        place: usize,
        /// How long to wait before.
        after: Duration,
    },
    /// Open the next artifact of the source at this position.
    FetchOther(usize),
    /// Discard the bytes that are here, and open the artifact at its first byte.
    FetchWhole(usize),
    /// Wait for the sources that are being asked.
    Wait,
    /// Receive from the source at this position, and drop all other requests.
    Take(usize),
    /// End the search: no source is left.
    GiveUp(FailureReason),
}

/// Why no source could serve. The greatest reason of all sources counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureReason {
    /// Every source answered, and none has the release.
    Absent,
    /// A source could not be reached.
    Unreachable,
    /// A source refused access.
    Credentials,
    /// A source offered or delivered something that is not trusted.
    Integrity,
}

/// The state of one search.
#[derive(Debug)]
pub struct Plan {
    /// The sources that have not been asked, in order.
    left: VecDeque<Turn>,
    /// The sources that are being asked.
    asked: Vec<InFlight>,
    retry: TransferRetry,
    worst: FailureReason,
}

/// A source that is being asked.
#[derive(Debug, Default)]
struct InFlight {
    turn: Turn,
    fetching: bool,
    late: bool,
    restarted: bool,
    /// The number of attempts in a row without a new byte.
    without_progress: u32,
    total: u32,
    /// The number of its artifacts that have not been tried.
    artifacts: usize,
}

impl Plan {
    /// Makes a plan over sources in order.
    pub fn new(order: Vec<Turn>, retry: TransferRetry) -> Self {
        Self { left: order.into(), asked: Vec::new(), retry, worst: FailureReason::Absent }
    }

    /// Returns the first action.
    pub fn start(&mut self) -> PlanAction {
        self.go_on()
    }

    /// Returns the next action after an event at the source at this position, which is being asked.
    pub fn next(&mut self, place: usize, event: SourceEvent) -> PlanAction {
        let Some(at) = self.asked.iter().position(|asked| asked.turn.place == place) else {
            return self.go_on();
        };
        match event {
            SourceEvent::Absent => self.absent(at),
            SourceEvent::Offered { artifacts } => {
                self.asked[at].fetching = true;
                self.asked[at].artifacts = artifacts.saturating_sub(1);
                PlanAction::Fetch { place, after: Duration::ZERO }
            }
            SourceEvent::NotByDigest => {
                let InFlight { turn, late, .. } = self.asked[at];
                self.asked[at] = InFlight { late, ..InFlight::of(turn) };
                PlanAction::Ask(place)
            }
            SourceEvent::Late => self.late(at),
            SourceEvent::Delivers => self.take(at),
            SourceEvent::Mismatch { resumed: true } if !self.asked[at].restarted => {
                self.asked[at].restarted = true;
                PlanAction::FetchWhole(place)
            }
            SourceEvent::Mismatch { .. } | SourceEvent::Rejected => {
                self.fail(at, FailureReason::Integrity)
            }
            SourceEvent::Failed { advice, class, progress, file } => {
                self.failed(at, advice, class, progress, file)
            }
        }
    }

    /// The source does not have the release. Where that ends the search, requests that are under way go on.
    fn absent(&mut self, at: usize) -> PlanAction {
        if self.asked.remove(at).turn.stop_on_absent {
            self.left.clear();
        }
        self.go_on()
    }

    /// No source is asked past one that may end the search.
    fn late(&mut self, at: usize) -> PlanAction {
        let asked = &mut self.asked[at];
        if !asked.turn.race || asked.turn.stops() {
            return PlanAction::Wait;
        }
        asked.late = true;
        self.go_on()
    }

    /// The other sources lose. They are asked again if this one fails after all: after those that have not been asked,
    /// but not after one that may end the search.
    fn take(&mut self, at: usize) -> PlanAction {
        let winner = self.asked.remove(at);
        let place = winner.turn.place;
        let losers = std::mem::replace(&mut self.asked, vec![InFlight { late: false, ..winner }]);
        let stop = self.left.iter().position(|turn| turn.stops()).unwrap_or(self.left.len());
        for (count, loser) in losers.into_iter().enumerate() {
            self.left.insert(stop + count, loser.turn);
        }
        PlanAction::Take(place)
    }

    fn failed(
        &mut self,
        at: usize,
        advice: Advice,
        class: ErrorClass,
        progress: bool,
        file: bool,
    ) -> PlanAction {
        let reason = match class {
            ErrorClass::Credentials => FailureReason::Credentials,
            ErrorClass::Untrusted => FailureReason::Integrity,
            ErrorClass::Unreachable | ErrorClass::Offline => FailureReason::Unreachable,
        };
        let (place, fetching) = (self.asked[at].turn.place, self.asked[at].fetching);
        if advice == Advice::Stop {
            self.asked[at].turn.stop_on_error = true;
            return self.fail(at, reason);
        }
        if !fetching {
            return self.silent(at, reason);
        }
        if let Advice::Retry { after } = advice
            && let Some(after) = self.again(at, progress, after)
        {
            return PlanAction::Fetch { place, after };
        }
        let asked = &mut self.asked[at];
        if file && asked.artifacts > 0 {
            *asked =
                InFlight { artifacts: asked.artifacts - 1, fetching, ..InFlight::of(asked.turn) };
            return PlanAction::FetchOther(place);
        }
        self.fail(at, reason)
    }

    /// How long to wait before the transfer is resumed; `None` where it is not resumed.
    fn again(&mut self, at: usize, progress: bool, after: Option<Duration>) -> Option<Duration> {
        let asked = &mut self.asked[at];
        asked.total += 1;
        asked.without_progress = if progress { 0 } else { asked.without_progress + 1 };
        let wait = after.unwrap_or(Duration::from_millis(200) * asked.without_progress);
        let worth = asked.total <= self.retry.max_attempts
            && asked.without_progress < self.retry.max_attempts_without_progress
            && wait <= self.retry.max_retry_after;
        worth.then_some(wait)
    }

    fn fail(&mut self, at: usize, reason: FailureReason) -> PlanAction {
        self.worst = self.worst.max(reason);
        if self.asked.remove(at).turn.stop_on_error {
            self.left.clear();
        }
        self.go_on()
    }

    /// The source did not answer whether it has the release. Where its absence would end the search, so does its silence:
    /// otherwise an attacker who can keep the source from answering would choose the source that answers instead.
    fn silent(&mut self, at: usize, reason: FailureReason) -> PlanAction {
        let turn = &mut self.asked[at].turn;
        turn.stop_on_error |= turn.stop_on_absent;
        self.fail(at, reason)
    }

    /// Asks the next source, unless one is being asked that is not late.
    fn go_on(&mut self) -> PlanAction {
        if self.asked.iter().any(|asked| !asked.late) {
            return PlanAction::Wait;
        }
        match self.left.pop_front() {
            Some(turn) => {
                self.asked.push(InFlight::of(turn));
                PlanAction::Ask(turn.place)
            }
            None if self.asked.is_empty() => PlanAction::GiveUp(self.worst),
            None => PlanAction::Wait,
        }
    }
}

impl InFlight {
    fn of(turn: Turn) -> Self {
        Self { turn, ..Self::default() }
    }
}
