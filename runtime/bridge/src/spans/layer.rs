//! From `tracing` to finished spans.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use loom_core::spans::TraceContext;
use tracing::{
    Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record as Values},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, Filter},
    registry::LookupSpan,
};

use super::{budget::SpanBudget, fields::Fields, record::SpanRecord, store::SpanStore};
use crate::otlp::Export;

/// Hears of the runtime's own spans and keeps them, and sends them on where they are exported.
#[derive(Debug)]
pub struct SpanLayer {
    store: Arc<SpanStore>,
    export: Option<Export>,
}

/// Lets the runtime's own spans pass: all but those of events that exceed the budget.
#[derive(Debug, Clone)]
pub struct OwnSpans(pub Arc<SpanBudget>);

/// A span that is not over yet; kept with it in the registry.
#[derive(Debug)]
struct Open {
    /// A place of its own and, for a span inside of another, that one's.
    place: TraceContext,
    parent: Option<u64>,
    start: SystemTime,
    begun: Instant,
    fields: Fields,
}

impl SpanLayer {
    /// Keeps spans in the store, and exports them if asked to.
    pub fn new(store: &Arc<SpanStore>, export: Option<Export>) -> Self {
        Self { store: Arc::clone(store), export }
    }
}

/// Whether this is a span of an event.
pub(super) fn is_event(name: &str) -> bool {
    name.starts_with("event.")
}

impl Open {
    fn new(fields: Fields, outer: Option<TraceContext>) -> Self {
        let place = outer.map_or_else(TraceContext::root, TraceContext::child);
        let parent = outer.map(|outer| outer.span);
        Self { place, parent, start: SystemTime::now(), begun: Instant::now(), fields }
    }

    /// Its place: what its fields say, else where it was opened.
    fn place(&self) -> TraceContext {
        TraceContext {
            trace: self.fields.trace.unwrap_or(self.place.trace),
            span: self.fields.span.unwrap_or(self.place.span),
        }
    }

    fn close(self, name: &'static str) -> SpanRecord {
        let (place, ago) = (self.place(), self.fields.ago);
        let moved = self.fields.trace.is_some();
        SpanRecord {
            context: place,
            parent: if moved { self.fields.parent } else { self.parent },
            // A place that was given from outside comes with its span; one inside of ours only with the trace.
            parent_is_remote: moved && self.fields.span.is_some() && self.fields.parent.is_some(),
            name,
            start: self.start.checked_sub(ago).unwrap_or(self.start),
            duration: self.begun.elapsed() + ago,
            attributes: self.fields.attributes,
            status: self.fields.status,
            error: self.fields.error,
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let outer = span.parent().and_then(|outer| {
            outer.scope().find_map(|outer| outer.extensions().get::<Open>().map(Open::place))
        });
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(Open::new(fields, outer));
    }

    fn on_record(&self, id: &Id, values: &Values<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let open = span.extensions_mut().remove::<Open>();
        if let Some(open) = open {
            let record = Arc::new(open.close(span.name()));
            if let Some(export) = &self.export {
                export.send(&record);
            }
            self.store.push(record);
        }
    }
}

impl<S> Filter<S> for OwnSpans {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        is_own(metadata) && (!is_event(metadata.name()) || self.0.take(Instant::now()))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        match (is_own(metadata), is_event(metadata.name())) {
            (false, _) => Interest::never(),
            (true, false) => Interest::always(),
            (true, true) => Interest::sometimes(),
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }
}

/// Libraries have spans too; ours say so by their target.
fn is_own(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let ours = ["loom_core", "loom_bridge"].iter().any(|ours| {
        target.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    });
    metadata.is_span() && ours && *metadata.level() <= Level::DEBUG
}
