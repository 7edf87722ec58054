//! The export of metrics.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use loom_core::{ActivityTotals, Runtime, RuntimeSnapshot, ToolCallTotals};
use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider as _},
};
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{
        PeriodicReader, SdkMeterProvider, Temporality,
        data::{ResourceMetrics, ScopeMetrics},
        exporter::PushMetricExporter,
    },
};

use super::{
    call_metrics::CallMetrics, connection::OtlpConnection, deadline::ExportDeadline,
    error::OtlpError, health::ExportHealth, resource,
};
use crate::memory;

/// Exports metrics. Clones share it.
#[derive(Clone)]
pub struct MetricExport {
    provider: SdkMeterProvider,
    meter: Meter,
    /// Histograms of calls.
    pub calls: CallMetrics,
    /// How many metrics were exported.
    pub health: Arc<ExportHealth>,
}

impl fmt::Debug for MetricExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MetricExport").field(&self.health).finish()
    }
}

impl MetricExport {
    pub(super) fn new(
        to: OtlpConnection<'_>,
        resource: &Resource,
        interval: Duration,
    ) -> Result<Self, OtlpError> {
        let exporter = to.build(
            (MetricExporter::builder().with_tonic(), |builder| builder.build()),
            (MetricExporter::builder().with_http(), |builder| builder.build()),
        )?;
        let health = Arc::clone(&to.health);
        let exporter = MonitoredMetrics {
            inner: exporter,
            health: Arc::clone(&health),
            deadline: to.deadline.clone(),
        };
        let reader = PeriodicReader::builder(exporter).with_interval(interval).build();
        let provider = SdkMeterProvider::builder();
        let provider = provider.with_resource(resource.clone()).with_reader(reader).build();
        let meter = provider.meter_with_scope(resource::scope());
        let calls = CallMetrics::new(&meter);
        Ok(Self { provider, meter, calls, health })
    }

    /// Adds what the runtime counts, read at each export.
    pub fn observe(&self, runtime: &Runtime) {
        self.observe_events(runtime);
        self.observe_state(runtime);
        let counted = runtime.clone();
        let calls = self.meter.u64_observable_counter("loom.tool.calls").with_unit("{call}");
        let calls = calls.with_description("Tool calls, by outcome.").with_callback(move |to| {
            for (outcome, count) in outcomes(&counted.snapshot().totals.tool_calls) {
                to.observe(count, &[KeyValue::new("outcome", outcome)]);
            }
        });
        calls.build();
        let memory = self.meter.i64_observable_up_down_counter("process.memory.usage");
        let memory = memory.with_unit("By").with_description("Resident memory.");
        memory
            .with_callback(|to| {
                if let Some(bytes) =
                    memory::resident_bytes().and_then(|bytes| bytes.try_into().ok())
                {
                    to.observe(bytes, &[]);
                }
            })
            .build();
        let started = Instant::now();
        let uptime = self.meter.f64_observable_gauge("process.uptime").with_unit("s");
        let uptime = uptime.with_description("Time since the start.");
        uptime.with_callback(move |to| to.observe(started.elapsed().as_secs_f64(), &[])).build();
    }

    fn observe_events(&self, runtime: &Runtime) {
        type Count = fn(&ActivityTotals) -> u64;
        let counters: [(&'static str, &'static str, Count); 3] = [
            ("messaging.client.sent.messages", "Published events.", |totals| totals.published),
            ("messaging.client.consumed.messages", "Events delivered to streams.", |totals| {
                totals.delivered
            }),
            ("loom.events.dropped", "Events dropped from the queues of slow readers.", |totals| {
                totals.dropped
            }),
        ];
        for (name, description, count) in counters {
            let runtime = runtime.clone();
            let counter = self.meter.u64_observable_counter(name).with_unit("{message}");
            let system = [KeyValue::new("messaging.system", "loom")];
            let counter = counter.with_description(description).with_callback(move |to| {
                to.observe(count(&runtime.snapshot().totals), &system);
            });
            counter.build();
        }
    }

    fn observe_state(&self, runtime: &Runtime) {
        type Count = fn(&RuntimeSnapshot) -> usize;
        let counts: [(&'static str, &'static str, &'static str, Count); 3] = [
            ("loom.agents", "{agent}", "Known agents with an open stream.", |now| {
                now.connected_agents
            }),
            ("loom.subscriptions", "{subscription}", "Subscriptions of open streams.", |now| {
                now.subscriptions
            }),
            ("loom.events.queued", "{message}", "Events in the queues of streams.", |now| {
                now.queued
            }),
        ];
        for (name, unit, description, count) in counts {
            let runtime = runtime.clone();
            let gauge = self.meter.u64_observable_gauge(name).with_unit(unit);
            let gauge = gauge.with_description(description).with_callback(move |to| {
                to.observe(count(&runtime.snapshot()) as u64, &[]);
            });
            gauge.build();
        }
    }

    pub(super) fn shut_down(&self) -> OTelSdkResult {
        self.provider.shutdown()
    }
}

/// The calls by the name of their outcome, as all metrics of this server name it.
pub fn outcomes(calls: &ToolCallTotals) -> [(&'static str, u64); 5] {
    [
        ("ok", calls.succeeded),
        ("error", calls.failed),
        ("timeout", calls.timed_out),
        ("not_found", calls.not_found),
        ("invalid_arguments", calls.invalid_arguments),
    ]
}

/// An exporter that records the result of every export.
#[derive(Debug)]
struct MonitoredMetrics {
    inner: MetricExporter,
    health: Arc<ExportHealth>,
    deadline: ExportDeadline,
}

impl PushMetricExporter for MonitoredMetrics {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let count = |scope: &ScopeMetrics| scope.metrics().count();
        let count = metrics.scope_metrics().map(count).sum();
        let result = self.deadline.limit(self.inner.export(metrics)).await;
        self.health.record(count, &result);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
