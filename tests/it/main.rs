//! Black-box tests of the program `loom`, and the rules of the repository.
// They send signals, set modes and start shell scripts.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking; clippy only knows the functions marked as tests"
)]

mod agent_telemetry;
mod air_gap;
mod asset_names;
mod bundle_import;
mod call;
mod carried_signatures;
mod completions;
mod config;
mod continued;
#[cfg(target_os = "linux")]
mod crash;
mod damage;
mod damaged_roots;
mod dedup;
mod deploy;
mod dev;
mod disk;
mod doctor;
mod doctor_bundle;
mod doctor_store;
mod documents;
mod down;
mod errors;
mod events;
mod exec;
mod exit_with_parent;
mod failover;
mod filesystems;
mod flipped_bit;
mod folder_pages;
mod format;
mod generations;
mod get;
mod github;
mod github_clients;
mod going_back;
mod hedge;
mod hostile;
mod hostile_registry;
mod house;
mod image_gc;
mod image_mirrors;
mod image_withdrawals;
mod in_the_wild;
mod init;
mod interrupt;
mod latest;
mod links_out;
mod list;
mod lock;
mod lock_sources;
mod lock_trust;
mod locked_registries;
mod logs;
mod lost_signers;
#[cfg(target_os = "linux")]
mod machine_config;
#[cfg(target_os = "linux")]
mod machine_policy;
mod mirror_attacks;
mod mirror_evidence;
mod mirror_life;
mod mirror_requests;
mod mirror_roots;
mod mirror_sync;
mod mirror_writers;
mod misplaced;
mod musts;
mod network;
mod nginx;
mod oci;
mod odd_paths;
mod offline;
mod plugin;
mod progress;
mod project_identity;
mod project_trust;
mod proxy;
mod published_bundles;
mod release;
mod repair;
mod replay;
mod restart;
mod resume;
mod run_history;
mod s3;
mod secrets;
mod self_update;
mod serve;
mod shared_store;
mod signature_kinds;
mod signatures;
mod signed_evidence;
mod signed_mirror_times;
mod signed_mirrors;
mod signed_registries;
mod single_flight;
mod source_cmd;
mod special_files;
mod state_folder;
mod status;
mod store_cmd;
mod store_gc;
mod support;
mod support_itself;
mod three_sources;

mod terminal;
mod tools;
mod trust_changes;
mod unreadable;
mod untrusted_version;
mod up;
mod updates;
mod updates_faults;
#[cfg(target_os = "linux")]
mod updates_killed;
mod use_remove;
mod verbose;
mod verifications;
mod warm;
mod which;
mod why;
