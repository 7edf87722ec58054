//! Tables of events and the actions that follow.

use PlanAction::{Ask, FetchOther, FetchWhole, GiveUp, Take, Wait};

use super::*;

const NEXT: SourceEvent = failed(Advice::Next, false);
const NO_PROGRESS: SourceEvent = failed(Advice::Retry { after: None }, false);
const MISMATCH: SourceEvent = SourceEvent::Mismatch { resumed: false };
const RESUMED: SourceEvent = SourceEvent::Mismatch { resumed: true };
const OFFERED: SourceEvent = SourceEvent::Offered { artifacts: 1 };

const fn failed(advice: Advice, progress: bool) -> SourceEvent {
    SourceEvent::Failed { advice, class: ErrorClass::Unreachable, progress, file: false }
}

/// A failure that concerns one file only.
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
            max_attempts_without_progress: 2,
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
fn assert_actions(cases: Vec<Case<'_>>) {
    for (name, order, events, actions) in cases {
        assert_eq!(run(order, &events), actions, "{name}");
    }
}

#[test]
fn a_source_without_the_file_of_a_digest_is_asked_for_the_release() {
    let gone = SourceEvent::NotByDigest;
    assert_actions(vec![
        (
            "it has the release in another form",
            &[turn(0), turn(1)],
            vec![(0, OFFERED), (0, gone), (0, OFFERED), (0, SourceEvent::Delivers)],
            vec![Ask(0), now(0), Ask(0), now(0), Take(0)],
        ),
        (
            "it does not have it",
            &[turn(0), turn(1)],
            vec![(0, OFFERED), (0, gone), (0, SourceEvent::Absent)],
            vec![Ask(0), now(0), Ask(0), Ask(1)],
        ),
        (
            "it cannot say",
            &[turn(0)],
            vec![(0, OFFERED), (0, gone), (0, NEXT)],
            vec![Ask(0), now(0), Ask(0), GiveUp(FailureReason::Unreachable)],
        ),
    ]);
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
    assert_actions(vec![
        ("nothing configured", &[], vec![], vec![GiveUp(FailureReason::Absent)]),
        (
            "the first delivers",
            &two,
            vec![(0, OFFERED), (0, SourceEvent::Delivers)],
            vec![Ask(0), now(0), Take(0)],
        ),
        (
            "after an absence the next is asked",
            &two,
            vec![(0, SourceEvent::Absent), (1, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), GiveUp(FailureReason::Absent)],
        ),
        (
            "after an unreachable source the next is asked",
            &two,
            vec![(0, NEXT), (1, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), GiveUp(FailureReason::Unreachable)],
        ),
        (
            "a failed request for the release is not repeated",
            &two,
            vec![(0, NO_PROGRESS)],
            vec![Ask(0), Ask(1)],
        ),
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
            "on_absent stop, and the source fails",
            &only,
            vec![(0, NEXT)],
            vec![Ask(0), GiveUp(FailureReason::Unreachable)],
        ),
        (
            "on_absent stop, and others deliver what the source has",
            &only,
            vec![(0, OFFERED), (0, MISMATCH)],
            vec![Ask(0), now(0), Ask(1)],
        ),
        (
            "on_absent stop hides no earlier failure",
            &second_only,
            vec![(0, SourceEvent::Rejected), (1, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), GiveUp(FailureReason::Integrity)],
        ),
        (
            "a final error ends the search",
            &two,
            vec![(0, failed(Advice::Stop, false))],
            vec![Ask(0), GiveUp(FailureReason::Unreachable)],
        ),
        (
            "after wrong bytes the next is asked",
            &two,
            vec![(0, OFFERED), (0, SourceEvent::Delivers), (0, MISMATCH), (1, SourceEvent::Absent)],
            vec![Ask(0), now(0), Take(0), Ask(1), GiveUp(FailureReason::Integrity)],
        ),
        (
            "integrity outranks credentials",
            &two,
            vec![(0, refused), (1, SourceEvent::Rejected)],
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
fn a_transfer_is_resumed_while_it_makes_progress() {
    let again = failed(Advice::Retry { after: None }, true);
    let after = |secs| Advice::Retry { after: Some(Duration::from_secs(secs)) };
    let later = |secs| failed(after(secs), true);
    let soon = PlanAction::Fetch { place: 0, after: Duration::from_millis(200) };
    let two = [turn(0), turn(1)];
    let three_artifacts = (0, SourceEvent::Offered { artifacts: 3 });
    assert_actions(vec![
        (
            "a resumed transfer is repeated from the first byte, once",
            &two,
            vec![(0, OFFERED), (0, RESUMED), (0, RESUMED)],
            vec![Ask(0), now(0), FetchWhole(0), Ask(1)],
        ),
        (
            "an interrupted transfer is resumed while it brings bytes",
            &two,
            vec![(0, OFFERED), (0, again), (0, again), (0, again), (0, again)],
            vec![Ask(0), now(0), now(0), now(0), now(0), Ask(1)],
        ),
        (
            "and given up when it brings none",
            &two,
            vec![(0, OFFERED), (0, NO_PROGRESS), (0, NO_PROGRESS)],
            vec![Ask(0), now(0), soon, Ask(1)],
        ),
        (
            "Retry-After is obeyed",
            &two,
            vec![(0, OFFERED), (0, later(2))],
            vec![Ask(0), now(0), PlanAction::Fetch { place: 0, after: Duration::from_secs(2) }],
        ),
        ("up to a limit", &two, vec![(0, OFFERED), (0, later(60))], vec![Ask(0), now(0), Ask(1)]),
        (
            "after one failed file the source's other artifacts are tried",
            &two,
            vec![three_artifacts, (0, of_file(Advice::Next)), (0, of_file(after(60)))],
            vec![Ask(0), now(0), FetchOther(0), FetchOther(0)],
        ),
        (
            "each of them once",
            &two,
            vec![
                (0, SourceEvent::Offered { artifacts: 2 }),
                (0, of_file(Advice::Next)),
                (0, of_file(Advice::Next)),
                (1, SourceEvent::Absent),
            ],
            vec![Ask(0), now(0), FetchOther(0), Ask(1), GiveUp(FailureReason::Unreachable)],
        ),
        (
            "the other artifacts of an unreachable source are not tried",
            &two,
            vec![three_artifacts, (0, NEXT)],
            vec![Ask(0), now(0), Ask(1)],
        ),
    ]);
}

#[test]
fn a_late_source_is_raced_and_the_first_to_deliver_wins() {
    let late = |place| (place, SourceEvent::Late);
    let delivers = |place| (place, SourceEvent::Delivers);
    let (plain, two) = ([turn(0), turn(1)], [racing(0), turn(1)]);
    let three = [racing(0), racing(1), turn(2)];
    let stops = [Turn { stop_on_absent: true, ..racing(0) }, turn(1)];
    let ends = [racing(0), Turn { stop_on_absent: true, ..turn(1) }, turn(2)];
    let guarded = [racing(0), turn(1), Turn { stop_on_error: true, ..turn(2) }, turn(3)];
    assert_actions(vec![
        ("a source that may not be raced is waited for", &plain, vec![late(0)], vec![Ask(0), Wait]),
        ("so is one that may end the search", &stops, vec![late(0)], vec![Ask(0), Wait]),
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
            "after a failure the next is asked, unless a source is on time",
            &three,
            vec![late(0), (1, NEXT), (0, NEXT), (2, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), Ask(2), Wait, GiveUp(FailureReason::Unreachable)],
        ),
        (
            "without another source the late ones are waited for",
            &two,
            vec![late(0), (1, SourceEvent::Absent), (0, OFFERED), delivers(0)],
            vec![Ask(0), Ask(1), Wait, now(0), Take(0)],
        ),
        (
            "a loser is asked again after the winner delivered wrong bytes, behind those not asked",
            &three,
            vec![late(0), (1, OFFERED), delivers(1), (1, MISMATCH), (2, NEXT), (0, NEXT)],
            vec![Ask(0), Ask(1), now(1), Take(1), Ask(2), Ask(0), GiveUp(FailureReason::Integrity)],
        ),
        (
            "and before one that may end the search",
            &guarded,
            vec![late(0), (1, OFFERED), delivers(1), (1, MISMATCH), (0, SourceEvent::Absent)],
            vec![Ask(0), Ask(1), now(1), Take(1), Ask(0), Ask(2)],
        ),
        (
            "one that ends the search ends it for those behind it only",
            &ends,
            vec![late(0), (1, SourceEvent::Absent), (0, OFFERED), delivers(0)],
            vec![Ask(0), Ask(1), Wait, now(0), Take(0)],
        ),
        (
            "an interrupted winner is resumed, and may be late again",
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
