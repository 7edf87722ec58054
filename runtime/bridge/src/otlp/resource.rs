//! Which server this is.

use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;

use crate::spans::conventions;

/// The attributes of this server; `OTEL_RESOURCE_ATTRIBUTES` adds further ones.
pub(super) fn of_server(service_name: &str, project: Option<&str>) -> Resource {
    let project = project.map(|project| KeyValue::new("loom.project", project.to_owned()));
    Resource::builder()
        .with_service_name(service_name.to_owned())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(project)
        .build()
}

/// What the spans, metrics and log lines of this server have in common.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("loom")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(conventions::SCHEMA_URL)
        .build()
}
