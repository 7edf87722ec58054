//! Which rows are stored, and when a run begins and ends: a pure function from rows to changes.
//!
//! A run is a trace. It ends when none of its spans was open for ten seconds; a later row opens it again. In each second
//! at most [`IntakePolicy::rows_per_second`] rows are stored. Beyond it whole runs are left out: their rows stay for ten
//! seconds at most, and a failed span in one of them has the run stored after all, as *partial*. What the sender of a
//! `traceparent` says about sampling is not looked at.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use crate::{
    change::{ChangeBatch, HistoryChange, RunNumber, SpanChange},
    history_row::HistoryRow,
    intake_policy::IntakePolicy,
    left_out::LeftOutRuns,
    moment::Moment,
    open_run::OpenRun,
    opened_call::OpenedCall,
    recent_ids::RecentIds,
    row::{EventKind, Nanos, SpanLink, SpanOutcome},
    row_budget::RowBudget,
    run_totals::{RunTotals, cost_of},
};

/// The bodies of one span that are kept.
const BODIES_OF_SPAN: usize = 8;

/// The tokens of a request that are believed: no model takes more, and sums stay within integers.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// The runs in the file.
pub(crate) trait StoredRuns {
    /// The number and the totals of a run that is in the file.
    fn load(&mut self, trace_id: u128) -> Option<(RunNumber, RunTotals)>;
}

/// What the intake counted since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct IntakeCounts {
    pub(crate) rows_left_out: u64,
    pub(crate) runs_left_out: u64,
    pub(crate) runs_promoted: u64,
}

/// Where the rows of a run go.
enum RunPlace {
    /// It is stored.
    Stored,
    /// It was left out, and its rows are kept for a while.
    LeftOut,
    /// It was left out, and its earlier rows are gone.
    Forgotten,
}

/// The state of the policy.
#[derive(Debug)]
pub(crate) struct Intake {
    policy: IntakePolicy,
    budget: RowBudget,
    next_number: RunNumber,
    runs: HashMap<u128, OpenRun>,
    left_out: LeftOutRuns,
    /// Runs that were left out and failed, and wait for the budget of the next second.
    waiting: VecDeque<u128>,
    forgotten: RecentIds,
    ended: RecentIds,
    secret: RecentIds,
    batch: ChangeBatch,
    pub(crate) counts: IntakeCounts,
}

impl Intake {
    /// An intake whose first run gets the number `next_number`.
    pub(crate) fn new(policy: IntakePolicy, next_number: RunNumber) -> Self {
        let hour = Duration::from_secs(3_600);
        Self {
            budget: RowBudget::new(policy.rows_per_second),
            left_out: LeftOutRuns::new(policy.left_out_bytes, policy.left_out_age),
            forgotten: RecentIds::new(policy.left_out_age, 4 * policy.remembered),
            ended: RecentIds::new(hour, policy.remembered),
            secret: RecentIds::new(hour, policy.remembered),
            next_number,
            runs: HashMap::new(),
            waiting: VecDeque::new(),
            batch: ChangeBatch::default(),
            counts: IntakeCounts::default(),
            policy,
        }
    }

    /// A span began at `at`.
    pub(crate) fn opened(
        &mut self,
        span: SpanLink,
        at: Nanos,
        now: Moment,
        stored: &mut dyn StoredRuns,
    ) {
        if let RunPlace::Stored = self.place(span.trace_id, now, stored)
            && let Some(run) = self.runs.get_mut(&span.trace_id)
        {
            run.active = now.elapsed;
            run.totals.cover(at, at);
            run.span_opened(span.span_id);
            self.batch.runs.insert(run.number, run.change(span.trace_id, true));
        }
    }

    /// A call began in a run that is open.
    pub(crate) fn call_opened(&mut self, trace_id: u128, call: &OpenedCall, at: Nanos) {
        if let Some(run) = self.runs.get_mut(&trace_id) {
            run.totals.add_call(call, at);
            self.batch.runs.insert(run.number, run.change(trace_id, true));
        }
    }

    /// A row came.
    pub(crate) fn row(&mut self, mut row: HistoryRow, now: Moment, stored: &mut dyn StoredRuns) {
        if let HistoryRow::Span(span) = &mut row {
            for tokens in [&mut span.input_tokens, &mut span.output_tokens] {
                *tokens = tokens.filter(|tokens| *tokens <= MOST_TOKENS);
            }
        }
        self.count(&row, now);
        let Some(trace_id) = row.trace_id() else { return self.row_of_no_run(row, now) };
        if row.is_secret() {
            self.mark_secret(trace_id, now);
        }
        // A log line does not begin a run.
        if matches!(row, HistoryRow::Log(_)) && !self.knows(trace_id) {
            return self.row_of_no_run(row, now);
        }
        match self.place(trace_id, now, stored) {
            RunPlace::Stored => self.store(trace_id, row, now),
            RunPlace::LeftOut => {
                let is_failure = row.is_failure();
                self.left_out.push(trace_id, row);
                if is_failure {
                    self.promote(trace_id, now);
                }
                self.expire(now);
            }
            RunPlace::Forgotten if row.is_failure() && self.budget.left(now.elapsed) > 0 => {
                self.forgotten.remove(trace_id);
                self.begin(trace_id, true, now);
                self.counts.runs_promoted += 1;
                self.store(trace_id, row, now);
            }
            RunPlace::Forgotten => self.leave_out(1, now),
        }
    }

    /// The end of a span found no room in the queue.
    pub(crate) fn missed(&mut self, span: SpanLink) {
        if let Some(run) = self.runs.get_mut(&span.trace_id) {
            run.span_closed(span.span_id);
            run.totals.is_partial = true;
            self.batch.runs.insert(run.number, run.change(span.trace_id, true));
        }
    }

    /// A run is secret: its rows get no content from here on, and what it has of it is erased.
    pub(crate) fn mark_secret(&mut self, trace_id: u128, now: Moment) {
        self.left_out.mark_secret(trace_id);
        let is_known = self.secret.contains(trace_id);
        if let Some(run) = self.runs.get_mut(&trace_id) {
            if run.totals.is_secret {
                return;
            }
            run.totals.mark_secret();
            self.batch.runs.insert(run.number, run.change(trace_id, true));
        } else if is_known {
            return;
        }
        self.secret.insert(trace_id, now.elapsed);
        self.batch.strip(trace_id);
        self.batch.changes.push(HistoryChange::Erase(trace_id));
    }

    /// Ends runs that are quiet, stores runs that waited for the budget, and forgets what is too old.
    pub(crate) fn tick(&mut self, now: Moment) {
        self.expire(now);
        for _ in 0..self.waiting.len() {
            if self.budget.left(now.elapsed) == 0 {
                break;
            }
            let Some(trace_id) = self.waiting.pop_front() else { break };
            self.left_out.set_waiting(trace_id, false);
            self.promote(trace_id, now);
        }
        for ids in [&mut self.forgotten, &mut self.ended, &mut self.secret] {
            ids.forget(now.elapsed);
        }
        let (batch, policy, ended) = (&mut self.batch, &self.policy, &mut self.ended);
        self.runs.retain(|trace_id, run| {
            if !run.totals.is_cut && now.elapsed.saturating_sub(run.began) >= policy.longest {
                run.cut();
                batch.runs.insert(run.number, run.change(*trace_id, true));
            }
            let is_quiet = run.is_quiet(policy.quiet, now.elapsed);
            if is_quiet {
                batch.runs.insert(run.number, run.change(*trace_id, false));
                ended.insert(*trace_id, now.elapsed);
            }
            !is_quiet
        });
    }

    /// The rows that were written are lost with their file: runs that are open lack them.
    pub(crate) fn lose_earlier_rows(&mut self) {
        for (trace_id, run) in &mut self.runs {
            run.totals.is_partial = true;
            self.batch.runs.insert(run.number, run.change(*trace_id, true));
        }
    }

    /// Ends all runs, because the process ends; those with an open span are partial.
    pub(crate) fn finish(&mut self) {
        for (trace_id, mut run) in std::mem::take(&mut self.runs) {
            run.totals.is_partial |= run.has_open_spans();
            self.batch.runs.insert(run.number, run.change(trace_id, false));
        }
    }

    /// What is to be written since the last call.
    pub(crate) fn take_batch(&mut self) -> ChangeBatch {
        std::mem::take(&mut self.batch)
    }

    /// The rows that wait to be written.
    pub(crate) fn pending(&self) -> usize {
        self.batch.changes.len()
    }

    /// Forgets a run, which was removed from the file.
    pub(crate) fn forget(&mut self, trace_id: u128) {
        self.left_out.take(trace_id);
        self.ended.remove(trace_id);
        self.runs.remove(&trace_id);
        self.batch.remove(trace_id);
    }

    /// Forgets everything but what is secret: the file is empty.
    pub(crate) fn clear(&mut self) {
        let fresh = Self::new(self.policy.clone(), self.next_number);
        let old = std::mem::replace(self, fresh);
        self.counts = old.counts;
        self.secret = old.secret;
        self.budget = old.budget;
    }

    fn knows(&self, trace_id: u128) -> bool {
        self.runs.contains_key(&trace_id)
            || self.left_out.contains(trace_id)
            || self.forgotten.contains(trace_id)
    }

    fn place(&mut self, trace_id: u128, now: Moment, stored: &mut dyn StoredRuns) -> RunPlace {
        if self.runs.contains_key(&trace_id) {
            return RunPlace::Stored;
        }
        if self.left_out.contains(trace_id) {
            return RunPlace::LeftOut;
        }
        if self.forgotten.contains(trace_id) {
            return RunPlace::Forgotten;
        }
        let has_room = self.runs.len() < self.policy.open_runs;
        let admits = has_room && self.budget.admits_run(now.elapsed);
        if has_room
            && (admits || self.ended.contains(trace_id))
            && let Some((number, totals)) = stored.load(trace_id)
        {
            self.ended.remove(trace_id);
            self.runs.insert(trace_id, OpenRun::new(number, totals, now.elapsed));
            return RunPlace::Stored;
        }
        if admits {
            self.begin(trace_id, false, now);
            return RunPlace::Stored;
        }
        self.left_out.begin(trace_id, self.secret.contains(trace_id), now.elapsed);
        RunPlace::LeftOut
    }

    fn begin(&mut self, trace_id: u128, is_partial: bool, now: Moment) {
        let is_secret = self.secret.contains(trace_id);
        let totals = RunTotals { is_partial, is_secret, ..RunTotals::default() };
        self.runs.insert(trace_id, OpenRun::new(self.next_number, totals, now.elapsed));
        self.next_number += 1;
        self.batch.minute(now.wall).runs += 1;
    }

    /// Stores a row of a run that is stored, if the budget and the limits of the run allow it.
    fn store(&mut self, trace_id: u128, mut row: HistoryRow, now: Moment) {
        let Some(run) = self.runs.get_mut(&trace_id) else { return };
        run.active = now.elapsed;
        if run.totals.is_secret {
            row.strip();
        }
        let mut cost = None;
        match &row {
            HistoryRow::Span(span) => {
                run.span_closed(span.span_id);
                cost = cost_of(span, &self.policy.prices);
                run.totals.add_span(span, cost);
            }
            HistoryRow::Event(event) => run.totals.add_event(event),
            HistoryRow::Log(_) => {}
        }
        if run.totals.spans > self.policy.most_spans && !run.totals.is_cut {
            run.cut();
        }
        let is_stored = !run.totals.is_cut && self.budget.take(1, now.elapsed);
        if is_stored {
            self.batch.changes.push(change(run, row, cost));
        } else {
            run.totals.is_partial = true;
        }
        self.batch.runs.insert(run.number, run.change(trace_id, true));
        if !is_stored {
            self.leave_out(1, now);
        }
    }

    /// Stores a run that was left out, because a span of it failed.
    fn promote(&mut self, trace_id: u128, now: Moment) {
        let rows = self.left_out.rows(trace_id);
        let left = self.budget.left(now.elapsed);
        if rows == 0 {
            return;
        }
        // A run with more rows than a second has room for gets all that there are.
        if left == 0 || (rows > left && left < self.budget.limit()) {
            if !self.left_out.set_waiting(trace_id, true) {
                self.waiting.push_back(trace_id);
            }
            return;
        }
        let Some(run) = self.left_out.take(trace_id) else { return };
        self.begin(trace_id, true, now);
        self.counts.runs_promoted += 1;
        for row in run.rows {
            self.store(trace_id, row, now);
        }
    }

    fn row_of_no_run(&mut self, row: HistoryRow, now: Moment) {
        if !self.budget.take(1, now.elapsed) {
            return self.leave_out(1, now);
        }
        self.batch.changes.push(match row {
            HistoryRow::Event(row) => HistoryChange::Event { run: None, row },
            HistoryRow::Log(row) => HistoryChange::Log { run: None, row },
            // A span always has a run.
            HistoryRow::Span(_) => return,
        });
    }

    fn expire(&mut self, now: Moment) {
        while let Some((trace_id, run)) = self.left_out.next_expired(now.elapsed) {
            self.forgotten.insert(trace_id, now.elapsed);
            if run.is_secret {
                self.secret.insert(trace_id, now.elapsed);
            }
            self.counts.runs_left_out += 1;
            self.leave_out(run.rows.len() as u64, now);
        }
    }

    fn leave_out(&mut self, rows: u64, now: Moment) {
        self.counts.rows_left_out += rows;
        self.batch.minute(now.wall).left_out += rows;
    }

    fn count(&mut self, row: &HistoryRow, now: Moment) {
        let minute = self.batch.minute(now.wall);
        match row {
            HistoryRow::Span(span) => {
                minute.spans += 1;
                minute.errors += u64::from(span.outcome == SpanOutcome::Error);
                let sum = |sum: u64, tokens: Option<u64>| sum.saturating_add(tokens.unwrap_or(0));
                minute.input_tokens = sum(minute.input_tokens, span.input_tokens);
                minute.output_tokens = sum(minute.output_tokens, span.output_tokens);
            }
            HistoryRow::Event(event) => {
                minute.events += u64::from(event.kind == EventKind::Published);
            }
            HistoryRow::Log(_) => {}
        }
    }
}

fn change(run: &mut OpenRun, row: HistoryRow, cost: Option<f64>) -> HistoryChange {
    match row {
        HistoryRow::Span(mut row) => {
            row.bodies.truncate(BODIES_OF_SPAN);
            let number = run.totals.next_row;
            run.totals.next_row += 1 + row.bodies.len() as u32;
            let new_names = run.new_names(&row);
            HistoryChange::Span(Box::new(SpanChange {
                run: run.number,
                number,
                cost,
                new_names,
                row,
            }))
        }
        HistoryRow::Event(row) => HistoryChange::Event { run: Some(run.number), row },
        HistoryRow::Log(row) => HistoryChange::Log { run: Some(run.number), row },
    }
}

#[cfg(test)]
#[path = "intake/tests.rs"]
mod tests;
