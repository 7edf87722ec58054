//! Tests of the source against real registries, layouts and realms.

mod contract;
mod credentials;
mod hostile;
mod registry;
mod support;
