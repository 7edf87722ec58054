//! What is known of a run without its rows.

use std::collections::BTreeMap;

use loom_base::secret_run::SECRET_ERROR;

use crate::{
    instant::duration_to_nanos,
    opened_call::OpenedCall,
    prices::ModelPrices,
    row::{EventKind, EventRow, Nanos, SpanOutcome, SpanRow},
    run_summary::AGENTS_SHOWN,
};

/// The part of an error message, trigger or name that a run keeps, in characters.
pub(crate) const TEXT_CHARS: usize = 512;

/// The sums over the rows of a run, as its row in the file holds them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RunTotals {
    pub(crate) trigger: Option<String>,
    pub(crate) agents: Vec<String>,
    /// The earliest begin of a span, event or log line; none yet if zero.
    pub(crate) started: Nanos,
    /// The latest end.
    pub(crate) ended: Nanos,
    /// The begin of the span that `trigger` comes from.
    pub(crate) trigger_start: Nanos,
    pub(crate) events: u64,
    pub(crate) spans: u64,
    pub(crate) errors: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) cost: Option<f64>,
    /// Spans of models whose cost is not known.
    pub(crate) unpriced: u64,
    pub(crate) error: Option<String>,
    pub(crate) conversation: Option<String>,
    pub(crate) is_partial: bool,
    pub(crate) is_cut: bool,
    pub(crate) is_secret: bool,
    /// The number of the next span or body within the run.
    pub(crate) next_row: u32,
}

impl RunTotals {
    /// The run is secret.
    pub(crate) fn mark_secret(&mut self) {
        self.is_secret = true;
        self.error = self.error.take().map(|_| SECRET_ERROR.to_owned());
    }

    /// Something of the run happened from `start` to `end`.
    pub(crate) fn cover(&mut self, start: Nanos, end: Nanos) {
        self.started = if self.started == 0 { start } else { self.started.min(start) };
        self.ended = self.ended.max(end);
    }

    /// Adds a span.
    pub(crate) fn add_span(&mut self, row: &SpanRow, cost: Option<f64>) {
        let end = row.start.saturating_add(duration_to_nanos(row.duration));
        self.cover(row.start, end);
        self.spans += 1;
        self.input_tokens = self.input_tokens.saturating_add(row.input_tokens.unwrap_or_default());
        self.output_tokens =
            self.output_tokens.saturating_add(row.output_tokens.unwrap_or_default());
        self.cost = match (self.cost, cost) {
            (Some(sum), Some(cost)) => Some(sum + cost),
            (sum, cost) => sum.or(cost),
        };
        let has_model = row.model.is_some() || row.input_tokens.or(row.output_tokens).is_some();
        self.unpriced += u64::from(has_model && cost.is_none());
        if row.outcome == SpanOutcome::Error {
            self.errors += 1;
            if self.error.is_none() {
                self.error = Some(shortened(row.error.as_deref().unwrap_or(&row.name)));
            }
        }
        let trigger = row.topic.as_deref().or(row.tool.as_deref()).unwrap_or(&row.name);
        self.add_trigger(trigger, row.start);
        if let Some(agent) = &row.agent {
            self.add_agent(agent);
        }
        if self.conversation.is_none() {
            self.conversation = row.conversation.as_deref().map(shortened);
        }
    }

    /// Adds the names of a call that has begun; its span comes when it ends.
    pub(crate) fn add_call(&mut self, call: &OpenedCall, at: Nanos) {
        self.add_trigger(&call.tool, at);
        if let Some(agent) = &call.agent {
            self.add_agent(agent);
        }
    }

    /// The earliest span names the run.
    fn add_trigger(&mut self, trigger: &str, start: Nanos) {
        if self.trigger.is_none() || start < self.trigger_start {
            self.trigger = Some(shortened(trigger));
            self.trigger_start = start;
        }
    }

    /// Adds an event.
    pub(crate) fn add_event(&mut self, row: &EventRow) {
        self.cover(row.at, row.at);
        self.events += u64::from(row.kind == EventKind::Published);
    }

    fn add_agent(&mut self, agent: &str) {
        let agent = shortened(agent);
        if self.agents.len() < AGENTS_SHOWN && !self.agents.contains(&agent) {
            self.agents.push(agent);
        }
    }
}

/// The price of a span, by its model and the provider of that; `None` where it is not known.
pub(crate) fn cost_of(row: &SpanRow, prices: &BTreeMap<String, ModelPrices>) -> Option<f64> {
    let price = prices.get(row.provider.as_deref()?)?.of(row.model.as_deref())?;
    price.cost(row.input_tokens, row.output_tokens)
}

/// The beginning of a text, up to [`TEXT_CHARS`].
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS) {
        Some((at, _)) => text[..at].to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::prices::TokenPrice;

    fn span(start: Nanos, name: &'static str) -> SpanRow {
        SpanRow {
            start,
            name: name.into(),
            duration: Duration::from_nanos(10),
            ..SpanRow::default()
        }
    }

    #[test]
    fn the_earliest_span_names_the_run() {
        let mut totals = RunTotals::default();
        let topic = Some("a.b".to_owned());
        totals.add_span(&SpanRow { tool: Some("t".to_owned()), ..span(50, "tool.call") }, None);
        assert_eq!(totals.trigger.as_deref(), Some("t"));
        totals.add_span(&SpanRow { topic, ..span(40, "event.publish") }, None);
        totals.add_span(&span(45, "event.deliver"), None);
        assert_eq!(totals.trigger.as_deref(), Some("a.b"));
        assert_eq!((totals.started, totals.ended, totals.spans), (40, 60, 3));
    }

    #[test]
    fn a_call_that_runs_names_the_run_until_an_earlier_span_comes() {
        let mut totals = RunTotals::default();
        let agent = Some("a".to_owned());
        totals.add_call(&OpenedCall { tool: "t".to_owned(), agent }, 50);
        assert_eq!((totals.trigger.as_deref(), totals.agents.len()), (Some("t"), 1));
        let topic = Some("a.b".to_owned());
        totals.add_span(&SpanRow { topic, ..span(40, "event.publish") }, None);
        totals.add_call(&OpenedCall { tool: "u".to_owned(), agent: None }, 60);
        assert_eq!((totals.trigger.as_deref(), totals.spans), (Some("a.b"), 1));
    }

    #[test]
    fn the_first_error_stays_and_costs_add_up() {
        let mut totals = RunTotals::default();
        let failed = |error: &str| SpanRow {
            outcome: SpanOutcome::Error,
            error: Some(error.to_owned()),
            ..span(1, "x")
        };
        totals.add_span(&failed(&"é".repeat(600)), None);
        totals.add_span(&failed("second"), Some(0.5));
        totals.add_span(&SpanRow { outcome: SpanOutcome::Error, ..span(1, "x") }, Some(0.25));
        assert_eq!((totals.errors, totals.cost, totals.unpriced), (3, Some(0.75), 0));
        let model = Some("m".to_owned());
        totals.add_span(&SpanRow { model, ..span(2, "llm.generate") }, None);
        assert_eq!((totals.cost, totals.unpriced), (Some(0.75), 1));
        assert_eq!(totals.error.unwrap().chars().count(), TEXT_CHARS);
    }

    #[test]
    fn a_price_needs_tokens_and_a_provider_that_has_one() {
        let all = Some(TokenPrice { input: 2.0, output: 4.0 });
        let prices = ModelPrices { all, ..ModelPrices::default() };
        let prices = BTreeMap::from([("a".to_owned(), prices)]);
        for (provider, input, output, cost) in [
            (Some("a"), Some(500_000), Some(250_000), Some(2.0)),
            (Some("a"), None, Some(250_000), None),
            (Some("a"), None, None, None),
            (Some("b"), Some(1), None, None),
            (None, Some(1), None, None),
        ] {
            let row = SpanRow {
                provider: provider.map(str::to_owned),
                input_tokens: input,
                output_tokens: output,
                ..span(0, "llm.generate")
            };
            assert_eq!(cost_of(&row, &prices), cost);
        }
    }
}
