//! Tables of what follows from what.

use PlanAction::{Ask, FetchOther, FetchWhole, GiveUp, Take, Wait};

use super::*;

const NEXT: SourceEvent = failed(Advice::Next, false);
const BARREN: SourceEvent = failed(Advice::Retry { after: None }, false);
const WHOLE: SourceEvent = SourceEvent::Wrong { resumed: false };
const RESUMED: SourceEvent = SourceEvent::Wrong { resumed: true };
const OFFERED: SourceEvent = SourceEvent::Offered { carriers: 1 };

const fn failed(advice: Advice, progress: bool) -> SourceEvent {
    SourceEvent::Failed { advice, class: ErrorClass::Unreachable, progress, file: false }
}

/// A failure that speaks of one file only.
const fn of_file(advice: Advice) -> SourceEvent {
    SourceEvent::Failed { advice, class: ErrorClass::Unreachable, progress: false, file: true }
}

fn turn(place: usize) -> Turn {
    Turn { place, ..Turn::default() }
}

fn racing(place: usize) -> Turn {
    Turn { race: true, ..turn(place) }
}

fn now(place: usize) -> PlanAction {
    PlanAction::Fetch { place, after: Duration::ZERO }
}

fn run(order: &[Turn], events: &[(usize, SourceEvent)]) -> Vec<PlanAction> {
    let mut plan = Plan::new(
        order.to_vec(),
        TransferRetry {
            max_attempts_without_progress: 1,
            max_attempts: 3,
            ..TransferRetry::default()
        },
    );
    let mut actions = vec![plan.start()];
    actions.extend(events.iter().map(|(place, event)| plan.next(*place, *event)));
    actions
}

type Case<'a> = (&'a str, &'a [Turn], Vec<(usize, SourceEvent)>, Vec<PlanAction>);

#[track_caller]
fn hold(cases: Vec<Case<'_>>) {
    for (name, order, events, actions) in cases {
        assert_eq!(run(order, &events), actions, "{name}");
    }
}

#[test]
fn sources_are_taken_in_order_until_one_delivers() {
    let refused = SourceEvent::Failed {
        advice: Advice::Next,
        class: ErrorClass::Credentials,
        progress: false,
        file: false,
    };
    let two = [turn(0), turn(1)];
    let strict = [Turn { stop_on_error: true, ..turn(0) }, turn(1)];
    let only = [Turn { stop_on_absent: true, ..turn(0) }, turn(1)];
    let second_only = [turn(0), Turn { stop_on_absent: true, ..turn(1) }, turn(2)];
    hold(vec![
        ("nothing configured", &[], vec![], vec![GiveUp(FailureReason::Absent)]),
        (
            "the first delivers",
            &two,
            vec![(0, OFFERED), (0, SourceEvent::Delivers)],
            vec![Ask(0), now(0), Take(0)],
        ),
        (
            "absence goes on",
            &two,
            vec![(0, SourceEvent::Absent), (1, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), GiveUp(FailureReason::Absent)],
        ),
        (
            "an unreachable one goes on",
            &two,
            vec![(0, NEXT), (1, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), GiveUp(FailureReason::Unreachable)],
        ),
        ("a find that fails is not asked again", &two, vec![(0, BARREN)], vec![Ask(0), Ask(1)]),
        (
            "on_error stop",
            &strict,
            vec![(0, NEXT)],
            vec![Ask(0), GiveUp(FailureReason::Unreachable)],
        ),
        (
            "on_error stop does not end at absence",
            &strict,
            vec![(0, SourceEvent::Absent)],
            vec![Ask(0), Ask(1)],
        ),
        (
            "on_absent stop",
            &only,
            vec![(0, SourceEvent::Absent)],
            vec![Ask(0), GiveUp(FailureReason::Absent)],
        ),
        (
            "on_absent stop, and it cannot say",
            &only,
            vec![(0, NEXT)],
            vec![Ask(0), GiveUp(FailureReason::Unreachable)],
        ),
        (
            "on_absent stop lets others help with what it has",
            &only,
            vec![(0, OFFERED), (0, WHOLE)],
            vec![Ask(0), now(0), Ask(1)],
        ),
        (
            "on_absent stop hides no earlier failure",
            &second_only,
            vec![(0, SourceEvent::Distrusted), (1, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), GiveUp(FailureReason::Integrity)],
        ),
        (
            "a final answer ends it",
            &two,
            vec![(0, failed(Advice::Stop, false))],
            vec![Ask(0), GiveUp(FailureReason::Unreachable)],
        ),
        (
            "wrong bytes go on",
            &two,
            vec![(0, OFFERED), (0, SourceEvent::Delivers), (0, WHOLE), (1, SourceEvent::Absent)],
            vec![Ask(0), now(0), Take(0), Ask(1), GiveUp(FailureReason::Integrity)],
        ),
        (
            "integrity outranks credentials",
            &two,
            vec![(0, refused), (1, SourceEvent::Distrusted)],
            vec![Ask(0), Ask(1), GiveUp(FailureReason::Integrity)],
        ),
        (
            "credentials outrank the network",
            &two,
            vec![(0, refused), (1, NEXT)],
            vec![Ask(0), Ask(1), GiveUp(FailureReason::Credentials)],
        ),
    ]);
}

#[test]
fn a_transfer_is_taken_up_while_that_is_worth_it() {
    let again = failed(Advice::Retry { after: None }, true);
    let after = |secs| Advice::Retry { after: Some(Duration::from_secs(secs)) };
    let later = |secs| failed(after(secs), true);
    let soon = PlanAction::Fetch { place: 0, after: Duration::from_millis(200) };
    let two = [turn(0), turn(1)];
    let three_carriers = (0, SourceEvent::Offered { carriers: 3 });
    hold(vec![
        (
            "a resumed one is tried whole, once",
            &two,
            vec![(0, OFFERED), (0, RESUMED), (0, RESUMED)],
            vec![Ask(0), now(0), FetchWhole(0), Ask(1)],
        ),
        (
            "a broken transfer is taken up while it brings bytes",
            &two,
            vec![(0, OFFERED), (0, again), (0, again), (0, again), (0, again)],
            vec![Ask(0), now(0), now(0), now(0), now(0), Ask(1)],
        ),
        (
            "and given up when it brings none",
            &two,
            vec![(0, OFFERED), (0, BARREN), (0, BARREN)],
            vec![Ask(0), now(0), soon, Ask(1)],
        ),
        (
            "Retry-After is obeyed",
            &two,
            vec![(0, OFFERED), (0, later(2))],
            vec![Ask(0), now(0), PlanAction::Fetch { place: 0, after: Duration::from_secs(2) }],
        ),
        (
            "but not for ever",
            &two,
            vec![(0, OFFERED), (0, later(60))],
            vec![Ask(0), now(0), Ask(1)],
        ),
        (
            "a file that cannot be had leaves the source's other carriers",
            &two,
            vec![three_carriers, (0, of_file(Advice::Next)), (0, of_file(after(60)))],
            vec![Ask(0), now(0), FetchOther(0), FetchOther(0)],
        ),
        (
            "each of them once",
            &two,
            vec![
                (0, SourceEvent::Offered { carriers: 2 }),
                (0, of_file(Advice::Next)),
                (0, of_file(Advice::Next)),
                (1, SourceEvent::Absent),
            ],
            vec![Ask(0), now(0), FetchOther(0), Ask(1), GiveUp(FailureReason::Unreachable)],
        ),
        (
            "a source that is out of reach has no other carriers",
            &two,
            vec![three_carriers, (0, NEXT)],
            vec![Ask(0), now(0), Ask(1)],
        ),
    ]);
}

#[test]
fn one_that_is_late_is_raced_and_the_first_to_deliver_wins() {
    let late = |place| (place, SourceEvent::Late);
    let delivers = |place| (place, SourceEvent::Delivers);
    let (plain, two) = ([turn(0), turn(1)], [racing(0), turn(1)]);
    let three = [racing(0), racing(1), turn(2)];
    let stops = [Turn { stop_on_absent: true, ..racing(0) }, turn(1)];
    let ends = [racing(0), Turn { stop_on_absent: true, ..turn(1) }, turn(2)];
    let guarded = [racing(0), turn(1), Turn { stop_on_error: true, ..turn(2) }, turn(3)];
    hold(vec![
        ("who may not be raced is waited for", &plain, vec![late(0)], vec![Ask(0), Wait]),
        ("nor is one that may end the search", &stops, vec![late(0)], vec![Ask(0), Wait]),
        (
            "the second wins",
            &two,
            vec![late(0), (1, OFFERED), delivers(1)],
            vec![Ask(0), Ask(1), now(1), Take(1)],
        ),
        (
            "the first wins after all",
            &two,
            vec![late(0), (0, OFFERED), delivers(0)],
            vec![Ask(0), Ask(1), now(0), Take(0)],
        ),
        (
            "late in finding, late in fetching: late once",
            &three,
            vec![late(0), (0, OFFERED), late(0)],
            vec![Ask(0), Ask(1), now(0), Wait],
        ),
        (
            "all may be late",
            &three,
            vec![late(0), late(1), late(2)],
            vec![Ask(0), Ask(1), Ask(2), Wait],
        ),
        (
            "one that fails is followed by the next, unless somebody is on time",
            &three,
            vec![late(0), (1, NEXT), (0, NEXT), (2, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), Ask(2), Wait, GiveUp(FailureReason::Unreachable)],
        ),
        (
            "with nobody left the late ones are waited for",
            &two,
            vec![late(0), (1, SourceEvent::Absent), (0, OFFERED), delivers(0)],
            vec![Ask(0), Ask(1), Wait, now(0), Take(0)],
        ),
        (
            "a loser is asked again when the winner lied, after those that were not asked",
            &three,
            vec![late(0), (1, OFFERED), delivers(1), (1, WHOLE), (2, NEXT), (0, NEXT)],
            vec![Ask(0), Ask(1), now(1), Take(1), Ask(2), Ask(0), GiveUp(FailureReason::Integrity)],
        ),
        (
            "and before one that may end the search",
            &guarded,
            vec![late(0), (1, OFFERED), delivers(1), (1, WHOLE), (0, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), now(1), Take(1), Ask(0), Ask(2)],
        ),
        (
            "one that ends the search ends it for those behind it only",
            &ends,
            vec![late(0), (1, SourceEvent::Absent), (0, OFFERED), delivers(0)],
            vec![Ask(0), Ask(1), Wait, now(0), Take(0)],
        ),
        (
            "a winner that breaks off is taken up, and may be late again",
            &two,
            vec![
                (0, OFFERED),
                delivers(0),
                (0, failed(Advice::Retry { after: None }, true)),
                late(0),
            ],
            vec![Ask(0), now(0), Take(0), now(0), Ask(1)],
        ),
    ]);
}
