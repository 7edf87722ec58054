//! The OTLP trace service: agents send spans of their own work, which become part of the runs that they belong to.

use std::sync::Arc;

use loom_core::Runtime;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::TraceService,
    },
    trace::v1::ResourceSpans,
};
use tonic::{Request, Response, Status};

use crate::spans::EventSpans;

/// The spans of one request; the rest is rejected.
const MAX_SPANS: usize = 4096;

/// Takes the spans of agents.
#[derive(Debug, Clone)]
pub struct AgentSpans {
    /// Decides whether a trace is recorded.
    pub runtime: Runtime,
    /// What records spans.
    pub spans: Arc<EventSpans>,
}

impl AgentSpans {
    /// Records spans; returns how many are invalid or too many. Spans of traces that are not recorded are no error.
    fn record(&self, of_resources: Vec<ResourceSpans>) -> usize {
        let spans = self.spans.received(of_resources);
        let mut rejected = spans.len().saturating_sub(MAX_SPANS);
        for span in spans.into_iter().take(MAX_SPANS) {
            match span {
                None => rejected += 1,
                Some(span) => {
                    let sampled = self.runtime.is_sampled(span.record.context.trace_id);
                    self.spans.take(span, sampled);
                }
            }
        }
        rejected
    }
}

#[tonic::async_trait]
impl TraceService for AgentSpans {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let rejected = self.record(request.into_inner().resource_spans);
        let partial_success = (rejected > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: i64::try_from(rejected).unwrap_or(i64::MAX),
            error_message: format!(
                "a span needs a trace id of 16 bytes, a span id of 8 bytes and a name; a request may hold {MAX_SPANS} spans"
            ),
        });
        Ok(Response::new(ExportTraceServiceResponse { partial_success }))
    }
}
