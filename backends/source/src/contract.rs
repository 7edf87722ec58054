//! The contract every source passes.
