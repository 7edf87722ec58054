//! Loom's runtime management: find, verify, store and run the Loom agent runtime.
//!
//! Layers, lowest first; a module imports only lower ones:
//!
//! | layer | module | does |
//! |---|---|---|
//! | 3 | `trust` | judges what may enter: pure functions over values |
//! | 3 | `state` | reads, locks, updates and durably writes the files of the state folder |
//! | 4 | `store` | keeps trees by their digest on this machine; knows no network |
//! | 4 | `config` | turns files, environment and flags into one value that records where each setting came from |
//! | 4 | `lock` | reads and writes lock files: versions and digests that a project has fixed |
//! | 4 | `own_program` | replaces the program file of `loom`, and keeps the previous one |
//! | 4 | `update` | remembers updates: what was checked, switched and rolled back |
//! | 5 | `sources` | configured sources, ready to be asked |
//! | 5 | `launch` | starts, watches and stops a runtime |
//! | 5 | `deploy` | renders what runs a project elsewhere: Kubernetes, Helm, compose, systemd; opens no socket |
//! | 6 | `acquire` | resolves, fetches, checks and publishes a release |
//! | 6 | `release` | makes releases: packs, signs, publishes and checks them |
//! | 7 | `mirror` | keeps mirrors: compares, fills, publishes and serves them |
//!
//! The command line belongs to the program `loom` (`src/cli/`), not to this library.
//!
//! The library takes values: it never looks at the terminal, the home directory or the environment.

pub mod acquire;
pub mod config;
pub mod deploy;
pub mod launch;
pub mod lock;
pub mod mirror;
pub mod own_program;
pub mod release;
pub mod sources;
pub mod state;
pub mod store;
pub mod trust;
pub mod update;
