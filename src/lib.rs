//! Loom's runtime management: find, verify, store and run the Loom agent runtime.
//!
//! Floors, lowest first; a module uses only what stands below it:
//!
//! | floor | module | does |
//! |---|---|---|
//! | 3 | `trust` | judges what may enter: pure functions over values |
//! | 4 | `store` | keeps trees by their digest on this machine; knows no network |
//! | 4 | `config` | turns files, environment and flags into one value that remembers where each setting came from |
//! | 5 | `acquire` | find, judge, fetch, check, publish |
//! | 5 | `launch` | starts, watches and stops a runtime |
//!
//! The library takes values: it never looks at the terminal, the home directory or the environment.

pub mod acquire;
pub mod config;
pub mod launch;
pub mod store;
pub mod trust;
