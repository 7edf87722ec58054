//! Mirrors to read: published releases in both layouts, and a small real HTTP server over a folder.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod moto;
pub mod s3;
pub mod server;
pub mod shelf;
