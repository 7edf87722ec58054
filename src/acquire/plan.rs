//! What to do next: failover and retry as one pure reducer, (state, event) to action.
//!
//! It knows sources by their place in the order and nothing else; it reads no clock and asks nobody.

use std::time::Duration;

use loom_source::{Advice, Class};

/// How often a transfer that broke off is taken up again at the same source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Times in a row that brought no new byte.
    pub barren: u32,
    /// Times in all.
    pub total: u32,
    /// The longest `Retry-After` that is waited for; a longer one goes to the next source.
    pub patience: Duration,
}

impl Default for Retry {
    /// Twice without progress, twenty times in all, ten seconds.
    fn default() -> Self {
        Self { barren: 2, total: 20, patience: Duration::from_secs(10) }
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
}

/// What happened at the source that was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It does not carry the release.
    Absent,
    /// This build of loom has nothing that could ask it.
    Missing,
    /// It carries it, and the policy has an expectation.
    Offered,
    /// The policy refuses what it offers, or what it offers cannot be unpacked.
    Distrusted,
    /// It could not answer, or the transfer broke off.
    Failed {
        /// What may be done about it.
        advice: Advice,
        /// What kind of failure.
        class: Class,
        /// Whether bytes arrived that were not here before.
        progress: bool,
    },
    /// The bytes are not what was expected.
    Wrong {
        /// Whether a part came from an earlier transfer: then nobody is to blame yet.
        resumed: bool,
    },
    /// The bytes are what was expected.
    Arrived,
}

impl Event {
    /// It gave no answer that counts.
    pub(super) fn unanswered() -> Self {
        Self::Failed { advice: Advice::Next, class: Class::Unreachable, progress: false }
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Ask this source for the release.
    Ask(usize),
    /// Fetch from the source asked last, taking up what is already here, after this long.
    Fetch {
        /// How long to wait first.
        after: Duration,
    },
    /// Discard what is here and fetch from the first byte.
    FetchWhole,
    /// The release is here.
    Done,
    /// No source is left.
    GiveUp(Reason),
}

/// Why no source could serve: the first that applies decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Every source answered, and none carries it.
    Absent,
    /// Some source cannot be asked by this build of loom.
    Missing,
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
    left: std::vec::IntoIter<Turn>,
    retry: Retry,
    /// The present source.
    turn: Turn,
    fetching: bool,
    restarted: bool,
    barren: u32,
    total: u32,
    worst: Reason,
}

impl Plan {
    /// A plan over sources in order.
    pub fn new(order: Vec<Turn>, retry: Retry) -> Self {
        Self {
            left: order.into_iter(),
            retry,
            turn: Turn::default(),
            fetching: false,
            restarted: false,
            barren: 0,
            total: 0,
            worst: Reason::Absent,
        }
    }

    /// The first action.
    pub fn start(&mut self) -> Action {
        self.advance()
    }

    /// The next action after this event.
    pub fn next(&mut self, event: Event) -> Action {
        match event {
            Event::Arrived => Action::Done,
            Event::Absent if self.turn.stop_on_absent => Action::GiveUp(self.worst),
            Event::Absent => self.advance(),
            Event::Missing => self.silent(Reason::Missing),
            Event::Offered => {
                self.fetching = true;
                Action::Fetch { after: Duration::ZERO }
            }
            Event::Wrong { resumed: true } if !self.restarted => {
                self.restarted = true;
                Action::FetchWhole
            }
            Event::Wrong { .. } | Event::Distrusted => self.fail(Reason::Integrity),
            Event::Failed { advice, class, progress } => self.failed(advice, class, progress),
        }
    }

    fn failed(&mut self, advice: Advice, class: Class, progress: bool) -> Action {
        let reason = match class {
            Class::Credentials => Reason::Credentials,
            Class::Unreachable | Class::Offline => Reason::Unreachable,
        };
        match advice {
            Advice::Stop => {
                self.turn.stop_on_error = true;
                self.fail(reason)
            }
            Advice::Retry { after } if self.fetching => match self.again(progress, after) {
                Some(after) => Action::Fetch { after },
                None => self.fail(reason),
            },
            Advice::Retry { .. } | Advice::Next if self.fetching => self.fail(reason),
            Advice::Retry { .. } | Advice::Next => self.silent(reason),
        }
    }

    /// How long to wait before taking the transfer up again, if it is worth it.
    fn again(&mut self, progress: bool, after: Option<Duration>) -> Option<Duration> {
        self.total += 1;
        self.barren = if progress { 0 } else { self.barren + 1 };
        let wait = after.unwrap_or(Duration::from_millis(200) * self.barren);
        let worth = self.total <= self.retry.total
            && self.barren <= self.retry.barren
            && wait <= self.retry.patience;
        worth.then_some(wait)
    }

    fn fail(&mut self, reason: Reason) -> Action {
        self.worst = self.worst.max(reason);
        if self.turn.stop_on_error { Action::GiveUp(self.worst) } else { self.advance() }
    }

    /// It did not say whether it has the release: where its absence would end everything, so does its silence,
    /// or whoever can keep it from answering decides who answers instead.
    fn silent(&mut self, reason: Reason) -> Action {
        self.turn.stop_on_error |= self.turn.stop_on_absent;
        self.fail(reason)
    }

    fn advance(&mut self) -> Action {
        (self.fetching, self.restarted, self.barren, self.total) = (false, false, 0, 0);
        match self.left.next() {
            Some(turn) => {
                self.turn = turn;
                Action::Ask(turn.place)
            }
            None => Action::GiveUp(self.worst),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Action = Action::Fetch { after: Duration::ZERO };

    fn failed(advice: Advice, progress: bool) -> Event {
        Event::Failed { advice, class: Class::Unreachable, progress }
    }

    fn turn(place: usize) -> Turn {
        Turn { place, ..Turn::default() }
    }

    fn run(order: &[Turn], events: &[Event]) -> Vec<Action> {
        let mut plan = Plan::new(order.to_vec(), Retry { barren: 1, total: 3, ..Retry::default() });
        let mut actions = vec![plan.start()];
        actions.extend(events.iter().map(|event| plan.next(*event)));
        actions
    }

    #[test]
    fn sources_are_taken_in_order_until_one_delivers() {
        use Action::{Ask, Done, FetchWhole, GiveUp};
        let next = failed(Advice::Next, false);
        let again = failed(Advice::Retry { after: None }, true);
        let barren = failed(Advice::Retry { after: None }, false);
        let soon = Action::Fetch { after: Duration::from_millis(200) };
        let later = |secs| failed(Advice::Retry { after: Some(Duration::from_secs(secs)) }, true);
        let refused =
            Event::Failed { advice: Advice::Next, class: Class::Credentials, progress: false };
        let two = [turn(0), turn(1)];
        let strict = [Turn { stop_on_error: true, ..turn(0) }, turn(1)];
        let only = [Turn { stop_on_absent: true, ..turn(0) }, turn(1)];
        let second_only = [turn(0), Turn { stop_on_absent: true, ..turn(1) }, turn(2)];
        let whole = Event::Wrong { resumed: false };
        let resumed = Event::Wrong { resumed: true };
        type Case<'a> = (&'a str, &'a [Turn], Vec<Event>, Vec<Action>);
        let cases: Vec<Case<'_>> = vec![
            ("nothing configured", &[], vec![], vec![GiveUp(Reason::Absent)]),
            (
                "the first delivers",
                &two,
                vec![Event::Offered, Event::Arrived],
                vec![Ask(0), NOW, Done],
            ),
            (
                "absence goes on",
                &two,
                vec![Event::Absent, Event::Absent],
                vec![Ask(0), Ask(1), GiveUp(Reason::Absent)],
            ),
            (
                "an unreachable one goes on",
                &two,
                vec![next, Event::Absent],
                vec![Ask(0), Ask(1), GiveUp(Reason::Unreachable)],
            ),
            ("a find that fails is not asked again", &two, vec![barren], vec![Ask(0), Ask(1)]),
            ("on_error stop", &strict, vec![next], vec![Ask(0), GiveUp(Reason::Unreachable)]),
            (
                "on_error stop does not end at absence",
                &strict,
                vec![Event::Absent],
                vec![Ask(0), Ask(1)],
            ),
            ("on_absent stop", &only, vec![Event::Absent], vec![Ask(0), GiveUp(Reason::Absent)]),
            (
                "on_absent stop, and it cannot say",
                &only,
                vec![next],
                vec![Ask(0), GiveUp(Reason::Unreachable)],
            ),
            (
                "on_absent stop lets others help with what it has",
                &only,
                vec![Event::Offered, whole],
                vec![Ask(0), NOW, Ask(1)],
            ),
            (
                "on_absent stop hides no earlier failure",
                &second_only,
                vec![Event::Distrusted, Event::Absent],
                vec![Ask(0), Ask(1), GiveUp(Reason::Integrity)],
            ),
            (
                "a source without a backend goes on",
                &two,
                vec![Event::Missing, Event::Absent],
                vec![Ask(0), Ask(1), GiveUp(Reason::Missing)],
            ),
            (
                "a final answer ends it",
                &two,
                vec![failed(Advice::Stop, false)],
                vec![Ask(0), GiveUp(Reason::Unreachable)],
            ),
            (
                "wrong bytes go on",
                &two,
                vec![Event::Offered, whole, Event::Absent],
                vec![Ask(0), NOW, Ask(1), GiveUp(Reason::Integrity)],
            ),
            (
                "a resumed one is tried whole, once",
                &two,
                vec![Event::Offered, resumed, resumed],
                vec![Ask(0), NOW, FetchWhole, Ask(1)],
            ),
            (
                "a broken transfer is taken up while it brings bytes",
                &two,
                vec![Event::Offered, again, again, again, again],
                vec![Ask(0), NOW, NOW, NOW, NOW, Ask(1)],
            ),
            (
                "and given up when it brings none",
                &two,
                vec![Event::Offered, barren, barren],
                vec![Ask(0), NOW, soon, Ask(1)],
            ),
            (
                "Retry-After is obeyed",
                &two,
                vec![Event::Offered, later(2)],
                vec![Ask(0), NOW, Action::Fetch { after: Duration::from_secs(2) }],
            ),
            ("but not for ever", &two, vec![Event::Offered, later(60)], vec![Ask(0), NOW, Ask(1)]),
            (
                "integrity outranks credentials",
                &two,
                vec![refused, Event::Distrusted],
                vec![Ask(0), Ask(1), GiveUp(Reason::Integrity)],
            ),
            (
                "credentials outrank the network",
                &two,
                vec![refused, next],
                vec![Ask(0), Ask(1), GiveUp(Reason::Credentials)],
            ),
        ];
        for (name, order, events, actions) in cases {
            assert_eq!(run(order, &events), actions, "{name}");
        }
    }
}
