//! A `tracing` layer that records finished spans.

use std::time::{Instant, SystemTime};

use loom_core::TraceContext;
use tracing::{
    Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record as Values},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, Filter},
    registry::{LookupSpan, Scope, SpanRef},
};

use super::{fields::SpanFields, record::SpanRecord, sink::SpanSink};
use crate::otlp::call_metrics::CallMetrics;

/// Records the spans of the runtime in a store, and exports them if there is an export.
#[derive(Debug)]
pub struct SpanLayer {
    sink: SpanSink,
    metrics: Option<CallMetrics>,
}

/// Enables the spans of the runtime.
#[derive(Debug, Clone, Copy)]
pub struct RuntimeSpanFilter;

/// A span that has not finished; stored with the span in the registry.
#[derive(Debug)]
struct OpenSpan {
    /// The context where the fields give none: in the trace of the enclosing span, or in a new one.
    context: TraceContext,
    /// The span id of the enclosing span.
    parent: Option<u64>,
    start: SystemTime,
    started_at: Instant,
    fields: SpanFields,
}

impl SpanLayer {
    /// A layer that records into `sink`, and the times of calls into `metrics`.
    pub fn new(sink: SpanSink, metrics: Option<CallMetrics>) -> Self {
        Self { sink, metrics }
    }
}

impl OpenSpan {
    fn new(fields: SpanFields, enclosing: Option<TraceContext>) -> Self {
        Self {
            context: enclosing.map_or_else(|| TraceContext::root(true), TraceContext::child),
            parent: enclosing.map(|enclosing| enclosing.span_id),
            start: SystemTime::now(),
            started_at: Instant::now(),
            fields,
        }
    }

    /// The context that the fields give, completed by that of the enclosing span.
    fn context(&self) -> TraceContext {
        TraceContext {
            trace_id: self.fields.trace_id.unwrap_or(self.context.trace_id),
            span_id: self.fields.span_id.unwrap_or(self.context.span_id),
            sampled: self.context.sampled,
        }
    }

    fn finish(self, name: &'static str) -> SpanRecord {
        let context = self.context();
        let fields = self.fields;
        let has_own_trace = fields.trace_id.is_some();
        SpanRecord {
            context,
            parent: if has_own_trace { fields.parent_id } else { self.parent },
            // Only what an agent has begun comes with a parent of its own.
            parent_is_remote: has_own_trace && fields.parent_id.is_some(),
            name: name.into(),
            start: self.start,
            duration: self.started_at.elapsed(),
            attributes: fields.attributes,
            status: fields.status,
            error: fields.error,
            is_secret: fields.is_secret,
        }
    }
}

/// The context of the innermost span of the runtime in a scope.
pub(crate) fn innermost<'r, R: LookupSpan<'r>>(mut scope: Scope<'r, R>) -> Option<TraceContext> {
    scope.find_map(|span| span.extensions().get::<OpenSpan>().map(OpenSpan::context))
}

/// Whether a span of the runtime, or one around it, is of a secret run.
fn is_of_secret_run<'r, R: LookupSpan<'r>>(span: &SpanRef<'r, R>) -> bool {
    span.scope().any(|each| each.extensions().get::<OpenSpan>().is_some_and(|o| o.fields.is_secret))
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let enclosing = span.parent().and_then(|parent| innermost(parent.scope()));
        let within_secret = |span: SpanRef<'_, S>| is_of_secret_run(&span);
        let is_secret = span.parent().is_some_and(within_secret);
        let mut fields = SpanFields { is_secret, ..SpanFields::default() };
        attributes.record(&mut fields);
        span.extensions_mut().insert(OpenSpan::new(fields, enclosing));
    }

    fn on_record(&self, id: &Id, values: &Values<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<OpenSpan>() {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let open = span.extensions_mut().remove::<OpenSpan>();
        if let Some(open) = open {
            let record = open.finish(span.name());
            if let Some(metrics) = &self.metrics {
                metrics.record(&record);
            }
            self.sink.push(record);
        }
    }
}

impl<S> Filter<S> for RuntimeSpanFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        is_runtime_span(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_runtime_span(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }
}

/// Whether this is a span of the runtime's crates, recognised by its target; libraries have spans too.
fn is_runtime_span(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_of_runtime = ["loom_core", "loom_bridge"].iter().any(|name| {
        target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    });
    metadata.is_span() && is_of_runtime && *metadata.level() <= Level::DEBUG
}
