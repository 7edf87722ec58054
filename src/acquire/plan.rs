//! What to do next: failover, retry and hedging as one pure reducer, (state, event) to action.
//!
//! It knows sources by their place in the order and nothing else; it reads no clock and asks nobody.

use std::{collections::VecDeque, time::Duration};

use loom_source::{Advice, ErrorClass};

#[cfg(test)]
mod tests;

/// How often a transfer that broke off is taken up again at the same source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferRetry {
    /// Times in a row that brought no new byte.
    pub max_attempts_without_progress: u32,
    /// Times in all.
    pub max_attempts: u32,
    /// The longest `Retry-After` that is waited for; a longer one goes to the next source.
    pub max_retry_after: Duration,
}

impl Default for TransferRetry {
    /// Twice without progress, twenty times in all, ten seconds.
    fn default() -> Self {
        Self {
            max_attempts_without_progress: 2,
            max_attempts: 20,
            max_retry_after: Duration::from_secs(10),
        }
    }
}

/// A source's turn in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// Its place among the candidates.
    pub place: usize,
    /// `on_error = "stop"`: its failure ends everything.
    pub stop_on_error: bool,
    /// `on_absent = "stop"`: where it has nothing, nobody else is asked.
    pub stop_on_absent: bool,
    /// `race = true`: the next one may be asked while this one has sent nothing.
    pub race: bool,
}

impl Turn {
    /// Whether it may end the search: then it stands where it does to keep others from answering.
    fn stops(self) -> bool {
        self.stop_on_error || self.stop_on_absent
    }
}

/// What happened at a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceEvent {
    /// It does not carry the release.
    Absent,
    /// It carries it, and the policy has an expectation of so many of its carriers, at least one.
    Offered {
        /// How many.
        carriers: usize,
    },
    /// The policy refuses what it offers, or what it offers cannot be unpacked.
    Distrusted,
    /// It has sent nothing for as long as the next one has patience.
    Late,
    /// The first bytes are here.
    Delivers,
    /// It could not answer, or the transfer broke off.
    Failed {
        /// What may be done about it.
        advice: Advice,
        /// What kind of failure.
        class: ErrorClass,
        /// Whether bytes arrived that were not here before.
        progress: bool,
        /// Whether it says no more than that this one file cannot be had.
        file: bool,
    },
    /// The bytes are not what was expected.
    Wrong {
        /// Whether a part came from an earlier transfer: then nobody is to blame yet.
        resumed: bool,
    },
}

impl SourceEvent {
    /// The same failure of something that was tried again already: opening a file is repeated by whoever opens it,
    /// and the plan takes up only what had begun to arrive.
    pub(super) fn for_good(self) -> Self {
        match self {
            Self::Failed { advice: Advice::Retry { .. }, class, progress, file } => {
                Self::Failed { advice: Advice::Next, class, progress, file }
            }
            other => other,
        }
    }

    /// It gave no answer that counts.
    pub(super) fn unanswered() -> Self {
        let (advice, class) = (Advice::Next, ErrorClass::Unreachable);
        Self::Failed { advice, class, progress: false, file: false }
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanAction {
    /// Ask this source for the release, beside those that are being asked.
    Ask(usize),
    /// Open what this source offers, where the bytes end that are already here, after this long.
    Fetch {
        /// Which source.
        place: usize,
        /// How long to wait first.
        after: Duration,
    },
    /// The same with the next of its carriers.
    FetchOther(usize),
    /// Discard what is here of this source and open it at the first byte.
    FetchWhole(usize),
    /// Wait for those that are being asked.
    Wait,
    /// Receive from this source; whoever else is being asked is given up.
    Take(usize),
    /// No source is left.
    GiveUp(FailureReason),
}

/// Why no source could serve: the first that applies decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureReason {
    /// Every source answered, and none carries it.
    Absent,
    /// Some source could not be reached.
    Unreachable,
    /// Some source wants credentials.
    Credentials,
    /// Some source offered what cannot be trusted.
    Integrity,
}

/// The state of one acquisition.
#[derive(Debug)]
pub struct Plan {
    /// The sources still to be asked, first first.
    left: VecDeque<Turn>,
    /// Those that are being asked.
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
    barren: u32,
    total: u32,
    /// Its carriers that have not been tried.
    carriers: usize,
}

impl Plan {
    /// A plan over sources in order.
    pub fn new(order: Vec<Turn>, retry: TransferRetry) -> Self {
        Self { left: order.into(), asked: Vec::new(), retry, worst: FailureReason::Absent }
    }

    /// The first action.
    pub fn start(&mut self) -> PlanAction {
        self.go_on()
    }

    /// The next action after this event at the source in this place, which is being asked.
    pub fn next(&mut self, place: usize, event: SourceEvent) -> PlanAction {
        let Some(at) = self.asked.iter().position(|asked| asked.turn.place == place) else {
            return self.go_on();
        };
        match event {
            SourceEvent::Absent => self.absent(at),
            SourceEvent::Offered { carriers } => {
                self.asked[at].fetching = true;
                self.asked[at].carriers = carriers.saturating_sub(1);
                PlanAction::Fetch { place, after: Duration::ZERO }
            }
            SourceEvent::Late => self.late(at),
            SourceEvent::Delivers => self.take(at),
            SourceEvent::Wrong { resumed: true } if !self.asked[at].restarted => {
                self.asked[at].restarted = true;
                PlanAction::FetchWhole(place)
            }
            SourceEvent::Wrong { .. } | SourceEvent::Distrusted => {
                self.fail(at, FailureReason::Integrity)
            }
            SourceEvent::Failed { advice, class, progress, file } => {
                self.failed(at, advice, class, progress, file)
            }
        }
    }

    /// It has nothing. Where that ends the search, those before it that are still being asked may go on.
    fn absent(&mut self, at: usize) -> PlanAction {
        if self.asked.remove(at).turn.stop_on_absent {
            self.left.clear();
        }
        self.go_on()
    }

    /// Nobody is asked past a source that may end the search.
    fn late(&mut self, at: usize) -> PlanAction {
        let asked = &mut self.asked[at];
        if !asked.turn.race || asked.turn.stops() {
            return PlanAction::Wait;
        }
        asked.late = true;
        self.go_on()
    }

    /// The others lose, and are asked again if this one fails after all: after those that have not been asked,
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
        if file && asked.carriers > 0 {
            *asked =
                InFlight { carriers: asked.carriers - 1, fetching, ..InFlight::of(asked.turn) };
            return PlanAction::FetchOther(place);
        }
        self.fail(at, reason)
    }

    /// How long to wait before taking the transfer up again, if it is worth it.
    fn again(&mut self, at: usize, progress: bool, after: Option<Duration>) -> Option<Duration> {
        let asked = &mut self.asked[at];
        asked.total += 1;
        asked.barren = if progress { 0 } else { asked.barren + 1 };
        let wait = after.unwrap_or(Duration::from_millis(200) * asked.barren);
        let worth = asked.total <= self.retry.max_attempts
            && asked.barren <= self.retry.max_attempts_without_progress
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

    /// It did not say whether it has the release: where its absence would end everything, so does its silence,
    /// or whoever can keep it from answering decides who answers instead.
    fn silent(&mut self, at: usize, reason: FailureReason) -> PlanAction {
        let turn = &mut self.asked[at].turn;
        turn.stop_on_error |= turn.stop_on_absent;
        self.fail(at, reason)
    }

    /// Asks the next one, unless somebody is being asked and not late.
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
